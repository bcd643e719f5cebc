package main

import (
	"context"
	"log"
	"time"
)

// rotateAuthority replaces the authority without a client being refused, and without waiting for any: the new one is
// cross-signed by the old one, so that clients of either trust what it issues from the first moment on.
//
// The one step that counts is one write of one Secret, at which the old key is gone. What follows is what the daily
// renewal does as well, so a run after a crash goes on; while the old authority is still trusted none begins another.
func rotateAuthority(ctx context.Context, cluster *cluster, config certificatesConfig, now time.Time) error {
	current, err := ensureAuthority(ctx, cluster, config.Authority, now)
	if err != nil {
		return err
	}
	if current.previous != nil {
		log.Printf("Secret %s: the authority of %s is still being handed out: no other one is begun",
			config.Authority, current.parsed.NotBefore.Format(time.DateOnly))
		return ensureCertificates(ctx, cluster, config, now)
	}
	made, err := current.succeed(now)
	if err != nil {
		return err
	}
	secret, err := cluster.secret(ctx, config.Authority)
	if err != nil {
		return err
	}
	// Refused if somebody else has written meanwhile.
	if _, err := cluster.replaceSecret(ctx, secret, made.data()); err != nil {
		return err
	}
	log.Printf("Secret %s: new authority until %s, signed by the one before", config.Authority, made.parsed.NotAfter.Format(time.DateOnly))
	if err := ensureCertificates(ctx, cluster, config, now); err != nil {
		return err
	}
	log.Print("rotate-authority: servers show their new certificates within two minutes; clients of before go on as they are")
	return nil
}
