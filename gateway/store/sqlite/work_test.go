package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	driver "modernc.org/sqlite"

	"cpagateway/consent"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/profiles"
)

// TestEveryReferenceHasAnIndex: without one, SQLite scans the table that refers
// for every row that is written to the table it refers to.
func TestEveryReferenceHasAnIndex(t *testing.T) {
	store := fresh(t)
	references, err := collect(t.Context(), &store.reader, func(rows *sql.Rows) (r [2]string, err error) {
		err = rows.Scan(&r[0], &r[1])
		return r, err
	}, `SELECT m.name, f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.seq = 0`)
	if err != nil || len(references) == 0 {
		t.Fatalf("%d references, %v", len(references), err)
	}
	for _, r := range references {
		leading, err := collect(t.Context(), &store.reader, scanText,
			`SELECT i.name FROM pragma_index_list(?1) i, pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = ?2 AND i.partial = 0`, r[0], r[1])
		if err != nil || len(leading) == 0 {
			t.Errorf("%s.%s refers to another table and leads no index, %v", r[0], r[1], err)
		}
	}
}

// TestNoWriteScans covers what SQLite does of itself with a statement: to look
// for rows that refer to the one written.
func TestNoWriteScans(t *testing.T) {
	store := fresh(t)
	for _, text := range writes {
		steps, err := collect(t.Context(), &store.reader, scanStep, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
		for _, step := range steps {
			if strings.Contains(step, "SCAN") && !strings.Contains(step, "VALUES CLAUSE") { // the rows that it inserts
				t.Errorf("%s\n%s", text, step)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
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
	conn, err := s.writer.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		for _, op := range []driver.DBStatusOp{driver.DBStatusCacheHit, driver.DBStatusCacheMiss} {
			n, _, err := c.(driver.DBStatus).Status(op, false)
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
