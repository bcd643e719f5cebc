package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/hashicorp/vault/api"
)

// vaultConfig is the highly available Vault as its programs see it.
type vaultConfig struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	// Addresses are those of all servers, the one to be initialised first.
	Addresses []string `json:"addresses"`
	CA        string   `json:"ca"`
	// Record is the Secret that says how far the initialisation came; the recovery keys stay in it.
	Record string `json:"record"`
	// Keepers hold the recovery keys; Threshold of them together can make a new root token.
	Keepers   []keeper `json:"keepers"`
	Threshold int      `json:"threshold"`
	// Unguarded keeps one recovery key in the record in plain text instead; only without keepers.
	Unguarded      bool           `json:"unguarded"`
	Plugins        []plugin       `json:"plugins"`
	KubernetesHost string         `json:"kubernetes_host"`
	Deploy         serviceAccount `json:"deploy"`
	// DeployPolicy is the policy of the deploy identity, which can't change it.
	DeployPolicy string         `json:"deploy_policy"`
	Snapshots    serviceAccount `json:"snapshots"`
	Rotations    serviceAccount `json:"rotations"`
	// Pipeline is the deploy pipeline's login; nil is none.
	Pipeline *pipeline `json:"pipeline"`
}

type keeper struct {
	Name string `json:"name"`
	// PublicKey is an OpenPGP key, binary, in base64: `gpg --export NAME | base64 -w0`.
	PublicKey string `json:"public_key"`
}

// share is a recovery key as it is kept.
type share struct {
	Keeper string `json:"keeper"`
	// Key is base64; of a named keeper it is encrypted: `base64 -d | gpg --decrypt`.
	Key string `json:"key"`
}

func (c vaultConfig) check() error {
	switch {
	case c.DeployPolicy == "":
		return usageError("configuration: deploy_policy: missing")
	case len(c.Keepers) == 0 && !c.Unguarded:
		return usageError("configuration: keepers: at least one is needed (or unguarded)")
	case len(c.Keepers) > 0 && c.Unguarded:
		return usageError("configuration: unguarded: not with keepers")
	case len(c.Keepers) > 0 && (c.Threshold < 1 || c.Threshold > len(c.Keepers)):
		return usageError(fmt.Sprintf("configuration: threshold: %d is not allowed: 1 to %d", c.Threshold, len(c.Keepers)))
	case len(c.Keepers) > 1 && c.Threshold == 1:
		return usageError("configuration: threshold: 1 is not allowed with several keepers, Vault refuses it: 2 or more")
	}
	return nil
}

// request returns what Vault is asked for: shares that only the keepers can read.
func (c vaultConfig) request() *api.InitRequest {
	if len(c.Keepers) == 0 {
		return &api.InitRequest{RecoveryShares: 1, RecoveryThreshold: 1}
	}
	asked := &api.InitRequest{RecoveryShares: len(c.Keepers), RecoveryThreshold: c.Threshold}
	for _, keeper := range c.Keepers {
		asked.RecoveryPGPKeys = append(asked.RecoveryPGPKeys, keeper.PublicKey)
	}
	return asked
}

// shares returns the answer's recovery keys by keeper, in the order in which they were asked for.
func (c vaultConfig) shares(answer *api.InitResponse) ([]share, error) {
	names := []string{"nobody"}
	if len(c.Keepers) > 0 {
		names = nil
		for _, keeper := range c.Keepers {
			names = append(names, keeper.Name)
		}
	}
	if len(answer.RecoveryKeysB64) != len(names) {
		return nil, fmt.Errorf("initialise: %d recovery keys instead of %d", len(answer.RecoveryKeysB64), len(names))
	}
	var kept []share
	for index, name := range names {
		kept = append(kept, share{Keeper: name, Key: answer.RecoveryKeysB64[index]})
	}
	return kept, nil
}

func runInitialise(ctx context.Context, text []byte, arguments []string) error {
	var config vaultConfig
	if err := decodeAlone(text, arguments, &config); err != nil {
		return err
	}
	if err := config.check(); err != nil {
		return err
	}
	cluster, err := inCluster(config.Namespace, config.Labels)
	if err != nil {
		return err
	}
	servers, err := connectAll(config.Addresses, config.CA)
	if err != nil {
		return err
	}
	return ensureInitialised(ctx, cluster, servers, config)
}

