// Package cache keeps in memory what answers were made from, and proves in the
// transaction that records an answer that it is still so (docs/decisions/023). It
// trusts no notice and no clock: what it keeps carries what it follows from, and that is
// compared with the store before anything goes out. So any number of gateways may keep
// what they like.
package cache

import (
	"context"
	"errors"

	"github.com/maypok86/otter/v2"

	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
)

// ErrChanged says that something which an answer follows from is not so any more.
var ErrChanged = errors.New("what the answer follows from has changed")

// errNotKept ends a reading from memory that lacks something.
var errNotKept = errors.New("it is not in memory")

// Cache reads a store for answers. Its methods are safe for concurrent use.
type Cache struct {
	store store.Viewer
	kept  *otter.Cache[name, *entry] // nil: nothing is kept
}

// New makes a cache that keeps so many bytes at most, and nothing where they are 0.
func New(viewer store.Viewer, bytes uint64) *Cache {
	c := &Cache{store: viewer}
	if bytes > 0 {
		c.kept = otter.Must(&otter.Options[name, *entry]{MaximumWeight: bytes, Weigher: weigh})
	}
	return c
}

// Read runs read, from memory where all that it asks is there, and otherwise on one
// moment of the store: so it may run twice, and must be the same both times. Where
// its error is nil, or was settled from what was read, the Basis says what was read.
func (c *Cache) Read(ctx context.Context, read func(*Moment) error) (Basis, error) {
	m := &Moment{cache: c}
	err := errNotKept
	if c.kept != nil {
		err = read(m)
	}
	if errors.Is(err, errNotKept) {
		err = c.store.View(ctx, func(now store.Snapshot) (err error) {
			m = &Moment{cache: c, now: now}
			if m.sequence, err = now.Sequence(); err != nil {
				return err
			}
			return read(m)
		})
	}
	return Basis{c, m.used}, err
}

// Clear forgets everything: what is read next comes from the store.
func (c *Cache) Clear() {
	if c.kept != nil {
		c.kept.InvalidateAll()
	}
}

// Basis is what one answer follows from.
type Basis struct {
	cache *Cache
	used  []*entry
}

// Check returns ErrChanged where something is not any more as it was read, and forgets
// it: to read again may then succeed. While nothing has changed in the whole store it
// costs no more than to see that; otherwise each thing is looked at.
func (b Basis) Check(now records.Snapshot) error {
	sequence, err := now.Sequence()
	if err != nil {
		return err
	}
	incarnation := now.Incarnation()
	for _, e := range b.used {
		if e.incarnation != incarnation {
			b.forget()
			return ErrChanged
		}
		if e.proven.Load() == sequence {
			continue
		}
		switch same, err := e.same(now); {
		case err != nil:
			return err
		case !same:
			b.forget()
			return ErrChanged
		}
		e.proven.Store(sequence)
	}
	return nil
}

func (b Basis) forget() {
	if b.cache.kept == nil {
		return
	}
	for _, e := range b.used {
		b.cache.kept.Invalidate(e.name)
	}
}
