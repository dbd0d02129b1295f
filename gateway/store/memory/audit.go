package memory

import (
	"maps"
	"math"
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// log is the audit log at one moment. What is behind the slices is shared by all
// moments, and is only ever appended to.
type log struct {
	slots       []audit.Slot
	chains      [][]audit.Row // of the slots, in their order
	checkpoints []audit.Checkpoint
}

// copied is a log that can be changed while others read this one.
func (l log) copied() log {
	l.slots, l.chains = slices.Clone(l.slots), slices.Clone(l.chains)
	return l
}

// Slots implements audit.Snapshot.
func (s snapshot) Slots() ([]audit.Slot, error) { return slices.Clone(s.log.slots), s.ctx.Err() }

// Chain implements audit.Snapshot.
func (s snapshot) Chain(slot int, from uint64, limit int) ([]audit.Row, error) {
	if slot < 1 || slot > len(s.log.chains) {
		return nil, s.ctx.Err()
	}
	rows := s.log.chains[slot-1]
	rows = rows[min(max(from, 1)-1, uint64(len(rows))):]
	return ownRows(rows[:min(limit, len(rows))]), s.ctx.Err()
}

// Duties implements audit.Snapshot.
func (s snapshot) Duties(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows, err := s.Chain(slot, from, math.MaxInt)
	rows = slices.DeleteFunc(rows, func(r audit.Row) bool { return !r.Duty })
	return rows[:min(limit, len(rows))], err
}

// Checkpoints implements audit.Snapshot.
func (s snapshot) Checkpoints(from uint64, limit int) ([]audit.Checkpoint, error) {
	list := s.log.checkpoints
	list = list[min(max(from, 1)-1, uint64(len(list))):]
	return slices.Clone(list[:min(limit, len(list))]), s.ctx.Err()
}

// NewestCheckpoint implements audit.Snapshot.
func (s snapshot) NewestCheckpoint() (audit.Checkpoint, error) {
	if n := len(s.log.checkpoints); n > 0 {
		return s.log.checkpoints[n-1], s.ctx.Err()
	}
	return audit.Checkpoint{}, s.ctx.Err()
}

// Entries implements audit.Snapshot.
func (s snapshot) Entries(q audit.Query) ([]audit.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	var found []audit.Row
	for _, chain := range s.log.chains {
		for _, row := range chain {
			if q.Admits(row) {
				found = append(found, row)
			}
		}
	}
	slices.SortFunc(found, func(a, b audit.Row) int { return b.Position().Compare(a.Position()) })
	return ownRows(found[:min(q.Limit, len(found))]), s.ctx.Err()
}

// Clients implements audit.Snapshot.
func (s snapshot) Clients() ([]consent.ClientID, error) {
	known := map[consent.ClientID]bool{}
	for _, chain := range s.log.chains {
		for _, row := range chain {
			if row.Caller.Client != "" {
				known[row.Caller.Client] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(known)), s.ctx.Err()
}

// Extend implements audit.Tx.
func (t *tx) Extend(before, after audit.Slot, rows []audit.Row) error {
	if err := audit.CheckExtend(before, after, rows); err != nil {
		return err
	}
	l := &t.log
	if before.Number == len(l.slots)+1 {
		l.slots, l.chains = append(l.slots, audit.Slot{Number: before.Number}), append(l.chains, nil)
	}
	if before.Number > len(l.slots) {
		return audit.ErrTaken
	}
	slot := &l.slots[before.Number-1]
	if slot.Head != before.Head || slot.Holder != before.Holder {
		return audit.ErrTaken
	}
	*slot = after
	l.chains[after.Number-1] = append(l.chains[after.Number-1], ownRows(rows)...)
	return t.ctx.Err()
}

// AddCheckpoint implements audit.Tx.
func (t *tx) AddCheckpoint(c audit.Checkpoint) error {
	if c.Number != uint64(len(t.log.checkpoints))+1 {
		return audit.ErrTaken
	}
	t.log.checkpoints = append(t.log.checkpoints, c)
	return t.ctx.Err()
}

// ownRows are rows that share nothing with those they are copied from.
func ownRows(rows []audit.Row) []audit.Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Body = slices.Clone(rows[i].Body)
	}
	return rows
}
