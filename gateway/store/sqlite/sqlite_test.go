package sqlite

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"testing"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/storetest"
)

// fresh opens a store in a new folder, closed when the test ends.
func fresh(t testing.TB) *relational.Store {
	t.Helper()
	return reopen(t, t.TempDir())
}

func reopen(t testing.TB, dir string) *relational.Store {
	t.Helper()
	store, err := Open(t.Context(), dir)
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

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return fresh(t) })
}

// of asks a store one thing at a time.
func of(s *relational.Store) recordstest.Store { return recordstest.Of(s) }

// read runs a query on a connection that reads.
func read[T any](t testing.TB, s *relational.Store, scan func(*sql.Rows) (T, error), text string, args ...any) (list []T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	err := s.LendReader(ctx, func(c relational.Connection) error {
		rows, err := c.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			row, err := scan(rows)
			if err != nil {
				return err
			}
			list = append(list, row)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list
}

func scanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

// direct runs a statement on a connection that is lent, outside of a transaction.
func direct(t testing.TB, lend func(context.Context, func(relational.Connection) error) error, text string) error {
	t.Helper()
	return lend(t.Context(), func(c relational.Connection) error {
		_, err := c.ExecContext(t.Context(), text)
		return err
	})
}

// keys are made from a seed, so that a failure repeats.
var keys = func() audit.Keys {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return audit.Keys{Private: private, Listed: []ed25519.PublicKey{private.Public().(ed25519.PublicKey)}}
}()

// openLog starts a log, which the caller closes.
func openLog(t testing.TB, s *relational.Store) *audit.Log[store.Tx] {
	t.Helper()
	log, err := audit.Open(context.WithoutCancel(t.Context()), s, keys, nil, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// record keeps an entry with two checkpoints, of a log of its own.
func record(t testing.TB, s *relational.Store) {
	t.Helper()
	log := openLog(t, s)
	_, err := log.Public(t.Context(), audit.Event{At: start})
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
}

// searchActive is a search for active plans.
func searchActive(t testing.TB) records.Query {
	t.Helper()
	p, err := search.Parse("CarePlan", "status", "active")
	if err != nil {
		t.Fatal(err)
	}
	return records.Query{Type: "CarePlan", Params: []search.Param{p}, Count: 10}
}
