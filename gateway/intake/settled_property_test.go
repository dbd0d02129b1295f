package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestNobodyIsMixedUpOrLost: whatever sources send and whatever somebody settles between,
// a plan lies with its Patient, no number leads to two, nobody is closed or cannot be
// found without being listed, and nobody lies with somebody whom they contradict
// but on somebody's word.
func TestNobodyIsMixedUpOrLost(t *testing.T) {
	settled, apart := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := openDesk(t)
		w := people{d, map[string]string{}, rt}
		for range rapid.IntRange(2, 8).Draw(rt, "steps") {
			if rapid.IntRange(0, 2).Draw(rt, "settle") == 0 {
				if w.settle() {
					settled++
				}
			} else {
				w.send()
			}
			apart += w.hold()
		}
	})
	if settled == 0 || apart == 0 {
		t.Errorf("%d settled, %d apart: nothing was put to the test", settled, apart)
	}
}

// people are the Patients of two sources, by source/key, and the ids that they got.
type people struct {
	*desk
	ids map[string]string
	rt  *rapid.T
}

// send brings a Patient in, with its plan.
func (w people) send() {
	source := rapid.SampledFrom([]string{"clinic", "ward"}).Draw(w.rt, "source")
	key := rapid.SampledFrom([]string{"a", "b"}).Draw(w.rt, "key")
	h := rapid.SampledFrom([]human{annHerself, somebody}).Draw(w.rt, "who")
	h.id, h.number, h.verified = key, "", rapid.Bool().Draw(w.rt, "traced")
	var identifiers []string
	for _, number := range []string{ann, bryn} {
		use := rapid.SampledFrom([]string{"", "official", "old"}).Draw(w.rt, number)
		if use != "" {
			identifiers = append(identifiers, fmt.Sprintf(`{"use":%q,"system":%q,"value":%q}`, use, profiles.SystemNHSNumber, number))
		}
	}
	var more []string
	if len(identifiers) > 0 {
		more = append(more, `"identifier":[`+strings.Join(identifiers, ",")+`]`)
	}
	if to := rapid.SampledFrom([]string{"", "", "a", "b", "gone"}).Draw(w.rt, "link"); to != "" {
		more = append(more, `"link":[{"type":"seealso","other":{"reference":"Patient/`+to+`"}}]`)
	}
	h.more = strings.Join(more, ",")
	pieces := []string{h.String()}
	if rapid.Bool().Draw(w.rt, "plan") {
		pieces = append(pieces, plan("p"+key, key))
	}
	_, err := w.Run(context.Background(), bundles(w.t, source), collection(pieces...))
	must(w.t, err)
	w.ids[source+"/"+key] = intake.IDOf(w.Secret, "7A4", source, "Patient", key)
}

// all are the persons of all Patients.
func (w people) all(now store.Snapshot) []profiles.PersonID {
	var list []profiles.PersonID
	for _, id := range w.ids {
		person, err := now.PersonOf("Patient", id)
		if errors.Is(err, records.ErrNothing) {
			continue
		}
		must(w.t, err)
		list = append(list, person)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// settle does what somebody may have found out.
func (w people) settle() (done bool) {
	err := w.store.Update(context.Background(), func(tx store.Tx) (err error) {
		everybody := w.all(tx)
		moves, err := tx.Moves()
		if err != nil || len(everybody) == 0 {
			return err
		}
		l := linkage.Linker{At: w.now, Own: intake.OwnPerson(w.Secret)}
		person := func(label string) profiles.PersonID { return rapid.SampledFrom(everybody).Draw(w.rt, label) }
		switch rapid.IntRange(0, 3).Draw(w.rt, "command") {
		case 0:
			_, err = l.Join(tx, person("from"), person("into"), "ticket")
		case 1:
			patients, more := linkage.Patients(tx, person("of"))
			must(w.t, more)
			_, err = l.Part(tx, patients[0].Version.ID, "ticket")
		case 2:
			_, err = l.Confirm(tx, person("whom"), "ticket")
		default:
			_, err = l.Undo(tx, fmt.Sprint("m", len(moves)), "ticket")
		}
		return err
	})
	if _, refused := errors.AsType[linkage.Refusal](err); !refused {
		must(w.t, err)
	}
	return err == nil
}

// hold looks at everybody, and counts who is kept apart.
func (w people) hold() (apart int) {
	must(w.t, w.store.View(context.Background(), func(now store.Snapshot) error {
		open := map[string][]profiles.PersonID{}
		for _, person := range w.all(now) {
			standing, err := now.Standing(person)
			must(w.t, err)
			patients, err := linkage.Patients(now, person)
			must(w.t, err)
			if standing.Apart != "" {
				apart++
			} else {
				w.listed(now, person, patients, standing)
				for _, number := range []string{ann, bryn} {
					if linkage.InUse(number, patients) {
						open[number] = append(open[number], person)
					}
				}
			}
			if held, err := now.Holdings(person); err != nil || held.At("7A4").Unverified && !standing.Open() {
				w.rt.Fatalf("%s is closed and not listed: %v", person, err)
			}
			w.alike(person, patients, standing)
		}
		for number, list := range open {
			if len(list) > 1 {
				w.rt.Fatalf("%s leads to %v", number, list)
			}
		}
		return w.together(now)
	}))
	return apart
}

// listed holds that whoever is found under no number is listed, or confirmed.
func (w people) listed(now store.Snapshot, person profiles.PersonID, patients []linkage.Patient, standing persons.Standing) {
	if standing.Open() || len(standing.Confirmed) > 0 {
		return
	}
	for _, number := range []string{ann, bryn} {
		if holder, _, err := linkage.Holder(now, number); err == nil && holder == person && linkage.InUse(number, patients) {
			return
		}
	}
	w.rt.Fatalf("%s is found under no number, and not listed", person)
}

// alike holds that the Patients of one person contradict each other on somebody's word
// only: on that of whoever confirmed one of the two, or one that agrees with the one and
// contradicts the other (linkage.Compare).
func (w people) alike(person profiles.PersonID, patients []linkage.Patient, standing persons.Standing) {
	confirmed := func(p linkage.Patient) bool { return slices.Contains(standing.Confirmed, "Patient/"+p.Version.ID) }
	for i, p := range patients {
		for _, q := range patients[:i] {
			if matching.SamePerson(p.Said, q.Said) || confirmed(p) || confirmed(q) {
				continue
			}
			onWord := slices.ContainsFunc(patients, func(o linkage.Patient) bool {
				return confirmed(o) && matching.SamePerson(p.Said, o.Said) != matching.SamePerson(q.Said, o.Said)
			})
			if !onWord {
				w.rt.Fatalf("two Patients of %s contradict each other: %+v", person, standing)
			}
		}
	}
}

// together holds that a plan lies with its Patient.
func (w people) together(now store.Snapshot) error {
	for name, patient := range w.ids {
		source, key, _ := strings.Cut(name, "/")
		ofPlan, err := now.PersonOf("CarePlan", intake.IDOf(w.Secret, "7A4", source, "CarePlan", "p"+key))
		if errors.Is(err, records.ErrNothing) {
			continue
		}
		if err != nil {
			return err
		}
		if ofPatient, err := now.PersonOf("Patient", patient); err != nil || ofPatient != ofPlan {
			w.rt.Fatalf("the plan of %s lies with %s and not with %s: %v", name, ofPlan, ofPatient, err)
		}
	}
	return nil
}
