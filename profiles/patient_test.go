package profiles_test

import (
	"testing"

	"cpagateway/profiles"
)

// An identifier of the NHS number under another system was taken for a local one: its
// check digit was not asked for, and nobody found the person by it.
func TestNHSNumberSystemsAsTheyAreWritten(t *testing.T) {
	for system, want := range map[string]bool{
		profiles.SystemNHSNumber:                       true,
		" " + profiles.SystemNHSNumber + " ":           true,
		"https://fhir.nhs.uk/id/NHS-number/":           true,
		"http://fhir.nhs.uk/Id/nhs-number":             true,
		"http://fhir.nhs.net/Id/nhs-number":            true,
		"urn:oid:2.16.840.1.113883.2.1.4.1":            true,
		"https://fhir.nhs.uk/Id/ods-organization-code": false,
		"https://hospital.example/nhs-number":          false,
		"":                                             false,
	} {
		if got := profiles.IsNHSNumber(system); got != want {
			t.Errorf("%q: %v", system, got)
		}
	}
}
