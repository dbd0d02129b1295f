package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"modernc.org/sqlite"

	"cpagateway/consent"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
	"cpagateway/profiles"
)

// TestEveryReferenceHasAnIndex: without one, SQLite scans the table that refers
// for every row that is written to the table it refers to.
func TestEveryReferenceHasAnIndex(t *testing.T) {
	store := fresh(t)
	references := relationaltest.Read(t, store, func(rows *sql.Rows) (r [2]string, err error) {
		err = rows.Scan(&r[0], &r[1])
		return r, err
	}, `SELECT m.name, f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.seq = 0`)
	if len(references) == 0 {
		t.Fatal("there are no references")
	}
	for _, r := range references {
		leading := relationaltest.Read(t, store, scanText,
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
		_, sought := tx.Person("urn:x", "nobody")
		_, unknown := tx.PersonOf("Patient", "nobody")
		_, missing := tx.Current("Patient", "nobody")
		_, held := tx.Held("nobody", "Patient")
		_, slots := tx.Slots()
		if !errors.Is(sought, records.ErrNothing) || !errors.Is(unknown, records.ErrNothing) || !errors.Is(missing, records.ErrNothing) {
			return errors.Join(sought, unknown, missing)
		}
		return errors.Join(err, held, slots, tx.Settle(start, []string{"f"}), tx.Stand(doubted("nobody")))
	})
	if err != nil {
		t.Fatal(err)
	}
	record(t, s)
	texts := relationaltest.Prepared(t, s.LendWriter)
	if len(texts) < 15 {
		t.Fatalf("%d statements were kept", len(texts))
	}
	for _, text := range texts {
		for _, step := range relationaltest.Read(t, s, scanStep, "EXPLAIN QUERY PLAN "+text, relationaltest.Unset(text)...) {
			if strings.Contains(step, "SCAN") && !strings.Contains(step, "VALUES CLAUSE") && !strings.Contains(step, "VIRTUAL TABLE") && step != "SCAN w" { // what it is given
				t.Errorf("%s\n%s", text, step)
			}
		}
	}
}

// doubted is a standing of somebody who is kept apart.
func doubted(p profiles.PersonID) persons.Standing {
	return persons.Standing{Person: p, Apart: p + "-other", Doubts: []persons.Doubt{persons.Traced}, Custodian: home, Since: start}
}

