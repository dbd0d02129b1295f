package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewer refuses a database that a later program has changed so that this one could not
// go on: to guess at its meaning could release what it hides.
var ErrNewer = errors.New("the store was written by a newer version of the gateway")

// ErrOlder refuses a database whose tables lack what this program needs, where it could
// not add that.
var ErrOlder = errors.New("the store's tables are of an older version of the gateway (`cpa-gateway store migrate`, as their owner, brings them up to this one)")

// series is how many versions of the schema work with the programs of each other: those
// with the same number of hundreds. Within them a migration only adds what a program of
// before does without (docs/decisions/032).
const series = 100

// Migrate brings the tables of a database to the newest of the migrations, each in a
// transaction of its own. It changes nothing where they are there, or newer ones of the
// same series.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, migrations fs.FS, options ...goose.ProviderOption) error {
	provider, err := goose.NewProvider(dialect, db, migrations, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	found, known, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading the schema's version: %w", err)
	case found > known && found/series == known/series:
		return nil
	case found > known:
		return fmt.Errorf("schema version %d, this program knows %d: %w", found, known, ErrNewer)
	case found == known:
		return nil
	}
	if _, err = provider.Up(ctx); err != nil && found > 0 {
		return fmt.Errorf("schema version %d, this program needs %d: %w: %w", found, known, ErrOlder, err)
	}
	return doing("making the schema", err)
}
