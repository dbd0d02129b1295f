package postgres

import (
	"context"
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
	storetest.Run(t, func(t *testing.T) store.Store { return reopen(t, server.Database(t)) })
}

func TestDatabase(t *testing.T) {
	server := sync.OnceValue(func() *postgrestest.Server { return startServer(t) }) // children get an address
	relationaltest.Run(t, relationaltest.Database{
		Place: func(t testing.TB) string { return server().Database(t) },
		Open: func(ctx context.Context, place string, wrap relationaltest.Wrap) (*relational.Store, error) {
			return open(ctx, place, wrap)
		},
		Strides: 5,
	})
}
