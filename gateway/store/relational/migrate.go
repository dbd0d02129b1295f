package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewer refuses a database that a later program has written: to guess at its
// meaning could release what it hides.
var ErrNewer = errors.New("the store was written by a newer version of the gateway")

// Migrate brings the tables of a database to the newest of the migrations, each in a
// transaction of its own. It changes nothing where they are there.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, migrations fs.FS, options ...goose.ProviderOption) error {
	provider, err := goose.NewProvider(dialect, db, migrations, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	found, known, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading the schema's version: %w", err)
	case found > known:
		return fmt.Errorf("schema version %d, this program knows %d: %w", found, known, ErrNewer)
	case found == known:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	return nil
}
