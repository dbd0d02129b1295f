package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpagateway/consent"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

const (
	other  = "person-other"
	number = "9990000018"
	former = "9990000026"
)

// personSuite is what a store answers for who is who.
var personSuite = []struct {
	name string
	test func(t *testing.T, s store.Store)
}{
	{"standings are kept, listed and taken back", standings},
	{"records kept apart have no identifier, and lend their wishes", apart},
	{"an identifier in use goes before a superseded one", superseded},
	{"what is held is everything, in the order of first storing", held},
	{"a move makes resources another person's, with every version", moving},
	{"a move of what is elsewhere moves nothing", notMoving},
	{"generations move with standings, moves and wishes kept apart", generations},
}

// bring puts resources about a person.
func bring(t testing.TB, s store.Store, person profiles.PersonID, bodies ...string) {
	t.Helper()
	var batch []consent.Accepted
	for _, body := range bodies {
		batch = append(batch, recordstest.Accept(t, home, person, body))
	}
	recordstest.Put(t, s, start, batch...)
}

// patientWith is a Patient with an NHS number.
func patientWith(id, number, more string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q%s}]}`, id, profiles.SystemNHSNumber, number, more)
}

func about(typ, id, patient string) string {
	return fmt.Sprintf(`{"resourceType":%q,"id":%q,"subject":{"reference":"Patient/%s"},"patient":{"reference":"Patient/%s"}}`, typ, id, patient, patient)
}

// treating is what the person's own team sees of plans.
func treating(t testing.TB, person profiles.PersonID) []records.Scope {
	t.Helper()
	return records.ScopesOf([]consent.Decision{recordstest.Treating(t, person)}, "CarePlan")
}

// whose is who has an identifier.
func whose(t testing.TB, s store.Store, number string, want profiles.PersonID) {
	t.Helper()
	view(t, s, func(now store.Snapshot) error {
		got, err := now.Person(profiles.SystemNHSNumber, number)
		if got != want || (want == "") != errors.Is(err, records.ErrNothing) {
			t.Errorf("the number leads to %q (%v), want %q", got, err, want)
		}
		return nil
	})
}

func standings(t *testing.T, s store.Store) {
	first := persons.Standing{Person: other, Custodian: home, Source: "suite", Patient: "o", Apart: ann, Doubts: []persons.Doubt{persons.Contradicts}, Confirmed: []string{"Patient/x"}, Since: start}
	second := persons.Standing{Person: "second", Doubts: []persons.Doubt{persons.NoNumber, persons.Linked}, Since: start.Add(-1)}
	settled := persons.Standing{Person: "settled", Confirmed: []string{"Patient/y"}}
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Stand(first), tx.Stand(second), tx.Stand(settled), tx.Stand(persons.Standing{Person: "nobody"}))
	})
	look := func(want ...persons.Standing) {
		t.Helper()
		view(t, s, func(now store.Snapshot) error {
			list, err := now.Unresolved()
			counts, more := now.CountUnresolved()
			wanted := make(map[persons.Doubt]int)
			for _, s := range want {
				wanted[s.First()]++
			}
			if diff := cmp.Diff(want, list) + cmp.Diff(wanted, counts); diff != "" {
				t.Error(diff)
			}
			for _, from := range []profiles.PersonID{"", ann, other, "unknown"} {
				var wanted []persons.Standing
				for _, s := range want {
					if s.Apart != "" && s.Apart == from {
						wanted = append(wanted, s)
					}
				}
				apart, err := now.ApartFrom(from)
				if diff := cmp.Diff(wanted, apart, cmpopts.EquateEmpty()); diff != "" || err != nil {
					t.Errorf("apart from %q: %v %s", from, err, diff)
				}
			}
			return errors.Join(err, more)
		})
	}
	look(second, first)
	third := persons.Standing{Person: "third", Apart: other, Since: start.Add(1)}
	update(t, s, func(tx store.Tx) error { return tx.Stand(third) })
	look(second, first, third)
	update(t, s, func(tx store.Tx) error { return tx.Stand(persons.Standing{Person: "third"}) })
	view(t, s, func(now store.Snapshot) error {
		for _, want := range []persons.Standing{first, second, settled, {Person: "nobody"}, {Person: "unknown"}} {
			got, err := now.Standing(want.Person)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", want.Person, err, diff)
			}
		}
		return nil
	})
	first.Apart, first.Doubts = "", nil
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Stand(first), tx.Stand(persons.Standing{Person: "second"}))
	})
	look()
}

func apart(t *testing.T, s store.Store) {
	bring(t, s, ann, patientWith("ann", number, ""), about("Consent", "hers", "ann"))
	bring(t, s, other, patientWith("other", number, ""), about("Consent", "other", "other"), about("CareTeam", "team", "other"), about("CarePlan", "plan", "other"))
	whose(t, s, number, "")
	update(t, s, func(tx store.Tx) error {
		return tx.Stand(persons.Standing{Person: other, Apart: ann, Doubts: []persons.Doubt{persons.Contradicts}, Confirmed: []string{"x"}})
	})
	whose(t, s, number, ann)
	view(t, s, func(now store.Snapshot) error {
		for person, want := range map[profiles.PersonID][]string{
			ann:   {"Patient", "Consent/hers", "Consent/other of another"},
			other: {"Patient", "Consent/other", "CareTeam"},
		} {
			h, err := now.Holdings(person)
			if err != nil {
				return err
			}
			var got []string
			for _, f := range h.Facts {
				name := f.Type
				if f.Directive != nil {
					name += "/" + f.Directive.ID
				}
				if f.Apart {
					name += " of another"
				}
				got = append(got, name)
			}
			closed := person == other
			if !slices.Equal(got, want) || h.Identity.Apart != closed || closed != slices.Equal(h.Identity.Confirmed, []string{"x"}) {
				t.Errorf("%s: %v %+v, want %v", person, got, h.Identity, want)
			}
			if at := h.At(home); at.Unverified != closed {
				t.Errorf("%s: %+v", person, at)
			}
		}
		return nil
	})
	update(t, s, func(tx store.Tx) error { return tx.Stand(persons.Standing{Person: other}) })
	whose(t, s, number, "")
}

func superseded(t *testing.T, s store.Store) {
	bring(t, s, ann, patientWith("ann", number, `,"use":"old"`))
	whose(t, s, number, ann)
	bring(t, s, other, patientWith("other", number, `,"period":{"end":"2020-01-01"}`))
	whose(t, s, number, "") // two had it once
	bring(t, s, "third", patientWith("third", number, ""))
	whose(t, s, number, "third")
	bring(t, s, other, patientWith("other", number, ""))
	whose(t, s, number, "")
	both := fmt.Sprintf(`{"resourceType":"Patient","id":"both","identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]}`,
		profiles.SystemNHSNumber, former, profiles.SystemNHSNumber, former)
	bring(t, s, ann, both)
	bring(t, s, other, patientWith("otherwise", former, `,"use":"old"`))
	whose(t, s, former, ann) // said twice of one number: in use is what counts
}

