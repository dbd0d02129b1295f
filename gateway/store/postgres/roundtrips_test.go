package postgres

import (
	"context"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// roundTrips is how often something goes to the server and back.
func roundTrips(b *relationaltest.Breaking, do func()) int {
	before := b.Steps()
	do()
	return b.Steps() - before
}

// counted is a store in which something is kept, and what counts its round trips to the server.
func counted(t *testing.T) (*relational.Store, *relationaltest.Breaking) {
	t.Helper()
	b := &relationaltest.Breaking{}
	s, err := open(t.Context(), startServer(t).Database(t), b.Wrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	recordstest.Put(t, s, start, relationaltest.Batch(t, 0)...)
	return s, b
}

// An answer from memory goes to the server and back twice, however many are recorded with
// it: once to begin, and to see that nothing has changed; once to record, and to commit.
func TestAnAnswerFromMemoryGoesToTheServerTwice(t *testing.T) {
	s, b := counted(t)
	log, err := audit.Open(context.WithoutCancel(t.Context()), s, audittest.Keys, nil, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	record := func() {
		t.Helper()
		check := func(tx store.Tx) error { // all that memory asks where nothing has changed
			_, err := tx.Sequence()
			return err
		}
		if _, err := log.Record(t.Context(), audit.Event{At: start}, []consent.Decision{{}}, nil, check); err != nil {
			t.Error(err)
		}
	}
	if first := roundTrips(b, record); first < 3 {
		t.Errorf("to begin a chain, and sign that, takes %d round trips: they are not counted", first)
	}
	for range 3 {
		if trips := roundTrips(b, record); trips != 2 {
			t.Errorf("an answer from memory takes %d round trips, want 2", trips)
		}
	}
	together := roundTrips(b, func() {
		var all sync.WaitGroup
		for range 64 {
			all.Go(record)
		}
		all.Wait()
	})
	if together >= 64 {
		t.Errorf("64 answers at once take %d round trips: they are not recorded together", together)
	}
}

// What waits for somebody else's transaction sees what it has committed.
func TestWhatIsAskedAheadIsAskedUnderTheLock(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	one, other := reopen(t, address), reopen(t, address)
	seen := make(chan uint64)
	err := one.Update(t.Context(), func(tx store.Tx) error {
		go func() {
			err := other.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
				slots, err := tx.Slots()
				sequence, more := tx.Sequence()
				if err != nil || more != nil || len(slots) != 1 || slots[0].Holder != "one" {
					t.Errorf("%+v, %v, %v", slots, err, more)
				}
				seen <- sequence
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(100 * time.Millisecond) // until it waits
		for _, change := range relationaltest.Batch(t, 0) {
			if _, err := tx.Put(start, change, records.Precondition{}); err != nil {
				return err
			}
		}
		return tx.Extend(audit.Slot{Number: 1}, audit.Slot{Number: 1, Holder: "one"}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := <-seen; n != 3 {
		t.Errorf("the number of the last change was %d", n)
	}
}
