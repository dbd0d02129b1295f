// Package storetest is the conformance suite of store.Store: the laws of its
// transactions, and the suites of what is kept in them. It is imported by tests
// only.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/quarantine/quarantinetest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
)

// Run holds a store to its contract. open makes an empty one for a subtest and
// closes it at the subtest's end.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("records", func(t *testing.T) {
		recordstest.Run(t, func(t *testing.T) recordstest.Store { return recordstest.Of(open(t)) })
	})
	t.Run("quarantine", func(t *testing.T) {
		quarantinetest.Run(t, func(t *testing.T) quarantinetest.Store { return quarantinetest.Of(open(t)) })
	})
	t.Run("audit", func(t *testing.T) {
		audittest.Run(t, func(t *testing.T) audittest.Store[store.Snapshot, store.Tx] { return open(t) })
	})
	for _, c := range personSuite {
		t.Run("persons: "+c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	for _, c := range subscriptionSuite {
		t.Run("subscriptions: "+c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, store store.Store)
	}{
		{"an update that fails leaves nothing", failure},
		{"an update that panics leaves nothing", panicking},
		{"an update whose context ends leaves nothing", contextEnds},
		{"an update reads what it has written", ownWrites},
		{"a part that fails is undone and the rest is kept", parts},
		{"nobody sees half an update", isolation},
		{"a view is one moment", oneMoment},
		{"two updates come one after the other", oneAfterTheOther},
		{"none of many updates is lost", noLostUpdate},
		{"one inside another is refused", nested},
		{"what outlives its function does nothing", outlived},
		{"the register that was put last is in force", registers},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("updates run in the order in which they were asked for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { inOrder(t, open(t)) })
	})
}

const (
	home = "7A4"
	ann  = "person-ann"
)

var (
	start     = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	errOnTest = errors.New("the test says so")
)

// change is a version of Ann's Patient that differs by n.
func change(t testing.TB, n int) consent.Accepted {
	t.Helper()
	return recordstest.Accept(t, home, ann, fmt.Sprintf(`{"resourceType":"Patient","id":"ann","language":"x-%d"}`, n))
}

// write changes the records and the quarantine.
func write(t testing.TB, tx store.Tx, n int) error {
	t.Helper()
	_, err := tx.Put(start, change(t, n), records.Precondition{})
	if err != nil {
		return err
	}
	_, err = tx.SetAside([]quarantine.Fault{{ID: fmt.Sprint("f", n), At: start}})
	return err
}

// kept is how many versions and faults are there, as a view sees them.
func kept(t testing.TB, now store.Snapshot) (versions, faults int) {
	t.Helper()
	v, err := now.Read(records.ScopesOf([]consent.Decision{recordstest.Treating(t, ann)}, "Patient"), "ann")
	if err != nil && !errors.Is(err, records.ErrNothing) {
		t.Error(err)
	}
	list, err := now.Faults(quarantine.Filter{})
	if err != nil {
		t.Error(err)
	}
	return int(v.Number), len(list)
}

// expect makes sure of what is there now.
func expect(t testing.TB, s store.Store, versions, faults int) {
	t.Helper()
	view(t, s, func(now store.Snapshot) error {
		if v, f := kept(t, now); v != versions || f != faults {
			t.Errorf("there are %d versions and %d faults, want %d and %d", v, f, versions, faults)
		}
		return nil
	})
}

// view must succeed.
func view(t testing.TB, s store.Store, read func(store.Snapshot) error) {
	t.Helper()
	if err := s.View(context.WithoutCancel(t.Context()), read); err != nil {
		t.Fatal(err)
	}
}

// update must succeed.
func update(t testing.TB, s store.Store, change func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func failure(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), func(tx store.Tx) error { return errors.Join(write(t, tx, 1), errOnTest) })
	if !errors.Is(err, errOnTest) {
		t.Errorf("the update says %v", err)
	}
	expect(t, s, 0, 0)
	if err := s.View(t.Context(), func(store.Snapshot) error { return errOnTest }); !errors.Is(err, errOnTest) {
		t.Errorf("the view says %v", err)
	}
	update(t, s, func(tx store.Tx) error { return write(t, tx, 1) })
	expect(t, s, 1, 1)
}

