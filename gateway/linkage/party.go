package linkage

import (
	"slices"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// party is everything that lies with one person.
type party struct {
	person   profiles.PersonID
	patients []Patient
	all      []piece
}

// piece is one resource of a party and what it refers to.
type piece struct {
	records.Version
	refers []string
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
		one := piece{Version: v}
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

// resourcesOf are the names of a Patient and of what is about it: what refers to it, and
// what refers to no Patient here, where it is the only one of its source.
func (p party) resourcesOf(patient Patient) []string {
	self := "Patient/" + patient.Version.ID
	var list []string
	for _, one := range p.all {
		if one.name() == self || one.Type != "Patient" && (slices.Contains(one.refers, self) || p.onlyPossible(one, patient)) {
			list = append(list, one.name())
		}
	}
	return list
}

func (p party) onlyPossible(one piece, patient Patient) bool {
	same := func(v records.Version) bool { return v.Source == one.Source && v.Custodian == one.Custodian }
	for _, other := range p.patients {
		if slices.Contains(one.refers, "Patient/"+other.Version.ID) || other.Version.ID != patient.Version.ID && same(other.Version) {
			return false
		}
	}
	return same(patient.Version)
}
