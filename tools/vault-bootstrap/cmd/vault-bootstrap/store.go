package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
)

// storeConfig is where snapshots are: a folder, or a bucket.
type storeConfig struct {
	Folder string `json:"folder"`
	// Keep is how many snapshots stay in a folder. A bucket drops old ones by its own lifecycle rule, so that
	// whoever may save need not be allowed to delete.
	Keep   int          `json:"keep"`
	Bucket *bucketStore `json:"bucket"`
}

// store keeps snapshots by their name.
type store interface {
	// save calls `fill` with an empty file and keeps what it wrote, or nothing at all.
	save(ctx context.Context, name string, fill func(file *os.File) error) error
	prune(ctx context.Context) error
	// newest returns the name of the last snapshot.
	newest(ctx context.Context) (string, error)
	// read returns the content of a snapshot.
	read(ctx context.Context, name string) (io.ReadCloser, error)
	fmt.Stringer
}

func (c storeConfig) open(ctx context.Context) (store, error) {
	switch {
	case (c.Folder == "") == (c.Bucket == nil):
		return nil, usageError("configuration: store: either a folder or a bucket")
	case c.Bucket != nil:
		return c.Bucket, c.Bucket.open(ctx)
	case c.Keep < 1:
		return nil, usageError(fmt.Sprintf("configuration: store: keep: %d is not allowed: 1 or more", c.Keep))
	}
	return folderStore{c.Folder, c.Keep}, nil
}

type folderStore struct {
	path string
	keep int
}

func (s folderStore) String() string { return s.path }

func (s folderStore) save(_ context.Context, name string, fill func(file *os.File) error) error {
	// The same file system, so that the name appears only with the whole content behind it.
	file, err := os.CreateTemp(s.path, ".unfinished-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	err = errors.Join(fill(file), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(s.path, name))
}

func (s folderStore) names() ([]string, error) {
	entries, err := os.ReadDir(s.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if snapshotName.MatchString(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (s folderStore) prune(context.Context) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	for len(names) > s.keep {
		if err := os.Remove(filepath.Join(s.path, names[0])); err != nil {
			return err
		}
		log.Printf("snapshot: %s dropped, %d are kept", names[0], s.keep)
		names = names[1:]
	}
	return nil
}

func (s folderStore) newest(context.Context) (string, error) {
	names, err := s.names()
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", decisionError(fmt.Sprintf("%s: holds no snapshot", s.path))
	}
	return names[len(names)-1], nil
}

func (s folderStore) read(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(s.path, name))
}
