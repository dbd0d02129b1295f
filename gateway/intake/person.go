package intake

import (
	"errors"

	"cpagateway/gateway/records"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// personFor finds whom a resource is about: nobody for staff and organisations,
// the NHS number's owner for a Patient, and that Patient's person for the rest.
// A rule in the answer sets the resource aside with the reason.
func (r *run) personFor(now records.Snapshot, m mapping.Resource, resource fhir.Value) (person profiles.PersonID, rule, reason string, err error) {
	switch {
	case profiles.DirectoryType(m.Type):
		return "", "", "", nil
	case m.Type == "Patient":
		return r.identified(now, m, resource)
	case m.Person == "":
		return "", "NO-PERSON", "the resource is about a person but names none: give it a subject", nil
	}
	if known, ok := r.persons[m.Person]; ok && known == unresolved {
		return "", ruleIdentity, "it is about a Patient that was set aside, because it came under another NHS number than before", nil
	} else if ok {
		return known, "", "", nil
	}
	person, err = now.PersonOf("Patient", r.ids.resource("Patient", m.Person))
	if errors.Is(err, records.ErrNothing) || (err == nil && person == "") {
		return "", "UNKNOWN-PERSON", "no Patient of this source has the key that the resource refers to: bring the Patient in first", nil
	}
	if err == nil {
		r.persons[m.Person] = person
	}
	return person, "", "", err
}

const (
	ruleNHSNumber = "NHS-NUMBER"
	ruleIdentity  = "IDENTITY-UNRESOLVED"
)

// unresolved stands for the person of a Patient that came under two NHS numbers.
const unresolved profiles.PersonID = ""

// identified gives a Patient its person. One that is kept already stays with the
// person it is of: under another number it is set aside until somebody has said
// whose it is, and what comes with it goes to neither of the two.
func (r *run) identified(now records.Snapshot, m mapping.Resource, patient fhir.Value) (person profiles.PersonID, rule, reason string, err error) {
	person, rule, reason = r.identify(m, patient)
	if rule != "" {
		return "", rule, reason, nil
	}
	before, known := r.persons[m.Key]
	if !known {
		before, err = now.PersonOf("Patient", m.ID)
		known = err == nil
		if err != nil && !errors.Is(err, records.ErrNothing) {
			return "", "", "", err
		}
	}
	if known && before != person {
		r.persons[m.Key] = unresolved
		return "", ruleIdentity, "the Patient was known under another NHS number, or under none: say whose record it is", nil
	}
	r.persons[m.Key] = person
	return person, "", "", nil
}

// identify reads a Patient's NHS number in use. An NHS number that is malformed is
// refused always, a superseded one as well; one that fails only its check digit, as
// the source's rule says.
func (r *run) identify(m mapping.Resource, patient fhir.Value) (person profiles.PersonID, rule, reason string) {
	person = r.ids.personOfSource(m.ID)
	found := false
	for _, n := range profiles.PatientNumbers(patient) {
		switch {
		case n.Err != nil && (n.Normal == "" || r.source.NHSNumbers != Report):
			return "", ruleNHSNumber, n.Err.Error()
		case n.Err != nil:
			r.sum.Warnings[ruleNHSNumber]++
		}
		if !n.Superseded && !found {
			person, found = r.ids.person(n.Normal), true
		}
	}
	return person, "", ""
}
