package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
)

type rotateSealConfig struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	// Addresses are those of the sealed Vault's servers.
	Addresses []string `json:"addresses"`
	CA        string   `json:"ca"`
	// TokenFile is the pod's service account token made out to Vault.
	TokenFile string `json:"token_file"`
	// Sealer is the Vault that seals; nil is a cloud's key service, which rotates its keys by itself.
	Sealer *sealerConfig `json:"sealer"`
}

type sealerConfig struct {
	Address string `json:"address"`
	// Record is the Secret with its unseal key.
	Record string `json:"record"`
}

// retireOld is the argument that makes older keys of the seal useless.
const retireOld = "retire"

func runRotateSeal(ctx context.Context, text []byte, arguments []string) error {
	var config rotateSealConfig
	if err := decode(text, &config); err != nil {
		return err
	}
	if len(arguments) > 1 || (len(arguments) == 1 && arguments[0] != retireOld) {
		return usageError("rotate-seal takes the word retire, or nothing")
	}
	retire := len(arguments) == 1
	if retire && config.Sealer == nil {
		return usageError("retire: the seal is a cloud's key service, which keeps its own old keys")
	}
	servers, err := connectAll(config.Addresses, config.CA)
	if err != nil {
		return err
	}
	version := 0
	if config.Sealer != nil {
		cluster, err := inCluster(config.Namespace, config.Labels)
		if err != nil {
			return err
		}
		sealer, err := connect(config.Sealer.Address, config.CA)
		if err != nil {
			return err
		}
		record, err := readRecord(ctx, cluster, config.Sealer.Record)
		if err != nil {
			return err
		}
		if retire {
			return retireSealKeys(ctx, record, sealer, servers, config)
		}
		if version, err = rotateSealer(ctx, record, sealer); err != nil {
			return err
		}
	}
	return rotateSealed(ctx, servers, config, version)
}

// rotateSealer gives the sealing Vault a new version of the key that it seals with, which it returns, and a new unseal
// key of its own. It may be interrupted anywhere: another run makes yet another of both.
func rotateSealer(ctx context.Context, record *record, sealer *api.Client) (int, error) {
	version := 0
	err := asRoot(ctx, record, sealer, func() error {
		if err := write(ctx, sealer, "transit/keys/"+sealKey+"/rotate", nil); err != nil {
			return err
		}
		var err error
		version, err = sealVersion(ctx, sealer)
		return err
	})
	if err != nil {
		return 0, err
	}
	log.Printf("rotate-seal: the sealing key has version %d", version)
	return version, rekeySealer(ctx, record, sealer)
}

func sealVersion(ctx context.Context, sealer *api.Client) (int, error) {
	answer, err := sealer.Logical().ReadWithContext(ctx, "transit/keys/"+sealKey)
	if err != nil {
		return 0, err
	}
	if answer == nil {
		return 0, fmt.Errorf("transit/keys/%s: is missing", sealKey)
	}
	number, err := asInt(answer.Data["latest_version"])
	if err != nil {
		return 0, fmt.Errorf("transit/keys/%s: latest_version: %w", sealKey, err)
	}
	return number, nil
}

// rotateSealed gives Vault's storage a new key and, after a new version of the sealing key, has the root key and the
// recovery key encrypted with it. Vault does that by itself whenever a server becomes the leader, and at no other time
// (vault/core.go: postUnseal; `sys/sealwrap/rewrap` is Vault Enterprise's): so the leader hands over to another server.
func rotateSealed(ctx context.Context, servers []*api.Client, config rotateSealConfig, version int) error {
	leader, err := active(ctx, servers, config.CA)
	if err != nil {
		return err
	}
	if err := loginFromFile(ctx, leader, config.TokenFile); err != nil {
		return err
	}
	defer revokeOwn(ctx, leader)
	if err := leader.Sys().RotateWithContext(ctx); err != nil {
		return fmt.Errorf("rotate the storage's key: %w", err)
	}
	log.Print("rotate-seal: Vault's storage has a new key")
	if config.Sealer == nil {
		return nil
	}
	next, err := handOver(ctx, leader, servers, config.CA)
	if err != nil {
		return err
	}
	next.SetToken(leader.Token())
	if err := sealedWith(ctx, next, version); err != nil {
		return err
	}
	log.Printf("rotate-seal: root key and recovery key are encrypted with version %d", version)
	return nil
}

// handOver makes the leader step down and returns the next one, which may be the same where there is no other.
func handOver(ctx context.Context, leader *api.Client, servers []*api.Client, authority string) (*api.Client, error) {
	before, err := leader.Sys().LeaderWithContext(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := leader.Sys().StepDownWithContext(ctx); err != nil {
		return nil, fmt.Errorf("step down: %w", err)
	}
	var next *api.Client
	err = patiently(ctx, "the next leader", func() (bool, error) {
		found, err := active(ctx, servers, authority)
		if err != nil {
			return false, retry{err}
		}
		now, err := found.Sys().LeaderWithContext(ctx)
		if err != nil {
			return false, retry{err}
		}
		next = found
		return now.IsSelf && !now.ActiveTime.Equal(before.ActiveTime), nil
	})
	if err == nil {
		log.Printf("rotate-seal: %s leads, %.1f s after the one before stepped down", next.Address(), time.Since(begin).Seconds())
	}
	return next, err
}

// retireSealKeys makes all versions of the sealing key but the newest useless, once Vault is proven to need none of them.
// A snapshot from before the last rotation can't be restored any more.
func retireSealKeys(
	ctx context.Context, record *record, sealer *api.Client, servers []*api.Client, config rotateSealConfig,
) error {
	leader, err := active(ctx, servers, config.CA)
	if err != nil {
		return err
	}
	if err := loginFromFile(ctx, leader, config.TokenFile); err != nil {
		return err
	}
	defer revokeOwn(ctx, leader)
	return asRoot(ctx, record, sealer, func() error {
		version, err := sealVersion(ctx, sealer)
		if err != nil {
			return err
		}
		if err := sealedWith(ctx, leader, version); err != nil {
			return err
		}
		limit := map[string]any{"min_decryption_version": version, "min_encryption_version": version}
		if err := write(ctx, sealer, "transit/keys/"+sealKey+"/config", limit); err != nil {
			return err
		}
		log.Printf("rotate-seal: versions of the sealing key before %d open nothing any more", version)
		return nil
	})
}

// loginFromFile logs in as this program with the pod's token for Vault.
func loginFromFile(ctx context.Context, server *api.Client, file string) error {
	jwt, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return login(ctx, server, rotateRole, string(jwt))
}

func revokeOwn(ctx context.Context, server *api.Client) {
	if err := server.Auth().Token().RevokeSelfWithContext(context.WithoutCancel(ctx), ""); err != nil {
		log.Printf("own token: not revoked, it ends within minutes: %v", err)
	}
}

// asInt reads a number of an answer of Vault.
func asInt(value any) (int, error) {
	number, fits := value.(interface{ Int64() (int64, error) })
	if !fits {
		return 0, errors.New("is no number")
	}
	found, err := number.Int64()
	return int(found), err
}
