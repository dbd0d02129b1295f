package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Witness keeps the newest checkpoint outside the sink, best where the operator
// of the sink cannot write: only so is a chain that lost its end found out.
type Witness interface {
	// Newest is the note that was kept last; empty if there is none.
	Newest() (string, error)
	// Keep replaces it. It is called by one goroutine, about once a second.
	Keep(note string) error
}

// FileWitness is a witness in the file of this name.
type FileWitness string

// Newest reads the file; none is an empty note.
func (w FileWitness) Newest() (string, error) {
	note, err := os.ReadFile(string(w))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the newest checkpoint: %w", err)
	}
	return string(note), nil
}

// Keep replaces the file in one step, durably.
func (w FileWitness) Keep(note string) error {
	if err := replaceFile(string(w), []byte(note), 0o644); err != nil {
		return fmt.Errorf("keeping the newest checkpoint: %w", err)
	}
	return nil
}

// replaceFile writes beside the file and renames, so that a reader finds the old or the new one whole.
func replaceFile(name string, content []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, writeErr := f.Write(content)
	if err := errors.Join(writeErr, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// noWitness is the witness of a log that has none.
type noWitness struct{}

func (noWitness) Newest() (string, error) { return "", nil }
func (noWitness) Keep(string) error       { return nil }