// TestWorkOfAWriteStaysTheSame counts the pages that a batch takes in a small
// store and in one of eight times the size: more of them only as trees are
// deeper. An import whose batches take more with every batch before them takes
// the square of its size. Each kind of batch is what an import does: it brings
// records in, finds them unchanged, finds them changed, sets some aside, settles
// those, looks for whoever has an identifier, and keeps persons apart.
func TestWorkOfAWriteStaysTheSame(t *testing.T) {
	const batch = 50
	each := func(from int, do func(tx store.Tx, p profiles.PersonID, i int) error) func(store.Tx) error {
		return func(tx store.Tx) (err error) {
			for i := from; i < from+batch; i++ {
				err = errors.Join(err, do(tx, personNumber(i), i))
			}
			return err
		}
	}
	bring := func(status string) func(tx store.Tx, p profiles.PersonID, i int) error {
		return func(tx store.Tx, p profiles.PersonID, i int) error {
			for _, body := range []string{
				fmt.Sprintf(`{"resourceType":"Patient","id":"%s","active":%v,"identifier":[{"system":"urn:x","value":"%d"}]}`, p, status == "active", i),
				fmt.Sprintf(`{"resourceType":"Goal","id":"%s","lifecycleStatus":"%s","subject":{"reference":"Patient/%s"}}`, p, status, p),
				fmt.Sprintf(`{"resourceType":"CarePlan","id":"%s","status":"%s","subject":{"reference":"Patient/%s"},"goal":[{"reference":"Goal/%s"}]}`, p, status, p, p),
			} {
				if _, err := tx.Put(start, recordstest.Accept(t, home, p, body), records.Precondition{}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	kinds := map[string]func(tx store.Tx, p profiles.PersonID, i int) error{
		"unchanged": bring("active"),
		"set aside": func(tx store.Tx, p profiles.PersonID, _ int) error {
			_, err := tx.SetAside([]quarantine.Fault{{ID: string(p), Source: "clinic", Raw: []byte("{}")}})
			return err
		},
		"settled": func(tx store.Tx, p profiles.PersonID, _ int) error { return tx.Settle(start, []string{string(p)}) },
		"looked for": func(tx store.Tx, p profiles.PersonID, i int) error {
			_, err := tx.Person("urn:x", fmt.Sprint(i))
			_, held := tx.Held(p, "Patient")
			_, of := tx.PersonOf("Patient", string(p))
			_, standing := tx.Standing(p)
			return errors.Join(err, held, of, standing)
		},
		"kept apart": func(tx store.Tx, p profiles.PersonID, _ int) error { return tx.Stand(doubted(p)) },
		"changed":    bring("completed"),
	}
	order := []string{"unchanged", "set aside", "settled", "looked for", "kept apart", "changed"}
	s := fresh(t)
	people := 0
	took := func(change func(store.Tx) error) int {
		before := pages(t, s)
		if err := s.Update(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		return pages(t, s) - before
	}
	add := func() map[string]int {
		work := map[string]int{"new": took(each(people, bring("active")))}
		for _, kind := range order {
			work[kind] = took(each(people, kinds[kind]))
		}
		people += batch
		return work
	}
	add()
	add()
	few, at := add(), people
	for range 2*8 + 4 {
		add()
	}
	for kind, many := range add() {
		if few[kind] == 0 || many > 2*few[kind] {
			t.Errorf("%s: a batch took %d pages with %d people and %d with %d", kind, few[kind], at, many, people)
		}
	}
}

// TestPuttingTogetherTakesFewStatements: each resource of an import was put by some sixteen
// statements of its own, and most of the cost of a small row is that of running a statement.
func TestPuttingTogetherTakesFewStatements(t *testing.T) {
	b := &relationaltest.Breaking{}
	s := openThrough(t, t.TempDir(), b.Wrap)
	took := func(person profiles.PersonID, goals int, status string) int {
		var changes []consent.Accepted
		for i := range goals {
			changes = append(changes, recordstest.Accept(t, home, person, fmt.Sprintf(
				`{"resourceType":"Goal","id":"%s-%d","lifecycleStatus":"%s","subject":{"reference":"Patient/%[1]s"}}`, person, i, status)))
		}
		before := b.Steps()
		recordstest.Put(t, s, start, changes...)
		return b.Steps() - before
	}
	took("warm", 64, "active") // what is prepared once
	few, many := took("few", 16, "active"), took("many", 128, "active")
	if few < 8 || many > few+64 {
		t.Errorf("16 new resources take %d steps, and 128 take %d", few, many)
	}
	if again := took("many", 128, "active"); again > few {
		t.Errorf("128 unchanged resources take %d steps", again)
	}
}

// pages is how many pages the writing connection has looked at so far.
func pages(t *testing.T, s *relational.Store) int {
	t.Helper()
	return pagesOf(t, 1, s.LendWriter)
}

// pagesOf is how many pages a number of connections, which are lent in turn, have looked
// at so far.
func pagesOf(t *testing.T, connections int, lend func(context.Context, func(relational.Connection) error) error) (total int) {
	t.Helper()
	for range connections {
		err := lend(t.Context(), func(lent relational.Connection) error {
			return lent.Raw(func(c any) error {
				for _, op := range []sqlite.DBStatusOp{sqlite.DBStatusCacheHit, sqlite.DBStatusCacheMiss} {
					n, _, err := c.(sqlite.DBStatus).Status(op, false)
					if err != nil {
						return err
					}
					total += n
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return total
}
