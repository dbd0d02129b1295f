package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/gateway/wholefile"
)

// The secret of a data folder: ids, page positions and version numbers are keyed
// with it. It is made in a new folder only, before anything else.
const (
	secretFile = "gateway.secret"
	secretSize = 32
)

// secretIn reads the secret of a data folder, and makes it in a new one. Where
// several processes start at once, all of them read what the first one made.
func secretIn(dir string) ([]byte, error) {
	secret, err := keptSecret(dir)
	if err != nil || secret != nil {
		return secret, err
	}
	fresh := make([]byte, secretSize)
	_, _ = rand.Read(fresh) // never fails (crypto/rand)
	if err := wholefile.Make(filepath.Join(dir, secretFile), fresh, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the gateway's secret: %w", err)
	}
	return keptSecret(dir)
}

// keptSecret is the secret of a data folder, nil in a new one. It makes nothing.
// A folder that is in use and has no secret is refused: with a new one every id
// would change, and every record would be kept twice. What is in use is looked
// for first, because a process that starts at the same time makes the secret
// before anything else.
func keptSecret(dir string) ([]byte, error) {
	inUse, err := keptIn(dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, secretFile)
	secret, err := os.ReadFile(name)
	switch lost := errors.Is(err, fs.ErrNotExist); {
	case lost && inUse == "":
		return nil, nil
	case lost:
		return nil, misuse("%s is missing in a folder that is in use (it holds %s): restore it from the backup of this folder", name, inUse)
	case err != nil:
		return nil, fmt.Errorf("reading the gateway's secret: %w", err)
	case len(secret) != secretSize:
		return nil, misuse("%s has %d bytes and not %d: restore it from the backup of this folder", name, len(secret), secretSize)
	}
	return secret, nil
}

// keptIn names a file of a folder that is made after its secret, whatever the
// folder holds of others' (agreements, lost+found); empty in a new folder.
func keptIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("looking into the data folder: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), sqlite.File) || strings.HasPrefix(e.Name(), "audit.") {
			return e.Name(), nil
		}
	}
	return "", nil
}

// refuseForeignSecret compares the secret with the one that the store was first
// opened with, of which the store keeps a fingerprint.
func refuseForeignSecret(ctx context.Context, store *relational.Store, dir string, secret []byte) error {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("cpa-gateway fingerprint of the secret v1"))
	own := m.Sum(nil)
	kept, err := store.KeepFirst(ctx, "fingerprint of the secret", own)
	if err != nil {
		return err
	}
	if !hmac.Equal(kept, own) {
		return misuse("%s is not the secret that the records were stored with: restore it from the backup of this folder, or copy that of another gateway on the same records",
			filepath.Join(dir, secretFile))
	}
	return nil
}