func panicking(t *testing.T, s store.Store) {
	caught := func(run func()) (fault any) {
		defer func() { fault = recover() }()
		run()
		return nil
	}
	if caught(func() {
		_ = s.Update(t.Context(), func(tx store.Tx) error { panic(write(t, tx, 1)) })
	}) == nil {
		t.Error("a panic got lost")
	}
	expect(t, s, 0, 0)
	if caught(func() {
		_ = s.View(t.Context(), func(store.Snapshot) error { panic(errOnTest) })
	}) == nil {
		t.Error("a panic got lost")
	}
	update(t, s, func(tx store.Tx) error {
		_ = caught(func() {
			_ = tx.Try(func() error { panic(write(t, tx, 2)) })
		})
		return write(t, tx, 1)
	})
	expect(t, s, 1, 1)
}

func contextEnds(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx store.Tx) error {
		err := write(t, tx, 1)
		cancel()
		return err
	})
	if err == nil {
		t.Error("an update whose context had ended was kept")
	}
	for name, err := range map[string]error{
		"an update": s.Update(ctx, func(tx store.Tx) error { return write(t, tx, 1) }),
		"a view":    s.View(ctx, func(store.Snapshot) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s under an ended context: %v", name, err)
		}
	}
	expect(t, s, 0, 0)
}

func ownWrites(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		for n := range 3 {
			if v, f := kept(t, tx); v != n || f != n {
				t.Errorf("after %d writes: %d versions, %d faults", n, v, f)
			}
			if err := write(t, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
	expect(t, s, 3, 3)
}

func parts(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		if err := write(t, tx, 1); err != nil {
			return err
		}
		err := tx.Try(func() error {
			if err := write(t, tx, 2); err != nil {
				return err
			}
			inner := tx.Try(func() error { return errors.Join(write(t, tx, 3), errOnTest) })
			if v, f := kept(t, tx); v != 2 || f != 2 || !errors.Is(inner, errOnTest) {
				t.Errorf("after a part of a part: %d versions, %d faults, %v", v, f, inner)
			}
			return errOnTest
		})
		if v, f := kept(t, tx); v != 1 || f != 1 || !errors.Is(err, errOnTest) {
			t.Errorf("after the part: %d versions, %d faults, %v", v, f, err)
		}
		return tx.Try(func() error { return write(t, tx, 4) })
	})
	expect(t, s, 2, 2)
}

func nested(t *testing.T, s store.Store) {
	none := func(store.Snapshot) error { t.Error("it ran"); return nil }
	ask := func(outer store.Snapshot) error {
		for _, err := range []error{
			s.View(outer.Context(), none), s.Update(outer.Context(), func(store.Tx) error { return none(nil) }),
		} {
			if !errors.Is(err, store.ErrNested) {
				t.Errorf("inside another: %v", err)
			}
		}
		return nil
	}
	if err := s.View(t.Context(), ask); err != nil {
		t.Error(err)
	}
	update(t, s, func(tx store.Tx) error { return ask(tx) })
}

func outlived(t *testing.T, s store.Store) {
	var old store.Tx
	update(t, s, func(tx store.Tx) error { old = tx; return nil })
	var seen store.Snapshot
	if err := s.View(t.Context(), func(now store.Snapshot) error { seen = now; return nil }); err != nil {
		t.Fatal(err)
	}
	update(t, s, func(store.Tx) error {
		if err := write(t, old, 1); err == nil {
			t.Error("an old transaction wrote into another")
		}
		if err := old.Try(func() error { t.Error("it ran"); return nil }); err == nil {
			t.Error("an old transaction tried something")
		}
		return nil
	})
	if _, err := seen.Faults(quarantine.Filter{}); err == nil || strings.Contains(err.Error(), "panic") {
		t.Errorf("an old snapshot: %v", err)
	}
	expect(t, s, 0, 0)
}
