// Package memory is the store of a test: everything in maps, nothing kept when
// the process ends. It is the plain reading of the interfaces that it
// implements, and the other stores are held to its answers.
package memory

import (
	"context"
	"sync/atomic"

	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
)

// Store keeps everything in memory. All methods are safe for concurrent use.
type Store struct {
	now     atomic.Pointer[state] // a state that is here is never changed
	writing chan struct{}         // holds one while an update runs
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store {
	s := &Store{writing: make(chan struct{}, 1)}
	s.now.Store(newState())
	return s
}

// Close ends the store.
func (s *Store) Close() error { return nil }

// View runs read on the state of the moment. It implements store.Viewer.
func (s *Store) View(ctx context.Context, read func(store.Snapshot) error) error {
	ctx, end, err := store.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return read(snapshot{ctx, s.now.Load()})
}

// Update runs change on a state of its own, which takes the place of the old one
// when it is done. It implements store.Store.
func (s *Store) Update(ctx context.Context, change func(store.Tx) error) error {
	return s.change(ctx, func(t *tx) error {
		if err := change(t); err != nil {
			return err
		}
		return t.reindex()
	})
}

func (s *Store) change(ctx context.Context, work func(*tx) error) error {
	ctx, end, err := store.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t := &tx{snapshot{ctx, s.now.Load().copied()}, make(map[records.Reference]bool), make(map[key]bool)}
	if err := work(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.now.Store(t.state)
	return nil
}

// snapshot is one state.
type snapshot struct {
	ctx context.Context
	*state
}

// Context implements store.Snapshot.
func (s snapshot) Context() context.Context { return s.ctx }

// tx is a change under way: its state is nobody else's.
type tx struct {
	snapshot
	changed map[records.Reference]bool // what this transaction has put or moved
	moved   map[key]bool               // what of that it has moved to another person
}

// Try goes back to the state before where part fails. It implements store.Tx.
func (t *tx) Try(part func() error) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	before, done := t.state, false
	t.state = before.copied()
	defer func() {
		if !done {
			t.state = before
		}
	}()
	err := part()
	done = err == nil
	return err
}
