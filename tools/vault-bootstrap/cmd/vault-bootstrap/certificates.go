package main

import (
	"context"
	"fmt"
	"log"
	"time"

	core "k8s.io/api/core/v1"
)

// The authority outlives every cluster that is kept up to date; leaves are short, because nobody revokes them.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	// renewal is how long before its end a certificate is replaced.
	renewal = 30 * 24 * time.Hour
)

type certificatesConfig struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	// Authority is the Secret with the CA's certificate and key.
	Authority string `json:"authority"`
	// Bundle is the ConfigMap with the CA's certificate, `ca.crt`, for those who connect.
	Bundle string `json:"bundle"`
	// Leaves are Secret -> DNS names and IP addresses of its certificate.
	Leaves map[string][]string `json:"leaves"`
}

func runCertificates(ctx context.Context, text []byte, arguments []string) error {
	var config certificatesConfig
	if err := decode(text, &config); err != nil {
		return err
	}
	if err := nothing(arguments); err != nil {
		return err
	}
	cluster, err := inCluster(config.Namespace, config.Labels)
	if err != nil {
		return err
	}
	return ensureCertificates(ctx, cluster, config, time.Now())
}

// ensureCertificates makes what is missing and renews what ends soon; it may be interrupted anywhere.
func ensureCertificates(ctx context.Context, cluster *cluster, config certificatesConfig, now time.Time) error {
	authority, err := ensureAuthority(ctx, cluster, config.Authority, now)
	if err != nil {
		return err
	}
	// Before the leaves: who waits for a leaf finds the bundle.
	written, err := cluster.publish(ctx, config.Bundle, map[string]string{"ca.crt": string(authority.certificate)})
	if err != nil {
		return err
	}
	if written {
		log.Printf("ConfigMap %s: written", config.Bundle)
	}
	for name, names := range config.Leaves {
		if err := ensureLeaf(ctx, cluster, authority, name, names, now); err != nil {
			return err
		}
	}
	return nil
}

func ensureAuthority(ctx context.Context, cluster *cluster, name string, now time.Time) (*authority, error) {
	secret, err := cluster.secret(ctx, name)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		made, err := newAuthority(now)
		if err != nil {
			return nil, err
		}
		data := map[string][]byte{core.TLSCertKey: made.certificate, core.TLSPrivateKeyKey: made.key}
		if err := cluster.createSecret(ctx, name, core.SecretTypeTLS, data); err != nil {
			return nil, err
		}
		log.Printf("Secret %s: new authority until %s", name, made.parsed.NotAfter.Format(time.DateOnly))
		return made, nil
	}
	read, err := readAuthority(secret.Data[core.TLSCertKey], secret.Data[core.TLSPrivateKeyKey])
	if err != nil {
		return nil, decisionError(fmt.Sprintf("Secret %s: %v; delete it to begin a new authority: clients read the new "+
			"ConfigMap within a minute or two, until then they can't connect", name, err))
	}
	if left := read.parsed.NotAfter.Sub(now); left < leafLife {
		return nil, decisionError(fmt.Sprintf("Secret %s: the authority ends in %s, before a new leaf would; "+
			"see \"A new authority\" in docs/vault.md", name, left.Round(time.Hour)))
	}
	return read, nil
}

func ensureLeaf(
	ctx context.Context, cluster *cluster, authority *authority, name string, names []string, now time.Time,
) error {
	secret, err := cluster.secret(ctx, name)
	if err != nil {
		return err
	}
	reason := "is missing"
	if secret != nil {
		reason = authority.fault(secret.Data[core.TLSCertKey], secret.Data[core.TLSPrivateKeyKey], names, now)
	}
	if reason == "" {
		log.Printf("Secret %s: current", name)
		return nil
	}
	certificate, key, err := authority.issue(names, now)
	if err != nil {
		return err
	}
	data := map[string][]byte{
		core.TLSCertKey: certificate, core.TLSPrivateKeyKey: key, core.ServiceAccountRootCAKey: authority.certificate,
	}
	if secret == nil {
		err = cluster.createSecret(ctx, name, core.SecretTypeTLS, data)
	} else {
		_, err = cluster.replaceSecret(ctx, secret, data)
	}
	if err == nil {
		log.Printf("Secret %s: new certificate, the old one %s", name, reason)
	}
	return err
}
