package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// folder is where the agent of Vault beside this program keeps its secrets.
const folder = "/vault/secrets"

// secret is what may be told of one: not even a digest, from which a short secret could be guessed.
type secret struct {
	Name    string    `json:"name"`
	Bytes   int       `json:"bytes"`
	Changed time.Time `json:"changed"`
}

// secrets reads each file of the folder anew, so that it sees what changed since the last request. The agent
// replaces a file as a whole: nobody reads half of one. Without a folder there are none.
func secrets(folder string) ([]secret, error) {
	found := []secret{}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		about, err := os.Stat(path)
		// The agent's next file, under a name of the moment, may be gone again.
		if errors.Is(err, fs.ErrNotExist) || (err == nil && !about.Mode().IsRegular()) {
			continue
		}
		if err != nil {
			return nil, err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, secret{entry.Name(), len(content), about.ModTime().UTC()})
	}
	return found, nil
}
