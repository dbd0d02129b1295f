package bundle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// whole is a person, two people who treat her, and a plan that leans on all of them.
const whole = `{"resourceType":"Bundle","type":"transaction","entry":[
{"fullUrl":"urn:uuid:a1","resource":{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}},
{"fullUrl":"https://s.example/fhir/Practitioner/n1","resource":{"resourceType":"Practitioner","id":"n1"}},
{"fullUrl":"urn:uuid:a2","resource":{"resourceType":"Practitioner","identifier":[{"system":"https://s.example/staff","value":"2"}]}},
{"fullUrl":"urn:uuid:a3","resource":{"resourceType":"CarePlan","status":"active","intent":"plan","subject":{"reference":"urn:uuid:a1"},
"author":{"reference":"https://s.example/fhir/Practitioner/n1"},"contributor":[{"reference":"Practitioner?identifier=https://s.example/staff|2"}],"partOf":[{"reference":"CarePlan/p9"}]}}]}`

// The fragment of a record is complete in itself: without the rest of its bundle
// it still makes the same resource of the same person (holds compares them).
func TestFragmentCarriesWhatItLeansOn(t *testing.T) {
	b, report := readText(t, whole)
	if report.Taken != 4 || len(b.aside) != 0 {
		t.Fatalf("%+v %+v", report, b.aside)
	}
	plan := b.taken[3]
	if fragment := string(plan.Fragment()); strings.Count(fragment, `"303"`) != 3 || strings.Contains(fragment, "9990000018") {
		t.Errorf("the fragment is %s", fragment)
	}
}

func TestMendedFragmentIsTaken(t *testing.T) {
	for name, c := range map[string]struct{ old, broken, person, reference string }{
		"a member twice": {`"intent":"plan"`, `"intent":"plan","intent":"order"`, "p1", "Practitioner/our-practitioner-n1"},
		"half a pair":    {`"status":"active"`, `"status":"\ud83d"`, "p1", "Practitioner/our-practitioner-a2"},
		"no comma":       {`"intent":"plan",`, `"intent":"plan"`, "p1", "CarePlan/our-careplan-p9"},
		"no subject":     {`"subject":{"reference":"urn:uuid:a1"}`, `"x":{"reference":"urn:uuid:a1"}`, "p1", "Patient/our-patient-p1"},
		"deleted":        {`{"fullUrl":"urn:uuid:a3"`, `{"request":{"method":"DELETE"},"fullUrl":"urn:uuid:a3"`, "p1", "Patient/our-patient-p1"},
	} {
		want, _ := readText(t, whole)
		b, report := readText(t, strings.Replace(whole, c.old, c.broken, 1))
		if report.Refused != 1 || report.Taken != 3 {
			t.Errorf("%s: %+v", name, report)
			continue
		}
		mended := strings.Replace(string(b.refused()[0].Raw), c.broken, c.old, 1)
		again, _ := reread(t, []byte(mended))
		if len(again.taken) != 1 || !same(again.taken[0], want.taken[3]) {
			t.Errorf("%s: mended it makes %+v", name, again)
			continue
		}
		if r := again.taken[0]; r.Person != c.person || !strings.Contains(string(r.Body), c.reference) {
			t.Errorf("%s: person %s, %s", name, r.Person, r.Body)
		}
	}
}

func TestMendedDuplicateIsTaken(t *testing.T) {
	b, _ := readText(t, strings.TrimSuffix(whole, "]}")+`,{"resource":{"resourceType":"Practitioner","id":"n1","active":true}}]}`)
	if len(b.refused()) != 1 {
		t.Fatalf("%+v", b.aside)
	}
	mended := strings.Replace(string(b.refused()[0].Raw), `"id":"n1"`, `"id":"n2"`, 1)
	if again, _ := reread(t, []byte(mended)); len(again.taken) != 1 || again.taken[0].Key != "n2" {
		t.Errorf("%+v", again)
	}
}

