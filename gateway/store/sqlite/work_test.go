package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"cpagateway/consent"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestEveryReferenceHasAnIndex: without one, SQLite scans the table that refers
// for every row that is written to the table it refers to.
func TestEveryReferenceHasAnIndex(t *testing.T) {
	store := fresh(t)
	references := read(t, store, func(rows *sql.Rows) (r [2]string, err error) {
		err = rows.Scan(&r[0], &r[1])
		return r, err
	}, `SELECT m.name, f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.seq = 0`)
	if len(references) == 0 {
		t.Fatal("there are no references")
	}
	for _, r := range references {
		leading := read(t, store, scanText,
			`SELECT i.name FROM pragma_index_list(?1) i, pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = ?2 AND i.partial = 0
			UNION ALL SELECT name FROM pragma_table_info(?1) WHERE name = ?2 AND pk = 1 AND type = 'INTEGER'`, r[0], r[1])
		if len(leading) == 0 {
			t.Errorf("%s.%s refers to another table and leads no index", r[0], r[1])
		}
	}
}

// TestNoWriteScans looks at everything that writing takes, with what SQLite does
// of itself: to look for rows that refer to the one written.
func TestNoWriteScans(t *testing.T) {
	s := fresh(t)
	recordstest.Put(t, s, start, append(batch(t, 1), batch(t, 2)...)...)
	err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.SetAside([]quarantine.Fault{{ID: "f"}})
		return errors.Join(err, tx.Settle(start, []string{"f"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	record(t, s)
	in, err := s.writer.take(t.Context())
	if err != nil || len(in.kept) < 15 {
		t.Fatalf("%d statements were kept, %v", len(in.kept), err)
	}
	texts := slices.Collect(maps.Keys(in.kept))
	s.writer.free <- in
	for _, text := range texts {
		for _, step := range read(t, s, scanStep, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...) {
			if strings.Contains(step, "SCAN") && !strings.Contains(step, "VALUES CLAUSE") { // the rows that it inserts
				t.Errorf("%s\n%s", text, step)
			}
		}
	}
}

// TestWorkOfAWriteStaysTheSame counts the pages that a batch takes in a small
// store and in one of eight times the size: more of them only as a tree is
// deeper. An import whose batches take more with every batch before them takes
// the square of its size.
func TestWorkOfAWriteStaysTheSame(t *testing.T) {
	store := fresh(t)
	people := 0
	add := func(n int) int {
		var changes []consent.Accepted
		for range n {
			people++
			p := profiles.PersonID(fmt.Sprint("person-", people))
			changes = append(changes,
				recordstest.Accept(t, home, p, fmt.Sprintf(`{"resourceType":"Patient","id":"%s","identifier":[{"system":"urn:x","value":"%d"}]}`, p, people)),
				recordstest.Accept(t, home, p, fmt.Sprintf(`{"resourceType":"CarePlan","id":"%s","status":"active","subject":{"reference":"Patient/%s"}}`, p, p)))
		}
		before := pages(t, store)
		recordstest.Put(t, store, start, changes...)
		return pages(t, store) - before
	}
	const batch = 50
	add(2 * batch)
	few := add(batch)
	add(13 * batch)
	if many := add(batch); many > few*5/4 {
		t.Errorf("a batch took %d pages with %d people and %d with %d", few, 2*batch, many, people-batch)
	}
}

// pages is how many pages the writing connection has looked at so far.
func pages(t *testing.T, s *Store) (total int) {
	t.Helper()
	in, err := s.writer.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.writer.free <- in }()
	err = in.conn.Raw(func(c any) error {
		for _, op := range []sqlite.DBStatusOp{sqlite.DBStatusCacheHit, sqlite.DBStatusCacheMiss} {
			n, _, err := c.(sqlite.DBStatus).Status(op, false)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}
