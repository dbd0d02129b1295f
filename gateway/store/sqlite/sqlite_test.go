package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
	"cpagateway/gateway/store/storetest"
	"cpagateway/profiles"
)

// fresh opens a store in a new folder, closed when the test ends.
func fresh(t testing.TB) *relational.Store {
	t.Helper()
	return reopen(t, t.TempDir())
}

func reopen(t testing.TB, dir string) *relational.Store {
	t.Helper()
	return openThrough(t, dir, nil)
}

// openThrough opens a store through what stands between it and its driver.
func openThrough(t testing.TB, dir string, wrap func(driver.Connector) driver.Connector) *relational.Store {
	t.Helper()
	store, err := open(t.Context(), dir, wrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return store
}

// sqliteDatabase is SQLite, for the suite of what is behind a store.
var sqliteDatabase = relationaltest.Database{
	Steps: 10,
	Place: func(t testing.TB) string { return t.TempDir() },
	Open: func(ctx context.Context, place string, wrap relationaltest.Wrap) (*relational.Store, error) {
		return open(ctx, place, wrap)
	},
	Migrate: func(ctx context.Context, place string, migrations fs.FS) error {
		return migrateBy(ctx, connector("file:"+filepath.Join(place, File)+"?"+pragmas+"&_txlock=immediate"), migrations)
	},
	Own:     embedded,
	Sound:   sound,
	Columns: columnsQuery,
}

const columnsQuery = `SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
	WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'goose_db_version'`

func TestDatabase(t *testing.T) { relationaltest.Run(t, sqliteDatabase) }

// sound makes sure that the file is sound.
func sound(t testing.TB, s *relational.Store) {
	t.Helper()
	for _, pragma := range []string{"PRAGMA integrity_check", "PRAGMA foreign_key_check"} {
		found := relationaltest.Read(t, s, func(rows *sql.Rows) (string, error) {
			columns, _ := rows.Columns()
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			err := rows.Scan(cells...)
			return fmt.Sprint(*cells[0].(*any)), err
		}, pragma)
		if len(found) > 0 && strings.Join(found, "\n") != "ok" {
			t.Fatalf("%s: %v", pragma, found)
		}
	}
}

// batch is a Patient and two plans, in a text that differs by n.
func batch(t testing.TB, n int) []consent.Accepted { return relationaltest.Batch(t, n) }

// whole makes sure that what is there is whole, and gives the number of batches.
func whole(t testing.TB, s *relational.Store) uint64 {
	t.Helper()
	return sqliteDatabase.Whole(t, s)
}

const (
	home   profiles.OrgCode  = "7A4"
	person profiles.PersonID = "person-1"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return fresh(t) })
}

// of asks a store one thing at a time.
func of(s *relational.Store) recordstest.Store { return recordstest.Of(s) }

func scanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

// record keeps an entry with two checkpoints, of a log of its own.
func record(t testing.TB, s *relational.Store) {
	t.Helper()
	log := relationaltest.OpenLog(t, s)
	_, err := log.Public(t.Context(), audit.Event{At: start})
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
}
