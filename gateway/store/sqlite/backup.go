package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes one moment of the store in a folder into a new file, while others
// read and write it. The file is whole and durable when Backup returns nil; it
// fails where there is a file of that name.
func Backup(ctx context.Context, dir, name string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copying the store in %s: %w", dir, err)
		}
	}()
	path, err := filepath.Abs(filepath.Join(dir, File))
	if err != nil {
		return err
	}
	// SQLite writes into an empty file, and leaves its permissions as they are.
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", name); err != nil {
		return err
	}
	return file.Sync() // which VACUUM INTO leaves to us
}
