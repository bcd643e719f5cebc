package main

import (
	"context"
	"log"
	"os"
	"regexp"
	"time"
)

// snapshotName sorts by time; anything else in the same place is left alone.
var snapshotName = regexp.MustCompile(`^vault-[0-9]{8}T[0-9]{6}Z\.snap$`)

type snapshotConfig struct {
	Addresses []string `json:"addresses"`
	CA        string   `json:"ca"`
	// TokenFile is the pod's service account token made out to Vault.
	TokenFile string      `json:"token_file"`
	Store     storeConfig `json:"store"`
}

func runSnapshot(ctx context.Context, text []byte, arguments []string) error {
	var config snapshotConfig
	if err := decodeAlone(text, arguments, &config); err != nil {
		return err
	}
	servers, err := connectAll(config.Addresses, config.CA)
	if err != nil {
		return err
	}
	store, err := config.Store.open(ctx)
	if err != nil {
		return err
	}
	server, err := active(ctx, servers, config.CA)
	if err != nil {
		return err
	}
	jwt, err := os.ReadFile(config.TokenFile)
	if err != nil {
		return err
	}
	if err := login(ctx, server, snapshotRole, string(jwt)); err != nil {
		return err
	}
	defer func() {
		if err := server.Auth().Token().RevokeSelfWithContext(context.WithoutCancel(ctx), ""); err != nil {
			log.Printf("own token: not revoked: %v", err)
		}
	}()
	name := time.Now().UTC().Format("vault-20060102T150405Z.snap")
	// Vault's client reads the archive to its end and refuses one that was cut off.
	err = store.save(ctx, name, func(file *os.File) error { return server.Sys().RaftSnapshotWithContext(ctx, file) })
	if err != nil {
		return err
	}
	log.Printf("snapshot: %s saved to %s", name, store)
	return store.prune(ctx)
}
