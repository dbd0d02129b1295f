package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
)

// ErrNewer refuses a file that a later program has written: to guess at its
// meaning could release what it hides.
var ErrNewer = errors.New("the store was written by a newer version of the gateway")

//go:embed schema.sql
var schema string

// schemaVersion is the PRAGMA user_version of a file with this schema; 0 is a
// file without one.
const schemaVersion = 1

// migrateAt migrates the file at an address, through a connection of its own.
func migrateAt(ctx context.Context, driverName, address string) error {
	db, err := sql.Open(driverName, address+"&_txlock=immediate")
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, db), db.Close())
}

// migrate brings the file to schemaVersion. The check is made inside the
// transaction, so that two processes may open a new folder at once.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var found int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	switch found {
	case schemaVersion:
		return nil
	case 0:
	default:
		return fmt.Errorf("schema version %d, this program knows %d: %w", found, schemaVersion, ErrNewer)
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)); err != nil {
		return fmt.Errorf("setting the schema's version: %w", err)
	}
	return tx.Commit()
}