// The same record on two pages is taken twice, word for word the same; another
// word, and the second is set aside.
func TestTheSameOnAnotherPage(t *testing.T) {
	page := `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Practitioner","id":"n1"}}]}`
	other := strings.Replace(page, `"id":"n1"`, `"id":"n1","active":true`, 1)
	for name, c := range map[string]struct {
		second         string
		taken, refused int
	}{"same": {page, 2, 0}, "other": {other, 1, 1}} {
		_, report := read(t, fstest.MapFS{"1.json": {Data: []byte(page)}, "2.json": {Data: []byte(c.second)}})
		if report.Taken != c.taken || report.Refused != c.refused {
			t.Errorf("%s: %+v", name, report)
		}
	}
	inOne := strings.Replace(page, `[{`, `[{"resource":{"resourceType":"Practitioner","id":"n1"}},{`, 1)
	if _, report := readText(t, inOne); report.Taken != 1 || report.Refused != 1 {
		t.Errorf("twice in one bundle: %+v", report)
	}
}

// Of two versions of one record in a run the older was kept where it came first. The
// newest by its own meta is, whatever the order; a deletion is never undone.
func TestTheNewestByItsOwnMetaIsTaken(t *testing.T) {
	plan := func(meta string) []byte {
		return []byte(`{"resourceType":"CarePlan","id":"c1","meta":{` + meta + `},"status":"active","intent":"plan","subject":{"reference":"Patient/p1"}}`)
	}
	for name, c := range map[string]struct{ first, second, kept string }{
		"newer":            {`"lastUpdated":"2026-01-01T00:00:00Z"`, `"lastUpdated":"2026-01-01T00:00:00.001Z"`, "b.json"},
		"older":            {`"lastUpdated":"2026-01-01T00:00:00Z"`, `"lastUpdated":"2026-01-01T00:00:00+01:00"`, "a.json"},
		"a higher version": {`"versionId":"9"`, `"versionId":"10"`, "b.json"},
		"a lower version":  {`"versionId":"10"`, `"versionId":"9"`, "a.json"},
		"time before version": {`"versionId":"1","lastUpdated":"2026-01-02T00:00:00Z"`,
			`"versionId":"2","lastUpdated":"2026-01-01T00:00:00Z"`, "a.json"},
		"the first says nothing":  {``, `"lastUpdated":"2026-01-01T00:00:00Z","versionId":"3"`, "a.json"},
		"the second says nothing": {`"lastUpdated":"2026-01-01T00:00:00Z"`, `"versionId":"two"`, "a.json"},
	} {
		b, report := read(t, fstest.MapFS{"a.json": {Data: plan(c.first)}, "b.json": {Data: plan(c.second)}})
		if last := b.taken[len(b.taken)-1]; last.From.File != c.kept || report.Taken+report.Refused != 2 {
			t.Errorf("%s: %s is kept, %+v", name, last.From.File, report)
		}
	}
	gone := `{"resourceType":"Bundle","type":"history","entry":[{"request":{"method":"DELETE","url":"CarePlan/c1"}},{"resource":` + string(plan(`"versionId":"2"`)) + `}]}`
	if _, report := readText(t, gone); report.Taken != 0 {
		t.Errorf("after its deletion: %+v", report)
	}
}

// Two people under one id: nothing that names the id may go to either of them,
// whichever file it stands in.
func TestTwoPeopleUnderOneIDLendItToNobody(t *testing.T) {
	patient := func(nhs string) string {
		return `{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + nhs + `"}]}`
	}
	files := fstest.MapFS{
		"a.json": {Data: []byte(`{"resourceType":"Flag","id":"f1","subject":{"reference":"Patient/p1"}}`)},
		"b.json": {Data: []byte(patient("9990000018"))}, "c.json": {Data: []byte(patient("9990000026"))},
	}
	b, _ := read(t, files)
	if len(b.taken) != 1 || b.taken[0].Type != "Patient" || len(b.refused()) != 2 {
		t.Errorf("%+v", b)
	}
	// Two versions of one person in a history are no two people.
	history := `{"resourceType":"Bundle","type":"history","entry":[{"resource":` + patient("9990000018") + `},{"resource":` +
		strings.Replace(patient("9990000018"), `"id"`, `"birthDate":"1980","id"`, 1) + `},{"resource":{"resourceType":"Flag","id":"f1","subject":{"reference":"Patient/p1"}}}]}`
	if b, _ := readText(t, history); len(b.taken) != 2 || len(b.refused()) != 1 {
		t.Errorf("%+v", b)
	}
}

