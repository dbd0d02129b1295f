package cache

import (
	"context"
	"fmt"
	"sync/atomic"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/store"
)

// Register is the register of agreements in force, kept in memory. What was decided by it
// goes out only where Check, in the transaction that records it, finds it in force still.
// Its methods are safe for concurrent use.
type Register struct {
	store    store.Viewer
	kept     atomic.Pointer[inForce]
	replaced atomic.Bool // another one is in force than the kept
}

type inForce struct {
	*agreements.Register
	number      uint64
	incarnation string        // of the store that holds it
	proven      atomic.Uint64 // a sequence of the store at which it was in force
}

// NewRegister starts with a register that is in force where the store holds none.
func NewRegister(viewer store.Viewer, first *agreements.Register) *Register {
	r := &Register{store: viewer}
	r.kept.Store(&inForce{Register: first})
	return r
}

// Load gives the register that was read last.
func (r *Register) Load() *agreements.Register { return r.kept.Load().Register }

// Kept reports whether the store holds the one that was read last.
func (r *Register) Kept() bool { return r.kept.Load().number > 0 }

// Current gives the register that was read last, and reads it anew where Check has found
// that another is in force.
func (r *Register) Current(ctx context.Context) (*agreements.Register, error) {
	if !r.replaced.Load() {
		return r.Load(), nil
	}
	return r.Read(ctx)
}

// Read gives the register in force, and keeps it. One that this program cannot read is an
// error, and nothing is decided by another.
func (r *Register) Read(ctx context.Context) (found *agreements.Register, err error) {
	err = r.store.View(ctx, func(now store.Snapshot) (err error) {
		found, err = r.Of(now)
		return err
	})
	return found, err
}

// Of gives the register in force at one moment of the store.
func (r *Register) Of(now store.Snapshot) (*agreements.Register, error) {
	number, err := now.RegisterInForce()
	kept := r.kept.Load()
	switch {
	case err != nil:
		return nil, err
	case kept.is(number, now):
		r.replaced.Store(false)
		return kept.Register, nil
	}
	found := &inForce{Register: kept.Register, number: number, incarnation: now.Incarnation()}
	if number != 0 || kept.number != 0 { // otherwise the store holds none, as before
		v, err := now.Register(number)
		if err != nil {
			return nil, err
		}
		if found.Register, err = agreements.LoadTexts(v.Files); err != nil {
			return nil, fmt.Errorf("reading the register in force: %w", err)
		}
	}
	// Where a later one was read meanwhile, that one stays.
	later := number > kept.number || found.incarnation != kept.incarnation
	if later && r.kept.CompareAndSwap(kept, found) {
		r.replaced.Store(false)
	}
	return found.Register, nil
}

// is reports whether it is the register with a number in a store.
func (f *inForce) is(number uint64, in store.Snapshot) bool {
	return number == f.number && in.Incarnation() == f.incarnation
}

// Check returns ErrChanged where a register is not in force. While nothing has changed in
// the whole store it costs no more than to see that.
func (r *Register) Check(now store.Snapshot, decidedBy *agreements.Register) error {
	kept := r.kept.Load()
	if kept.Register != decidedBy {
		return ErrChanged
	}
	sequence, err := now.Sequence()
	if err != nil || kept.proven.Load() == sequence && now.Incarnation() == kept.incarnation {
		return err
	}
	switch number, err := now.RegisterInForce(); {
	case err != nil:
		return err
	case !kept.is(number, now):
		r.replaced.Store(true)
		return ErrChanged
	}
	kept.proven.Store(sequence)
	return nil
}
