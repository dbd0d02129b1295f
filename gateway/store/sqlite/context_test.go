package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational/relationaltest"
)

// TestNoStatementIsWatched: database/sql and the driver each took a goroutine for every
// statement, to give it up where its context ended: a sixth of what a crisis read of somebody
// who is not in memory took.
func TestNoStatementIsWatched(t *testing.T) {
	var b relationaltest.Breaking
	s := openThrough(t, t.TempDir(), b.Wrap)
	recordstest.Put(t, s, start, crisisRecords(t, 7)...)
	steps, watched := 0, 0
	for range readers + 1 { // each connection begins with its settings
		steps, watched = b.Steps(), b.Watched()
		if err := s.View(t.Context(), func(now store.Snapshot) error { return crisisRead(t, now, 7) }); err != nil {
			t.Fatal(err)
		}
	}
	if steps, watched = b.Steps()-steps, b.Watched()-watched; steps == 0 || watched != 0 {
		t.Errorf("of %d statements %d are watched", steps, watched)
	}
}

// TestAReadEndsWithItsContext: a statement goes on after its context has ended, and its rows
// are not read to the end.
func TestAReadEndsWithItsContext(t *testing.T) {
	var b relationaltest.Breaking
	s := openThrough(t, t.TempDir(), b.Wrap)
	var goals []consent.Accepted
	for i := range 50 {
		goals = append(goals, recordstest.Accept(t, home, person, fmt.Sprintf(`{"resourceType":"Goal","id":"g%d","lifecycleStatus":"active","subject":{"reference":"Patient/p"}}`, i)))
	}
	recordstest.Put(t, s, start, goals...)
	ctx, end := context.WithCancel(t.Context())
	rows := 0
	b.EachRow = func() {
		if rows++; rows == 3 {
			end()
		}
	}
	err := s.View(ctx, func(now store.Snapshot) error {
		_, err := now.Held(person, "Goal")
		return err
	})
	if !errors.Is(err, context.Canceled) || rows != 3 {
		t.Errorf("after %d rows: %v", rows, err)
	}
}

// TestAWriterDoesNotWaitBeyondItsContext: another process holds the file.
func TestAWriterDoesNotWaitBeyondItsContext(t *testing.T) {
	dir := t.TempDir()
	s, other := reopen(t, dir), reopen(t, dir)
	err := other.Update(t.Context(), func(store.Tx) error {
		ctx, end := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer end()
		return s.Update(ctx, func(store.Tx) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a writer whose context has ended: %v", err)
	}
}
