package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// TestDiskFull: a batch that finds no room is refused whole, what was there
// stays, reading goes on, and with room again so does writing.
func TestDiskFull(t *testing.T) {
	store := fresh(t)
	recordstest.Put(t, store, start, batch(t, 0)...)
	limit := func(pages int) {
		if err := relationaltest.Direct(t, store.LendWriter, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size where it is greater
	large := recordstest.Accept(t, home, person, `{"resourceType":"CarePlan","id":"a","status":"active","description":"`+strings.Repeat("x", 1<<20)+`"}`)
	if _, err := of(store).Put(t.Context(), start, append(batch(t, 1), large)...); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("on a full disk: %v", err)
	}
	if number := whole(t, store); number != 1 {
		t.Errorf("version %d is there", number)
	}
	limit(1 << 20)
	recordstest.Put(t, store, start, batch(t, 1)...)
	if number := whole(t, store); number != 2 {
		t.Errorf("version %d is there", number)
	}
}

// Each refused record was set aside by a statement of its own.
func TestFaultsAreSetAsideInGroups(t *testing.T) {
	var counted relationaltest.Breaking
	s := openThrough(t, t.TempDir(), counted.Wrap)
	setAside := func(faults, steps, want int) {
		t.Helper()
		var list []quarantine.Fault
		for i := range faults {
			list = append(list, quarantine.Fault{ID: fmt.Sprint(i), Source: "clinic"})
		}
		counted.Arm(steps, audittest.Fails)
		err := s.Update(t.Context(), func(tx store.Tx) error {
			added, err := tx.SetAside(list)
			if added != want {
				t.Errorf("%d of %d faults were new, want %d", added, faults, want)
			}
			return err
		})
		if counted.Disarm() || err != nil {
			t.Errorf("setting %d faults aside took %d steps or more: %v", faults, steps, err)
		}
	}
	setAside(0, 8, 0)
	setAside(37, 16, 37)
	setAside(64, 16, 27) // of which the first are known
}

// TestAnotherProcessWrites: while another holds the lock, readers read, and the
// writer waits; when its busy timeout is over it gives up with an error.
func TestAnotherProcessWrites(t *testing.T) {
	dir := t.TempDir()
	store, other := reopen(t, dir), reopen(t, dir)
	recordstest.Put(t, store, start, batch(t, 0)...)
	if err := relationaltest.Direct(t, other.LendWriter, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := of(store).Put(ctx, start, batch(t, 1)...); err == nil {
		t.Error("two processes wrote at once")
	}
	if number := whole(t, store); number != 1 {
		t.Errorf("version %d is there", number)
	}
	done := make(chan error)
	go func() {
		_, err := of(store).Put(context.WithoutCancel(t.Context()), start, batch(t, 1)...)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := relationaltest.Direct(t, other.LendWriter, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after the lock was given back: %v", err)
	}
	recordstest.Put(t, other, start, batch(t, 2)...)
	if a, b := whole(t, store), whole(t, other); a != 3 || b != 3 {
		t.Errorf("one process sees version %d, the other %d", a, b)
	}
}

// TestAConnectionThatCannotBeSetUpIsGivenUp: it once stayed taken, and whoever
// came next waited for it for ever.
func TestAConnectionThatCannotBeSetUpIsGivenUp(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	useless := relational.Connections{DB: db, Size: 1, Begin: "BEGIN", SetUp: "no such statement"}
	store := relational.New(relational.Dialect{Locked: locked}, useless, useless)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		if _, err := of(store).Put(ctx, start, batch(t, 0)...); err == nil || ctx.Err() != nil {
			t.Fatalf("through a connection that is not set up: %v", err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
