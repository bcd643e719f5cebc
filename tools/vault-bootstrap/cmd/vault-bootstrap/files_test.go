package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func listed(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestAnUnfinishedSnapshotLeavesNothing(t *testing.T) {
	store := folderStore{t.TempDir(), 2}
	broken := errors.New("cut off")
	err := store.save(t.Context(), "vault-20260101T000000Z.snap", func(file *os.File) error {
		if _, err := file.WriteString("half"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || len(listed(t, store.path)) != 0 {
		t.Errorf("%v, left %v", err, listed(t, store.path))
	}
}

func TestTheNewestSnapshotsStayAndNothingElseIsTouched(t *testing.T) {
	store := folderStore{t.TempDir(), 2}
	if err := os.WriteFile(filepath.Join(store.path, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, day := range []int{3, 1, 4, 2} {
		name := fmt.Sprintf("vault-2026010%dT000000Z.snap", day)
		if err := store.save(t.Context(), name, func(file *os.File) error {
			_, err := file.WriteString(name)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	expected := []string{"notes", "vault-20260103T000000Z.snap", "vault-20260104T000000Z.snap"}
	if names := listed(t, store.path); !slices.Equal(names, expected) {
		t.Errorf("left %v", names)
	}
	newest, err := store.newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content, err := store.read(t.Context(), newest)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if text, _ := io.ReadAll(content); string(text) != expected[2] {
		t.Errorf("read %q", text)
	}
}

func TestAuditFilesMoveUpAndTheOldestGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	for number := range 5 {
		if err := os.WriteFile(file, []byte(fmt.Sprint(number)), 0o600); err != nil {
			t.Fatal(err)
		}
		if rotated, err := rotate(file, 2, 3); rotated || err != nil {
			t.Fatalf("renamed at half its size: %t, %v", rotated, err)
		}
		if rotated, err := rotate(file, 1, 3); !rotated || err != nil {
			t.Fatalf("not renamed: %v", err)
		}
	}
	for number, expected := range map[int]string{1: "4", 2: "3", 3: "2"} {
		if text, _ := os.ReadFile(fmt.Sprintf("%s.%d", file, number)); string(text) != expected {
			t.Errorf(".%d holds %q", number, text)
		}
	}
	if names := listed(t, filepath.Dir(file)); len(names) != 3 {
		t.Errorf("left %v", names)
	}
}
