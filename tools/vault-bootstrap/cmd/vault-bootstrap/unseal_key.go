package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"

	"github.com/hashicorp/vault/api"
)

// Keys of the sealing Vault's record. While its unseal key is replaced there are two, and the server has one of them.
const (
	unsealKey     = "unseal-key"
	nextUnsealKey = "next-unseal-key"
)

// asRoot does something to the sealing Vault with a root token that is made for it, from the unseal key, and revoked.
func asRoot(ctx context.Context, record *record, sealer *api.Client, do func() error) error {
	if err := settleUnsealKey(ctx, record, sealer); err != nil {
		return err
	}
	token, err := makeRoot(ctx, sealer, record.get(unsealKey))
	if err != nil {
		return fmt.Errorf("root token of the sealing Vault: %w", err)
	}
	sealer.SetToken(token)
	defer sealer.ClearToken()
	return errors.Join(do(), revokeRoot(context.WithoutCancel(ctx), sealer))
}

// makeRoot makes a root token; an attempt that a crash left behind is given up first.
func makeRoot(ctx context.Context, server *api.Client, key string) (string, error) {
	if err := server.Sys().GenerateRootCancelWithContext(ctx); err != nil {
		return "", err
	}
	begun, err := server.Sys().GenerateRootInitWithContext(ctx, "", "")
	if err != nil {
		return "", err
	}
	made, err := server.Sys().GenerateRootUpdateWithContext(ctx, key, begun.Nonce)
	if err != nil {
		return "", err
	}
	if !made.Complete {
		return "", errors.New("one key is not enough")
	}
	return decipher(made.EncodedToken, begun.OTP)
}

// decipher undoes what Vault did to a token so that only who began the attempt can read it.
func decipher(encoded, otp string) (string, error) {
	text, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	if len(text) != len(otp) {
		return "", fmt.Errorf("%d bytes instead of %d", len(text), len(otp))
	}
	for index := range text {
		text[index] ^= otp[index]
	}
	return string(text), nil
}

// settleUnsealKey finds out, after a crash in the middle, which of two unseal keys the server has, and keeps that one.
func settleUnsealKey(ctx context.Context, record *record, sealer *api.Client) error {
	if record.step() != done {
		return decisionError(fmt.Sprintf("Secret %s: step: %q; the sealing Vault is not set up yet", record.name, record.step()))
	}
	// Just started, this pod may not be let through to it yet.
	if _, err := usable(ctx, []*api.Client{sealer}); err != nil {
		return err
	}
	next := record.get(nextUnsealKey)
	if next == "" {
		return nil
	}
	token, err := makeRoot(ctx, sealer, next)
	if err != nil {
		log.Printf("rotate-seal: the unseal key of an unfinished rotation is not the server's: %v", err)
		return record.advance(ctx, done, nil, nextUnsealKey)
	}
	sealer.SetToken(token)
	defer sealer.ClearToken()
	if err := revokeRoot(ctx, sealer); err != nil {
		return err
	}
	log.Print("rotate-seal: the unseal key of an unfinished rotation is the server's")
	return record.advance(ctx, done, map[string]string{unsealKey: next}, nextUnsealKey)
}

// rekeySealer replaces the sealing Vault's unseal key. The server takes the new one only when it is shown that it was
// kept, and the container beside it tries both, so that at no moment it can't be opened.
func rekeySealer(ctx context.Context, record *record, sealer *api.Client) error {
	begun, err := beginRekey(ctx, sealer)
	if err != nil {
		return fmt.Errorf("new unseal key: %w", err)
	}
	made, err := sealer.Sys().RekeyUpdateWithContext(ctx, record.get(unsealKey), begun)
	if err != nil {
		return fmt.Errorf("new unseal key: %w", err)
	}
	if !made.Complete || !made.VerificationRequired || len(made.KeysB64) != 1 {
		return errors.New("new unseal key: the sealing Vault did not make one that waits to be verified")
	}
	next := made.KeysB64[0]
	if err := record.advance(ctx, done, map[string]string{nextUnsealKey: next}); err != nil {
		return err
	}
	verified, err := sealer.Sys().RekeyVerificationUpdateWithContext(ctx, next, made.VerificationNonce)
	if err != nil {
		return fmt.Errorf("new unseal key: %w", err)
	}
	if !verified.Complete {
		return errors.New("new unseal key: one key is not enough")
	}
	if err := record.advance(context.WithoutCancel(ctx), done, map[string]string{unsealKey: next}, nextUnsealKey); err != nil {
		return err
	}
	log.Print("rotate-seal: the sealing Vault has a new unseal key")
	return nil
}

// beginRekey gives up what a crash left behind, and returns the nonce of a new beginning.
func beginRekey(ctx context.Context, sealer *api.Client) (string, error) {
	status, err := sealer.Sys().RekeyStatusWithContext(ctx)
	if err != nil {
		return "", err
	}
	if status.Started {
		if err := sealer.Sys().RekeyCancelWithContextWithNonce(ctx, status.Nonce); err != nil {
			return "", err
		}
	}
	asked := &api.RekeyInitRequest{SecretShares: 1, SecretThreshold: 1, RequireVerification: true}
	begun, err := sealer.Sys().RekeyInitWithContext(ctx, asked)
	if err != nil {
		return "", err
	}
	return begun.Nonce, nil
}