// A Consent that came a second time was set aside, and a withdrawal in it with it.
func TestARefusedConsentIsHandedOn(t *testing.T) {
	consent := func(status string) string {
		return `{"resource":{"resourceType":"Consent","id":"c","status":"` + status + `","patient":{"reference":"Patient/p"}}}`
	}
	b, report := readText(t, `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p"}},`+
		consent("active")+`,`+consent("inactive")+`,{"resource":{"resourceType":"Consent","id":"d","status":"inactive"}}]}`)
	if report.Refused != 2 || len(b.consents) != 1 {
		t.Fatalf("%+v handed %d Consents on", report, len(b.consents))
	}
	c, active := b.consents[0], b.taken[1]
	if c.Records != 0 || c.Person != "p" || c.ID != active.ID || !bytes.Contains(c.Body, []byte("inactive")) || !bytes.Contains(c.Body, []byte("our-patient-p")) {
		t.Errorf("%+v", c)
	}
}

// A type that is no name could not stand in a pointer: the fragment of what refers to
// the entry was refused by another rule than the record itself.
func TestAnEntryOfNoTypeIsReferredToByNobody(t *testing.T) {
	b, _ := readText(t, `{"resourceType":"Bundle","type":"transaction","entry":[
{"fullUrl":"urn:uuid:a1","resource":{"resourceType":"{atient","id":"p1"}},
{"resource":{"resourceType":"Flag","id":"f1","subject":{"reference":"urn:uuid:a1"}}}]}`)
	refused := b.refused()
	if len(refused) != 2 || refused[0].Rule != "FHIR-ENTRY" || refused[1].Rule != "FHIR-NO-SUBJECT" {
		t.Fatalf("%+v", refused)
	}
	if again, _ := reread(t, refused[1].Raw); len(again.refused()) != 1 || again.refused()[0].Rule != "FHIR-NO-SUBJECT" {
		t.Errorf("its fragment gives %+v", again)
	}
}

// A plan that names its person by the NHS number found them only where both stood in
// one bundle and the number was written alike.
func TestALogicalSubjectIsFoundAcrossFiles(t *testing.T) {
	person := `{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}`
	plan := func(system, value string) string {
		return fmt.Sprintf(`{"resourceType":"CarePlan","id":"c1","status":"active","intent":"plan","subject":{"identifier":{"system":%q,"value":%q}}}`, system, value)
	}
	for name, c := range map[string]struct{ plan, key, number string }{
		"as it is kept":      {plan("https://fhir.nhs.uk/Id/nhs-number", "9990000018"), "p1", ""},
		"with blanks":        {plan("https://fhir.nhs.uk/Id/nhs-number", "999 000 0018"), "p1", ""},
		"an older system":    {plan("http://fhir.nhs.net/Id/nhs-number", "9990000018"), "p1", ""},
		"conditional":        {strings.Replace(plan("", ""), `"identifier":{"system":"","value":""}`, `"reference":"Patient?identifier=http://fhir.nhs.net/Id/nhs-number|999-000-0018"`, 1), "p1", ""},
		"somebody else":      {plan("https://fhir.nhs.uk/Id/nhs-number", "999 000 0026"), "", "9990000026"},
		"a wrong digit":      {plan("https://fhir.nhs.uk/Id/nhs-number", "9990000019"), "", ""},
		"no system":          {plan("", "9990000018"), "", ""},
		"a number elsewhere": {plan("https://s.example/mrn", "9990000018"), "", ""},
	} {
		b, _ := read(t, fstest.MapFS{"z.json": {Data: []byte(person)}, "b.json": {Data: []byte(c.plan)}})
		switch made := b.taken[len(b.taken)-1]; {
		case c.key == "" && c.number == "":
			if len(b.taken) != 1 || len(b.refused()) != 1 || b.refused()[0].Rule != "FHIR-NO-SUBJECT" {
				t.Errorf("%s: %+v", name, b)
			}
		case made.Type != "CarePlan" || made.Person != c.key || made.NHSNumber != c.number:
			t.Errorf("%s: %+v, %+v", name, made, b.aside)
		}
	}
	twin := strings.Replace(person, `"p1"`, `"p2"`, 1)
	b, _ := read(t, fstest.MapFS{"y.json": {Data: []byte(twin)}, "z.json": {Data: []byte(person)}, "b.json": {Data: []byte(plan("https://fhir.nhs.uk/Id/nhs-number", "9990000018"))}})
	if len(b.taken) != 2 || len(b.refused()) != 1 {
		t.Errorf("of two Patients under one number one is taken: %+v", b)
	}
}
