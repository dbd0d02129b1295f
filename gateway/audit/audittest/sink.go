// Package audittest is the conformance suite for audit sinks, and the smallest
// sink that passes it. It is imported by tests only.
package audittest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

// Sink keeps a chain in memory, and is what the suite is proven with. The rows
// and epochs are open to tests that tamper with them. Safe for concurrent use
// through its methods.
type Sink struct {
	mu     sync.Mutex
	chain  []audit.Row
	epochs map[profiles.PersonID]uint64
}

// NewSink makes an empty one.
func NewSink() *Sink { return &Sink{epochs: make(map[profiles.PersonID]uint64)} }

// ErrOutOfPlace refuses rows that do not continue the chain.
var ErrOutOfPlace = errors.New("appending to the audit chain: the rows do not continue it")

// Commit is audit.Sink's.
func (s *Sink) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	epochs := make(map[profiles.PersonID]uint64, len(persons))
	for _, person := range persons {
		epochs[person] = s.epochs[person]
	}
	var tail audit.Tail
	if n := len(s.chain); n > 0 {
		tail = audit.Tail{Seq: s.chain[n-1].Seq, Hash: s.chain[n-1].Hash}
	}
	rows := slices.Clone(build(epochs, tail))
	for i := range rows {
		if rows[i].Seq != tail.Seq+1+uint64(i) {
			return ErrOutOfPlace
		}
		rows[i].Body = slices.Clone(rows[i].Body)
	}
	s.chain = append(s.chain, rows...)
	return nil
}

// Rows is audit.Sink's. No lock is held while a row is looked at.
func (s *Sink) Rows(ctx context.Context, from uint64) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		for _, row := range s.Chain() {
			if err := ctx.Err(); err != nil {
				yield(audit.Row{}, err)
				return
			}
			if row.Seq >= from && !yield(row, nil) {
				return
			}
		}
	}
}

// SetEpoch says that a fact about the person changed.
func (s *Sink) SetEpoch(person profiles.PersonID, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epochs[person] = epoch
}

// Chain is a copy of what is kept.
func (s *Sink) Chain() []audit.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Clone(s.chain)
	for i := range rows {
		rows[i].Body = slices.Clone(rows[i].Body)
	}
	return rows
}

// Replace puts other rows in the place of the chain: the attacker's way in.
func (s *Sink) Replace(rows []audit.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chain = rows
}
