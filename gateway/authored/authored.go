// Package authored is what the gateway itself writes into a custodian's record, on its
// behalf: on whose authority, to whom, and each thing once.
package authored

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Source names what the gateway itself writes into a record, as a source names itself in
// an import.
const Source = "gateway"

// Decide is whether the gateway may write a resource of a type into a custodian's record of
// somebody, on its behalf.
func Decide(typ string, register *agreements.Register, at time.Time, custodian profiles.OrgCode, person profiles.PersonID) consent.Decision {
	return consent.Decide(consent.Request{
		Caller: consent.Caller{Client: Source, Organisation: custodian}, Action: consent.Import, Type: typ, At: at, Register: register,
		Person: &facts.Person{ID: person, Custodian: custodian}, Source: custodian,
	})
}

// ID is the id of what is written about some things: the same for the same ones.
func ID(about ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(about, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
}

// Resource is one that the gateway writes into a custodian's record of somebody.
type Resource struct {
	Type, ID  string
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Patient   string                     // whom it is about, as a reference; empty: the custodian's Patient
	Members   func(*fhir.Writer, People) // writes what stands beside the type and the id
}

// Kept is a resource that was put; the zero Kept where it was not.
type Kept struct {
	consent.Accepted
	Number uint64 // of the version
}

// Keep puts the resource. One that was kept before, whatever came of it, is not kept again,
// nor is one kept about somebody whose records are elsewhere by now.
func (r Resource) Keep(tx store.Tx, at time.Time, decision consent.Decision) (Kept, error) {
	_, err := tx.Current(r.Type, r.ID)
	if !errors.Is(err, records.ErrNothing) {
		return Kept{}, err
	}
	people, err := addressees(tx, r.Person, r.Custodian)
	people.Patient = cmp.Or(r.Patient, people.Patient)
	if err != nil || people.Patient == "" {
		return Kept{}, err
	}
	w := fhir.NewWriter(make([]byte, 0, 4096))
	w.Object(func() {
		w.Member("resourceType", r.Type)
		w.Member("id", r.ID)
		r.Members(w, people)
	})
	resource, err := fhir.ParseResource(w.Bytes())
	if err != nil {
		return Kept{}, err
	}
	accepted, err := decision.Accept(consent.Change{Type: r.Type, ID: r.ID, Person: r.Person, Resource: resource, Source: Source})
	if err != nil {
		return Kept{}, err
	}
	result, err := tx.Put(at, accepted, records.Absent())
	return Kept{accepted, result.Number}, err
}

// Concept writes a CodeableConcept of one code.
func Concept(w *fhir.Writer, system, code string) {
	w.Object(func() {
		w.Name("coding").Array(func() {
			w.Object(func() {
				w.Member("system", system)
				w.Member("code", code)
				w.Member("display", profiles.Display(system, code, texts.English))
			})
		})
	})
}

// Reference writes a Reference.
func Reference(w *fhir.Writer, to string) { w.Object(func() { w.Member("reference", to) }) }
