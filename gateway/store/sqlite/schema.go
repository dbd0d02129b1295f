package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"cpagateway/gateway/store/relational"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrate brings the tables of the file to the newest of the migrations, through a
// connection of its own.
func migrate(ctx context.Context, to driver.Connector) error {
	migrations, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	return migrateBy(ctx, to, migrations)
}

func migrateBy(ctx context.Context, to driver.Connector, migrations fs.FS) error {
	db := sql.OpenDB(to)
	if err := makeVersions(ctx, db); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(relational.Migrate(ctx, goose.DialectSQLite3, db, migrations), db.Close())
}

// makeVersions makes the table of the migrations that were made. Where two processes
// make it at once, goose waits a second; SQLite's lock lets the second find it at once.
func makeVersions(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil) // which locks the file: see _txlock
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	there := false
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)", goose.DefaultTablename).Scan(&there); err != nil || there {
		return err
	}
	versions, err := database.NewStore(database.DialectSQLite3, goose.DefaultTablename)
	if err == nil {
		err = versions.CreateVersionTable(ctx, tx)
	}
	if err == nil {
		err = versions.Insert(ctx, tx, database.InsertRequest{Version: 0})
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// overtaken reports whether a migration failed because another process has made the
// same in the meantime.
func overtaken(err error) bool {
	return err != nil && strings.Contains(err.Error(), "already exists")
}
