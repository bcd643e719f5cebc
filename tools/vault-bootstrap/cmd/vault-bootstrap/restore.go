package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/hashicorp/vault/api"
)

type restoreConfig struct {
	Vault vaultConfig `json:"vault"`
	Store storeConfig `json:"store"`
}

// checkOnly is the argument that changes nothing: whoever is about to empty Vault wants to know what comes after.
const checkOnly = "check"

func runRestore(ctx context.Context, text []byte, arguments []string) error {
	var config restoreConfig
	if err := decode(text, &config); err != nil {
		return err
	}
	checking := len(arguments) > 0 && arguments[0] == checkOnly
	if checking {
		arguments = arguments[1:]
	}
	if len(arguments) > 1 || (len(arguments) == 1 && !snapshotName.MatchString(arguments[0])) {
		return usageError("restore takes the name of one snapshot, vault-YYYYMMDDTHHMMSSZ.snap, or nothing; " +
			"before it, check only looks whether it could be restored")
	}
	cluster, err := inCluster(config.Vault.Namespace, config.Vault.Labels)
	if err != nil {
		return err
	}
	servers, err := connectAll(config.Vault.Addresses, config.Vault.CA)
	if err != nil {
		return err
	}
	store, err := config.Store.open(ctx)
	if err != nil {
		return err
	}
	name := ""
	if len(arguments) == 1 {
		name = arguments[0]
	} else if name, err = store.newest(ctx); err != nil {
		return err
	}
	record, err := readRecord(ctx, cluster, config.Vault.Record)
	if err != nil {
		return err
	}
	if record.step() != done {
		return decisionError(fmt.Sprintf("Secret %s: step: %q; a snapshot is only put back where Vault was in use before",
			config.Vault.Record, record.step()))
	}
	if checking {
		return checkSnapshot(ctx, store, name)
	}
	return restore(ctx, servers, config.Vault, store, name)
}

// checkSnapshot reads a snapshot to its end: one that is missing, cut off or spoiled is for a person to know, no
// repetition helps.
func checkSnapshot(ctx context.Context, store store, name string) error {
	content, err := store.read(ctx, name)
	if err != nil {
		return decisionError(fmt.Sprintf("%s: %v", name, err))
	}
	defer content.Close()
	found, err := versionsIn(content)
	if err != nil {
		return decisionError(fmt.Sprintf("%s: can't be read: %v", name, err))
	}
	if _, there := found[storedKeys[0]]; !there {
		return decisionError(fmt.Sprintf("%s: holds no Vault", name))
	}
	log.Printf("restore: %s is whole", name)
	return nil
}

// restore initialises an empty Vault with keys that are thrown away and puts the snapshot in their place: from then
// on the keys, logins and tokens of the snapshot hold, and the root token that did it never existed. The recovery
// keys of the first initialisation are good again. After a crash in the middle Vault is emptied and it begins anew.
func restore(ctx context.Context, servers []*api.Client, config vaultConfig, store store, name string) error {
	exists, err := anyInitialised(ctx, servers[:1])
	if err != nil {
		return err
	}
	if exists {
		return decisionError("Vault is in use; a snapshot is only put into an empty one. To empty it, and lose what is in it:\n" +
			wipe(config, 1))
	}
	if err := alone(ctx, servers[1:], config); err != nil {
		return err
	}
	content, err := store.read(ctx, name)
	if err != nil {
		return err
	}
	defer content.Close()
	answer, err := servers[0].Sys().InitWithContext(ctx, &api.InitRequest{RecoveryShares: 1, RecoveryThreshold: 1})
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	server, err := usable(ctx, servers[:1])
	if err != nil {
		return err
	}
	server.SetToken(answer.RootToken)
	// Forced, because the keys of the snapshot are others than those of a moment ago; the seal is the same.
	if err := server.Sys().RaftSnapshotRestoreWithContext(ctx, content, true); err != nil {
		return fmt.Errorf("restore %s: %w", name, err)
	}
	err = patiently(ctx, "the root token's end", func() (bool, error) {
		_, err := server.Auth().Token().LookupSelfWithContext(ctx)
		if err == nil {
			return false, nil
		}
		return refused(err), passingUnlessRefused(err)
	})
	if err != nil {
		return err
	}
	log.Printf("restore: %s is in place. To go on:\n%s", name, goOn(config))
	return nil
}

// alone refuses while there are other servers: one that had joined the empty Vault would not know the keys of the
// snapshot and stay outside for ever, and one that still has its data must not be overwritten.
func alone(ctx context.Context, others []*api.Client, config vaultConfig) error {
	for _, other := range others {
		if _, err := other.Sys().InitStatusWithContext(ctx); err == nil {
			return decisionError(fmt.Sprintf("%s answers; a snapshot is put into a single, empty server, which the others join "+
				"afterwards. If nothing in it is of use any more:\n%s", other.Address(), wipe(config, 1)))
		}
	}
	return nil
}

// goOn returns the commands after a restore. The server must begin anew before another joins: until then it speaks to
// others with the transport keys of the throw-away initialisation, while the storage it gives them has the snapshot's.
func goOn(config vaultConfig) string {
	vault := "kubectl -n " + config.Namespace + " "
	return strings.Join([]string{
		"  " + vault + "delete pod vault-0",
		"  " + vault + "wait --for=condition=Ready pod/vault-0 --timeout=3m",
		fmt.Sprintf("  %sscale statefulset vault --replicas=%d", vault, len(config.Addresses)),
	}, "\n")
}
