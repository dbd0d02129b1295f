package audittest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// Break is a way in which a step of a store's I/O breaks.
type Break int

// The two ways.
const (
	Fails   Break = iota // it does not happen
	Happens              // it happens, and is reported as failed
)

// Breaker breaks one step of a store's I/O.
type Breaker interface {
	// Arm lets the n-th step from now break, counted from 1.
	Arm(n int, how Break)
	// Disarm lets the steps be as they are, and tells whether one was broken.
	Disarm() (broke bool)
}

// RunBroken writes to a store whose every step of I/O is broken once in both ways,
// by logs that are opened, recorded with, worked with and closed. Whatever breaks:
// what was acknowledged is in the log, nothing is there twice, the log goes on, and
// it verifies against its witness.
func RunBroken[S audit.Snapshot, T audit.Tx](t *testing.T, store Store[S, T], b Breaker) {
	r := &rounds[S, T]{T: t, store: store, breaker: b, now: start, acknowledged: map[string]bool{}}
	steps := 0
	for _, how := range []Break{Fails, Happens} {
		for step := 1; r.round(step, how); step++ {
			steps = step
		}
	}
	if steps < 5 {
		t.Errorf("only %d steps were broken", steps)
	}
}

// rounds are the lives of logs on one store.
type rounds[S audit.Snapshot, T audit.Tx] struct {
	*testing.T
	store        Store[S, T]
	breaker      Breaker
	now          time.Time
	witness      memoryWitness
	tried        int
	acknowledged map[string]bool // by the request
}

// round is the life of one log, with a step that breaks if it comes to it.
func (r *rounds[S, T]) round(step int, how Break) (broke bool) {
	r.Helper()
	r.breaker.Arm(step, how)
	log, err := audit.Open(r.Context(), r.store, Keys, &r.witness, func() time.Time { return r.now })
	failed := err != nil
	if err == nil {
		for i := range 4 {
			failed = r.record(log, i) != nil || failed
			r.now = r.now.Add(600 * time.Millisecond)
		}
		failed = log.Close() != nil || failed
	}
	if broke = r.breaker.Disarm(); failed && !broke {
		r.Fatalf("step %d: something failed though nothing was broken", step)
	}
	r.now = r.now.Add(2 * time.Minute) // whatever lease was left has run out
	r.check(step)
	return broke
}

// record tries to record one request, by work or without.
func (r *rounds[S, T]) record(log *audit.Log[T], i int) (err error) {
	r.tried++
	e := audit.Event{At: r.now, RequestID: fmt.Sprint(r.tried)}
	if i%2 == 0 {
		_, err = log.Public(r.Context(), e)
	} else {
		_, err = log.Update(r.Context(), e, "source", consent.Decision{}, func(tx T) (audit.Counts, error) {
			_, err := tx.Slots()
			return audit.Counts{}, err
		})
	}
	r.acknowledged[e.RequestID] = err == nil
	return err
}

// check looks at the whole.
func (r *rounds[S, T]) check(step int) {
	r.Helper()
	report, err := audit.Verify(r.Context(), r.store, Keys.Listed, audit.AgainstWitness(&r.witness))
	if err != nil || report.Break != nil && report.Break.Reason != audit.BreakWitness || report.Chains > 1 {
		r.Fatalf("step %d: %+v, %v", step, report, err)
	}
	found := map[string]int{}
	for _, rows := range (&bench[S, T]{r.T, r.store}).kept().Chains {
		entries, err := audit.Entries(rows)
		if err != nil {
			r.Fatal(err)
		}
		for _, e := range entries {
			found[e.RequestID]++
		}
	}
	for id, acknowledged := range r.acknowledged {
		if n := found[id]; n > 1 || acknowledged && n == 0 {
			r.Fatalf("step %d: request %s is there %d times, acknowledged: %v", step, id, n, acknowledged)
		}
	}
}

// memoryWitness keeps a checkpoint in memory.
type memoryWitness struct {
	mu   sync.Mutex
	note string
}

// Newest implements audit.Witness.
func (w *memoryWitness) Newest() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.note, nil
}

// Keep implements audit.Witness.
func (w *memoryWitness) Keep(note string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note = note
	return nil
}
