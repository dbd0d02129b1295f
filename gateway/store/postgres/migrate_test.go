package postgres

import (
	"errors"
	"testing"

	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// migrateTo brings a database to a version that is newer than this program.
func migrateTo(t *testing.T, address string) error {
	t.Helper()
	config, err := configOf(address)
	if err != nil {
		t.Fatal(err)
	}
	return migrateBy(t.Context(), migrating(*config), relationaltest.Later(t, embedded))
}

// A gateway of a newer version, whose login does not own the tables, says what is to be done.
func TestWhoMayNotChangeTheTablesIsToldWhoDoes(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	if err := migrateTo(t, server.AsGateway(address)); !errors.Is(err, relational.ErrOlder) || !contains(err, "store migrate") {
		t.Errorf("who owns no table: %v", err)
	}
	if err := migrateTo(t, address); err != nil {
		t.Errorf("their owner: %v", err)
	}
	if err := migrateTo(t, server.AsGateway(address)); err != nil {
		t.Errorf("where nothing is to be done: %v", err)
	}
}

// A migration waits for a lock for a short time, because everybody waits behind it: it then
// fails and has changed nothing.
func TestAMigrationHoldsUpNoGatewayForLong(t *testing.T) {
	address := startServer(t).Database(t)
	s, other := reopen(t, address), reopen(t, address)
	recordstest.Put(t, s, start, relationaltest.Batch(t, 0)...)
	err := s.View(t.Context(), func(now store.Snapshot) error {
		if _, err := now.Current("Patient", "p"); err != nil {
			return err
		}
		if err := migrateTo(t, address+"&lock_timeout=100"); !errors.Is(err, relational.ErrOlder) || !contains(err, "lock timeout") {
			t.Errorf("while a gateway reads for long: %v", err)
		}
		recordstest.Put(t, other, start, relationaltest.Batch(t, 1)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := migrateTo(t, address); err != nil {
		t.Errorf("when it has read: %v", err)
	}
}
