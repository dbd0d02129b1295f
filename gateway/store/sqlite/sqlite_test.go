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
	"cpagateway/gateway/store/storetest"
)

// fresh opens a store in a new folder, closed when the test ends.
func fresh(t testing.TB) *Store {
	t.Helper()
	return reopen(t, t.TempDir())
}

func reopen(t testing.TB, dir string) *Store {
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
func of(s *Store) recordstest.Store { return recordstest.Of(s) }

// read runs a query in a view.
func read[T any](t testing.TB, s *Store, scan func(*sql.Rows) (T, error), text string, args ...any) (list []T) {
	t.Helper()
	err := s.reader.transaction(context.WithoutCancel(t.Context()), func(ctx context.Context, in *session) (err error) {
		list, err = collect(snapshot{ctx, in}, scan, text, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list
}

// direct runs a statement on one of a pool's connections, outside of a transaction.
func direct(t testing.TB, p *pool, text string) error {
	t.Helper()
	s, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.free <- s }()
	_, err = s.conn.ExecContext(t.Context(), text)
	return err
}

// keys are made from a seed, so that a failure repeats.
var keys = func() audit.Keys {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return audit.Keys{Private: private, Listed: []ed25519.PublicKey{private.Public().(ed25519.PublicKey)}}
}()

// openLog starts a log, which the caller closes.
func openLog(t testing.TB, s *Store) *audit.Log[store.Tx] {
	t.Helper()
	log, err := audit.Open(context.WithoutCancel(t.Context()), s, keys, nil, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// record keeps an entry with two checkpoints, of a log of its own.
func record(t testing.TB, s *Store) {
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
