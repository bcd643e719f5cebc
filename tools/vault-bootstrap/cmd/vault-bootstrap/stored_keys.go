package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/hashicorp/vault/api"
	"google.golang.org/protobuf/encoding/protowire"
)

// storedKeys are what Vault keeps encrypted by its seal alone (vault/seal.go).
var storedKeys = []string{"core/hsm/barrier-unseal-keys", "core/recovery-key"}

// ciphertext begins what a transit key encrypted, with the key's version.
var ciphertext = regexp.MustCompile(`vault:v([0-9]+):`)

// entryLimit is how large an entry of the storage may be at most: Vault's own limit is 1 MiB, twice that for raft's.
const entryLimit = 64 << 20

// sealedWith waits until a snapshot shows that all stored keys are encrypted with a version of the sealing key. There is
// no other way to be told: a failure to encrypt them anew is only a line in Vault's log.
func sealedWith(ctx context.Context, server *api.Client, version int) error {
	return patiently(ctx, fmt.Sprintf("stored keys encrypted with version %d of the sealing key", version), func() (bool, error) {
		found, err := storedVersions(ctx, server)
		if err != nil {
			return false, passing(err)
		}
		for _, name := range storedKeys {
			if found[name] != version {
				return false, retry{fmt.Errorf("%s: version %d", name, found[name])}
			}
		}
		return true, nil
	})
}

// storedVersions returns with which version of the sealing key each of the stored keys is encrypted. Nothing of the
// snapshot is kept.
func storedVersions(ctx context.Context, server *api.Client) (map[string]int, error) {
	reader, writer := io.Pipe()
	saved := make(chan error, 1)
	go func() {
		err := server.Sys().RaftSnapshotWithContext(ctx, writer)
		writer.CloseWithError(err)
		saved <- err
	}()
	found, err := versionsIn(reader)
	// To the end, or the server would wait for ever for its answer to be read.
	_, drained := io.Copy(io.Discard, reader)
	if failed := errors.Join(<-saved, drained); failed != nil {
		return nil, failed
	}
	return found, err
}

// versionsIn reads a snapshot: a compressed archive whose `state.bin` has the entries of the storage, one behind the other.
func versionsIn(snapshot io.Reader) (map[string]int, error) {
	unpacked, err := gzip.NewReader(snapshot)
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(unpacked)
	for {
		header, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("snapshot: state.bin: %w", err)
		}
		if header.Name != "state.bin" {
			continue
		}
		found, err := versionsOf(bufio.NewReader(archive))
		if err != nil {
			return nil, err
		}
		// To the end of the compressed text, where its checksum is.
		_, err = io.Copy(io.Discard, unpacked)
		return found, err
	}
}

func versionsOf(entries *bufio.Reader) (map[string]int, error) {
	found := map[string]int{}
	for {
		size, err := binary.ReadUvarint(entries)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if size > entryLimit {
			return nil, fmt.Errorf("snapshot: an entry of %d bytes", size)
		}
		entry := make([]byte, size)
		if _, err := io.ReadFull(entries, entry); err != nil {
			return nil, err
		}
		name, value, err := fields(entry)
		if err != nil {
			return nil, err
		}
		for _, wanted := range storedKeys {
			if name == wanted {
				found[name] = versionOf(value)
			}
		}
	}
}

// versionOf returns the version of the key that encrypted a value, 0 for none.
func versionOf(value []byte) int {
	match := ciphertext.FindSubmatch(value)
	if match == nil {
		return 0
	}
	version, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return 0
	}
	return version
}

// fields reads a `StorageEntry` (physical/raft): 1 is its name, 2 its value.
func fields(entry []byte) (name string, value []byte, err error) {
	for len(entry) > 0 {
		number, kind, length := protowire.ConsumeTag(entry)
		if length < 0 {
			return "", nil, protowire.ParseError(length)
		}
		entry = entry[length:]
		size := protowire.ConsumeFieldValue(number, kind, entry)
		if size < 0 {
			return "", nil, protowire.ParseError(size)
		}
		if kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(entry)
			switch number {
			case 1:
				name = string(content)
			case 2:
				value = content
			}
		}
		entry = entry[size:]
	}
	return name, value, nil
}
