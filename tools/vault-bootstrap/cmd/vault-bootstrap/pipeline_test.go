package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/hashicorp/vault/api"
)

// issuer signs tokens as GitLab does, and tells who verifies them with which key.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &issuer{key: key}
	answers := http.NewServeMux()
	made.Server = httptest.NewTLSServer(answers)
	t.Cleanup(made.Close)
	say := func(path string, content any) {
		answers.HandleFunc(path, func(writer http.ResponseWriter, _ *http.Request) {
			writer.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(writer).Encode(content); err != nil {
				t.Error(err)
			}
		})
	}
	say("/.well-known/openid-configuration", map[string]any{
		"issuer": made.URL, "jwks_uri": made.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
	})
	say("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	return made
}

func (i *issuer) authority() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw}))
}

func sign(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithHeader("kid", "1").WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Runs against the Vault that VAULT_ADDR and VAULT_TOKEN name.
func TestThePipelineLogsInFromItsOwnProtectedRefOnly(t *testing.T) {
	if os.Getenv("VAULT_ADDR") == "" {
		t.Skip("VAULT_ADDR: names no server")
	}
	ctx := t.Context()
	server, err := api.NewClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Sys().PutPolicyWithContext(ctx, deployRole, `path "sys/mounts" { capabilities = ["read"] }`); err != nil {
		t.Fatal(err)
	}
	gitlab := newIssuer(t)
	wanted := pipeline{
		Issuer: gitlab.URL, Authority: gitlab.authority(), Audience: "https://vault.example", TTL: "15m", MaxTTL: "1h",
		Claims: map[string]any{"project_path": "acme/idp", "ref": "main", "ref_type": "branch", "ref_protected": "true"},
	}
	for range 2 {
		if err := configurePipeline(ctx, server, wanted); err != nil {
			t.Fatal(err)
		}
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	good := map[string]any{
		"iss": gitlab.URL, "aud": "https://vault.example", "sub": "project_path:acme/idp:ref_type:branch:ref:main",
		"iat": now, "nbf": now, "exp": now + 300,
		"project_path": "acme/idp", "ref": "main", "ref_type": "branch", "ref_protected": "true",
	}
	login := func(key *ecdsa.PrivateKey, changes map[string]any) (*api.Secret, error) {
		claims := maps.Clone(good)
		maps.Copy(claims, changes)
		anonymous, err := server.Clone()
		if err != nil {
			t.Fatal(err)
		}
		anonymous.ClearToken()
		body := map[string]any{"role": deployRole, "jwt": sign(t, key, claims)}
		return anonymous.Logical().WriteWithContext(ctx, "auth/"+ownPipeline+"/login", body)
	}
	answer, err := login(gitlab.key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Auth.LeaseDuration != 900 || answer.Auth.TokenPolicies[len(answer.Auth.TokenPolicies)-1] != deployRole {
		t.Errorf("logged in for %d s with %v", answer.Auth.LeaseDuration, answer.Auth.TokenPolicies)
	}
	for name, changes := range map[string]map[string]any{
		"another project":    {"project_path": "acme/other"},
		"a project below":    {"project_path": "acme/idp/fork"},
		"another branch":     {"ref": "feature"},
		"a tag of that name": {"ref_type": "tag"},
		"an unprotected ref": {"ref_protected": "false"},
		"another audience":   {"aud": "https://elsewhere.example"},
		"another issuer":     {"iss": "https://gitlab.example"},
		"an expired token":   {"iat": now - 7200, "nbf": now - 7200, "exp": now - 3600},
	} {
		if _, err := login(gitlab.key, changes); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
	if _, err := login(stranger, nil); err == nil {
		t.Error("a forged token was let in")
	}
	wanted.Claims = nil
	if err := configurePipeline(ctx, server, wanted); code(err) != 2 {
		t.Errorf("without claims: %v", err)
	}
}
