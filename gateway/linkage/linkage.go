// Package linkage settles whose records are whose: it finds out what is in doubt about
// a person, which of two contradicting records is the established one, and does what
// somebody has decided: to join two persons, to part a record from one, to confirm what
// was in doubt, and to take any of these back. Whatever moves is kept.
package linkage

import (
	"errors"
	"slices"
	"time"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Linker settles whose records are whose at one moment.
type Linker struct {
	At time.Time
	// Own gives the person of a Patient that is filed under nobody else.
	Own func(custodian profiles.OrgCode, source, patient string) profiles.PersonID
}

// Patient is a Patient that is kept, and what it says.
type Patient struct {
	Version records.Version
	Said    matching.Record
}

// Patients are those of a person.
func Patients(now store.Snapshot, person profiles.PersonID) ([]Patient, error) {
	kept, err := now.Held(person, "Patient")
	if err != nil {
		return nil, err
	}
	var list []Patient
	for _, v := range kept {
		if v.Deleted {
			continue
		}
		resource, err := fhir.ParseResource(v.Body)
		if err != nil {
			return nil, err
		}
		list = append(list, Patient{v, matching.Read(resource)})
	}
	return list, nil
}

// Holder is who is found by an NHS number, empty for nobody, and the Patients who lie
// there.
func Holder(now store.Snapshot, number string) (holder profiles.PersonID, patients []Patient, err error) {
	if number == "" {
		return "", nil, nil
	}
	holder, err = now.Person(profiles.SystemNHSNumber, number)
	if errors.Is(err, records.ErrNothing) {
		return "", nil, nil
	}
	if err == nil {
		patients, err = Patients(now, holder)
	}
	return holder, patients, err
}

// InUse reports whether one of some Patients has an NHS number in use.
func InUse(number string, patients []Patient) bool {
	return slices.ContainsFunc(patients, func(p Patient) bool { return slices.Contains(p.Said.InUse, number) })
}

// Compare puts a Patient beside those of a person: it agrees with them, or contradicts
// one. Where two of them contradict each other, somebody has found out that they are one
// person all the same: then to agree with one of the two will do, as it does with those
// under another number.
func Compare(said matching.Record, others []Patient) matching.Verdict {
	verdict := matching.Agree
	for _, o := range others {
		if !matching.ShareNumber(said, o.Said) {
			continue
		}
		v := matching.Beside(said, o.Said).Verdict
		if v == matching.Conflict && excused(said, o, others) {
			v = matching.AgreeWithWarning
		}
		verdict = min(verdict, v)
	}
	return verdict
}

// excused reports that a Patient whom somebody contradicts is filed beside another with
// whom they agree, and that these two contradict each other.
func excused(said matching.Record, contradicted Patient, others []Patient) bool {
	return slices.ContainsFunc(others, func(o Patient) bool {
		return matching.ShareNumber(said, o.Said) && matching.SamePerson(said, o.Said) && !matching.SamePerson(contradicted.Said, o.Said)
	})
}

// Keep keeps a standing in place of the one there is, with what was confirmed before.
func (l Linker) Keep(tx store.Tx, s persons.Standing) error {
	before, err := tx.Standing(s.Person)
	if err != nil {
		return err
	}
	if s.Confirmed = before.Confirmed; before.Open() {
		s.Since = before.Since
	}
	if before.Apart == s.Apart && slices.Equal(before.Doubts, s.Doubts) {
		return nil
	}
	return tx.Stand(s)
}

// Look finds out what is in doubt about a person who is not kept apart: whoever is
// closed to everybody, or cannot be found by an NHS number, is listed.
func (l Linker) Look(tx store.Tx, person profiles.PersonID) error {
	before, err := tx.Standing(person)
	if err != nil || before.Apart != "" {
		return err
	}
	patients, err := Patients(tx, person)
	if err != nil {
		return err
	}
	held, err := tx.Holdings(person)
	if err != nil {
		return err
	}
	doubts, err := doubtsAbout(tx, held, patients)
	if err != nil {
		return err
	}
	if slices.Equal(doubts, before.Doubts) {
		return nil
	}
	after := persons.Standing{Person: person, Doubts: doubts, Since: l.At}
	if len(patients) > 0 {
		v := patients[0].Version
		after.Custodian, after.Source, after.Patient = v.Custodian, v.Source, v.ID
	}
	return l.Keep(tx, after)
}

// confirmedNumberless, among the names that somebody confirmed, says that the person
// has no NHS number.
const confirmedNumberless = "no NHS number"

// doubtsAbout are what is in doubt, by the facts that decisions rest on.
func doubtsAbout(now store.Snapshot, held records.Holdings, patients []Patient) ([]persons.Doubt, error) {
	if len(patients) == 0 {
		return nil, nil
	}
	var doubts []persons.Doubt
	replaced, err := isReplaced(now, held, patients)
	switch numbered := slices.ContainsFunc(patients, func(p Patient) bool { return len(p.Said.InUse) > 0 }); {
	case err != nil:
		return nil, err
	case replaced:
		doubts = append(doubts, persons.Replaced)
	case !numbered && !slices.Contains(held.Identity.Confirmed, confirmedNumberless):
		doubts = append(doubts, persons.NoNumber)
	}
	closed := slices.ContainsFunc(held.Custodians, func(c profiles.OrgCode) bool { return held.At(c).Unverified })
	switch {
	case !closed:
		return doubts, nil
	case slices.ContainsFunc(patients, func(p Patient) bool { return len(p.Said.Links) > 0 }):
		return append(doubts, persons.Linked), nil
	}
	return append(doubts, persons.Unverified), nil
}

// isReplaced reports a superseded number that nobody confirmed, where the person has no
// other, or where somebody else has it.
func isReplaced(now store.Snapshot, held records.Holdings, patients []Patient) (bool, error) {
	for _, p := range patients {
		for _, number := range p.Said.Superseded {
			if slices.Contains(held.Identity.Confirmed, profiles.SystemNHSNumber+"|"+number) {
				continue
			}
			holder, _, err := Holder(now, number)
			if err != nil {
				return false, err
			}
			if holder != held.Person || len(p.Said.InUse) == 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
