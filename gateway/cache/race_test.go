package cache_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/cache"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/postgres/postgrestest"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

// onEach runs a test with two gateways on one database of each kind.
func onEach(t *testing.T, test func(t *testing.T, stores []store.Store, gateways []*cache.Cache)) {
	for name, database := range map[string]func(t *testing.T) func() (*relational.Store, error){
		"SQLite": func(t *testing.T) func() (*relational.Store, error) {
			dir := t.TempDir()
			return func() (*relational.Store, error) { return sqlite.Open(t.Context(), dir) }
		},
		"PostgreSQL": func(t *testing.T) func() (*relational.Store, error) {
			address := postgrestest.Start(t).Database(t)
			return func() (*relational.Store, error) { return postgres.Open(t.Context(), address) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			open := database(t)
			var stores []store.Store
			var gateways []*cache.Cache
			for range 2 {
				s, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				stores, gateways = append(stores, s), append(gateways, cache.New(s, 1<<20))
			}
			test(t, stores, gateways)
		})
	}
}

// withdrawals is how often a wish is withdrawn.
var withdrawals = flag.Int("withdrawals", 150, "rounds of TestAWithdrawalHoldsInTheNextCommit")

// TestAWithdrawalHoldsInTheNextCommit: a wish that was withdrawn through one gateway is
// effective in the very next commit of another, whatever that has in memory.
func TestAWithdrawalHoldsInTheNextCommit(t *testing.T) {
	onEach(t, func(t *testing.T, stores []store.Store, gateways []*cache.Cache) {
		person := people[0]
		for n := range *withdrawals {
			wish := recordstest.Accept(t, home, person, fmt.Sprintf(`{"resourceType":"Consent","id":"w","status":%q,"patient":{"reference":"Patient/p"},"dateTime":"2026-01-01"}`,
				[]string{"active", "inactive"}[n%2]))
			one, other := n%2, 1-n%2
			read := func() cache.Basis {
				basis, err := gateways[other].Read(t.Context(), func(now *cache.Moment) error { _, err := now.Holdings(person); return err })
				if err != nil {
					t.Fatal(err)
				}
				return basis
			}
			before := read()
			recordstest.Put(t, stores[one], start, wish)
			if err := stores[other].Update(t.Context(), func(tx store.Tx) error { return before.Check(tx) }); !errors.Is(err, cache.ErrChanged) {
				t.Fatalf("round %d: what was read before passes: %v", n, err)
			}
			after := read()
			if err := stores[other].Update(t.Context(), func(tx store.Tx) error { return after.Check(tx) }); err != nil {
				t.Fatalf("round %d: what was read since does not pass: %v", n, err)
			}
		}
	})
}

// TestNoAnswerIsOlderThanItsRecord lets two gateways on one database read a plan from
// memory while it is written through either of them: whatever passes is the plan as it
// is in the transaction that records the answer.
func TestNoAnswerIsOlderThanItsRecord(t *testing.T) { onEach(t, noAnswerIsOlderThanItsRecord) }

func noAnswerIsOlderThanItsRecord(t *testing.T, stores []store.Store, gateways []*cache.Cache) {
	const versions, readers = 150, 2
	person := people[0]
	body := func(n int) string {
		return fmt.Sprintf(`{"resourceType":"CarePlan","id":"c","subject":{"reference":"Patient/p"},"status":"active","intent":"plan",
			"category":[{"coding":[{"system":%q,"code":%q}]}],"description":"version %d"}`, profiles.SystemSNOMED, profiles.CodeCrisisPlan, n)
	}
	recordstest.Put(t, stores[0], start, recordstest.Accept(t, home, person, body(0)))
	var changes []func(store.Tx) error
	for n := range versions {
		a := recordstest.Accept(t, home, person, body(n+1))
		changes = append(changes, func(tx store.Tx) error { _, err := tx.Put(start, a, records.Precondition{}); return err })
	}
	var over atomic.Bool
	var tried, passed, stale atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		defer over.Store(true)
		for n, change := range changes {
			if err := stores[n%2].Update(t.Context(), change); err != nil {
				t.Errorf("writing: %v", err)
			}
			for before := tried.Load(); tried.Load() < before+3 && !t.Failed(); { // a writer that never waits leaves no gap to read in
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	for i := range 2 * readers {
		all.Go(func() {
			for !over.Load() && !t.Failed() {
				switch err := record(t, stores[i%2], gateways[i%2], ask{resource: "c"}); {
				case errors.Is(err, cache.ErrChanged):
					stale.Add(1)
				case err != nil:
					t.Errorf("reading: %v", err)
				default:
					passed.Add(1)
				}
				tried.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() < 20 || stale.Load() < 20 {
		t.Errorf("%d passed and %d were stale: the test looks at too little", passed.Load(), stale.Load())
	}
}

// record reads and, where that passes, compares in the same transaction.
func record(t *testing.T, s store.Store, gateway *cache.Cache, a ask) error {
	var got string
	basis, err := gateway.Read(t.Context(), func(now *cache.Moment) error {
		person, _, err := a.whom(now)
		if err != nil {
			return err
		}
		got, err = cache.Recall(now, "plans", func(s string) int { return len(s) }, func() (string, error) { return plans(t, now, person) })
		return err
	})
	if err != nil {
		return err
	}
	return s.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
		if err := basis.Check(tx); err != nil {
			return err
		}
		v, err := tx.Current("CarePlan", "c")
		if want := fmt.Sprintf("%d", v.Body); err == nil && !strings.Contains(got, strings.Trim(want, "[]")) {
			return fmt.Errorf("passed with another version than %d", v.Number)
		}
		return err
	})
}
