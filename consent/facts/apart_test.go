package facts

import (
	"reflect"
	"testing"

	"cpagateway/profiles"
)

// TestARecordKeptApartIsNoFactAboutThePerson: of the record that contradicts who they
// are only the wishes come along, each with where it was said.
func TestARecordKeptApartIsNoFactAboutThePerson(t *testing.T) {
	own := compiled(t, "7A4", annsFile, string(template(t, "T1")))
	other := compiled(t, "7A4",
		`{"resourceType":"Patient","id":"other","birthDate":"1950-01-01","deceasedBoolean":true,"link":[{"type":"replaces","other":{"reference":"Patient/gone"}}],
		  "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],"generalPractitioner":[{"identifier":{`+ods+`"W9"}}]}`,
		`{"resourceType":"CareTeam","id":"t","status":"active","managingOrganization":[{"identifier":{`+ods+`"LA9A1"}}]}`,
		string(template(t, "T2")))
	for i := range other {
		other[i].Apart = true
	}
	alone, both := Compose("p1", "7A4", 1, IdentityState{}, own, nil), Compose("p1", "7A4", 1, IdentityState{}, append(append([]Compiled{}, own...), other...), nil)
	if n := len(both.Directives); n != 2 || both.Directives[0].Apart || !both.Directives[1].Apart || both.Directives[1].Template != RefuseAll {
		t.Fatalf("wishes: %+v", both.Directives)
	}
	both.Directives = both.Directives[:1]
	if !reflect.DeepEqual(both, alone) {
		t.Errorf("got  %+v\nwant %+v", both, alone)
	}
}

// TestStanding: records that are kept apart are closed to every custodian, and what
// somebody confirmed to be one person's leaves no doubt.
func TestStanding(t *testing.T) {
	numbers := `{"resourceType":"Patient","id":"ann2","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],
		"link":[{"type":"replaces","other":{"reference":"Patient/gone"}}]}`
	number, link := profiles.SystemNHSNumber+"|9990000026", "Patient/gone"
	for name, c := range map[string]struct {
		facts []string
		state IdentityState
		doubt bool
	}{
		"nothing said":                 {nil, IdentityState{}, false},
		"kept apart":                   {nil, IdentityState{Apart: true}, true},
		"two numbers and a link":       {[]string{numbers}, IdentityState{}, true},
		"all of it confirmed":          {[]string{numbers}, IdentityState{Confirmed: []string{number, link}}, false},
		"the number alone":             {[]string{numbers}, IdentityState{Confirmed: []string{number}}, true},
		"the link alone":               {[]string{numbers}, IdentityState{Confirmed: []string{link}}, true},
		"something else":               {[]string{numbers}, IdentityState{Confirmed: []string{link, "Patient/other", profiles.SystemNHSNumber + "|9990000050"}}, true},
		"confirmed, but kept apart":    {[]string{numbers}, IdentityState{Apart: true, Confirmed: []string{number, link}}, true},
		"nothing known and kept apart": {[]string{}, IdentityState{Apart: true}, true},
	} {
		for _, custodian := range []profiles.OrgCode{"7A4", "LA9A1"} {
			list := compiled(t, custodian, append([]string{annsFile}, c.facts...)...)
			if p := Compose("p1", custodian, 1, c.state, list, nil); p.Unverified != c.doubt {
				t.Errorf("%s, to %s: in doubt %v, want %v", name, custodian, p.Unverified, c.doubt)
			}
		}
	}
}
