// Package audittest is the conformance suite for the audit part of a store, and
// the smallest store that passes it. It is imported by tests only.
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
	mu   sync.Mutex
	kept Kept
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
	return s.kept.Clone()
}

// Replace puts something else in the place of what is kept: the attacker's way in.
func (s *Memory) Replace(k Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = k.Clone()
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
	t := tx{s.kept.begin()}
	s.mu.Unlock()
	return read(&t)
}

// Update implements audit.Updater.
func (s *Memory) Update(ctx context.Context, change func(audit.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := tx{s.kept.begin()}
	if err := errors.Join(change(&t), ctx.Err()); err != nil {
		return err
	}
	s.kept = t.kept
	return nil
}

// tx is one transaction, or one moment.
type tx struct{ kept Kept }

// Slots implements audit.Snapshot.
func (t *tx) Slots() ([]audit.Slot, error) { return slices.Clone(t.kept.Slots), nil }

// Chain implements audit.Snapshot.
func (t *tx) Chain(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows := slices.DeleteFunc(slices.Clone(t.kept.Chains[slot]), func(r audit.Row) bool { return r.Seq < from })
	return copied(rows[:min(limit, len(rows))]), nil
}

// Duties implements audit.Snapshot.
func (t *tx) Duties(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows := slices.DeleteFunc(slices.Clone(t.kept.Chains[slot]), func(r audit.Row) bool { return r.Seq < from || !r.Duty })
	return copied(rows[:min(limit, len(rows))]), nil
}

// Checkpoints implements audit.Snapshot.
func (t *tx) Checkpoints(from uint64, limit int) ([]audit.Checkpoint, error) {
	list := slices.DeleteFunc(slices.Clone(t.kept.Checkpoints), func(c audit.Checkpoint) bool { return c.Number < from })
	return list[:min(limit, len(list))], nil
}

// NewestCheckpoint implements audit.Snapshot.
func (t *tx) NewestCheckpoint() (audit.Checkpoint, error) {
	if n := len(t.kept.Checkpoints); n > 0 {
		return t.kept.Checkpoints[n-1], nil
	}
	return audit.Checkpoint{}, nil
}

// Entries implements audit.Snapshot.
func (t *tx) Entries(q audit.Query) ([]audit.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	var found []audit.Row
	for _, rows := range t.kept.Chains {
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
func (t *tx) Clients() ([]consent.ClientID, error) {
	known := map[consent.ClientID]bool{}
	for _, chain := range t.kept.Chains {
		for _, row := range chain {
			if row.Caller.Client != "" {
				known[row.Caller.Client] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known)), nil
}

// Extend implements audit.Tx.
func (t *tx) Extend(before, after audit.Slot, rows []audit.Row) error {
	if err := audit.CheckExtend(before, after, rows); err != nil {
		return err
	}
	k := &t.kept
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
func (t *tx) AddCheckpoint(c audit.Checkpoint) error {
	if c.Number != uint64(len(t.kept.Checkpoints))+1 {
		return audit.ErrTaken
	}
	t.kept.Checkpoints = append(t.kept.Checkpoints, c)
	return nil
}

func newestFirst(rows []audit.Row) {
	slices.SortFunc(rows, func(a, b audit.Row) int { return b.Position().Compare(a.Position()) })
}
