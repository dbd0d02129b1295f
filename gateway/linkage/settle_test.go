package linkage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestJoinMakesOnePerson: everything of both lies with one, open to both custodians,
// found by both numbers; and what was kept apart from the one is kept apart from the other.
func TestJoinMakesOnePerson(t *testing.T) {
	d := twoRecords(t)
	before, generations := d.picture(), d.generations()
	id, err := d.join("p1", "p2")
	must(t, err)
	after := d.picture()
	for _, want := range []string{
		"p1 {Person:p1 Custodian: Source: Patient: Apart: Doubts:[]", "Patient/a CarePlan/pa Patient/b CarePlan/pb 7A4=false LA9A1=false",
		one + " -> p2 <nil>", two + " -> p2 <nil>", "Patient:c Apart:p2 Doubts:[IDENTITY-CONFLICT]",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("no %q in\n%s", want, after)
		}
	}
	for i, g := range d.generations() {
		if g <= generations[i] {
			t.Errorf("the generation of p%d is %d after %d", i+1, g, generations[i])
		}
	}
	moves := d.moves()
	if m := moves[len(moves)-1]; m.ID != id || m.Kind != persons.Join || m.From != "p1" || m.To != "p2" || m.Reference != "ticket-1" || !m.At.After(start) {
		t.Errorf("kept as %+v", m)
	}
	must(t, d.undo(id))
	if undone := d.picture(); undone != before {
		t.Errorf("taken back:\n%s\nbefore:\n%s", undone, before)
	}
}

// Every move read the list of all who are in doubt, of whom there may be many.
func TestAMoveReadsOnlyWhomItConcerns(t *testing.T) {
	d := twoRecords(t)
	crowd := &crowded{}
	settle := func(change func(linkage.Linker, store.Tx) error) {
		must(t, d.do(func(l linkage.Linker, tx store.Tx) error { crowd.Tx = tx; return change(l, crowd) }))
	}
	var joined, parted persons.Move
	settle(func(l linkage.Linker, tx store.Tx) (err error) {
		joined, err = l.Join(tx, "p1", "p2", "ticket-1")
		return err
	})
	settle(func(l linkage.Linker, tx store.Tx) (err error) {
		_, err = l.Undo(tx, joined.ID, "ticket-1")
		return err
	})
	settle(func(l linkage.Linker, tx store.Tx) error { _, err := linkage.Inquire(tx, "p1"); return err })
	settle(func(l linkage.Linker, tx store.Tx) (err error) {
		joined, err = l.Join(tx, "p1", "p2", "ticket-1")
		return err
	})
	settle(func(l linkage.Linker, tx store.Tx) (err error) { parted, err = l.Part(tx, "a", "ticket-1"); return err })
	settle(func(l linkage.Linker, tx store.Tx) error { _, err := l.Undo(tx, parted.ID, "ticket-1"); return err })
	if crowd.listed != 0 || crowd.asked < 4 {
		t.Errorf("everybody in doubt was listed %d times, those apart from one person %d times", crowd.listed, crowd.asked)
	}
}

// crowded counts how often everybody in doubt is listed, and those apart from one person.
type crowded struct {
	store.Tx
	listed, asked int
}

func (c *crowded) Unresolved() ([]persons.Standing, error) { c.listed++; return c.Tx.Unresolved() }

func (c *crowded) ApartFrom(person profiles.PersonID) ([]persons.Standing, error) {
	c.asked++
	return c.Tx.ApartFrom(person)
}

// TestPartKeepsARecordApart: closed, listed, and whoever stays is as before.
func TestPartKeepsARecordApart(t *testing.T) {
	d := openDesk(t)
	d.bring(board, "p1", patient("a", one, ""), plan("pa", "a"), `{"resourceType":"Goal","id":"g","lifecycleStatus":"active","description":{"text":"x"}}`)
	d.bring(council, "p1", patient("b", one, ""), plan("pb", "b"))
	before := d.picture()
	id, err := d.part("b")
	must(t, err)
	after := d.picture()
	for _, want := range []string{
		"Patient/a CarePlan/pa Goal/g 7A4=false", "own-LA9A1-b {Person:own-LA9A1-b Custodian:LA9A1 Source:suite Patient:b Apart:p1 Doubts:[PARTED]",
		"Patient/b CarePlan/pb LA9A1=true", one + " -> p1 <nil>",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("no %q in\n%s", want, after)
		}
	}
	if due := d.outranks("own-LA9A1-b"); due {
		t.Error("an import would put together what somebody parted")
	}
	must(t, d.undo(id))
	if undone := d.picture(); undone != before {
		t.Errorf("taken back:\n%s\nbefore:\n%s", undone, before)
	}
}

