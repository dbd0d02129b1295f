package facts

import (
	"encoding/json"
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

// compiled reads resources of one custodian as a store does: each is written as JSON
// and read back, and nothing of it may be lost on the way.
func compiled(t *testing.T, custodian profiles.OrgCode, sources ...string) []Compiled {
	t.Helper()
	var list []Compiled
	for _, src := range sources {
		one := Compile(custodian, parse(t, []byte(src)))
		kept, err := json.Marshal(one)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		var back Compiled
		if err := json.Unmarshal(kept, &back); err != nil || !reflect.DeepEqual(back, one) {
			t.Fatalf("%v: kept as %s\ngot  %+v\nwant %+v", err, kept, back, one)
		}
		list = append(list, back)
	}
	return list
}

// compose is what the health board's own facts say of p1.
func compose(t *testing.T, sources ...string) Person {
	t.Helper()
	return Compose("p1", "7A4", 7, IdentityState{}, compiled(t, "7A4", sources...), nil)
}

func TestCompose(t *testing.T) {
	p := compose(t, annsFile,
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
		`{"resourceType":"CarePlan","id":"f"}`)
	day := func(y int, m time.Month, d int) time.Time {
		return time.Date(y, m, d, 0, 0, 0, 0, profiles.London).UTC()
	}
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
		{"a second record with something else for an NHS number", []string{second(`,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"unknown"}]`)}, true},
		{"a link to a record that is not there", []string{second(`,"link":[{"type":"replaced-by","other":{"reference":"Patient/gone"}}]`)}, true},
		{"a link to a record that is there", []string{second(`,"link":[{"type":"seealso","other":{"reference":"Patient/ann"}}]`)}, false},
		{"a link to her as somebody's relative", []string{second(`,"link":[{"type":"seealso","other":{"reference":"RelatedPerson/r"}}]`)}, false},
		{"a modifier that nobody knows", []string{second(`,"modifierExtension":[{"url":"http://x"}]`)}, true},
		{"a link to nothing that can be read", []string{second(`,"link":[{"type":"seealso","other":{"display":"x"}}]`)}, true},
	} {
		p := compose(t, append([]string{annsFile}, c.more...)...)
		if p.Unverified != c.doubt {
			t.Errorf("%s: in doubt %v, want %v", c.name, p.Unverified, c.doubt)
		}
	}
}

func TestBirthDatesThatDisagreeCoverBoth(t *testing.T) {
	p := compose(t, annsFile, `{"resourceType":"Patient","id":"x","birthDate":"1990-01-01"}`)
	if p.Born.Year() != 1980 || p.BornUntil.Year() != 1990 {
		t.Errorf("born in [%s, %s)", p.Born, p.BornUntil)
	}
}

func TestDeceased(t *testing.T) {
	for text, want := range map[string]bool{`"deceasedBoolean":true`: true, `"deceasedBoolean":false`: false, `"deceasedDateTime":"2026"`: true, `"active":true`: false} {
		if p := compose(t, `{"resourceType":"Patient","id":"x",`+text+`}`); p.Deceased != want {
			t.Errorf("%s: deceased %v", text, p.Deceased)
		}
	}
}

func TestComposeNothing(t *testing.T) {
	if p := Compose("p1", "7A4", 0, IdentityState{}, nil, nil); !reflect.DeepEqual(p, Person{ID: "p1", Custodian: "7A4"}) {
		t.Errorf("got %+v", p)
	}
}

// directory compiles directory records of one custodian, found by their literal references.
func directory(t *testing.T, sources ...string) Directory {
	t.Helper()
	entries := map[string]DirectoryEntry{}
	for i, one := range compiled(t, "7A4", sources...) {
		if one.Entry != nil {
			entries[one.Type+"/"+parse(t, []byte(sources[i])).ID()] = *one.Entry
		}
	}
	return func(reference string) (DirectoryEntry, bool) { e, found := entries[reference]; return e, found }
}

