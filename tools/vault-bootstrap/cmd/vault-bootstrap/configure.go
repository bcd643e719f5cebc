package main

import (
	"context"
	"fmt"
	"log"

	"github.com/hashicorp/vault/api"
	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	deployRole   = "idp-deploy"
	snapshotRole = "idp-snapshot"
	rotateRole   = "idp-rotate"
	// ownAccounts and ownPipeline are auth methods that the layer `secrets` has no part in: who logs in through what
	// he removes can't finish.
	ownAccounts = "idp-kubernetes"
	ownPipeline = "idp-gitlab"
	// audience is what service accounts' tokens for Vault are made out to: they are of no use anywhere else.
	audience = "vault"
)

type plugin struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Command string `json:"command"`
	SHA256  string `json:"sha256"`
}

type serviceAccount struct {
	Name string `json:"name"`
	// TTL and MaxTTL of a login, such as 15m.
	TTL    string `json:"ttl"`
	MaxTTL string `json:"max_ttl"`
}

// pipeline is the login of GitLab jobs by their id_token; Claims must all match.
type pipeline struct {
	Issuer string `json:"issuer"`
	// Authority is the CA that Vault trusts to speak for the issuer, PEM; empty is the image's own list.
	Authority string         `json:"authority"`
	Audience  string         `json:"audience"`
	Claims    map[string]any `json:"claims"`
	TTL       string         `json:"ttl"`
	MaxTTL    string         `json:"max_ttl"`
}

// configure makes the administrative login, with the root token. Each call writes what is wanted, so it may be
// repeated.
func configure(ctx context.Context, server *api.Client, config vaultConfig) error {
	for _, plugin := range config.Plugins {
		kind, err := api.ParsePluginType(plugin.Type)
		if err != nil {
			return usageError(fmt.Sprintf("configuration: plugins: %v", err))
		}
		input := &api.RegisterPluginInput{
			Name: plugin.Name, Type: kind, Command: plugin.Command, SHA256: plugin.SHA256,
		}
		if err := server.Sys().RegisterPluginWithContext(ctx, input); err != nil {
			return fmt.Errorf("plugin %s: %w", plugin.Name, err)
		}
	}
	if err := ensureAuth(ctx, server, ownAccounts, "kubernetes", "The platform's own service accounts"); err != nil {
		return err
	}
	host := map[string]any{"kubernetes_host": config.KubernetesHost}
	if err := write(ctx, server, "auth/"+ownAccounts+"/config", host); err != nil {
		return err
	}
	if err := entitle(ctx, server, deployRole, config.DeployPolicy, config.Namespace, config.Deploy); err != nil {
		return err
	}
	if err := entitle(ctx, server, snapshotRole, snapshotPolicy, config.Namespace, config.Snapshots); err != nil {
		return err
	}
	if err := entitle(ctx, server, rotateRole, rotatePolicy, config.Namespace, config.Rotations); err != nil {
		return err
	}
	if config.Pipeline == nil {
		return nil
	}
	return configurePipeline(ctx, server, *config.Pipeline)
}

// entitle lets a service account log in, with one policy.
func entitle(ctx context.Context, server *api.Client, role, policy, namespace string, account serviceAccount) error {
	if err := server.Sys().PutPolicyWithContext(ctx, role, policy); err != nil {
		return fmt.Errorf("policy %s: %w", role, err)
	}
	return write(ctx, server, "auth/"+ownAccounts+"/role/"+role, bound(namespace, account, role))
}

func configurePipeline(ctx context.Context, server *api.Client, pipeline pipeline) error {
	if len(pipeline.Claims) == 0 {
		return usageError("configuration: pipeline: claims: at least one is needed, or every job would be let in")
	}
	if err := ensureAuth(ctx, server, ownPipeline, "jwt", "The deploy pipeline, by its id_token"); err != nil {
		return err
	}
	issuer := map[string]any{
		"oidc_discovery_url": pipeline.Issuer, "oidc_discovery_ca_pem": pipeline.Authority, "bound_issuer": pipeline.Issuer,
	}
	if err := write(ctx, server, "auth/"+ownPipeline+"/config", issuer); err != nil {
		return err
	}
	return write(ctx, server, "auth/"+ownPipeline+"/role/"+deployRole, map[string]any{
		"role_type":       "jwt",
		"user_claim":      "sub",
		"bound_audiences": []string{pipeline.Audience},
		"bound_claims":    pipeline.Claims,
		"token_policies":  []string{deployRole},
		"token_ttl":       pipeline.TTL,
		"token_max_ttl":   pipeline.MaxTTL,
	})
}

// prove logs in as the deploy identity, while there is still another login, and looks with it at what it configures.
func prove(ctx context.Context, cluster *cluster, server *api.Client, config vaultConfig) error {
	jwt, err := tokenOf(ctx, cluster, config.Deploy.Name)
	if err != nil {
		return err
	}
	deploy, err := server.Clone()
	if err != nil {
		return err
	}
	if err := login(ctx, deploy, deployRole, jwt); err != nil {
		return fmt.Errorf("login as %s: %w", deployRole, err)
	}
	if _, err := deploy.Sys().ListAuthWithContext(ctx); err != nil {
		return fmt.Errorf("%s: may not configure: %w", deployRole, err)
	}
	log.Printf("initialise: login as %s works", deployRole)
	return deploy.Auth().Token().RevokeSelfWithContext(ctx, "")
}

// tokenOf returns a token of another service account of the namespace, good for this one login.
func tokenOf(ctx context.Context, cluster *cluster, account string) (string, error) {
	seconds := int64(600) // the shortest that Kubernetes gives
	asked := &authentication.TokenRequest{
		Spec: authentication.TokenRequestSpec{Audiences: []string{audience}, ExpirationSeconds: &seconds},
	}
	accounts := cluster.client.CoreV1().ServiceAccounts(cluster.namespace)
	answer, err := accounts.CreateToken(ctx, account, asked, meta.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of service account %s: %w", account, err)
	}
	return answer.Status.Token, nil
}

// login exchanges a service account's token for one of Vault, which the client then uses.
func login(ctx context.Context, server *api.Client, role, jwt string) error {
	server.ClearToken()
	return patiently(ctx, "login", func() (bool, error) {
		answer, err := server.Logical().WriteWithContext(ctx, "auth/"+ownAccounts+"/login", map[string]any{"role": role, "jwt": jwt})
		if err != nil {
			return false, passing(err)
		}
		server.SetToken(answer.Auth.ClientToken)
		return true, nil
	})
}

func bound(namespace string, account serviceAccount, policy string) map[string]any {
	return map[string]any{
		"bound_service_account_names":      []string{account.Name},
		"bound_service_account_namespaces": []string{namespace},
		"audience":                         audience,
		"token_policies":                   []string{policy},
		"token_ttl":                        account.TTL,
		"token_max_ttl":                    account.MaxTTL,
	}
}

func ensureAuth(ctx context.Context, server *api.Client, path, kind, description string) error {
	return patiently(ctx, "auth method "+path, func() (bool, error) {
		mounted, err := server.Sys().ListAuthWithContext(ctx)
		if err != nil {
			return false, passing(err)
		}
		if _, there := mounted[path+"/"]; there {
			return true, nil
		}
		err = server.Sys().EnableAuthWithOptionsWithContext(ctx, path, &api.EnableAuthOptions{Type: kind, Description: description})
		return err == nil, passing(err)
	})
}

func write(ctx context.Context, server *api.Client, path string, data map[string]any) error {
	if _, err := server.Logical().WriteWithContext(ctx, path, data); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
