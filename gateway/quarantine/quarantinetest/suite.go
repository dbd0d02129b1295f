// Package quarantinetest is the conformance suite of quarantine.Snapshot and
// quarantine.Tx. It is imported by tests only.
package quarantinetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpagateway/gateway/quarantine"
)

// Keeper is a store as far as it sets faults aside.
type Keeper[S quarantine.Snapshot, T quarantine.Tx] interface {
	View(ctx context.Context, read func(S) error) error
	Update(ctx context.Context, change func(T) error) error
}

// Store asks a store one thing at a time.
type Store struct {
	view   func(context.Context, func(quarantine.Snapshot) error) error
	update func(context.Context, func(quarantine.Tx) error) error
}

// Of is a store as the suite asks it.
func Of[S quarantine.Snapshot, T quarantine.Tx](k Keeper[S, T]) Store {
	return Store{
		view: func(ctx context.Context, read func(quarantine.Snapshot) error) error {
			return k.View(ctx, func(s S) error { return read(s) })
		},
		update: func(ctx context.Context, change func(quarantine.Tx) error) error {
			return k.Update(ctx, func(t T) error { return change(t) })
		},
	}
}

// Faults is quarantine.Snapshot's.
func (s Store) Faults(ctx context.Context, filter quarantine.Filter) (faults []quarantine.Fault, err error) {
	err = s.view(ctx, func(s quarantine.Snapshot) (err error) {
		faults, err = s.Faults(filter)
		return err
	})
	return faults, err
}

// CountOpen is quarantine.Snapshot's.
func (s Store) CountOpen(ctx context.Context) (counts map[string]int, err error) {
	err = s.view(ctx, func(s quarantine.Snapshot) (err error) {
		counts, err = s.CountOpen()
		return err
	})
	return counts, err
}

// SetAside is quarantine.Tx's.
func (s Store) SetAside(ctx context.Context, faults ...quarantine.Fault) (n int, err error) {
	err = s.update(ctx, func(tx quarantine.Tx) (err error) {
		n, err = tx.SetAside(faults)
		return err
	})
	return n, err
}

// Settle is quarantine.Tx's.
func (s Store) Settle(ctx context.Context, at time.Time, ids ...string) error {
	return s.update(ctx, func(tx quarantine.Tx) error { return tx.Settle(at, ids) })
}

// CameRight is quarantine.Tx's.
func (s Store) CameRight(ctx context.Context, at time.Time, ids ...string) error {
	return s.update(ctx, func(tx quarantine.Tx) error { return tx.CameRight(at, ids) })
}

// Waiting is quarantine.Snapshot's.
func (s Store) Waiting(ctx context.Context, source string) (waiting map[string][]string, err error) {
	err = s.view(ctx, func(s quarantine.Snapshot) (err error) {
		waiting, err = s.Waiting(source)
		return err
	})
	return waiting, err
}