// TestRelationsThroughTheDirectory: a literal reference relates whom it leads to, told
// by an identifier and never by a name; what cannot be resolved relates nobody.
func TestRelationsThroughTheDirectory(t *testing.T) {
	const crht = `"identifier":[{` + team7A4 + `"crht"}]`
	records := []string{
		`{"resourceType":"Organization","id":"hb","name":"A health board","identifier":[{` + ods + `"7A4"}]}`,
		`{"resourceType":"Organization","id":"crht","name":"CMHT North",` + crht + `,"partOf":{"reference":"Organization/hb"}}`,
		`{"resourceType":"Organization","id":"both","identifier":[{` + ods + `"7A4"},{"system":"urn:local","value":"LA9A1"},{` + team7A4 + `"crht"}]}`,
		`{"resourceType":"Organization","id":"named","name":"cmht-north","alias":["7A4"],"partOf":{"reference":"Organization/hb"}}`,
		`{"resourceType":"Organization","id":"two","identifier":[{` + ods + `"7A4"},{` + ods + `"LA9A1"}]}`,
		`{"resourceType":"Organization","id":"twoteams","identifier":[{` + team7A4 + `"crht"},{` + team7A4 + `"cmht-north"}]}`,
		`{"resourceType":"Organization","id":"closed","active":false,` + crht + `}`,
		`{"resourceType":"Organization","id":"turned",` + crht + `,"modifierExtension":[{"url":"http://x"}]}`,
		`{"resourceType":"PractitionerRole","id":"nurse","organization":{"reference":"Organization/crht"}}`,
		`{"resourceType":"PractitionerRole","id":"clerk","organization":{"identifier":{` + ods + `"LA9A1"}}}`,
		`{"resourceType":"PractitionerRole","id":"held","organization":{"reference":"Organization/crht"},"period":{"start":"2025-03-01","end":"2025-03-31"}}`,
		`{"resourceType":"PractitionerRole","id":"later","organization":{"reference":"Organization/crht"},"period":{"start":"2027-01-01"}}`,
		`{"resourceType":"PractitionerRole","id":"left","active":false,"organization":{"reference":"Organization/crht"}}`,
		`{"resourceType":"PractitionerRole","id":"chain","organization":{"reference":"PractitionerRole/nurse"}}`,
		`{"resourceType":"PractitionerRole","id":"lost","organization":{"reference":"Organization/gone"}}`,
		`{"resourceType":"PractitionerRole","id":"displayed","organization":{"display":"crht"}}`,
		`{"resourceType":"Practitioner","id":"p",` + crht + `}`,
	}
	day := func(d string) time.Time {
		at, _ := time.ParseInLocation(time.DateOnly, d, profiles.London)
		return at.UTC()
	}
	team := Relation{Organisation: "7A4", Team: "crht", Kind: CareTeamMember, From: day("2025-01-01"), Until: day("2026-01-01")}
	inMarch := team
	inMarch.From, inMarch.Until = day("2025-03-01"), day("2025-04-01")
	whole, council := team, team
	whole.Team, council.Organisation, council.Team = "", "LA9A1", ""
	for reference, want := range map[string]*Relation{
		`"reference":"Organization/hb"`: &whole, `"reference":"Organization/crht"`: &team, `"reference":"Organization/both"`: &team,
		`"reference":"PractitionerRole/nurse"`: &team, `"reference":"PractitionerRole/clerk"`: &council, `"reference":"PractitionerRole/held"`: &inMarch,
		`"reference":"Organization/hb","identifier":{` + team7A4 + `"crht"}`:            &team, // the identifier is what it says
		`"reference":"Organization/crht","identifier":{"system":"urn:x","value":"7A4"}`: &team,
		`"reference":"Organization/named"`:                                              nil, `"reference":"Organization/two"`: nil, `"reference":"Organization/twoteams"`: nil,
		`"reference":"Organization/closed"`: nil, `"reference":"Organization/turned"`: nil, `"reference":"Organization/gone"`: nil,
		`"reference":"PractitionerRole/later"`: nil, `"reference":"PractitionerRole/left"`: nil, `"reference":"PractitionerRole/lost"`: nil,
		`"reference":"PractitionerRole/chain"`: nil, `"reference":"PractitionerRole/displayed"`: nil, `"reference":"Practitioner/p"`: nil,
		`"display":"crht"`: nil, `"reference":"#crht"`: nil, `"type":"Organization","display":"A health board"`: nil,
	} {
		careTeam := `{"resourceType":"CareTeam","id":"t","status":"active","period":{"start":"2025-01-01","end":"2025-12-31"},"participant":[{"member":{` + reference + `}}]}`
		var expected []Relation
		if want != nil {
			expected = []Relation{*want}
		}
		facts := compiled(t, "7A4", careTeam)
		if got := Compose("p1", "7A4", 1, IdentityState{}, facts, directory(t, records...)).Relations; !reflect.DeepEqual(got, expected) {
			t.Errorf("%s: %+v, want %+v", reference, got, expected)
		}
		if got := Compose("p1", "7A4", 1, IdentityState{}, facts, nil).Relations; len(facts[0].References()) > 0 && got != nil {
			t.Errorf("%s without a directory: %+v", reference, got)
		}
	}
}