func held(t *testing.T, s store.Store) {
	bring(t, s, ann, about("CarePlan", "plan", "ann"), patientWith("ann", number, ""))
	bring(t, s, "", `{"resourceType":"Practitioner","id":"staff"}`)
	bring(t, s, other, patientWith("other", former, ""))
	bring(t, s, ann, patientWith("ann", former, ""))
	view(t, s, func(now store.Snapshot) error {
		list, err := now.Held(ann, "")
		if err != nil || len(list) != 2 || list[0].ID != "plan" || list[1].Number != 2 || list[1].Custodian != home || string(list[1].Body) != patientWith("ann", former, "") {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := now.Held(ann, "Patient"); err != nil || len(list) != 1 || list[0].ID != "ann" {
			t.Errorf("of one type: %+v, %v", list, err)
		}
		if v, err := now.Current("Patient", "ann"); err != nil || v.Number != 2 || v.Person != ann || string(v.Body) != patientWith("ann", former, "") {
			t.Errorf("the current version is %+v, %v", v, err)
		}
		if v, err := now.Current("Patient", "plan"); !errors.Is(err, records.ErrNothing) {
			t.Errorf("what was never stored is %+v, %v", v, err)
		}
		return nil
	})
	recordstest.Put(t, s, start, recordstest.Remove(t, home, ann, "CarePlan", "plan"))
	view(t, s, func(now store.Snapshot) error {
		if list, err := now.Held(ann, ""); err != nil || len(list) != 2 || !list[0].Deleted || list[1].Deleted {
			t.Errorf("with what was removed: %+v, %v", list, err)
		}
		for _, nobody := range []profiles.PersonID{"", "unknown"} {
			if list, err := now.Held(nobody, ""); err != nil || len(list) != 0 {
				t.Errorf("of %q: %+v, %v", nobody, list, err)
			}
		}
		return nil
	})
}

func moving(t *testing.T, s store.Store) {
	bring(t, s, ann, patientWith("ann", number, ""), about("CarePlan", "hers", "ann"))
	bring(t, s, other, patientWith("other", former, ""), about("CarePlan", "plan", "other"), about("CarePlan", "stays", "other"))
	bring(t, s, other, `{"resourceType":"CarePlan","id":"plan","status":"active","intent":"plan","subject":{"reference":"Patient/other"}}`)
	m := persons.Move{ID: "m1", Kind: persons.Join, At: start, From: other, To: ann, Resources: []string{"Patient/other", "CarePlan/plan"}, Reference: "ticket 7",
		Before: []persons.Standing{{Person: other, Apart: ann, Doubts: []persons.Doubt{persons.Contradicts}}}}
	update(t, s, func(tx store.Tx) error { return tx.Move(m) })
	whose(t, s, former, ann)
	view(t, s, func(now store.Snapshot) error {
		status, err := search.Parse("CarePlan", "status", "active")
		if err != nil {
			t.Fatal(err)
		}
		hers := treating(t, ann)
		page, err := now.Find(hers, records.Query{Params: []search.Param{status}, Count: 10})
		if err != nil || len(page.Matches) != 1 || page.Matches[0].ID != "plan" || page.Matches[0].Person != ann {
			t.Errorf("a search finds %+v, %v", page.Matches, err)
		}
		if v, err := now.ReadVersion(hers, "plan", 2); err != nil || v.Person != ann {
			t.Errorf("a version of it: %+v, %v", v, err)
		}
		if v, err := now.Read(treating(t, other), "plan"); !errors.Is(err, records.ErrNothing) {
			t.Errorf("it is still the other's: %+v, %v", v, err)
		}
		if v, err := now.Read(treating(t, other), "stays"); err != nil {
			t.Errorf("what was not moved: %+v, %v", v, err)
		}
		moves, err := now.Moves()
		n, more := now.CountMoves()
		if diff := cmp.Diff([]persons.Move{m}, moves); diff != "" || n != 1 {
			t.Errorf("%d moves: %s", n, diff)
		}
		return errors.Join(err, more)
	})
	back := persons.Move{ID: "m2", Kind: persons.Undo, At: start, From: ann, To: other, Resources: m.Resources, Undoes: "m1"}
	update(t, s, func(tx store.Tx) error { return tx.Move(back) })
	whose(t, s, former, other)
	bring(t, s, other, `{"resourceType":"CarePlan","id":"plan","status":"completed","intent":"plan","subject":{"reference":"Patient/other"}}`)
}

func notMoving(t *testing.T, s store.Store) {
	bring(t, s, ann, patientWith("ann", number, ""))
	bring(t, s, other, patientWith("other", former, ""))
	before := generationsOf(t, s)
	update(t, s, func(tx store.Tx) error {
		for _, strange := range []string{"Patient/ann", "Patient/unknown"} {
			err := tx.Move(persons.Move{ID: strange, From: other, To: "third", Resources: []string{"Patient/other", strange}})
			if !errors.Is(err, persons.ErrElsewhere) {
				t.Errorf("moving %s with it: %v", strange, err)
			}
		}
		return nil
	})
	view(t, s, func(now store.Snapshot) error {
		person, err := now.PersonOf("Patient", "other")
		n, more := now.CountMoves()
		if person != other || n != 0 || err != nil || more != nil {
			t.Errorf("it is %q's now, after %d moves", person, n)
		}
		return nil
	})
	if after := generationsOf(t, s); after != before {
		t.Errorf("generations %v, %v before", after, before)
	}
}

func generationsOf(t testing.TB, s store.Store) (both [2]uint64) {
	t.Helper()
	view(t, s, func(now store.Snapshot) (err error) {
		for i, person := range []profiles.PersonID{ann, other} {
			var more error
			both[i], more = now.Generation(person)
			err = errors.Join(err, more)
		}
		return err
	})
	return both
}

func generations(t *testing.T, s store.Store) {
	bring(t, s, ann, patientWith("ann", number, ""))
	bring(t, s, other, patientWith("other", former, ""), about("CarePlan", "plan", "other"))
	stand := func(from profiles.PersonID) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Stand(persons.Standing{Person: other, Apart: from}) }
	}
	move := func(from, to profiles.PersonID) func(store.Tx) error {
		return func(tx store.Tx) error {
			return tx.Move(persons.Move{ID: string(from), From: from, To: to, Resources: []string{"CarePlan/plan"}})
		}
	}
	for _, c := range []struct {
		what   string
		change func(store.Tx) error
		moved  [2]bool
	}{
		{"kept apart", stand(ann), [2]bool{true, true}},
		{"a wish of the record kept apart", func(tx store.Tx) error {
			_, err := tx.Put(start, recordstest.Accept(t, home, other, about("Consent", "c", "other")), records.Precondition{})
			return err
		}, [2]bool{true, true}},
		{"a plan of it, which no decision on the other rests on", func(tx store.Tx) error {
			_, err := tx.Put(start, recordstest.Accept(t, home, other, about("CarePlan", "plan2", "other")), records.Precondition{})
			return err
		}, [2]bool{false, true}},
		{"no longer", stand(""), [2]bool{true, true}},
		{"a wish of its own", func(tx store.Tx) error {
			_, err := tx.Put(start, recordstest.Accept(t, home, other, about("Consent", "d", "other")), records.Precondition{})
			return err
		}, [2]bool{false, true}},
		{"moved there", move(other, ann), [2]bool{true, true}},
		{"moved back", move(ann, other), [2]bool{true, true}},
	} {
		before := generationsOf(t, s)
		update(t, s, c.change)
		after := generationsOf(t, s)
		if got := [2]bool{after[0] > before[0], after[1] > before[1]}; got != c.moved || after[0] < before[0] || after[1] < before[1] {
			t.Errorf("%s: generations %v after %v, want moved %v", c.what, after, before, c.moved)
		}
	}
}
