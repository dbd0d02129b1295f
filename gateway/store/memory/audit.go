package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

// Commit appends the rows that build makes, while no change to the records can
// come between. They last as long as the process does. It implements audit.Sink.
func (s *Store) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	epochs := make(map[profiles.PersonID]uint64, len(persons))
	for _, id := range persons {
		epochs[id] = s.persons[id].epoch
	}
	var tail audit.Tail
	if n := len(s.rows); n > 0 {
		tail = audit.Tail{Seq: s.rows[n-1].Seq, Hash: s.rows[n-1].Hash}
	}
	rows := build(epochs, tail)
	for i, row := range rows {
		if row.Seq != tail.Seq+uint64(i)+1 {
			return fmt.Errorf("recording: row %d does not follow row %d", row.Seq, tail.Seq+uint64(i))
		}
	}
	for _, row := range rows {
		row.Body = slices.Clone(row.Body)
		s.rows = append(s.rows, row)
	}
	return nil
}

// Rows walks the chain as it is when the walk begins. It implements audit.Sink.
func (s *Store) Rows(ctx context.Context, from uint64) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		s.mu.RLock()
		rows := s.rows[min(max(from, 1)-1, uint64(len(s.rows))):]
		s.mu.RUnlock()
		for _, row := range rows { // rows are only ever appended
			if err := ctx.Err(); err != nil {
				yield(audit.Row{}, err)
				return
			}
			row.Body = slices.Clone(row.Body)
			if !yield(row, nil) {
				return
			}
		}
	}
}
