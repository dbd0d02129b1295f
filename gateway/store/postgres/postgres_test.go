package postgres

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/gateway/store"
	"cpagateway/gateway/store/postgres/postgrestest"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
	"cpagateway/gateway/store/storetest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return start }

func reopen(t testing.TB, address string) *relational.Store {
	t.Helper()
	s, err := Open(context.WithoutCancel(t.Context()), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// startServer starts a server whose databases have their tables already.
func startServer(t testing.TB) *postgrestest.Server {
	t.Helper()
	server := postgrestest.Start(t)
	server.Copy(t, func(address string) error {
		s, err := Open(context.WithoutCancel(t.Context()), address)
		if err != nil {
			return err
		}
		return s.Close()
	})
	return server
}

func TestStore(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		server.Do(t, address, emptying) // which is quicker than to make another
		return reopen(t, address)
	})
}

// emptying makes a store what it was when its tables were made.
const emptying = `DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(table_name, ', ') FROM information_schema.tables
	WHERE table_schema = 'public' AND table_name NOT IN ('goose_db_version', 'changed')); UPDATE changed SET last = 0; END $$`

func TestDatabase(t *testing.T) {
	server := sync.OnceValue(func() *postgrestest.Server { return startServer(t) }) // children get an address
	relationaltest.Run(t, relationaltest.Database{
		Steps: 5, // what belongs together is one
		Place: func(t testing.TB) string { return server().Database(t) },
		Open: func(ctx context.Context, place string, wrap relationaltest.Wrap) (*relational.Store, error) {
			return open(ctx, place, wrap)
		},
		Migrate: func(ctx context.Context, place string, migrations fs.FS) error {
			config, err := configOf(place)
			if err != nil {
				return err
			}
			return migrateBy(ctx, migrating(*config), migrations)
		},
		Own:     embedded,
		Columns: `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`,
		Strides: 5,
	})
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// TestEveryTextIsComparedByteByByte: another collation is another order of pages.
func TestEveryTextIsComparedByteByByte(t *testing.T) {
	s := reopen(t, startServer(t).Database(t))
	scan := func(rows *sql.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}
	if other := relationaltest.Read(t, s, scan, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`); len(other) > 0 {
		t.Errorf("compared in another way: %v", other)
	}
	if all := relationaltest.Read(t, s, scan, `SELECT column_name FROM information_schema.columns WHERE collation_name = 'C'`); len(all) < 40 {
		t.Errorf("only %d columns: the test looked at nothing", len(all))
	}
}

func TestText(t *testing.T) {
	for of, want := range map[string]string{
		"SELECT 1":                          "SELECT 1",
		"a = ? AND b = ?":                   "a = $1 AND b = $2",
		"?2 ?1 ?2":                          "$2 $1 $2",
		"INSERT OR FAIL INTO t VALUES (?3)": "INSERT INTO t VALUES ($3)",
		"(?12), ?":                          "($12), $13",
	} {
		if got := text(of); got != want {
			t.Errorf("%s: %s, want %s", of, got, want)
		}
	}
	for of, want := range map[string]string{"": "", "Siân": "Siân", "a\x00b": "a\uFFFDb", "a\xffb": "a\uFFFDb"} {
		if got := argument(of); got != want {
			t.Errorf("%q: %q, want %q", of, got, want)
		}
	}
}
