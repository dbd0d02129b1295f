// Package relationaltest is the conformance suite of a database behind the store: what
// becomes of what is written where a step of it breaks, a process is killed or a caller
// goes away. It is imported by tests only.
package relationaltest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io/fs"
	"testing"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// Wrap stands between the store and its driver; nil leaves the driver as it is.
type Wrap func(driver.Connector) driver.Connector

// Database is what the suite needs of one.
type Database struct {
	Place   func(t testing.TB) string // of a new and empty one
	Open    func(ctx context.Context, place string, wrap Wrap) (*relational.Store, error)
	Sound   func(t testing.TB, s *relational.Store) // fails where the database is not; may be nil
	Migrate func(ctx context.Context, place string, migrations fs.FS) error
	Own     fs.FS  // the migrations of the database
	Columns string // the query for the table.column of every column of ours
	Steps   int    // of a write, at the least
	// Strides is by how many steps a process is killed later each time; 0: by one. To start
	// one takes long where it has to connect to a server.
	Strides int
}

// Run holds a database to its contract.
func Run(t *testing.T, d Database) {
	for _, c := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"every step of a write broken", d.everyWriteStepBroken},
		{"every step of the audit log broken", d.everyAuditStepBroken},
		{"a context that ends at any moment", d.contextEndsAtAnyMoment},
		{"killed while it writes", d.killedWhileWriting},
		{"killed at each step", d.killedAtEachStep},
		{"reindex renews what other rules made", d.reindexRenewsWhatOtherRulesMade},
		{"a transaction leaves to reindex what is much", d.transactionLeavesToReindexWhatIsMuch},
		{"the first value is kept", d.firstValueIsKept},
		{"everything is copied", d.everythingIsCopied},
		{"migrations of a series only add", d.migrationsOnlyAdd},
		{"a gateway serves while its tables are migrated", d.servesWhileMigrated},
	} {
		t.Run(c.name, c.test)
	}
}

// open opens a database, closed when the test ends.
func (d Database) open(t testing.TB, place string, wrap Wrap) *relational.Store {
	t.Helper()
	s, err := d.Open(t.Context(), place, wrap)
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

func (d Database) fresh(t testing.TB) *relational.Store { return d.open(t, d.Place(t), nil) }

// of asks a store one thing at a time.
func of(s *relational.Store) recordstest.Store { return recordstest.Of(s) }

// Read runs a query on a connection that reads.
func Read[T any](t testing.TB, s *relational.Store, scan func(*sql.Rows) (T, error), text string, args ...any) []T {
	t.Helper()
	return Query(t, s.LendReader, scan, text, args...)
}

// Query runs a query on a connection that is lent, outside of a transaction.
func Query[T any](t testing.TB, lend func(context.Context, func(relational.Connection) error) error, scan func(*sql.Rows) (T, error), text string, args ...any) (list []T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	err := lend(ctx, func(c relational.Connection) error {
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

// Direct runs a statement on a connection that is lent, outside of a transaction.
func Direct(t testing.TB, lend func(context.Context, func(relational.Connection) error) error, text string) error {
	t.Helper()
	return lend(t.Context(), func(c relational.Connection) error {
		_, err := c.ExecContext(t.Context(), text)
		return err
	})
}

// OpenLog starts a log, which the caller closes.
func OpenLog(t testing.TB, s *relational.Store) *audit.Log[store.Tx] {
	t.Helper()
	log, err := audit.Open(context.WithoutCancel(t.Context()), s, audittest.Keys, nil, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// SearchActive is a search for active plans.
func SearchActive(t testing.TB) records.Query {
	t.Helper()
	p, err := search.Parse("CarePlan", "status", "active")
	if err != nil {
		t.Fatal(err)
	}
	return records.Query{Params: []search.Param{p}, Count: 10}
}
