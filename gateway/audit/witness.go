package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"cpagateway/gateway/wholefile"
)

// Witness keeps the newest checkpoint outside the store, best where the store's
// operator cannot write: without it, a chain that was cut short goes unnoticed.
type Witness interface {
	// Newest is the note that was kept last; empty if there is none.
	Newest() (string, error)
	// Keep replaces it. It is called about once a second, and not before it has returned.
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
	if err := wholefile.Replace(string(w), []byte(note), 0o644); err != nil {
		return fmt.Errorf("keeping the newest checkpoint: %w", err)
	}
	return nil
}