// A practice that is known by its directory record is the registered practice, and a
// team of one is no more than that team.
func TestRegisteredPracticeThroughTheDirectory(t *testing.T) {
	patient := `{"resourceType":"Patient","id":"ann","generalPractitioner":[{"reference":"Organization/gp"},{"reference":"PractitionerRole/dr"},
		{"reference":"Practitioner/x"},{"identifier":{` + team7A4 + `"surgery"}}]}`
	episode := `{"resourceType":"EpisodeOfCare","id":"e","status":"active","managingOrganization":{"reference":"Organization/gp"}}`
	records := directory(t, `{"resourceType":"Organization","id":"gp","identifier":[{`+ods+`"W99001"}]}`,
		`{"resourceType":"PractitionerRole","id":"dr","organization":{"reference":"Organization/gp"}}`)
	practice := Relation{Organisation: "W99001", Kind: RegisteredPractice}
	want := []Relation{practice, practice, {Organisation: "7A4", Team: "surgery", Kind: RegisteredPractice}, {Organisation: "W99001", Kind: EpisodeProvider}}
	facts := compiled(t, "7A4", patient, episode)
	if got := Compose("p1", "7A4", 1, IdentityState{}, facts, records).Relations; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := append(facts[0].References(), facts[1].References()...); !reflect.DeepEqual(got, []string{"Organization/gp", "PractitionerRole/dr", "Organization/gp"}) {
		t.Errorf("looks up %v", got)
	}
}

// TestAnotherCustodiansFacts: of another custodian's records only the wishes count.
// They relate nobody, say nothing of who the person is, and put nothing in doubt.
func TestAnotherCustodiansFacts(t *testing.T) {
	own := compiled(t, "7A4", annsFile)
	foreign := compiled(t, "LA9A1",
		`{"resourceType":"Patient","id":"other","birthDate":"2015-01-01","deceasedBoolean":true,"link":[{"type":"replaced-by","other":{"reference":"Patient/gone"}}],
		  "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],"generalPractitioner":[{"identifier":{`+ods+`"W99002"}}]}`,
		`{"resourceType":"CareTeam","id":"t","status":"active","participant":[{"member":{"identifier":{`+team7A4+`"crht"}}},{"member":{"reference":"Organization/hb"}}]}`,
		`{"resourceType":"EpisodeOfCare","id":"e","status":"active","managingOrganization":{"identifier":{`+ods+`"7A9"}}}`,
		string(template(t, "T2")), string(template(t, "T1")))
	records := directory(t, `{"resourceType":"Organization","id":"hb","identifier":[{`+ods+`"7A4"}]}`)
	alone := Compose("p1", "7A4", 1, IdentityState{}, own, records)
	both := Compose("p1", "7A4", 1, IdentityState{}, append(append([]Compiled{}, foreign...), own...), records)
	if len(both.Directives) != 2 || both.Directives[0].Custodian != "LA9A1" || both.Directives[0].Template != RefuseAll || both.Directives[1].Custodian != "LA9A1" {
		t.Errorf("wishes: %+v", both.Directives)
	}
	both.Directives = nil
	if !reflect.DeepEqual(both, alone) {
		t.Errorf("got  %+v\nwant %+v", both, alone)
	}
	theirs := Compose("p1", "LA9A1", 1, IdentityState{}, append(append([]Compiled{}, own...), foreign...), nil)
	if !theirs.Unverified || !theirs.Deceased || len(theirs.Relations) != 3 || theirs.Custodian != "LA9A1" {
		t.Errorf("to the other custodian itself: %+v", theirs)
	}
}

