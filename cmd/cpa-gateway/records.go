package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
)

// recordsConfig is where the records are kept: in a data folder, or in PostgreSQL with a
// data folder for what belongs to them and is in no database.
type recordsConfig struct {
	SQLite   string `yaml:"sqlite"`   // the data folder
	Postgres string `yaml:"postgres"` // postgres://, or key=value: an address of PostgreSQL
	Folder   string `yaml:"folder"`   // the data folder, beside PostgreSQL
}

func (c recordsConfig) check() error {
	switch {
	case c.SQLite == "" && c.Postgres == "":
		return errors.New("records.sqlite is missing (or records.postgres)")
	case c.SQLite != "" && (c.Postgres != "" || c.Folder != ""):
		return errors.New("records.sqlite is a folder with the records in it: it goes with neither records.postgres nor records.folder")
	case c.SQLite == "" && c.Folder == "":
		return errors.New("records.folder is missing: the secret and the audit keys are kept there, beside records.postgres")
	}
	return nil
}

// folder is the data folder, with the secret, the audit keys and the settings of sources.
func (c recordsConfig) folder() string {
	if c.SQLite != "" {
		return c.SQLite
	}
	return c.Folder
}

// open opens the store, and makes it where it is not there.
func (c recordsConfig) open(ctx context.Context) (*relational.Store, error) {
	if c.Postgres != "" {
		return postgres.Open(ctx, c.Postgres)
	}
	return sqlite.Open(ctx, c.SQLite)
}

// file is the file with the records; nil where they are in none, or it is not there.
func (c recordsConfig) file() (found os.FileInfo) {
	if c.SQLite != "" {
		found, _ = os.Stat(filepath.Join(c.SQLite, sqlite.File)) // which is nil with an error
	}
	return found
}

// made refuses where no records were ever kept. It makes nothing.
func (c recordsConfig) made(ctx context.Context) error {
	if c.Postgres == "" {
		if _, err := os.Stat(filepath.Join(c.SQLite, sqlite.File)); err != nil {
			return misuse("there are no records in %s: %v", c.SQLite, err)
		}
		return nil
	}
	made, err := postgres.Made(ctx, c.Postgres)
	if err == nil && !made {
		err = misuse("there are no records in the database of records.postgres")
	}
	return err
}

// copyTo copies the records into a new data folder, as they are at one moment.
func (c recordsConfig) copyTo(ctx context.Context, folder string) error {
	if c.Postgres == "" {
		return sqlite.Backup(ctx, c.SQLite, filepath.Join(folder, sqlite.File))
	}
	from, err := c.open(ctx)
	if err != nil {
		return err
	}
	to, err := sqlite.Open(ctx, folder)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	if _, err = relational.Copy(ctx, from, to); err != nil {
		err = fmt.Errorf("copying the records: %w", err)
	}
	return errors.Join(err, to.Close(), from.Close())
}
