package intake

import (
	"errors"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// personFor finds whom a resource is about: nobody for staff and organisations,
// the NHS number's owner for a Patient, and that Patient's person for the rest.
// A rule in the answer sets the resource aside with the reason.
func (r *run) personFor(m mapping.Resource, resource fhir.Value) (person consent.PersonID, rule, reason string, err error) {
	switch {
	case profiles.DirectoryType(m.Type):
		return "", "", "", nil
	case m.Type == "Patient":
		person, rule, reason = r.identify(m, resource)
		if rule == "" {
			r.persons[m.Key] = person
		}
		return person, rule, reason, nil
	case m.Person == "":
		return "", "NO-PERSON", "the resource is about a person but names none: give it a subject", nil
	}
	if known, ok := r.persons[m.Person]; ok {
		return known, "", "", nil
	}
	person, err = r.Records.PersonOf(r.ctx, "Patient", r.ids.resource("Patient", m.Person))
	if errors.Is(err, records.ErrNothing) || (err == nil && person == "") {
		return "", "UNKNOWN-PERSON", "no Patient of this source has the key that the resource refers to: bring the Patient in first", nil
	}
	if err == nil {
		r.persons[m.Person] = person
	}
	return person, "", "", err
}

const ruleNHSNumber = "NHS-NUMBER"

// identify gives a Patient its person. An NHS number that is malformed is
// refused always; one that fails only its check digit, as the source's rule says.
func (r *run) identify(m mapping.Resource, patient fhir.Value) (consent.PersonID, string, string) {
	for id := range patient.Get("identifier").Each() {
		if id.Get("system").Text() != profiles.SystemNHSNumber || id.Get("value").Text() == "" {
			continue
		}
		normal, err := profiles.NHSNumber(id.Get("value").Text())
		if err != nil && (normal == "" || r.source.NHSNumbers != Report) {
			return "", ruleNHSNumber, err.Error()
		}
		if err != nil {
			r.sum.Warnings[ruleNHSNumber]++
		}
		return r.ids.person(normal), "", ""
	}
	return r.ids.personOfSource(m.ID), "", ""
}
