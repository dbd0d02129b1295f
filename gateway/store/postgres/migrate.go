package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"cpagateway/gateway/store/relational"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrate brings the tables to the newest of the migrations, through a connection of its
// own. Of several gateways that start at once one makes them, and the others wait.
func migrate(ctx context.Context, to driver.Connector) error {
	migrations, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	return migrateBy(ctx, to, migrations)
}

func migrateBy(ctx context.Context, to driver.Connector, migrations fs.FS) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	db := sql.OpenDB(to)
	err = relational.Migrate(ctx, goose.DialectPostgres, db, migrations, goose.WithSessionLocker(locker))
	return errors.Join(err, db.Close())
}

// Made reports whether a database holds a store. It makes nothing in it.
func Made(ctx context.Context, address string) (made bool, err error) {
	config, err := configOf(address)
	if err != nil {
		return false, err
	}
	db := stdlib.OpenDB(*config)
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err = db.QueryRowContext(ctx, "SELECT to_regclass('resources') IS NOT NULL").Scan(&made)
	if err = errors.Join(err, db.Close()); err != nil {
		return false, fmt.Errorf("looking for the store in PostgreSQL: %w", err)
	}
	return made, nil
}
