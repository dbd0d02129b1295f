package ctp

import (
	"crypto/sha256"
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles"
)

// identity is what tells two people with one key apart.
type identity struct{ nhsNumber, birthDate string }

// shared are the types of which several plans may tell: their keys are the
// person's or the organisation's, not the plan's.
var shared = map[string]bool{
	"Patient": true, "EpisodeOfCare": true, "Encounter": true, "RelatedPerson": true, "Consent": true,
	"Organization": true, "Practitioner": true, "PractitionerRole": true,
}

// isMain reports whether a resource is the plan itself and not a part of it: the
// parts of a key are escaped, so the strokes between them can be counted.
func isMain(r mapping.Resource) bool {
	return r.Type == "CarePlan" && strings.Count(r.Key, "|") == 1
}

// compare leaves out what an earlier plan of the extract made already, so that no
// resource is written twice in a run and none to and fro by every run. Where the
// two differ the first is kept: of staff, and of a plan that is not in force, with
// a warning. Otherwise the plan is refused: which of two addresses, or of two
// wishes, holds is not for the gateway to choose.
func (x *extract) compare(p plan, resources []mapping.Resource) ([]mapping.Resource, []mapping.Fault) {
	var faults []mapping.Fault
	var left []mapping.Resource
	for _, r := range resources {
		earlier, known := x.memory.made(r)
		switch {
		case !known:
			left = append(left, r)
		case isMain(r):
			id, _ := mapping.Text(p, "id")
			faults = append(faults, mapping.Fault{At: p.At("id"), Value: id, Rule: ruleTwice, Reason: "another plan of the extract has this id"})
		case r.Type == "Patient" && x.memory.person(r.Key).contradicts(p.identity()):
			faults = append(faults, mapping.Fault{At: p.At("person.key"), Rule: ruleOtherwise, Reason: "another plan of the extract has this key with another NHS number or birth date"})
		case earlier != sha256.Sum256(r.Body):
			faults = append(faults, mapping.Fault{
				At: p.At(""), Rule: ruleOtherwise, Warning: r.Type != "Consent" && (profiles.DirectoryType(r.Type) || !p.inForce()),
				Reason: "another plan of the extract tells the same " + r.Type + " differently; the first one stands",
			})
		}
	}
	return left, faults
}

// identity is who the plan says that the person is.
func (p plan) identity() identity {
	number, _ := mapping.Text(p, "person.nhsNumber")
	normal, _ := profiles.NHSNumber(number) // the map has refused what is none, and warned of a wrong check digit
	birthDate, _ := mapping.Text(p, "person.birthDate")
	return identity{nhsNumber: normal, birthDate: birthDate}
}

// contradicts reports whether the two cannot be one person. What one of them
// does not say, or says of a birth date in part, contradicts nothing.
func (a identity) contradicts(b identity) bool {
	return a.nhsNumber != "" && b.nhsNumber != "" && a.nhsNumber != b.nhsNumber ||
		!strings.HasPrefix(a.birthDate, b.birthDate) && !strings.HasPrefix(b.birthDate, a.birthDate)
}