// A plan went with whatever Patient it mentioned, as its author or in an extension.
func TestWhatIsAboutAPatientGoesWithThem(t *testing.T) {
	d := openDesk(t)
	logical := func(id, number string) string {
		return fmt.Sprintf(`{"resourceType":"CarePlan","id":%q,"status":"active","intent":"plan","subject":{"identifier":{"system":%q,"value":%q}}}`, id, profiles.SystemNHSNumber, number)
	}
	mentions := func(id, subject, other string) string {
		return strings.Replace(plan(id, subject), `"subject"`, `"author":{"reference":"Patient/`+other+`"},"subject"`, 1)
	}
	d.bring(board, "p1", patient("a", one, ""), patient("b", two, ""), mentions("of-a", "a", "b"), mentions("of-b", "b", "a"),
		logical("number-a", one), logical("number-b", two), `{"resourceType":"Goal","id":"nobodys","lifecycleStatus":"active","description":{"text":"x"}}`,
		`{"resourceType":"Goal","id":"mentions-b","lifecycleStatus":"active","description":{"text":"x"},"expressedBy":{"reference":"Patient/b"}}`)
	d.bring(council, "p1", patient("c", "", ""), `{"resourceType":"Goal","id":"councils","lifecycleStatus":"active","description":{"text":"x"}}`)
	for _, id := range []string{"c", "b"} {
		_, err := d.part(id)
		must(t, err)
	}
	after := d.picture()
	for _, want := range []string{
		": Patient/a CarePlan/of-a CarePlan/number-a Goal/nobodys 7A4=", ": Patient/b CarePlan/of-b CarePlan/number-b Goal/mentions-b 7A4=true", ": Patient/c Goal/councils LA9A1=true",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("no %q in\n%s", want, after)
		}
	}
}

