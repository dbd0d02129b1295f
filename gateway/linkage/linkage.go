// Package linkage settles whose records are whose: it finds out what is in doubt about
// a person, which of two contradicting records is the established one, and does what
// somebody has decided: to join two persons, to part a record from one, to confirm what
// was in doubt, and to take any of these back. Whatever moves is kept.
package linkage

import (
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
	// Own gives the person of a Patient that lies with nobody else.
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
	list := make([]Patient, len(kept))
	for i, v := range kept {
		resource, err := fhir.ParseResource(v.Body)
		if err != nil {
			return nil, err
		}
		list[i] = Patient{v, matching.Read(resource)}
	}
	return list, nil
}

// Compare puts a Patient beside those of a person: it agrees with all of them, or
// contradicts one. Those under another number are there because somebody joined them.
func Compare(said matching.Record, others []Patient) matching.Verdict {
	verdict := matching.Agree
	for _, o := range others {
		if o.Said.Number == said.Number {
			verdict = min(verdict, matching.Compare(said, o.Said).Verdict)
		}
	}
	return verdict
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
	doubts := doubtsAbout(held, patients)
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
func doubtsAbout(held records.Holdings, patients []Patient) []persons.Doubt {
	if len(patients) == 0 {
		return nil
	}
	var doubts []persons.Doubt
	numbered := slices.ContainsFunc(patients, func(p Patient) bool { return p.Said.Number != "" })
	if !numbered && !slices.Contains(held.Standing.Confirmed, confirmedNumberless) {
		doubts = append(doubts, persons.NoNumber)
		if slices.ContainsFunc(patients, func(p Patient) bool { return len(p.Said.Superseded) > 0 }) {
			doubts[0] = persons.Replaced
		}
	}
	closed := slices.ContainsFunc(held.Custodians, func(c profiles.OrgCode) bool { return held.At(c).Unverified })
	switch {
	case !closed:
		return doubts
	case slices.ContainsFunc(patients, func(p Patient) bool { return len(p.Said.Links) > 0 }):
		return append(doubts, persons.Linked)
	}
	return append(doubts, persons.Unverified)
}
