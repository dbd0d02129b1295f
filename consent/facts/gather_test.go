package facts

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

const (
	ods      = `"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":`
	team7A4  = `"system":"https://fhir.cpa-gateway.example/Id/team/7A4","value":`
	annsFile = `{"resourceType":"Patient","id":"ann","birthDate":"1980-05",
		"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}],
		"generalPractitioner":[{"identifier":{` + ods + `"W99001"}},{"reference":"Practitioner/1"}]}`
)

func facts(t *testing.T, sources ...string) []fhir.Value {
	t.Helper()
	var list []fhir.Value
	for _, src := range sources {
		list = append(list, parse(t, []byte(src)))
	}
	return list
}

func TestGather(t *testing.T) {
	p := Gather("p1", "7A4", 7, facts(t, annsFile,
		`{"resourceType":"CareTeam","id":"a","status":"active","period":{"start":"2025-01-01"},
		  "managingOrganization":[{"identifier":{`+ods+`"7A4"}}],
		  "participant":[
		    {"member":{"identifier":{`+team7A4+`"cmht-north"}},"period":{"start":"2024-01-01","end":"2026-05-31"}},
		    {"member":{"reference":"Practitioner/2"},"onBehalfOf":{"identifier":{`+ods+`"LA9A1"}}},
		    {"member":{"identifier":{`+team7A4+`"crht"}},"period":{"start":"whenever"}}]}`,
		`{"resourceType":"CareTeam","id":"b","status":"inactive","participant":[{"member":{"identifier":{`+team7A4+`"old"}}}]}`,
		`{"resourceType":"CareTeam","id":"m","status":"active","participant":[{"member":{"identifier":{`+team7A4+`"turned-round"}},"modifierExtension":[{"url":"http://x"}]}]}`,
		`{"resourceType":"EpisodeOfCare","id":"i","status":"active","implicitRules":"http://x","managingOrganization":{"identifier":{`+ods+`"7A9"}}}`,
		`{"resourceType":"CareTeam","id":"c","participant":[{"member":{"identifier":{`+team7A4+`"no-status"}}}]}`,
		`{"resourceType":"EpisodeOfCare","id":"d","status":"active","managingOrganization":{"identifier":{`+ods+`"7A4"}},"period":{"start":"2025-02-01"}}`,
		`{"resourceType":"EpisodeOfCare","id":"e","status":"finished","managingOrganization":{"identifier":{`+ods+`"7A9"}}}`,
		`{"resourceType":"CarePlan","id":"f"}`))
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, profiles.London) }
	want := Person{
		ID: "p1", Custodian: "7A4", Epoch: 7, Born: day(1980, 5, 1), BornUntil: day(1980, 6, 1),
		Relations: []Relation{
			{Organisation: "W99001", Kind: RegisteredPractice},
			{Organisation: "7A4", Kind: CareTeamMember, From: day(2025, 1, 1)},
			{Organisation: "7A4", Team: "cmht-north", Kind: CareTeamMember, From: day(2025, 1, 1), Until: day(2026, 6, 1)},
			{Organisation: "LA9A1", Kind: CareTeamMember, From: day(2025, 1, 1)},
			{Organisation: "7A4", Kind: EpisodeProvider, From: day(2025, 2, 1)},
		},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
}

// TestIdentityInDoubt: what makes it uncertain whose record this is.
func TestIdentityInDoubt(t *testing.T) {
	aboutBryn := strings.ReplaceAll(string(template(t, "T1")), "Patient/example", "Patient/bryn")
	aboutAnn := strings.ReplaceAll(string(template(t, "T1")), "Patient/example", "Patient/ann")
	second := func(more string) string { return `{"resourceType":"Patient","id":"ann2"` + more + `}` }
	for _, c := range []struct {
		name  string
		more  []string
		doubt bool
	}{
		{"nothing else", nil, false},
		{"a consent about her", []string{aboutAnn}, false},
		{"a consent about somebody else", []string{aboutBryn}, true},
		{"the same, entered in error", []string{strings.Replace(aboutBryn, `"active"`, `"entered-in-error"`, 1)}, false},
		{"a second record of hers", []string{second(`,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]`)}, false},
		{"a second record with another NHS number", []string{second(`,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}]`)}, true},
		{"a second record with a superseded NHS number", []string{second(`,"identifier":[{"use":"old","system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}]`)}, false},
		{"a link to a record that is not there", []string{second(`,"link":[{"type":"replaced-by","other":{"reference":"Patient/gone"}}]`)}, true},
		{"a link to a record that is there", []string{second(`,"link":[{"type":"seealso","other":{"reference":"Patient/ann"}}]`)}, false},
		{"a link to her as somebody's relative", []string{second(`,"link":[{"type":"seealso","other":{"reference":"RelatedPerson/r"}}]`)}, false},
		{"a modifier that nobody knows", []string{second(`,"modifierExtension":[{"url":"http://x"}]`)}, true},
		{"a link to nothing that can be read", []string{second(`,"link":[{"type":"seealso","other":{"display":"x"}}]`)}, true},
	} {
		p := Gather("p1", "7A4", 1, facts(t, append([]string{annsFile}, c.more...)...))
		if p.Unverified != c.doubt {
			t.Errorf("%s: in doubt %v, want %v", c.name, p.Unverified, c.doubt)
		}
	}
}

func TestBirthDatesThatDisagreeCoverBoth(t *testing.T) {
	p := Gather("p1", "7A4", 1, facts(t, annsFile, `{"resourceType":"Patient","id":"x","birthDate":"1990-01-01"}`))
	if p.Born.Year() != 1980 || p.BornUntil.Year() != 1990 {
		t.Errorf("born in [%s, %s)", p.Born, p.BornUntil)
	}
}

func TestDeceased(t *testing.T) {
	for text, want := range map[string]bool{`"deceasedBoolean":true`: true, `"deceasedBoolean":false`: false, `"deceasedDateTime":"2026"`: true, `"active":true`: false} {
		if p := Gather("p1", "7A4", 1, facts(t, `{"resourceType":"Patient","id":"x",`+text+`}`)); p.Deceased != want {
			t.Errorf("%s: deceased %v", text, p.Deceased)
		}
	}
}

func TestGatherNothing(t *testing.T) {
	if p := Gather("p1", "7A4", 0, nil); !reflect.DeepEqual(p, Person{ID: "p1", Custodian: "7A4"}) {
		t.Errorf("got %+v", p)
	}
}
