package intake

import (
	"errors"
	"maps"
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

const (
	ruleNHSNumber = "NHS-NUMBER"
	ruleUnknown   = "UNKNOWN-PERSON"
	ruleIdentity  = "IDENTITY-UNRESOLVED"
	ruleConflict  = string(persons.Contradicts)
	warnMatched   = "IDENTITY-MATCHED" // by less than a full birth date
)

// unresolved stands for the person of a Patient that was set aside.
const unresolved profiles.PersonID = ""

// record is what is found out about the persons of one source record, until it is
// known whether the record is taken.
type record struct {
	persons   map[string]profiles.PersonID // source key of a Patient -> the person
	standings []persons.Standing
	notices   []quarantine.Fault // of what is taken all the same
	clashes   []quarantine.Fault // of parts of records about nobody that the source and somebody else have changed, and of decisions in a wish's place
	clashed   int                // resources with such parts, whoever they are about
	warnings  map[string]int
	changed   map[profiles.PersonID]bool // who got or changed a Patient, a wish (true) or a plan
}

func newRecord() *record {
	return &record{persons: map[string]profiles.PersonID{}, warnings: map[string]int{}, changed: map[profiles.PersonID]bool{}}
}

// changes notes what a change may mean for who somebody is, or for what ranks.
func (a *record) changes(c consent.Accepted) {
	switch c.Type() {
	case "Patient", "Consent":
		a.changed[c.Person()] = true
	case "CarePlan":
		a.changed[c.Person()] = a.changed[c.Person()]
	}
}

// setAside forgets what was found out, but for the Patients that are set aside: what
// comes with them goes to nobody.
func (a *record) setAside() {
	maps.DeleteFunc(a.persons, func(_ string, p profiles.PersonID) bool { return p != unresolved })
	*a = record{persons: a.persons, warnings: map[string]int{}, changed: map[profiles.PersonID]bool{}}
}

// settled takes over what was found out about the persons of a record.
func (r *run) settled(a *record, done *account) {
	for key, person := range a.persons {
		if person == unresolved {
			r.leaveUnresolved(key)
		} else {
			r.resolve(key)
		}
	}
	for person, look := range a.changed {
		r.touch(person)
		done.changed[person] = done.changed[person] || look
	}
	done.notices = append(append(done.notices, a.notices...), a.clashes...)
	done.sum.Clashes += a.clashed
	done.sum.Apart += len(a.notices)
	done.sum.Warnings = plus(done.sum.Warnings, a.warnings)
}

// personFor finds whom a resource is about: nobody for staff and organisations,
// whoever the identity of a Patient says, and that Patient's person for the rest.
func (r *run) personFor(now store.Snapshot, p pending, about *record) (profiles.PersonID, *refusal, error) {
	m := p.made
	switch {
	case profiles.DirectoryType(m.Type):
		return "", nil, nil
	case m.Type == "Patient":
		return r.identified(now, p, about)
	case m.NHSNumber != "":
		return r.numbered(now, m.NHSNumber)
	case m.Person == "":
		return "", &refusal{"NO-PERSON", "the resource is about a person but names none: give it a subject, and its map a line: person KEY"}, nil
	}
	known, ok := about.persons[m.Person]
	if ok && known == unresolved || !ok && r.unresolved(m.Person) {
		return "", &refusal{ruleIdentity, "it is about a Patient that was set aside, because it is not certain whose record that is"}, nil
	}
	if ok {
		return known, nil, nil
	}
	person, err := now.PersonOf("Patient", r.ids.resource("Patient", m.Person))
	if errors.Is(err, records.ErrNothing) || err == nil && person == "" {
		return "", &refusal{ruleUnknown, "no Patient of this source has the key that the resource refers to: bring the Patient in first"}, nil
	}
	if err == nil {
		about.persons[m.Person] = person
	}
	return person, nil, err
}

// numbered is the person with whom a Patient of this source lies under an NHS number.
// The number alone proves nothing: the Patient brought the birth date that goes with it.
func (r *run) numbered(now store.Snapshot, number string) (profiles.PersonID, *refusal, error) {
	holder, patients, err := linkage.Holder(now, number)
	brought := slices.ContainsFunc(patients, func(p linkage.Patient) bool {
		return p.Version.Custodian == r.source.Custodian && p.Version.Source == r.source.Name && slices.Contains(p.Said.InUse, number)
	})
	if err == nil && !brought {
		return "", &refusal{ruleUnknown, "no Patient of this source is held under the NHS number that the resource names: bring the Patient in first"}, nil
	}
	return holder, nil, err
}

// identified gives a Patient its person, or sets it aside.
func (r *run) identified(now store.Snapshot, p pending, about *record) (profiles.PersonID, *refusal, error) {
	if no := r.numbers(p.resource, about); no != nil {
		return "", no, nil
	}
	person, no, err := r.identify(now, p, about)
	if err != nil || no != nil {
		person = unresolved
	}
	about.persons[p.made.Key] = person
	return person, no, err
}
