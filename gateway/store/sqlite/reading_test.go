package sqlite

import (
	"errors"
	"fmt"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestReadsTakeNoMoreOfALargerDirectory: SQLite found what a person's records refer to by
// walking the records of all staff, so that each read took longer with everybody who was
// employed; and the wishes of records that are kept apart from the person's by walking the
// wishes of everybody. It counts the pages that each kind of read takes, in a store with few
// staff and wishes and in one with many.
func TestReadsTakeNoMoreOfALargerDirectory(t *testing.T) {
	s := fresh(t)
	staff := func(from, to int) {
		var list []consent.Accepted
		for i := from; i < to; i++ {
			list = append(list,
				recordstest.Accept(t, home, "", fmt.Sprintf(`{"resourceType":"Practitioner","id":"w%d"}`, i)),
				recordstest.Accept(t, home, personNumber(i), fmt.Sprintf(`{"resourceType":"Consent","id":"c%d","status":"inactive","patient":{"reference":"Patient/p%d"},"dateTime":"2026-01-01"}`, i, i)),
				recordstest.Accept(t, home, "", fmt.Sprintf(`{"resourceType":"PractitionerRole","id":"w%d","practitioner":{"reference":"Practitioner/w%d"},"organization":{"reference":"Organization/o"}}`, i, i)))
		}
		recordstest.Put(t, s, start, list...)
	}
	staff(0, 50)
	recordstest.Put(t, s, start, recordstest.Accept(t, home, person,
		`{"resourceType":"CareTeam","id":"t","status":"active","subject":{"reference":"Patient/p"},"participant":[{"member":{"reference":"PractitionerRole/w0"}},{"member":{"reference":"PractitionerRole/w1"}}]}`))
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		return tx.Stand(persons.Standing{Person: personNumber(7), Apart: person, Doubts: []persons.Doubt{persons.Traced}, Custodian: home, Since: start})
	}); err != nil {
		t.Fatal(err)
	}
	team := []records.Scope{{Person: person, Custodian: home, Items: profiles.ItemSetOfBits(^uint64(0))}}
	kinds := map[string]func(now records.Snapshot) error{
		"Holdings": func(now records.Snapshot) error {
			h, err := now.Holdings(person)
			if len(h.Consulted) < 3 || len(h.Directory) < 2 || len(h.Facts) < 2 {
				err = errors.Join(err, fmt.Errorf("%d facts, and of %v only %v was found", len(h.Facts), h.Consulted, h.Directory))
			}
			return err
		},
		"Editions": func(now records.Snapshot) error {
			found, err := now.Editions([]records.Reference{{Custodian: home, Text: "PractitionerRole/w0"}, {Custodian: home, Text: "Practitioner/w1"}})
			if len(found) != 2 {
				err = errors.Join(err, fmt.Errorf("found %v", found))
			}
			return err
		},
		"Targets": func(now records.Snapshot) error {
			found, err := now.Targets(home, []string{"PractitionerRole/w0", "CareTeam/t"})
			if len(found) != 2 {
				err = errors.Join(err, fmt.Errorf("found %v", found))
			}
			return err
		},
		"Find": func(now records.Snapshot) error {
			found, err := now.Find(team, records.Query{Type: "CareTeam", Count: 10})
			if len(found.Matches) != 1 {
				err = errors.Join(err, fmt.Errorf("found %v", found))
			}
			return err
		},
	}
	taken := func(read func(records.Snapshot) error) int {
		var before int
		for range 2 { // the first time prepares the statements
			before = pages(t, s)
			if err := s.Update(t.Context(), func(tx store.Tx) error { return read(tx) }); err != nil {
				t.Fatal(err)
			}
		}
		return pages(t, s) - before
	}
	few := map[string]int{}
	for kind, read := range kinds {
		few[kind] = taken(read)
	}
	staff(50, 400)
	for kind, read := range kinds {
		if many := taken(read); few[kind] == 0 || many > 2*few[kind] {
			t.Errorf("%s took %d pages with 50 staff and %d with 400", kind, few[kind], many)
		}
	}
}
