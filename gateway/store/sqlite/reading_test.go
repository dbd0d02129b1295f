package sqlite

import (
	"errors"
	"fmt"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
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
	team := []records.Scope{{Person: person, Custodian: home, Type: "CareTeam", Items: profiles.ItemSetOfBits(^uint64(0))}}
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
			found, err := now.Find(team, records.Query{Count: 10})
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

// TestAColdCrisisReadTakesElevenStatements: it took 20, as who somebody is was asked for in
// four statements, each directory record in two, and what a narrative reads out by type. It
// asks what a crisis read of nobody in memory asks (gateway.TestEachRequestTakesItsStepsAndNoOthers), and
// counts statements and pages in a small store and in one of eight times the size.
func TestAColdCrisisReadTakesElevenStatements(t *testing.T) {
	var counted relationaltest.Breaking
	dir, people := t.TempDir(), 0
	s := reopen(t, dir)
	other := openThrough(t, dir, counted.Wrap) // whose driver tells no pages
	add := func(n int) {
		for range n {
			recordstest.Put(t, s, start, crisisRecords(t, people)...)
			people++
		}
	}
	asked := func() (statements, looked int) {
		for range readers + 1 { // each connection begins with its settings, and with what tables there are
			statementsBefore, pagesBefore := counted.Steps(), pagesOf(t, readers, s.LendReader)
			for _, s := range []*relational.Store{s, other} {
				if err := s.View(t.Context(), func(now store.Snapshot) error { return crisisRead(t, now, 7) }); err != nil {
					t.Fatal(err)
				}
			}
			statements, looked = counted.Steps()-statementsBefore, pagesOf(t, readers, s.LendReader)-pagesBefore
		}
		return statements, looked
	}
	add(40)
	few, small := asked()
	add(280)
	many, large := asked()
	if few != 11 || many != 11 {
		t.Errorf("it takes %d statements with 40 people and %d with %d, want 11", few, many, people)
	}
	if small == 0 || large > small+small/2 {
		t.Errorf("it looks at %d pages with 40 people and at %d with %d", small, large, people)
	}
}

// crisisRecords are what somebody's crisis read finds, and the staff of their own.
func crisisRecords(t *testing.T, i int) (list []consent.Accepted) {
	p := personNumber(i)
	for _, body := range []string{
		`{"resourceType":"Practitioner","id":"w%[1]d","name":[{"text":"Menna"}]}`,
		`{"resourceType":"PractitionerRole","id":"w%[1]d","practitioner":{"reference":"Practitioner/w%[1]d"},"organization":{"reference":"Organization/o"}}`,
	} {
		list = append(list, recordstest.Accept(t, home, "", fmt.Sprintf(body, i)))
	}
	for _, body := range []string{
		`{"resourceType":"Patient","id":"%[1]s","identifier":[{"system":"urn:x","value":"%[2]d"}]}`,
		`{"resourceType":"CareTeam","id":"%[1]s","status":"active","subject":{"reference":"Patient/%[1]s"},"participant":[{"member":{"reference":"PractitionerRole/w%[2]d"}}]}`,
		`{"resourceType":"CarePlan","id":"%[1]s","status":"active","intent":"plan","subject":{"reference":"Patient/%[1]s"},"careTeam":[{"reference":"CareTeam/%[1]s"}],
			"author":{"reference":"Practitioner/a%[2]d"},"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"}]}]}`,
		`{"resourceType":"Flag","id":"%[1]s","status":"active","code":{"text":"Falls"},"subject":{"reference":"Patient/%[1]s"}}`,
		`{"resourceType":"RiskAssessment","id":"%[1]s","status":"final","subject":{"reference":"Patient/%[1]s"}}`,
		`{"resourceType":"Goal","id":"%[1]s","lifecycleStatus":"active","subject":{"reference":"Patient/%[1]s"}}`,
	} {
		list = append(list, recordstest.Accept(t, home, p, fmt.Sprintf(body, p, i)))
	}
	return list
}

// crisisRead asks what a crisis read asks.
func crisisRead(t *testing.T, now store.Snapshot, i int) error {
	_, changed := now.Sequence()
	p, err := now.Person("urn:x", fmt.Sprint(i))
	if err != nil {
		return errors.Join(changed, err)
	}
	h, err := now.Holdings(p)
	if len(h.Custodians) != 1 || len(h.Directory) < 1 || len(h.Consulted) < 2 {
		err = errors.Join(err, fmt.Errorf("%v hold something, and of %v %v was found", h.Custodians, h.Consulted, h.Directory))
	}
	of := func(types ...string) (scopes []records.Scope) {
		for _, typ := range types {
			scopes = append(scopes, records.Scope{Person: p, Custodian: home, Type: typ, Items: profiles.AllItems})
		}
		return scopes
	}
	category, wrong := search.Parse("CarePlan", "category", profiles.CodeCrisisPlan)
	plans, failed := now.Find(of("CarePlan"), records.Query{Params: []search.Param{category}, Count: 20})
	beside, more := now.Find(of("Patient", "Flag", "RiskAssessment"), records.Query{Count: 300})
	if len(plans.Matches) != 1 || len(beside.Matches) != 3 {
		t.Errorf("found %v and beside it %v", plans.Matches, beside.Matches)
	}
	targets, lost := now.Targets(home, []string{"Patient/" + string(p), "CareTeam/" + string(p), "Practitioner/a"})
	if len(targets) != 2 {
		t.Errorf("targets: %v", targets)
	}
	_, unknown := now.Editions([]records.Reference{{Custodian: home, Text: "Practitioner/a"}})
	return errors.Join(changed, err, wrong, failed, more, lost, unknown)
}
