// Package wholefile puts files in place that are there whole or not at all: nobody reads
// half of one, whatever happens while it is written.
package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Make makes a file that survives a loss of power. It fails with fs.ErrExist where there is
// one of that name: of several that make it at once the first one does.
func Make(name string, content []byte, mode fs.FileMode) error {
	if err := put(name, content, mode, os.Link); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Replace puts a file in the place of what has that name, if anything has. After a loss of
// power it is the one or the other.
func Replace(name string, content []byte, mode fs.FileMode) error {
	return put(name, content, mode, os.Rename)
}

// put gives a file its name when it is written and synced.
func put(name string, content []byte, mode fs.FileMode, as func(whole, name string) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // where it was renamed there is nothing left to remove
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return as(f.Name(), name)
}
