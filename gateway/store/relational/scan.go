package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// collect runs a query and reads every row with scan. Its failure fails the
// transaction, as that of a statement which writes does.
func collect[T any](s snapshot, scan func(*sql.Rows) (T, error), text string, args ...any) (list []T, err error) {
	if err := s.ctx.Err(); err != nil { // the session may serve another transaction by now
		return nil, err
	}
	if err := s.send(s.ctx); err != nil {
		return nil, err
	}
	defer func() { s.failed = errors.Join(s.failed, err) }()
	ctx, cancel := s.dialect.deadline(s.ctx)
	defer cancel()
	stmt, done, err := s.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if text == nextChange {
		s.sequence = 0
	}
	rows, err := stmt.QueryContext(ctx, s.dialect.arguments(args)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return scanned(s.ctx, rows, scan)
}

// scanned are the rows of one result.
func scanned[T any](ctx context.Context, rows *sql.Rows, scan func(*sql.Rows) (T, error)) (list []T, err error) {
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// first is the first row of a query; known is false where there is none.
func first[T any](s snapshot, scan func(*sql.Rows) (T, error), text string, args ...any) (row T, known bool, err error) {
	list, err := collect(s, scan, text, args...)
	if err != nil || len(list) == 0 {
		return row, false, err
	}
	return list[0], true, nil
}

// existing is the first row of a query that was run to do what is said, or the error
// none where there is no row.
func existing[T any](s snapshot, what string, none error, scan func(*sql.Rows) (T, error), text string, args ...any) (T, error) {
	row, known, err := first(s, scan, text, args...)
	if err == nil && !known {
		return row, none
	}
	return row, doing(what, err)
}

// eachRow runs a query and reads every row with read.
func eachRow(s snapshot, read func(*sql.Rows) error, text string, args ...any) error {
	_, err := collect(s, func(rows *sql.Rows) (struct{}, error) { return struct{}{}, read(rows) }, text, args...)
	return err
}

// counted is what a query counts, by key.
func counted[K comparable](s snapshot, text string) (map[K]int, error) {
	counts := make(map[K]int)
	err := eachRow(s, func(rows *sql.Rows) error {
		var key K
		var n int
		err := rows.Scan(&key, &n)
		counts[key] = n
		return err
	}, text)
	return counts, err
}

// doing says of an error what was being done; nil stays nil.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// scanVersion reads the columns of a version.
func scanVersion(rows *sql.Rows) (v records.Version, err error) {
	err = rows.Scan(versionColumns(&v)...)
	return v, err
}

// scanVisible reads the columns of a version and what the caller sees of its history.
func scanVisible(rows *sql.Rows) (v records.Visible, err error) {
	err = rows.Scan(visibleColumns(&v)...)
	return v, err
}

// scanOne reads the one column of a row.
func scanOne[T any](rows *sql.Rows) (value T, err error) {
	err = rows.Scan(&value)
	return value, err
}

// versionColumns are the places that columns are read into, in their order.
func versionColumns(v *records.Version) []any {
	return []any{&v.Type, &v.ID, &v.Number, &v.Person, &v.Custodian, &v.Source, &v.Origin, &v.Body,
		stamp{&v.Stored}, items{&v.Label.Need}, items{&v.Label.Any}, &v.Deleted}
}

func visibleColumns(v *records.Visible) []any {
	return append(versionColumns(&v.Version), &v.SeenNumber, stamp{&v.SeenAt})
}

// items reads an item set.
type items struct{ set *profiles.ItemSet }

// Scan implements sql.Scanner.
func (i items) Scan(column any) error {
	bits, ok := column.(int64)
	if !ok {
		return fmt.Errorf("an item set is stored as %T", column)
	}
	*i.set = profiles.ItemSetOfBits(uint64(bits))
	return nil
}

// stamp reads a time.
type stamp struct{ time *time.Time }

// Scan implements sql.Scanner.
func (s stamp) Scan(column any) (err error) {
	text, ok := column.(string)
	if !ok {
		return fmt.Errorf("a time is stored as %T", column)
	}
	*s.time, err = records.ParseTimeText(text)
	return err
}

// scanAll reads all columns of a table as they are.
func scanAll(of table) func(*sql.Rows) ([]any, error) {
	columns := strings.Count(of.columns, ",") + 1
	return func(rows *sql.Rows) ([]any, error) {
		cells, into := make([]any, columns), make([]any, columns)
		for i := range cells {
			into[i] = &cells[i]
		}
		err := rows.Scan(into...)
		for i, cell := range cells {
			if bytes, ok := cell.([]byte); ok || cell == nil { // nothing is NULL: this is an empty blob
				cells[i] = notNil(bytes)
			}
		}
		return cells, err
	}
}
