package matching

import (
	"slices"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Record is what a Patient resource says about who somebody is.
type Record struct {
	Number     string   // the current NHS number in its normal form; empty for none, or several
	InUse      []string // every NHS number that is not superseded
	Superseded []string // NHS numbers that are no longer in use
	Verified   bool     // the source says that the current number was traced
	Born       Date
	Gender     string   // empty where it is not known
	Links      []string // what Patient.link leads to, as references are written; empty for what cannot be followed
	names      names
}

// Read reads a Patient resource.
func Read(patient fhir.Value) Record {
	r := Record{Born: readDate(patient.Get("birthDate").Text())}
	if gender := patient.Get("gender").Text(); gender != "unknown" {
		r.Gender = gender
	}
	r.readNumbers(patient)
	for link := range patient.Get("link").Each() {
		// A RelatedPerson is the same human in another part, not another record of theirs.
		if to := link.Find("other", "reference").Text(); !strings.HasPrefix(to, "RelatedPerson/") {
			r.Links = append(r.Links, to)
		}
	}
	for name := range patient.Get("name").Each() {
		r.names.read(name)
	}
	return r
}

func (r *Record) readNumbers(patient fhir.Value) {
	verified := false
	for _, n := range profiles.PatientNumbers(patient) {
		switch {
		case n.Normal == "":
		case n.Superseded:
			r.Superseded = append(r.Superseded, n.Normal)
		default:
			verified = verified || n.Verified
			if !slices.Contains(r.InUse, n.Normal) {
				r.InUse = append(r.InUse, n.Normal)
			}
		}
	}
	if len(r.InUse) == 1 {
		r.Number, r.Verified = r.InUse[0], verified
	}
}
