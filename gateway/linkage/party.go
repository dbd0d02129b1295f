package linkage

import (
	"slices"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// party is everything that is filed under one person.
type party struct {
	person   profiles.PersonID
	patients []Patient
	all      []piece
}

// piece is one resource of a party, whom it names as its subject, and what it refers to.
type piece struct {
	records.Version
	subject string // as a reference is written
	number  string // NHS number, where it names the subject by that
	refers  []string
}

func (p piece) name() string { return p.Type + "/" + p.ID }

func partyOf(now store.Snapshot, person profiles.PersonID) (party, error) {
	p := party{person: person}
	kept, err := now.Held(person, "")
	if err != nil {
		return p, err
	}
	for _, v := range kept {
		if v.Deleted { // it goes where the others go
			p.all = append(p.all, piece{Version: v})
			continue
		}
		resource, err := fhir.ParseResource(v.Body)
		if err != nil {
			return p, err
		}
		subject := profiles.SubjectOf(resource)
		one := piece{Version: v, subject: subject.Get("reference").Text()}
		if id := subject.Get("identifier"); profiles.IsNHSNumber(id.Get("system").Text()) {
			one.number, _ = profiles.NHSNumber(id.Get("value").Text())
		}
		for ref := range fhir.References(resource) {
			one.refers = append(one.refers, ref.Text())
		}
		p.all = append(p.all, one)
		if v.Type == "Patient" {
			p.patients = append(p.patients, Patient{v, matching.Read(resource)})
		}
	}
	return p, nil
}

// resources are the names of everything.
func (p party) resources() []string {
	var list []string
	for _, one := range p.all {
		list = append(list, one.name())
	}
	return list
}

// resourcesOf are the names of a Patient and of what is about it.
func (p party) resourcesOf(patient Patient) []string {
	var list []string
	for _, one := range p.all {
		if one.Type == "Patient" && one.ID == patient.Version.ID || one.Type != "Patient" && p.owner(one) == patient.Version.ID {
			list = append(list, one.name())
		}
	}
	return list
}

// owner is the id of the Patient whom a resource is about: of those here the only one
// that is its subject, has the number of its subject, is referred to at all, or is of its
// source. It is empty where none of these tells.
func (p party) owner(one piece) string {
	for _, may := range []func(Patient) bool{
		func(of Patient) bool { return one.subject == "Patient/"+of.Version.ID },
		func(of Patient) bool {
			return slices.Contains(slices.Concat(of.Said.InUse, of.Said.Superseded), one.number)
		},
		func(of Patient) bool { return slices.Contains(one.refers, "Patient/"+of.Version.ID) },
		func(of Patient) bool { return of.Version.Source == one.Source && of.Version.Custodian == one.Custodian },
	} {
		var found []string
		for _, of := range p.patients {
			if may(of) {
				found = append(found, of.Version.ID)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return ""
}
