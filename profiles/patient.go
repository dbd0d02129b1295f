package profiles

import (
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// PatientNumber is one NHS number of a Patient.
type PatientNumber struct {
	Normal     string // ten digits; empty where it is none
	Err        error  // what is wrong with it, as NHSNumber has it
	Superseded bool   // it is no longer in use
	Verified   bool   // the source says that it was traced
}

// PatientNumbers are the NHS numbers of a Patient in the order in which they stand.
func PatientNumbers(patient fhir.Value) []PatientNumber {
	var numbers []PatientNumber
	for id := range patient.Get("identifier").Each() {
		text := id.Get("value").Text()
		if !IsNHSNumber(id.Get("system").Text()) || text == "" {
			continue
		}
		n := PatientNumber{Superseded: Superseded(id), Verified: traced(id)}
		n.Normal, n.Err = NHSNumber(text)
		numbers = append(numbers, n)
	}
	return numbers
}

// SubjectOf is the element by which a resource names the person that it is about.
func SubjectOf(r fhir.Value) fhir.Value {
	for _, name := range [...]string{"subject", "patient", "for"} {
		if subject := r.Get(name); subject.Exists() {
			return subject
		}
	}
	return fhir.Value{}
}

// otherNHSNumberSystems are what systems write that mean the NHS number.
var otherNHSNumberSystems = []string{
	"http://fhir.nhs.uk/Id/nhs-number",
	"http://fhir.nhs.net/Id/nhs-number",
	"https://fhir.nhs.net/Id/nhs-number",
	"urn:oid:2.16.840.1.113883.2.1.4.1",
}

// IsNHSNumber reports whether an identifier's system is that of the NHS number, as
// it should be written or as systems write it: an identifier that is taken for a
// local number would not be checked and never be found.
func IsNHSNumber(system string) bool {
	if system == SystemNHSNumber {
		return true
	}
	system = strings.TrimSuffix(strings.TrimSpace(system), "/")
	return strings.EqualFold(system, SystemNHSNumber) ||
		slices.ContainsFunc(otherNHSNumberSystems, func(other string) bool { return strings.EqualFold(system, other) })
}

// NormalIdentifier is the one form in which a business identifier is kept, looked up
// and compared: an NHS number as ten digits under its one system, everything else
// without blanks around it; some published systems begin with one. A number that is
// none stays as it is written, to be found under it.
func NormalIdentifier(system, value string) (normalSystem, normalValue string) {
	system, value = strings.TrimSpace(system), strings.TrimSpace(value)
	if !IsNHSNumber(system) {
		return system, value
	}
	if number, _ := NHSNumber(value); number != "" {
		value = number
	}
	return SystemNHSNumber, value
}

// Superseded reports that an identifier of a person is no longer in use. They are
// given for life: one whose period has an end was replaced, whatever the end is.
func Superseded(id fhir.Value) bool {
	return id.Get("use").Is("old") || id.Find("period", "end").Exists()
}

// traced reports what the UK Core extension says of the number: found in the national
// register, with the person's other details.
func traced(id fhir.Value) bool {
	for ext := range id.Get("extension").Each() {
		if ext.Get("url").Text() != ExtNHSNumberStatus {
			continue
		}
		for coding := range ext.Find("valueCodeableConcept").Get("coding").Each() {
			switch coding.Get("code").Text() {
			case "01", "number-present-and-verified":
				return true
			case "nn": // traced by the Welsh register
				return coding.Get("system").Is(SystemNHSNumberStatusWales)
			}
		}
	}
	return false
}
