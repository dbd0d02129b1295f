// Package audittest is the conformance suite for the audit part of a store, and
// the smallest store that passes it. Only tests import it, and the store of maps,
// which is for tests itself.
package audittest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// Memory keeps a log in memory, and is what the suite is proven with. What it keeps
// is open to tests that tamper with it. Safe for concurrent use through its methods.
type Memory struct {
	mu  sync.Mutex
	log Log
}

// Kept is everything that a Memory keeps. A chain is kept under the number of its slot.
type Kept struct {
	Slots       []audit.Slot
	Chains      map[int][]audit.Row
	Checkpoints []audit.Checkpoint
}

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{} }

// Kept is a copy of what is kept.
func (s *Memory) Kept() Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.kept.Clone()
}

// Replace puts something else in the place of what is kept: the attacker's way in.
func (s *Memory) Replace(k Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.kept = k.Clone()
}

// Clone is a copy that shares nothing.
func (k Kept) Clone() Kept {
	k = k.begin()
	for slot, rows := range k.Chains {
		k.Chains[slot] = copied(rows)
	}
	k.Checkpoints = slices.Clone(k.Checkpoints)
	return k
}

// begin is a copy that may be appended to: what it shares with k is never changed.
func (k Kept) begin() Kept {
	k.Slots = slices.Clone(k.Slots)
	if k.Chains = maps.Clone(k.Chains); k.Chains == nil {
		k.Chains = make(map[int][]audit.Row)
	}
	return k
}

func copied(rows []audit.Row) []audit.Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Body = slices.Clone(rows[i].Body)
	}
	return rows
}

// View implements audit.Viewer.
func (s *Memory) View(ctx context.Context, read func(audit.Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	now := s.log.Begin()
	s.mu.Unlock()
	return read(&now)
}

// Update implements audit.Updater.
func (s *Memory) Update(ctx context.Context, change func(audit.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	next := s.log.Begin()
	if err := errors.Join(change(&next), ctx.Err()); err != nil {
		return err
	}
	s.log = next
	return nil
}

// Log is a log as it is at one moment, or within one transaction that changes it; the zero
// Log is empty. It implements audit.Tx, for any store that keeps everything in memory.
type Log struct{ kept Kept }

// Begin is a log that can be changed while others read this one.
func (l Log) Begin() Log { return Log{l.kept.begin()} }

// Slots implements audit.Snapshot.
func (l *Log) Slots() ([]audit.Slot, error) { return slices.Clone(l.kept.Slots), nil }

// Chain implements audit.Snapshot.
func (l *Log) Chain(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows := slices.DeleteFunc(slices.Clone(l.kept.Chains[slot]), func(r audit.Row) bool { return r.Seq < from })
	return copied(rows[:min(limit, len(rows))]), nil
}

// Duties implements audit.Snapshot.
func (l *Log) Duties(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows := slices.DeleteFunc(slices.Clone(l.kept.Chains[slot]), func(r audit.Row) bool { return r.Seq < from || !r.Duty })
	return copied(rows[:min(limit, len(rows))]), nil
}

// Checkpoints implements audit.Snapshot.
func (l *Log) Checkpoints(from uint64, limit int) ([]audit.Checkpoint, error) {
	list := slices.DeleteFunc(slices.Clone(l.kept.Checkpoints), func(c audit.Checkpoint) bool { return c.Number < from })
	return list[:min(limit, len(list))], nil
}

// NewestCheckpoint implements audit.Snapshot.
func (l *Log) NewestCheckpoint() (audit.Checkpoint, error) {
	if n := len(l.kept.Checkpoints); n > 0 {
		return l.kept.Checkpoints[n-1], nil
	}
	return audit.Checkpoint{}, nil
}

// Entries implements audit.Snapshot.
func (l *Log) Entries(q audit.Query) ([]audit.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	var found []audit.Row
	for _, rows := range l.kept.Chains {
		for _, r := range rows {
			if q.Admits(r) {
				found = append(found, r)
			}
		}
	}
	newestFirst(found)
	return copied(found[:min(q.Limit, len(found))]), nil
}

// Clients implements audit.Snapshot.
func (l *Log) Clients() ([]consent.ClientID, error) {
	known := map[consent.ClientID]bool{}
	for _, chain := range l.kept.Chains {
		for _, row := range chain {
			if row.Caller.Client != "" {
				known[row.Caller.Client] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known)), nil
}

// Extend implements audit.Tx.
func (l *Log) Extend(before, after audit.Slot, rows []audit.Row) error {
	if err := audit.CheckExtend(before, after, rows); err != nil {
		return err
	}
	k := &l.kept
	if before.Number == len(k.Slots)+1 {
		k.Slots = append(k.Slots, audit.Slot{Number: before.Number})
	}
	if before.Number > len(k.Slots) {
		return audit.ErrTaken
	}
	slot := &k.Slots[before.Number-1]
	if slot.Head != before.Head || slot.Holder != before.Holder {
		return audit.ErrTaken
	}
	*slot = after
	k.Chains[after.Number] = append(k.Chains[after.Number], copied(rows)...)
	return nil
}

// AddCheckpoint implements audit.Tx.
func (l *Log) AddCheckpoint(c audit.Checkpoint) error {
	if c.Number != uint64(len(l.kept.Checkpoints))+1 {
		return audit.ErrTaken
	}
	l.kept.Checkpoints = append(l.kept.Checkpoints, c)
	return nil
}

func newestFirst(rows []audit.Row) {
	slices.SortFunc(rows, func(a, b audit.Row) int { return b.Position().Compare(a.Position()) })
}
