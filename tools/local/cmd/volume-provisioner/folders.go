package main

import (
	"os"
	"path/filepath"
)

// folders is the place of the volumes. All access goes through os.Root: neither a name nor a link a pod
// left in its volume can reach anything outside.
type folders struct {
	path string
	root *os.Root
}

func openFolders(path string) (*folders, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// 0711: nobody on the host but root lists the volumes; pods see their own only.
	if err := os.MkdirAll(absolute, 0o711); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(absolute)
	if err != nil {
		return nil, err
	}
	return &folders{path: absolute, root: root}, nil
}

// create makes the volume's folder (or finds it) and returns its path. Every user may write to it,
// because a pod that does not run as root need not name an fsGroup.
func (f *folders) create(name string) (string, error) {
	if err := f.root.Mkdir(name, 0o777); err != nil && !os.IsExist(err) {
		return "", err
	}
	// Mkdir's mode is cut by the umask.
	if err := f.root.Chmod(name, 0o777); err != nil {
		return "", err
	}
	return filepath.Join(f.path, name), nil
}

// remove deletes the volume's folder and what is in it; a missing one is fine.
func (f *folders) remove(name string) error {
	return f.root.RemoveAll(name)
}