// Run holds a store to its contract. open makes an empty one for a subtest and
// closes it at the subtest's end.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, store Store)
	}{
		{"a fault is kept once, whole", faultsAreKept},
		{"faults are listed by filter, oldest first", faultsAreListed},
		{"a settled fault stays settled", faultsAreSettled},
		{"open faults are counted by source", openFaultsAreCounted},
		{"open faults wait by their records", openFaultsWait},
		{"what came right is open when it is set aside again", whatCameRightIsOpenAgain},
		{"an ended context keeps nothing", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// start is when the first fault of everything is set aside.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func fault(id, source string, at time.Time) quarantine.Fault {
	return quarantine.Fault{
		ID: id, Source: source, File: "MHS701.csv", Row: 41, Field: "CarePlanTypeMH", Value: "99", Rule: "MHS70109",
		Reason: "not in the list", Raw: []byte("a,b\r\n\x00\xff"), At: at,
	}
}

func list(t *testing.T, store Store, filter quarantine.Filter) []quarantine.Fault {
	t.Helper()
	faults, err := store.Faults(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func setAside(t *testing.T, store Store, want int, faults ...quarantine.Fault) {
	t.Helper()
	if n, err := store.SetAside(t.Context(), faults...); err != nil || n != want {
		t.Fatalf("%d faults were new, want %d, %v", n, want, err)
	}
}

func expectFaults(t *testing.T, got []quarantine.Fault, want ...quarantine.Fault) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func faultsAreKept(t *testing.T, store Store) {
	first := fault("f1", "mhsds", start)
	again := first
	again.Reason, again.At = "found again", start.Add(time.Hour)
	setAside(t, store, 2, first, quarantine.Fault{ID: "f2", At: start})
	setAside(t, store, 1, again, fault("f3", "mhsds", start))
	setAside(t, store, 1, fault("f4", "mhsds", start), fault("f4", "mhsds", start))
	setAside(t, store, 0)
	expectFaults(t, list(t, store, quarantine.Filter{ID: "f1"}), first)
	if n := len(list(t, store, quarantine.Filter{})); n != 4 {
		t.Errorf("%d faults are kept", n)
	}
}

func faultsAreListed(t *testing.T, store Store) {
	late, early := fault("f1", "mhsds", start.Add(time.Hour)), fault("f2", "ctp", start)
	same := fault("f0", "mhsds", start)
	setAside(t, store, 3, late, early, same)
	expectFaults(t, list(t, store, quarantine.Filter{}), early, same, late)
	expectFaults(t, list(t, store, quarantine.Filter{Source: "mhsds"}), same, late)
	expectFaults(t, list(t, store, quarantine.Filter{ID: "f2"}), early)
	expectFaults(t, list(t, store, quarantine.Filter{Source: "mhsds", ID: "f2"}))
	expectFaults(t, list(t, store, quarantine.Filter{Source: "nobody"}))
	against := fault("f3", "mhsds", start)
	against.Against = true
	setAside(t, store, 1, against)
	expectFaults(t, list(t, store, quarantine.Filter{Source: "mhsds", Against: true}), against)
	expectFaults(t, list(t, store, quarantine.Filter{Source: "ctp", Against: true}))
}

func faultsAreSettled(t *testing.T, store Store) {
	one, two := fault("f1", "mhsds", start), fault("f2", "mhsds", start)
	setAside(t, store, 2, one, two)
	settled := start.Add(time.Hour)
	for _, at := range []time.Time{settled, settled.Add(time.Hour)} { // the second time changes nothing
		if err := store.Settle(t.Context(), at, "f1", "unknown"); err != nil {
			t.Fatal(err)
		}
	}
	setAside(t, store, 0, one)
	expectFaults(t, list(t, store, quarantine.Filter{}), two)
	one.Settled = settled
	expectFaults(t, list(t, store, quarantine.Filter{Settled: true}), one, two)
}

func endedContext(t *testing.T, store Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.SetAside(ctx, fault("f1", "mhsds", start)); err == nil {
		t.Error("a fault under an ended context was kept")
	}
	if _, err := store.Faults(ctx, quarantine.Filter{}); err == nil {
		t.Error("a listing under an ended context looked like an empty one")
	}
	expectFaults(t, list(t, store, quarantine.Filter{}))
}

func openFaultsAreCounted(t *testing.T, store Store) {
	counted := func(want map[string]int) {
		t.Helper()
		got, err := store.CountOpen(t.Context())
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	counted(nil)
	setAside(t, store, 3, fault("1", "a", start), fault("2", "a", start), fault("3", "b", start))
	counted(map[string]int{"a": 2, "b": 1})
	if err := store.Settle(t.Context(), start, "1", "3"); err != nil {
		t.Fatal(err)
	}
	counted(map[string]int{"a": 1})
}

// of is a fault of a record that has a name.
func of(record, id, source string) quarantine.Fault {
	f := fault(id, source, start)
	f.Record = record
	return f
}

func openFaultsWait(t *testing.T, store Store) {
	against := of("r1", "5", "a")
	against.Against = true
	setAside(t, store, 7, of("r1", "1", "a"), of("r1", "2", "a"), of("r2", "3", "a"), of("r1", "4", "b"), against, fault("6", "a", start), of("r3", "7", "a"))
	if err := store.Settle(t.Context(), start, "7"); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]map[string][]string{"a": {"r1": {"1", "2"}, "r2": {"3"}}, "b": {"r1": {"4"}}, "c": nil} {
		got, err := store.Waiting(t.Context(), source)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("of %s: %v %s", source, err, diff)
		}
	}
}

func whatCameRightIsOpenAgain(t *testing.T, store Store) {
	right, discarded, untouched := of("r", "1", "a"), of("r", "2", "a"), of("r", "3", "a")
	setAside(t, store, 3, right, discarded, untouched)
	settled, again := start.Add(time.Hour), start.Add(2*time.Hour)
	if err := store.Settle(t.Context(), settled, "2"); err != nil {
		t.Fatal(err)
	}
	if err := store.CameRight(t.Context(), settled, "1", "2", "unknown"); err != nil {
		t.Fatal(err)
	}
	right.Settled, right.CameRight, discarded.Settled = settled, true, settled
	expectFaults(t, list(t, store, quarantine.Filter{Settled: true}), right, discarded, untouched)
	right.At, right.Settled, right.CameRight = again, time.Time{}, false
	later := func(f quarantine.Fault) quarantine.Fault {
		f.At, f.Settled, f.CameRight = again, time.Time{}, false
		return f
	}
	setAside(t, store, 1, later(right), later(right), later(discarded), later(untouched))
	expectFaults(t, list(t, store, quarantine.Filter{Settled: true}), discarded, untouched, right)
	setAside(t, store, 0, later(right))
}
