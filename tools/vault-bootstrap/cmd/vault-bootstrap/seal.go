package main

import (
	"context"
	"fmt"
	"log"

	"github.com/hashicorp/vault/api"
	core "k8s.io/api/core/v1"
)

// sealKey is the transit key that encrypts the other Vault's root key.
const sealKey = "idp"

// sealTokenPeriod is for how long all servers of the other Vault may be down; each start and every running server
// renews the token.
const sealTokenPeriod = "8760h"

type sealConfig struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Address   string            `json:"address"`
	CA        string            `json:"ca"`
	// Record is the Secret with the unseal key.
	Record string `json:"record"`
	// Stanza is the Secret with `seal.hcl` for the servers that this one seals, and SealedCA where they have the CA.
	Stanza   string `json:"stanza"`
	SealedCA string `json:"sealed_ca"`
}

func runSeal(ctx context.Context, text []byte, arguments []string) error {
	var config sealConfig
	if err := decodeAlone(text, arguments, &config); err != nil {
		return err
	}
	cluster, err := inCluster(config.Namespace, config.Labels)
	if err != nil {
		return err
	}
	server, err := connect(config.Address, config.CA)
	if err != nil {
		return err
	}
	return ensureSeal(ctx, cluster, server, config)
}

// ensureSeal initialises and unseals the sealing Vault and gives the sealed one a token; it goes on where it stopped.
func ensureSeal(ctx context.Context, cluster *cluster, server *api.Client, config sealConfig) error {
	record, err := readRecord(ctx, cluster, config.Record)
	if err != nil {
		return err
	}
	exists, err := anyInitialised(ctx, []*api.Client{server})
	if err != nil {
		return err
	}
	if err := sealDecision(record, exists); err != nil {
		return err
	}
	if !exists {
		if err := initialiseSeal(ctx, record, server); err != nil {
			return err
		}
	}
	if err := unseal(ctx, server, record.get("unseal-key")); err != nil {
		return err
	}
	if record.step() == done {
		log.Print("seal: nothing to do")
		return nil
	}
	return configureSeal(ctx, cluster, record, server, config)
}

func sealDecision(record *record, exists bool) error {
	switch at := record.step(); {
	case exists && at == nothingYet:
		return decisionError("the sealing Vault was initialised by somebody else; this program has no key of it")
	case exists && at == initialising:
		return decisionError("the sealing Vault was initialised, but its key was lost in a crash; nothing is sealed " +
			"with it yet: remove its volume (\"A lost key\" in docs/vault.md) and run this again")
	case !exists && at == done:
		return decisionError("the sealing Vault lost its volume, and with it the key of all that it sealed; " +
			"see \"A lost seal\" in docs/vault.md")
	}
	return nil
}

func initialiseSeal(ctx context.Context, record *record, server *api.Client) error {
	if record.step() != initialising {
		if err := record.begin(ctx); err != nil {
			return err
		}
	}
	answer, err := server.Sys().InitWithContext(ctx, &api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		return fmt.Errorf("initialise the sealing Vault: %w", err)
	}
	if len(answer.KeysB64) != 1 {
		return fmt.Errorf("initialise the sealing Vault: %d keys instead of one", len(answer.KeysB64))
	}
	kept := map[string]string{"unseal-key": answer.KeysB64[0], "root-token": answer.RootToken}
	if err := record.advance(context.WithoutCancel(ctx), initialised, kept); err != nil {
		return err
	}
	log.Print("seal: initialised")
	return nil
}

// unseal opens a server that is sealed; it does nothing to one that is not.
func unseal(ctx context.Context, server *api.Client, key string) error {
	return patiently(ctx, "unseal", func() (bool, error) {
		status, err := server.Sys().SealStatusWithContext(ctx)
		if err != nil || !status.Initialized {
			return false, retry{fmt.Errorf("not initialised, or no answer: %w", err)}
		}
		if !status.Sealed {
			return true, nil
		}
		status, err = server.Sys().UnsealWithContext(ctx, key)
		if err != nil {
			return false, passing(err)
		}
		log.Print("unsealed")
		return !status.Sealed, nil
	})
}

func configureSeal(
	ctx context.Context, cluster *cluster, record *record, server *api.Client, config sealConfig,
) error {
	if _, err := usable(ctx, []*api.Client{server}); err != nil {
		return err
	}
	server.SetToken(record.get("root-token"))
	if record.step() == initialised {
		if err := ensureStanza(ctx, cluster, server, config); err != nil {
			return err
		}
		if err := record.advance(ctx, revoking, nil); err != nil {
			return err
		}
	}
	if err := revokeRoot(ctx, server); err != nil {
		return err
	}
	log.Print("seal: configured, root token revoked")
	return record.advance(ctx, done, nil, "root-token")
}

// ensureStanza makes the key and, unless a run before did, the token; the token is in one Secret and nowhere else.
func ensureStanza(ctx context.Context, cluster *cluster, server *api.Client, config sealConfig) error {
	mounts, err := server.Sys().ListMountsWithContext(ctx)
	if err != nil {
		return err
	}
	if mounts["transit/"] == nil {
		if err := server.Sys().MountWithContext(ctx, "transit", &api.MountInput{Type: "transit"}); err != nil {
			return err
		}
	}
	if _, err := server.Logical().WriteWithContext(ctx, "transit/keys/"+sealKey, nil); err != nil {
		return err
	}
	if err := server.Sys().PutPolicyWithContext(ctx, "idp-seal", sealPolicy); err != nil {
		return err
	}
	existing, err := cluster.secret(ctx, config.Stanza)
	if err != nil || existing != nil {
		return err
	}
	token, err := server.Auth().Token().CreateOrphanWithContext(ctx, &api.TokenCreateRequest{
		Policies: []string{"idp-seal"}, NoDefaultPolicy: false, Period: sealTokenPeriod, DisplayName: "idp-seal",
	})
	if err != nil {
		return err
	}
	data := map[string][]byte{"seal.hcl": []byte(stanza(config, token.Auth.ClientToken))}
	return cluster.createSecret(ctx, config.Stanza, core.SecretTypeOpaque, data)
}

func stanza(config sealConfig, token string) string {
	// JSON strings are HCL strings; nothing here holds `${`.
	return fmt.Sprintf("seal \"transit\" {\n  address = %q\n  token = %q\n  key_name = %q\n"+
		"  mount_path = \"transit/\"\n  tls_ca_cert = %q\n}\n", config.Address, token, sealKey, config.SealedCA)
}
