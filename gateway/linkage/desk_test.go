package linkage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/profiles"
)

const (
	board   profiles.OrgCode = "7A4"
	council profiles.OrgCode = "LA9A1"
	one                      = "9990000018"
	two                      = "9990000026"
)

var start = time.Date(2026, 7, 31, 9, 0, 0, 0, time.UTC)

// desk is a store and somebody who settles things at it.
type desk struct {
	t     testing.TB
	store *memory.Store
	hours *int // that have gone by
}

func openDesk(t testing.TB) desk { return desk{t, memory.New(), new(int)} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bring keeps resources about a person, and looks at them as an import does.
func (d desk) bring(custodian profiles.OrgCode, person profiles.PersonID, bodies ...string) {
	d.t.Helper()
	for _, body := range bodies {
		recordstest.Put(d.t, d.store, start, recordstest.Accept(d.t, custodian, person, body))
	}
	must(d.t, d.do(func(l linkage.Linker, tx store.Tx) error { return l.Look(tx, person) }))
}

func (d desk) do(change func(linkage.Linker, store.Tx) error) error {
	own := func(custodian profiles.OrgCode, source, patient string) profiles.PersonID {
		return profiles.PersonID("own-" + string(custodian) + "-" + patient)
	}
	*d.hours++
	at := start.Add(time.Duration(*d.hours) * time.Hour)
	return d.store.Update(d.t.Context(), func(tx store.Tx) error { return change(linkage.Linker{At: at, Own: own}, tx) })
}

func (d desk) stand(s persons.Standing) {
	d.t.Helper()
	must(d.t, d.do(func(_ linkage.Linker, tx store.Tx) error { return tx.Stand(s) }))
}

func (d desk) join(from, into profiles.PersonID) (id string, err error) {
	err = d.do(func(l linkage.Linker, tx store.Tx) error {
		m, err := l.Join(tx, from, into, "ticket-1")
		id = m.ID
		return err
	})
	return id, err
}

func (d desk) joinOn(ground string, from, into profiles.PersonID) error {
	return d.do(func(l linkage.Linker, tx store.Tx) error {
		_, err := l.Join(tx, from, into, ground)
		return err
	})
}

func (d desk) part(patient string) (id string, err error) {
	err = d.do(func(l linkage.Linker, tx store.Tx) error {
		m, err := l.Part(tx, patient, "ticket-2")
		id = m.ID
		return err
	})
	return id, err
}

func (d desk) confirm(person profiles.PersonID) (id string, err error) {
	err = d.do(func(l linkage.Linker, tx store.Tx) error {
		m, err := l.Confirm(tx, person, "ticket-3")
		id = m.ID
		return err
	})
	return id, err
}

func (d desk) undo(id string) error {
	return d.do(func(l linkage.Linker, tx store.Tx) error {
		_, err := l.Undo(tx, id, "ticket-4")
		return err
	})
}

// picture is where everything lies, who is closed to whom and who is listed: all that a
// move may change, but for the generations.
func (d desk) picture() string {
	d.t.Helper()
	var b strings.Builder
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) error {
		for _, person := range []profiles.PersonID{"p1", "p2", "p3", "own-7A4-a", "own-7A4-b", "own-LA9A1-b", "own-7A4-c", "own-LA9A1-c"} {
			held, err := now.Held(person, "")
			if err != nil {
				return err
			}
			standing, err := now.Standing(person)
			if err != nil {
				return err
			}
			h, err := now.Holdings(person)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %+v:", person, standing)
			for _, v := range held {
				fmt.Fprintf(&b, " %s/%s", v.Type, v.ID)
			}
			for _, c := range h.Custodians {
				fmt.Fprintf(&b, " %s=%v", c, h.At(c).Unverified)
			}
			b.WriteByte('\n')
		}
		for _, number := range []string{one, two} {
			person, err := now.Person(profiles.SystemNHSNumber, number)
			fmt.Fprintf(&b, "%s -> %s %v\n", number, person, err)
		}
		return nil
	}))
	return b.String()
}

func (d desk) generations() (all []uint64) {
	d.t.Helper()
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) error {
		for _, person := range []profiles.PersonID{"p1", "p2", "p3"} {
			g, err := now.Generation(person)
			if err != nil {
				return err
			}
			all = append(all, g)
		}
		return nil
	}))
	return all
}

// nobodyHides fails where two persons who are not kept apart have one number in use:
// it would lead to neither, and nothing would list them.
func (d desk) nobodyHides(everybody []profiles.PersonID) {
	d.t.Helper()
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) error {
		holders := map[string][]profiles.PersonID{}
		for _, person := range everybody {
			standing, err := now.Standing(person)
			if err != nil {
				return err
			}
			patients, err := linkage.Patients(now, person)
			if err != nil {
				return err
			}
			for _, number := range []string{one, two} {
				if standing.Apart == "" && linkage.InUse(number, patients) {
					holders[number] = append(holders[number], person)
				}
			}
		}
		for _, list := range holders {
			if len(list) > 1 {
				d.t.Errorf("%v have one number:\n%s", list, d.picture())
			}
		}
		return nil
	}))
}

// about is a person as a custodian's decision has them.
func (d desk) closed(person profiles.PersonID, custodian profiles.OrgCode) (closed bool) {
	d.t.Helper()
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) error {
		h, err := now.Holdings(person)
		closed = h.At(custodian).Unverified
		return err
	}))
	return closed
}

func patient(id, number, more string) string {
	identifier := ""
	if number != "" {
		identifier = fmt.Sprintf(`,"identifier":[{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, number)
	}
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"Jones","given":["Ann"]}],"birthDate":"1980-05-17"` + identifier + more + `}`
}

func plan(id, patient string) string {
	return `{"resourceType":"CarePlan","id":"` + id + `","status":"active","intent":"plan","subject":{"reference":"Patient/` + patient + `"}}`
}

// twoRecords are of one human, under two numbers, of two custodians; p3 is kept apart
// from the first.
func twoRecords(t testing.TB) desk {
	d := openDesk(t)
	d.bring(board, "p1", patient("a", one, ""), plan("pa", "a"))
	d.bring(council, "p2", patient("b", two, `,"link":[{"type":"replaces","other":{"reference":"Patient/gone"}}]`), plan("pb", "b"))
	d.bring(board, "p3", patient("c", one, ""), plan("pc", "c"))
	d.stand(persons.Standing{Person: "p3", Patient: "c", Apart: "p1", Doubts: []persons.Doubt{persons.Contradicts}, Since: start})
	return d
}

func (d desk) moves() (moves []persons.Move) {
	d.t.Helper()
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) (err error) {
		moves, err = now.Moves()
		return err
	}))
	return moves
}

func (d desk) outranks(person profiles.PersonID) (due bool) {
	d.t.Helper()
	must(d.t, d.store.View(d.t.Context(), func(now store.Snapshot) (err error) {
		due, err = linkage.Outranks(now, person)
		return err
	}))
	return due
}
