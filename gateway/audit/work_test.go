package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/profiles"
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

// What an operator did has an entry for each person whom it concerns, together with
// the change or not at all.
func TestOperateSaysWhatWasDoneToWhom(t *testing.T) {
	store := newBreaking()
	l := open(t, store, (&hand{at: start}).now)
	by := consent.Caller{Organisation: "7A4", Person: "1000"}
	operate := func(done audit.Operation, fail error) error {
		_, err := l.Operate(t.Context(), audit.Event{At: start, Interaction: "person-join"}, by, func(tx audit.Tx) (audit.Operation, error) {
			newest, err := tx.NewestCheckpoint()
			if err == nil {
				err = tx.AddCheckpoint(audit.Checkpoint{Number: newest.Number + 1, Note: "work"})
			}
			return done, errors.Join(err, fail)
		})
		return err
	}
	record(t, l)
	before := store.Kept()
	if err := operate(audit.Operation{Persons: []profiles.PersonID{"x"}}, errBroken); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if err := operate(audit.Operation{}, nil); err == nil {
		t.Error("what concerns nobody is recorded")
	}
	if after := store.Kept(); len(after.Checkpoints) != len(before.Checkpoints) || len(entries(t, store.Memory)) != 1 {
		t.Errorf("what failed left %+v", after)
	}
	if err := operate(audit.Operation{Persons: []profiles.PersonID{"x", "y"}, Move: "m1", Reference: "ticket-7"}, nil); err != nil {
		t.Fatal(err)
	}
	list := entries(t, store.Memory)
	if len(list) != 3 {
		t.Fatalf("%d entries", len(list))
	}
	for i, person := range []profiles.PersonID{"x", "y"} {
		got := list[i+1]
		want := audit.Entry{Time: got.Time, Kind: audit.KindOperator, At: start, Interaction: "person-join", Organisation: "7A4", Professional: "1000",
			Person: person, Move: "m1", Reference: "ticket-7"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
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
