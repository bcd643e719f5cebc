package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func snapshotOf(t *testing.T, entries [][2]string) []byte {
	t.Helper()
	var state []byte
	for _, entry := range entries {
		message := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), entry[0])
		message = protowire.AppendString(protowire.AppendTag(message, 2, protowire.BytesType), entry[1])
		state = append(binary.AppendUvarint(state, uint64(len(message))), message...)
	}
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for name, content := range map[string][]byte{"meta.json": []byte("{}"), "state.bin": state} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || compressed.Close() != nil {
		t.Fatal("not written")
	}
	return packed.Bytes()
}

func TestTheVersionOfAStoredKeyIsReadFromASnapshot(t *testing.T) {
	content := snapshotOf(t, [][2]string{
		{"core/a", "vault:v9:other"},
		{storedKeys[0], "\x0a\x20vault:v12:abc=="},
		{storedKeys[1], "plain"},
		{"core/hsm/barrier-unseal-keys-not", "vault:v1:x"},
	})
	found, err := versionsIn(bytes.NewReader(content))
	if err != nil || !maps.Equal(found, map[string]int{storedKeys[0]: 12, storedKeys[1]: 0}) {
		t.Errorf("%v, %v", found, err)
	}
	for _, cut := range []int{0, 10, len(content) / 2, len(content) - 1} {
		if _, err := versionsIn(bytes.NewReader(content[:cut])); err == nil {
			t.Errorf("cut off at %d: no error", cut)
		}
	}
}

func TestATokenIsReadableForWhoBeganTheAttemptOnly(t *testing.T) {
	for otp, expected := range map[string]string{"aaaa": "\x00\x01\x02\x03", "aaa": "", "aaaaa": ""} {
		found, err := decipher("YWBjYg", otp)
		if found != expected || (err == nil) != (expected != "") {
			t.Errorf("%q: %q, %v", otp, found, err)
		}
	}
}

func TestOnlyAWholeSnapshotPassesTheCheck(t *testing.T) {
	whole := snapshotOf(t, [][2]string{{storedKeys[0], "vault:v1:x"}})
	contents := map[string][]byte{
		"vault-20260101T000000Z.snap": whole,
		"vault-20260102T000000Z.snap": whole[:len(whole)-1],
		"vault-20260103T000000Z.snap": snapshotOf(t, [][2]string{{"core/other", "x"}}),
		"vault-20260104T000000Z.snap": nil,
	}
	store := folderStore{t.TempDir(), 9}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(store.path, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 6 {
		name := fmt.Sprintf("vault-2026010%dT000000Z.snap", day)
		expected := 3
		if day == 1 {
			expected = 0
		}
		if err := checkSnapshot(t.Context(), store, name); code(err) != expected {
			t.Errorf("%s: %v", name, err)
		}
	}
}
