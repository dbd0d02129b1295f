package relational

import (
	"strings"
)

// inserts are statements that insert 64, 16, 4 and 1 rows of a table at once: most of
// the cost of a small row is that of running a statement.
type inserts []struct {
	rows int
	text string
}

// insertsInto makes them for a table with its columns, as in "terms (param, value)". A
// statement that fails fails the transaction, or the part that is tried: OR FAIL spares
// SQLite from copying every page that it changes, to undo the statement alone.
func insertsInto(table string) inserts {
	row := ", (?" + strings.Repeat(", ?", strings.Count(table, ",")) + ")"
	text := func(n int) string {
		return "INSERT OR FAIL INTO " + table + " VALUES " + strings.Repeat(row, n)[len(", "):]
	}
	return inserts{{64, text(64)}, {16, text(16)}, {4, text(4)}, {1, text(1)}}
}

// onConflict says what becomes of a row whose key is there already. Where it is updated, no
// two rows of one call have the same key.
func (all inserts) onConflict(clause string) inserts {
	for i := range all {
		all[i].text += " ON CONFLICT " + clause
	}
	return all
}

// insert writes n rows.
func (t tx) insert(into inserts, n int, row func(i int) []any) error {
	return into.each(n, row, func(text string, args []any) error { return t.exec(t.ctx, text, args...) })
}

// insertRows writes rows that are there already.
func (t tx) insertRows(into inserts, rows [][]any) error {
	return t.insert(into, len(rows), func(i int) []any { return rows[i] })
}

// insertEach writes a row for each part of some versions.
func insertEach[T any](t tx, into inserts, versions []*version, parts func(*version) []T, row func(v *version, i int) []any) error {
	var rows [][]any
	for _, v := range versions {
		for i := range parts(v) {
			rows = append(rows, row(v, i))
		}
	}
	return t.insertRows(into, rows)
}

// insertCounted writes n rows, and says how many were not there.
func (t tx) insertCounted(into inserts, n int, row func(i int) []any) (added int, err error) {
	err = into.each(n, row, func(text string, args []any) error {
		kept, err := t.count(t.ctx, text, args...)
		added += int(kept)
		return err
	})
	return added, err
}

// each gives the statements that insert n rows.
func (all inserts) each(n int, row func(i int) []any, run func(text string, args []any) error) error {
	done := 0
	for _, insert := range all {
		for ; n-done >= insert.rows; done += insert.rows {
			first := row(done)
			args := append(make([]any, 0, insert.rows*len(first)), first...)
			for i := 1; i < insert.rows; i++ {
				args = append(args, row(done+i)...)
			}
			if err := run(insert.text, args); err != nil {
				return err
			}
		}
	}
	return nil
}
