package sqlite

import (
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
)

// fresh opens a store in a new folder, closed when the test ends.
func fresh(t testing.TB) *Store {
	t.Helper()
	return reopen(t, t.TempDir())
}

func reopen(t testing.TB, dir string) *Store {
	t.Helper()
	store, err := Open(t.Context(), dir, recordstest.London)
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

func TestRecords(t *testing.T) {
	recordstest.Run(t, func(t *testing.T) records.Store { return fresh(t) })
}

func TestSink(t *testing.T) {
	audittest.RunSink(t, func(t *testing.T) audit.Sink { return fresh(t) })
}

// searchActive is a search for active plans.
func searchActive(t testing.TB) records.Query {
	t.Helper()
	p, err := search.Parse("CarePlan", "status", "active", recordstest.London)
	if err != nil {
		t.Fatal(err)
	}
	return records.Query{Type: "CarePlan", Params: []search.Param{p}, Count: 10}
}