// ensureInitialised leaves an initialised Vault with an administrative login and no root token. Each step is written
// down before the next begins, so that a run after a crash goes on; the one gap, between Vault's answer and its
// being kept, is at a moment when Vault holds nothing.
func ensureInitialised(ctx context.Context, cluster *cluster, servers []*api.Client, config vaultConfig) error {
	record, err := readRecord(ctx, cluster, config.Record)
	if err != nil {
		return err
	}
	exists, err := anyInitialised(ctx, servers)
	if err != nil {
		return err
	}
	if err := decision(record, exists, config); err != nil {
		return err
	}
	if !exists {
		if err := initialise(ctx, record, servers[0], config); err != nil {
			return err
		}
	}
	server, err := usable(ctx, servers)
	if err != nil {
		return err
	}
	if record.step() == done {
		log.Print("initialise: nothing to do")
		return nil
	}
	return establish(ctx, cluster, record, server, config)
}

// decision returns what only a person can decide.
func decision(record *record, exists bool, config vaultConfig) error {
	switch at := record.step(); {
	case exists && at == nothingYet:
		return decisionError("Vault was initialised by somebody else: there is no Secret " + config.Record +
			"; whoever did it has the root token and the recovery keys")
	case exists && at == initialising:
		return decisionError("Vault was initialised, but its answer was lost in a crash, and with it the only keys; " +
			"it holds nothing yet. Empty it and run this again:\n" + wipe(config, len(config.Addresses)))
	case !exists && at == done:
		return decisionError("every volume of Vault is empty, but it was in use before. To restore the newest snapshot:\n" +
			wipe(config, 1) + "\n" +
			"  kubectl -n " + config.Namespace + " create job vault-restore-1 --from=cronjob/vault-restore\n" +
			"To begin anew without its secrets: kubectl -n " + config.Namespace + " delete secret " + config.Record +
			", then run this again")
	}
	return nil
}

// wipe returns the commands that empty Vault, after which that many servers come back.
func wipe(config vaultConfig, replicas int) string {
	vault := "kubectl -n " + config.Namespace + " "
	return strings.Join([]string{
		"  " + vault + "scale statefulset vault --replicas=0",
		"  " + vault + "wait --for=delete pod -l app.kubernetes.io/name=vault",
		"  " + vault + "delete pvc -l app.kubernetes.io/name=vault",
		fmt.Sprintf("  %sscale statefulset vault --replicas=%d", vault, replicas),
	}, "\n")
}

func initialise(ctx context.Context, record *record, server *api.Client, config vaultConfig) error {
	if record.step() != initialising {
		if err := record.begin(ctx); err != nil {
			return err
		}
	}
	answer, err := server.Sys().InitWithContext(ctx, config.request())
	if err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	shares, err := config.shares(answer)
	if err != nil {
		return err
	}
	kept := map[string]string{"recovery.json": asJSON(shares), "root-token": answer.RootToken}
	// Not even a termination keeps what exists nowhere else from being written.
	if err := record.advance(context.WithoutCancel(ctx), initialised, kept); err != nil {
		return err
	}
	log.Printf("initialise: initialised, %d recovery key(s) in Secret %s", len(shares), config.Record)
	return nil
}

// establish makes the administrative login, proves it, and gives up the root token.
func establish(
	ctx context.Context, cluster *cluster, record *record, server *api.Client, config vaultConfig,
) error {
	server.SetToken(record.get("root-token"))
	if record.step() == initialised {
		if err := configure(ctx, server, config); err != nil {
			return rootRefused(err, config)
		}
		if err := prove(ctx, cluster, server, config); err != nil {
			return err
		}
		if err := record.advance(ctx, revoking, nil); err != nil {
			return err
		}
	}
	if err := revokeRoot(ctx, server); err != nil {
		return err
	}
	log.Print("initialise: administrative login proven, root token revoked")
	return record.advance(ctx, done, nil, "root-token")
}

func rootRefused(err error, config vaultConfig) error {
	if !refused(err) {
		return err
	}
	return decisionError(fmt.Sprintf("%v\nThe root token was revoked by somebody else before all was configured. The keepers "+
		"can make another (vault operator generate-root); put it into Secret %s as root-token and run this again. "+
		"If Vault holds nothing yet, empty it instead and run this again:\n%s", err, config.Record, wipe(config, len(config.Addresses))))
}
