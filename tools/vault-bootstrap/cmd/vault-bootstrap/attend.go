package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// attention is how often files are looked at.
const attention = 5 * time.Second

// process is the server's name as the kernel has it.
const process = "vault"

type attendConfig struct {
	// Certificate is the server's file; when it changes the server is told.
	Certificate string `json:"certificate"`
	// Audit is the file of the audit device, renamed at AuditBytes; AuditKeep old ones stay. Empty is none.
	Audit      string `json:"audit"`
	AuditBytes int64  `json:"audit_bytes"`
	AuditKeep  int    `json:"audit_keep"`
	// UnsealKeys are files, of which those that are there hold a key; with one of them the server at Address is unsealed
	// whenever it is sealed. There are two while the key is being replaced.
	UnsealKeys []string `json:"unseal_keys"`
	Address    string   `json:"address"`
	CA         string   `json:"ca"`
}

// runAttend runs beside a server, in its process namespace and as its user.
func runAttend(ctx context.Context, text []byte, arguments []string) error {
	var config attendConfig
	if err := decodeAlone(text, arguments, &config); err != nil {
		return err
	}
	if config.Audit != "" && (config.AuditBytes < 1 || config.AuditKeep < 1) {
		return usageError("configuration: audit: audit_bytes and audit_keep must be 1 or more")
	}
	seen, err := digest(config.Certificate)
	if err != nil {
		return err
	}
	for {
		if ended := config.once(ctx, &seen); ended != nil {
			log.Print("error ", ended)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(attention):
		}
	}
}

// once does what is to be done; a failure is said and tried again.
func (c attendConfig) once(ctx context.Context, seen *[sha256.Size]byte) error {
	rotated, err := rotate(c.Audit, c.AuditBytes, c.AuditKeep)
	if err != nil {
		return err
	}
	current, err := digest(c.Certificate)
	if err != nil {
		return err
	}
	if rotated || current != *seen {
		if err := hangUp("/proc"); err != nil {
			return err
		}
		log.Printf("server told to read its files again: audit file renamed: %t, certificate new: %t", rotated, current != *seen)
		*seen = current
	}
	if len(c.UnsealKeys) == 0 {
		return nil
	}
	return c.keepUnsealed(ctx)
}

// keepUnsealed opens the server if it is sealed; before its first initialisation there is no key yet.
func (c attendConfig) keepUnsealed(ctx context.Context) error {
	keys, err := contents(c.UnsealKeys)
	if err != nil || len(keys) == 0 {
		return err
	}
	server, err := connect(c.Address, c.CA)
	if err != nil {
		return err
	}
	status, err := server.Sys().SealStatusWithContext(ctx)
	if err != nil {
		return fmt.Errorf("not up yet: %w", err)
	}
	if !status.Initialized || !status.Sealed {
		return nil
	}
	var failed error
	for _, key := range keys {
		// One try of each: this is called again in a moment.
		status, err := server.Sys().UnsealWithContext(ctx, key)
		if err == nil && !status.Sealed {
			log.Print("unsealed")
			return nil
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// contents returns what is in those of the files that are there.
func contents(files []string) ([]string, error) {
	var found []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, string(content))
	}
	return found, nil
}

func digest(path string) ([sha256.Size]byte, error) {
	content, err := os.ReadFile(path)
	return sha256.Sum256(content), err
}

// rotate renames a file that has grown to `limit` bytes: .1 is the newest of the old ones.
func rotate(path string, limit int64, keep int) (bool, error) {
	if path == "" {
		return false, nil
	}
	state, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || (err == nil && state.Size() < limit) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for number := keep - 1; number >= 1; number-- {
		err := os.Rename(fmt.Sprintf("%s.%d", path, number), fmt.Sprintf("%s.%d", path, number+1))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	return true, os.Rename(path, path+".1")
}

// hangUp sends SIGHUP to the server: it opens audit files anew and reads its certificate.
func hangUp(proc string) error {
	names, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
	if err != nil {
		return err
	}
	for _, name := range names {
		comm, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(bytes.TrimSpace(comm), []byte(process)) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(strings.TrimPrefix(name, proc+"/"), "/")[0])
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGHUP)
	}
	return fmt.Errorf("no process named %s", process)
}
