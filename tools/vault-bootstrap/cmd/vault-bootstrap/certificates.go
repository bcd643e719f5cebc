package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"maps"
	"time"

	core "k8s.io/api/core/v1"
)

// The authority outlives every cluster that is kept up to date; leaves are short, because nobody revokes them.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	// renewal is how long before its end a certificate is replaced.
	renewal = 30 * 24 * time.Hour
	// overlap is how long the authority before is trusted beside a new one: every server has read its new certificate
	// by then, which the kubelet brings within two minutes.
	overlap = 24 * time.Hour
)

// Keys of the authority's Secret, besides those of its type.
const (
	crossKey    = "cross.crt"
	previousKey = "previous.crt"
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

// withCertificates returns a mode that does this work in the cluster.
func withCertificates(work func(context.Context, *cluster, certificatesConfig, time.Time) error) mode {
	return func(ctx context.Context, text []byte, arguments []string) error {
		var config certificatesConfig
		if err := decodeAlone(text, arguments, &config); err != nil {
			return err
		}
		cluster, err := inCluster(config.Namespace, config.Labels)
		if err != nil {
			return err
		}
		return work(ctx, cluster, config, time.Now())
	}
}

// ensureCertificates makes what is missing and renews what ends soon; it may be interrupted anywhere.
func ensureCertificates(ctx context.Context, cluster *cluster, config certificatesConfig, now time.Time) error {
	authority, err := ensureAuthority(ctx, cluster, config.Authority, now)
	if err != nil {
		return err
	}
	if left := authority.parsed.NotAfter.Sub(now); left < leafLife {
		return decisionError(fmt.Sprintf("Secret %s: the authority ends in %s, before a new leaf would; "+
			"see \"A new authority\" in docs/vault.md", config.Authority, left.Round(time.Hour)))
	}
	if err := hand(ctx, cluster, config, authority, now); err != nil {
		return err
	}
	return retirePrevious(ctx, cluster, config, authority, now)
}

// hand gives clients what they must trust and servers what they must show. In this order: who waits for a leaf finds
// the bundle, and whoever reads the bundle trusts what servers show now and what they show next.
func hand(ctx context.Context, cluster *cluster, config certificatesConfig, authority *authority, now time.Time) error {
	written, err := cluster.publish(ctx, config.Bundle, map[string]string{"ca.crt": string(authority.bundle())})
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

// retirePrevious takes the authority before out of the bundle, once every server has shown what the new one issued for a while.
func retirePrevious(ctx context.Context, cluster *cluster, config certificatesConfig, authority *authority, now time.Time) error {
	if authority.previous == nil {
		return nil
	}
	for name := range config.Leaves {
		secret, err := cluster.secret(ctx, name)
		if err != nil {
			return err
		}
		if secret == nil || now.Before(decodeCertificate(secret.Data[core.TLSCertKey]).NotBefore.Add(clockSkew+overlap)) {
			return nil
		}
	}
	secret, err := cluster.secret(ctx, config.Authority)
	if err != nil {
		return err
	}
	data := maps.Clone(secret.Data)
	delete(data, previousKey)
	if _, err := cluster.replaceSecret(ctx, secret, data); err != nil {
		return err
	}
	authority.previous = nil
	log.Printf("Secret %s: the authority before is no longer trusted", config.Authority)
	return hand(ctx, cluster, config, authority, now)
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
		if err := cluster.createSecret(ctx, name, core.SecretTypeTLS, made.data()); err != nil {
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
	read.cross, read.previous = secret.Data[crossKey], secret.Data[previousKey]
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
		return ensureTrust(ctx, cluster, authority, secret)
	}
	certificate, key, err := authority.issue(names, now)
	if err != nil {
		return err
	}
	data := map[string][]byte{
		core.TLSCertKey: certificate, core.TLSPrivateKeyKey: key, core.ServiceAccountRootCAKey: authority.bundle(),
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

// ensureTrust gives a server what it must trust of others, where that has changed.
func ensureTrust(ctx context.Context, cluster *cluster, authority *authority, secret *core.Secret) error {
	if bytes.Equal(secret.Data[core.ServiceAccountRootCAKey], authority.bundle()) {
		return nil
	}
	data := maps.Clone(secret.Data)
	data[core.ServiceAccountRootCAKey] = authority.bundle()
	_, err := cluster.replaceSecret(ctx, secret, data)
	return err
}
