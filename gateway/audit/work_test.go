package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// Work is committed alone: what it did and its entry are there together or not at
// all, and where it fails, those who only record do not fail with it.
func TestWorkIsCommittedAlone(t *testing.T) {
	store := newBreaking()
	l := open(t, store, (&hand{at: start}).now)
	work := func(fail error) error {
		_, err := l.Update(t.Context(), event("batch"), "source", consent.Decision{}, func(tx audit.Tx) (audit.Counts, error) {
			newest, err := tx.NewestCheckpoint()
			if err == nil {
				err = tx.AddCheckpoint(audit.Checkpoint{Number: newest.Number + 1, Note: "work"})
			}
			return audit.Counts{Read: 1}, errors.Join(err, fail)
		})
		return err
	}
	record(t, l)
	before := store.Kept()
	if err := work(errBroken); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if after := store.Kept(); len(after.Checkpoints) != len(before.Checkpoints) || len(entries(t, store.Memory)) != 1 {
		t.Errorf("work that failed left %+v", after)
	}
	if _, err := l.Update(t.Context(), event("batch"), "s", consent.Decision{}, func(audit.Tx) (audit.Counts, error) { panic("9990000018") }); err == nil {
		t.Error("work that panicked is recorded")
	}
	store.on(failedAlthoughItHappened)
	if err := work(nil); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if slot := store.Kept().Slots[0]; slot.Holder == "" {
		t.Error("the slot was given back")
	}
	if list := entries(t, store.Memory); len(list) != 2 || list[1].Kind != audit.KindImport || list[1].Counts.Read != 1 {
		t.Errorf("the entries are %+v", list)
	}
}

// While work waits for the store, those who only record form a batch of their own.
func TestWorkDoesNotJoinABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newBreaking()
		l := open(t, store, (&hand{at: start}).now)
		release := make(chan struct{})
		store.on(func(commit func() error) error {
			<-release
			return commit()
		})
		var all sync.WaitGroup
		all.Go(func() { record(t, l) })
		synctest.Wait()
		for range 3 {
			all.Go(func() {
				_, err := l.Update(t.Context(), event("r"), "s", consent.Decision{}, func(audit.Tx) (audit.Counts, error) { return audit.Counts{}, errBroken })
				if !errors.Is(err, errBroken) {
					t.Errorf("error %v", err)
				}
			})
			all.Go(func() { record(t, l) })
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if n := len(entries(t, store.Memory)); n != 4 {
			t.Errorf("%d entries", n)
		}
	})
}

// Work whose caller goes away ends with it, and not after Update has returned.
func TestWorkEndsWithItsCaller(t *testing.T) {
	store := newBreaking()
	l := open(t, store, (&hand{at: start}).now)
	ctx, leave := context.WithCancel(t.Context())
	ended := false
	_, err := l.Update(ctx, event("r"), "s", consent.Decision{}, func(audit.Tx) (audit.Counts, error) {
		leave()
		time.Sleep(10 * time.Millisecond)
		ended = true
		return audit.Counts{}, nil
	})
	if !errors.Is(err, context.Canceled) || !ended {
		t.Errorf("ended %v, error %v", ended, err)
	}
	if n := len(entries(t, store.Memory)); n != 0 {
		t.Errorf("%d entries", n)
	}
	record(t, l)
}