// TestCompiledByOtherRules: what cannot be relied on relates nobody, leaves the
// identity uncertain, and refuses where it held a wish, whoever recorded it.
func TestCompiledByOtherRules(t *testing.T) {
	careTeam := `{"resourceType":"CareTeam","id":"t","status":"active","participant":[{"member":{"identifier":{` + team7A4 + `"crht"}}}]}`
	wish := strings.ReplaceAll(string(template(t, "T1")), "Patient/example", "Patient/ann")
	for _, c := range []struct {
		name   string
		change func([]Compiled)
		ok     func(Person) bool
	}{
		{"nothing", func([]Compiled) {}, func(p Person) bool {
			return !p.Unverified && len(p.Relations) == 2 && p.Directives[0].Template == SharePlan
		}},
		{"the Patient", func(list []Compiled) { list[0].Rules++ }, func(p Person) bool { return p.Unverified && len(p.Relations) == 1 }},
		{"a Patient of which nothing is left", func(list []Compiled) { list[0].Identity = nil }, func(p Person) bool { return p.Unverified }},
		{"the CareTeam", func(list []Compiled) { list[1].Rules = 0 }, func(p Person) bool { return len(p.Relations) == 1 }},
		{"the Consent", func(list []Compiled) { list[2].Rules-- }, func(p Person) bool {
			d := p.Directives[0]
			return d.ID == "T1" && d.Status == Unknown && d.Template == Uninterpretable && d.Clauses == nil && d.Fault != "" && d.Custodian == "7A4"
		}},
		{"another custodian's Consent", func(list []Compiled) { list[2].Rules, list[2].Custodian = 0, "LA9A1" }, func(p Person) bool {
			return p.Directives[0].Status == Unknown && p.Directives[0].Custodian == "LA9A1" && !p.Unverified
		}},
		{"a Consent of which nothing is left", func(list []Compiled) { list[2].Directive = nil }, func(p Person) bool {
			return p.Directives[0].Status == Unknown
		}},
	} {
		list := compiled(t, "7A4", annsFile, careTeam, wish)
		c.change(list)
		if p := Compose("p1", "7A4", 1, IdentityState{}, list, nil); !c.ok(p) {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

// An end that lies beyond what JSON can hold is kept as the last instant that it can.
func TestEndsBeyondTheYear9999AreKept(t *testing.T) {
	wish := strings.ReplaceAll(string(template(t, "T1")), `"2027-03-02"`, `"9999-12-31"`)
	kept := compiled(t, "7A4", wish, `{"resourceType":"Patient","id":"x","birthDate":"9999"}`,
		`{"resourceType":"CareTeam","id":"t","status":"active","period":{"end":"9999"},"participant":[{"member":{"identifier":{`+team7A4+`"crht"}}}]}`)
	if wish == string(template(t, "T1")) || kept[0].Directive.Clauses[0].Until.Year() != 9999 || kept[2].Participations[0].Until.Year() != 9999 {
		t.Errorf("kept %+v", kept)
	}
}

// FuzzCompile holds Compile to being total, and what it keeps to coming back whole.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{annsFile, `{"resourceType":"CareTeam","status":"active","period":{"start":"2025"},"participant":[{"member":{"reference":"Organization/x"}}]}`,
		`{"resourceType":"PractitionerRole","organization":{"reference":"Organization/x"},"period":{"end":"9999"}}`, string(template(f, "T1")), string(template(f, "T6"))} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := fhir.Parse(src)
		if err != nil {
			return
		}
		one := Compile("7A4", v)
		kept, err := json.Marshal(one)
		if err != nil {
			t.Fatalf("it cannot be kept: %v", err)
		}
		var back Compiled
		if err := json.Unmarshal(kept, &back); err != nil || !reflect.DeepEqual(back, one) {
			t.Fatalf("%v: %s", err, kept)
		}
		Compose("p", "7A4", 1, IdentityState{}, []Compiled{back}, nil)
		Compose("p", "LA9A1", 1, IdentityState{}, []Compiled{back}, nil)
	})
}