// TestConfirmOpensWhoIsInDoubt and no more than that: another link closes again.
func TestConfirmOpensWhoIsInDoubt(t *testing.T) {
	link := func(to string) string {
		return `,"link":[{"type":"replaces","other":{"reference":"Patient/` + to + `"}}]`
	}
	for name, c := range map[string]struct{ first, then string }{
		"a link":       {patient("a", one, link("gone")), patient("a", one, link("elsewhere"))},
		"two numbers":  {patient("a", "", fmt.Sprintf(`,"identifier":[{"system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, one, profiles.SystemNHSNumber, two)), patient("a", "9990000050", "")},
		"no number":    {patient("a", "", ""), patient("a", "", link("gone"))},
		"a superseded": {patient("a", "", fmt.Sprintf(`,"identifier":[{"use":"old","system":%q,"value":%q}]`, profiles.SystemNHSNumber, one)), patient("a", "", link("gone"))},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			d.bring(board, "p1", c.first)
			before := d.picture()
			if !strings.Contains(before, "p1 {Person:p1 Custodian:7A4 Source:suite Patient:a Apart: Doubts:[") || strings.Contains(before, "Patient:a Apart: Doubts:[]") {
				t.Fatalf("nothing is in doubt to begin with:\n%s", before)
			}
			id, err := d.confirm("p1")
			must(t, err)
			if after := d.picture(); !strings.Contains(after, "Patient:a Apart: Doubts:[] ") || d.closed("p1", board) {
				t.Errorf("still in doubt:\n%s", after)
			}
			if name != "two numbers" {
				d.bring(board, "p1", c.then)
				if !d.closed("p1", board) {
					t.Errorf("what is new is open:\n%s", d.picture())
				}
				d.bring(board, "p1", c.first)
			}
			must(t, d.undo(id))
			if undone := d.picture(); undone != before {
				t.Errorf("taken back:\n%s\nbefore:\n%s", undone, before)
			}
		})
	}
}

// TestConfirmOpensWhoIsSomebodyElse: two records of which one says that the other's
// number was its own, and that are two humans' all the same.
func TestConfirmOpensWhoIsSomebodyElse(t *testing.T) {
	d := openDesk(t)
	d.bring(board, "p1", patient("a", one, ""), plan("pa", "a"))
	d.bring(council, "p2", patient("b", "", fmt.Sprintf(`,"identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, one, profiles.SystemNHSNumber, two)), plan("pb", "b"))
	d.stand(persons.Standing{Person: "p2", Custodian: council, Source: "suite", Patient: "b", Apart: "p1", Doubts: []persons.Doubt{persons.Replaced}, Since: start})
	before := d.picture()
	if !d.closed("p2", council) || !strings.Contains(before, two+" ->  ") {
		t.Fatalf("nothing is closed to begin with:\n%s", before)
	}
	id, err := d.confirm("p2")
	must(t, err)
	after := d.picture()
	if d.closed("p2", council) || !strings.Contains(after, two+" -> p2 <nil>") || !strings.Contains(after, one+" -> p1 <nil>") || !strings.Contains(after, "Apart: Doubts:[] Confirmed:[Patient/b ") {
		t.Errorf("still closed:\n%s", after)
	}
	must(t, d.undo(id))
	if undone := d.picture(); undone != before {
		t.Errorf("taken back:\n%s\nbefore:\n%s", undone, before)
	}
}

// TestWhatCannotBeSettledChangesNothing, and says why.
func TestWhatCannotBeSettledChangesNothing(t *testing.T) {
	d := twoRecords(t)
	joined, err := d.join("p1", "p2")
	must(t, err)
	must(t, d.undo(joined))
	apart := func(err error) error { return err }
	before := d.picture()
	later, err := d.join("p3", "p1")
	must(t, err)
	laterStill, err := d.join("p1", "p2")
	must(t, err)
	for name, c := range map[string]struct{ got, want error }{
		"a move that another one rests on": {apart(d.undo(later)), linkage.ErrLater},
		"a move that is taken back":        {apart(d.undo(joined)), linkage.ErrUndone},
		"no move":                          {apart(d.undo("m99")), linkage.ErrNoMove},
		"an undoing":                       {apart(d.undo("m2")), linkage.ErrNotThis},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	must(t, d.undo(laterStill))
	must(t, d.undo(later))
	if after := d.picture(); after != before {
		t.Errorf("taken back:\n%s\nbefore:\n%s", after, before)
	}
	d.bring(board, "own-7A4-a", patient("m", "", `,"modifierExtension":[{"url":"http://x","valueBoolean":true}]`))
	before = d.picture()
	second := func(_ string, err error) error { return err }
	for name, c := range map[string]struct{ got, want error }{
		"into itself":            {second(d.join("p1", "p1")), linkage.ErrSame},
		"from nobody":            {second(d.join("nobody", "p1")), linkage.ErrNobody},
		"into nobody":            {second(d.join("p1", "nobody")), linkage.ErrNobody},
		"into who is kept apart": {second(d.join("p1", "p3")), linkage.ErrApart},
		"part the only one":      {second(d.part("a")), linkage.ErrOnlyOne},
		"part nobody":            {second(d.part("zz")), linkage.ErrNobody},
		"confirm nobody":         {second(d.confirm("nobody")), linkage.ErrNobody},
		"confirm who is clear":   {second(d.confirm("p1")), linkage.ErrNoDoubt},
		"confirm what is apart":  {second(d.confirm("p3")), linkage.ErrClaimed},
		"confirm a modifier":     {second(d.confirm("own-7A4-a")), linkage.ErrStays},
		"join to a third one":    {second(d.join("p3", "p2")), linkage.ErrClaimed},
		"without a ground":       {d.joinOn("", "p1", "p2"), linkage.ErrGround},
		"by somebody's name":     {d.joinOn("Ann Jones said so", "p1", "p2"), linkage.ErrGround},
		"by somebody's number":   {d.joinOn("999-000-0018", "p1", "p2"), linkage.ErrGround},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if after := d.picture(); after != before {
		t.Errorf("something changed:\n%s\nbefore:\n%s", after, before)
	}
}

// TestConfirmedRecordsMakeWayForNothing: what somebody joined is parted by nobody's rank.
func TestConfirmedRecordsMakeWayForNothing(t *testing.T) {
	d := openDesk(t)
	other := func(id string) string {
		return strings.NewReplacer("1980-05-17", "1999-09-09", "Jones", "Price", "Ann", "Bryn").Replace(patient(id, one, ""))
	}
	d.bring(board, "p1", patient("a", one, ""))
	d.bring(council, "p2", other("b"), plan("pb", "b"))
	d.stand(persons.Standing{Person: "p2", Patient: "b", Apart: "p1", Doubts: []persons.Doubt{persons.Contradicts}, Since: start})
	if !d.outranks("p2") {
		t.Fatal("a record with a plan does not outrank one without: the test could not fail")
	}
	_, err := d.join("p2", "p1")
	must(t, err)
	d.bring(council, "p3", strings.Replace(other("c"), "Price", "Evans", 1), plan("pc", "c"))
	d.stand(persons.Standing{Person: "p3", Patient: "c", Apart: "p1", Doubts: []persons.Doubt{persons.Contradicts}, Since: start})
	if d.outranks("p3") {
		t.Error("a record outranks what somebody joined")
	}
	must(t, d.store.View(t.Context(), func(now store.Snapshot) error {
		held, err := linkage.Patients(now, "p1")
		if v := linkage.Compare(held[0].Said, held[1:]); err != nil || v != 0 {
			t.Errorf("the two do not contradict each other: %v, %v", v, err)
		}
		for _, h := range held {
			if v := linkage.Compare(h.Said, held); v == 0 {
				t.Error("who agrees with one of two that somebody joined is kept apart")
			}
		}
		return err
	}))
}
