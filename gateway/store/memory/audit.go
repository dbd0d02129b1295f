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
	return s.change(ctx, func(t *tx) error {
		epochs := make(map[profiles.PersonID]uint64, len(persons))
		for _, id := range persons {
			epochs[id] = t.persons[id].epoch
		}
		var tail audit.Tail
		if n := len(t.rows); n > 0 {
			tail = audit.Tail{Seq: t.rows[n-1].Seq, Hash: t.rows[n-1].Hash}
		}
		for i, row := range build(epochs, tail) {
			if row.Seq != tail.Seq+uint64(i)+1 {
				return fmt.Errorf("recording: row %d does not follow row %d", row.Seq, tail.Seq+uint64(i))
			}
			row.Body = slices.Clone(row.Body)
			t.rows = append(t.rows, row)
		}
		return nil
	})
}

// Rows walks the chain as it is when the walk begins. It implements audit.Sink.
func (s *Store) Rows(ctx context.Context, from uint64) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		rows := s.now.Load().rows
		for _, row := range rows[min(max(from, 1)-1, uint64(len(rows))):] {
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
