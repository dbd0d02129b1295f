package disclosure

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// annsCrisisPlan has something for every item that a crisis plan can carry.
const annsCrisisPlan = `{
  "resourceType": "CarePlan", "id": "crisis-ann",
  "meta": {"versionId": "77", "source": "urn:paris", "tag": [{"code": "internal"}]},
  "text": {"status": "additional", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">everything</div>"},
  "contained": [{"resourceType": "Practitioner", "id": "p", "name": [{"family": "Forensic"}]}],
  "extension": [
    {"url": "@LastReviewed", "valueDate": "2025-01-10"},
    {"url": "http://example.org/anything", "valueString": "secret"}
  ],
  "status": "active", "intent": "plan",
  "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "736253002"}]},
               {"coding": [{"system": "http://snomed.info/sct", "code": "1092221000000101"}]}],
  "title": "Crisis plan", "_title": {"extension": [{"url": "http://example.org/x", "valueString": "secret"}]},
  "subject": {"reference": "Patient/ann", "display": "Ann Evans"},
  "period": {"start": "2025-01-10"},
  "author": {"reference": "Practitioner/seen", "display": "Dr X, Forensic Psychiatry"},
  "goal": [{"reference": "Goal/work"}, {"reference": "Goal/finance"}],
  "activity": [
    {"extension": [{"url": "@PlanPart", "valueCode": "early-warning-sign"}], "detail": {"status": "in-progress", "description": "Sleeping < 4 hours & pacing"}},
    {"extension": [{"url": "@PlanPart", "valueCode": "action"}], "detail": {"status": "in-progress", "description": "Restrain", "doNotPerform": true}},
    {"extension": [{"url": "@PlanPart", "valueCode": "action"}, {"url": "@Restriction", "valueCode": "third-party"}],
     "detail": {"status": "in-progress", "description": "Ring the neighbour, who reported her"}},
    {"extension": [{"url": "@PlanPart", "valueCode": "contact"}], "detail": {"status": "in-progress", "description": "029 2000 0002",
      "performer": [{"reference": "Practitioner/hidden", "display": "Sian Rees, care coordinator"}]}},
    {"extension": [{"url": "@PlanPart", "valueCode": "contact"}], "detail": {"status": "in-progress", "description": "029 2000 0001",
      "performer": [{"display": "Crisis team, 24 hours"}], "quantity": {"value": 1.10}}},
    {"extension": [{"url": "@PlanPart", "valueCode": "review"}], "detail": {"status": "scheduled", "scheduledPeriod": {"end": "2025-05-31"}}},
    {"extension": [{"url": "@PlanPart", "valueCode": "dependants"}], "detail": {"status": "in-progress", "description": "Two cats"}},
    {"extension": [{"url": "@PlanPart", "valueCode": "rumour"}], "detail": {"status": "in-progress", "description": "an activity of a kind that nobody knows"}}
  ],
  "note": [{"text": "my own words"}]
}`

func ann(t *testing.T) fhir.Value {
	t.Helper()
	return parsed(t, strings.ReplaceAll(annsCrisisPlan, `"@`, `"`+profiles.Base+`/StructureDefinition/Extension-CPAWales-`))
}

// disclosed is the body without narrative and meta, which have tests of their own.
func disclosed(t *testing.T, x Copy) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(x.Body(), &body); err != nil {
		t.Fatalf("reading the body: %v", err)
	}
	delete(body, "text")
	delete(body, "meta")
	return body
}

func TestDiscloseCrisisPlan(t *testing.T) {
	granted := profiles.SetOf(profiles.PlanCrisis, profiles.CrisisContacts, profiles.AreaWork)
	x := permitting(granted).disclose(heldOf(ann(t)), madeTargets())
	want := map[string]any{}
	part := func(code string) string {
		return `"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + code + `"}]`
	}
	err := json.Unmarshal([]byte(`{"resourceType":"CarePlan","id":"crisis-ann","status":"active","intent":"plan",
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"}]}],
		"title":"Crisis plan","subject":{"reference":"Patient/ann"},"goal":[{"reference":"Goal/work"}],
		"activity":[
		{`+part("early-warning-sign")+`,"detail":{"status":"in-progress","description":"Sleeping < 4 hours & pacing"}},
		{`+part("action")+`,"detail":{"status":"in-progress","description":"Restrain","doNotPerform":true}},
		{`+part("contact")+`,"detail":{"status":"in-progress","description":"029 2000 0002","performer":[{"display":"Sian Rees, care coordinator"}]}},
		{`+part("contact")+`,"detail":{"status":"in-progress","description":"029 2000 0001","performer":[{"display":"Crisis team, 24 hours"}],"quantity":{"value":1.1}}}]}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, disclosed(t, x)); diff != "" {
		t.Errorf("disclosed (-want +got):\n%s", diff)
	}
	if !strings.Contains(string(x.Body()), `"value":1.10`) {
		t.Error("a decimal lost its precision")
	}
	if x.Items() != profiles.SetOf(profiles.PlanCrisis, profiles.CrisisContacts) {
		t.Errorf("recorded as released: %v", x.Items())
	}
	if x.Type() != "CarePlan" || x.ID() != "crisis-ann" || x.Person() != "ann" || x.VersionID() != "v1" {
		t.Errorf("the disclosure says %+v", x)
	}
}

func TestDiscloseMeta(t *testing.T) {
	const person = `"meta":{"versionId":"v1","lastUpdated":"2025-05-01T00:00:00.000Z","security":[` +
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"},` +
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"MH"},` +
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]}`
	for _, granted := range []profiles.ItemSet{profiles.SetOf(profiles.PlanCrisis), profiles.AllItems} {
		if body := string(permitting(granted).disclose(heldOf(ann(t)), nil).Body()); !strings.Contains(body, person) {
			t.Errorf("with %d items meta is not the same as ever: %s", granted.Len(), body)
		}
	}
	staff := parsed(t, `{"resourceType":"Practitioner","id":"p","meta":{"security":[{"code":"R"}]},"active":true}`)
	body := string(permitting(profiles.AllItems).disclose(heldOf(staff), nil).Body())
	if want := `"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]`; !strings.Contains(body, want) {
		t.Errorf("staff are labelled otherwise: %s", body)
	}
	claims := parsed(t, `{"resourceType":"Practitioner","id":"p","active":true,"meta":{"profile":["http://example.org/Secret","`+
		profiles.Profile("Practitioner")+`","`+profiles.Profile("Patient")+`"]}}`)
	body = string(permitting(profiles.AllItems).disclose(heldOf(claims), nil).Body())
	if want := `"profile":["` + profiles.Profile("Practitioner") + `"],"security"`; !strings.Contains(body, want) {
		t.Errorf("profiles: %s", body)
	}
	plain := heldOf(ann(t))
	plain.Tag, plain.Updated = nil, plain.Updated.AddDate(-3000, 0, 0).Truncate(0)
	if body := string(permitting(profiles.AllItems).disclose(plain, nil).Body()); strings.Contains(body, "versionId") {
		t.Errorf("an empty versionId was written: %s", body)
	}
}

// What carries nothing, and why.
func TestDiscloseWithholds(t *testing.T) {
	all := permitting(profiles.AllItems)
	change := func(edit func(*terms)) terms { d := all; edit(&d); return d }
	held := func(edit func(*Held)) Held { h := heldOf(ann(t)); edit(&h); return h }
	source := func(src string) Held { return heldOf(parsed(t, src)) }
	const head = `"id":"x","subject":{"reference":"Patient/ann"},"status":"active","intent":"plan"`
	for name, c := range map[string]struct {
		d terms
		h Held
	}{
		"no decision to read":     {change(func(d *terms) { d.open = false }), heldOf(ann(t))},
		"another person":          {change(func(d *terms) { d.person = "bob" }), heldOf(ann(t))},
		"a decision about nobody": {change(func(d *terms) { d.person = "" }), held(func(h *Held) { h.Person = "" })},
		"nobody's record": {change(func(d *terms) { d.person = "" }), func() Held {
			h := source(`{"resourceType":"CarePlan",` + strings.ReplaceAll(head, "Patient/ann", "Patient/nobody") + `}`)
			h.Person = ""
			return h
		}()},
		"label not granted": {change(func(d *terms) { d.granted = profiles.SetOf(profiles.PlanSummary) }), heldOf(ann(t))},
		"label of the store says more": {change(func(d *terms) { d.granted = profiles.SetOf(profiles.PlanCrisis) }),
			held(func(h *Held) { h.Label.Need = h.Label.Need.Union(profiles.SetOf(profiles.RestrictedVery)) })},
		"label of the store was lost": {change(func(d *terms) { d.granted = profiles.SetOf(profiles.PlanSummary) }),
			held(func(h *Held) { h.Label = profiles.Label{} })},
		"nothing held":               {all, Held{Person: "ann"}},
		"another custodian's record": {all, held(func(h *Held) { h.Custodian = "7A6" })},
		"no id":                      {all, source(`{"resourceType":"CarePlan","subject":{"reference":"Patient/ann"},"status":"active","intent":"plan"}`)},
		"a type that is not served":  {all, source(`{"resourceType":"Observation","id":"x","status":"final"}`)},
		"staff under somebody's name": {all, func() Held {
			h := source(`{"resourceType":"Practitioner","id":"x","active":true}`)
			h.Person = "ann"
			return h
		}()},
		"modifier extension":                 {all, source(`{"resourceType":"CarePlan",` + head + `,"modifierExtension":[{"url":"x"}]}`)},
		"modifier extension in a part":       {all, source(`{"resourceType":"CarePlan",` + head + `,"note":[{"text":"x","modifierExtension":[{"url":"x"}]}]}`)},
		"empty modifier extension":           {all, source(`{"resourceType":"CarePlan",` + head + `,"modifierExtension":[]}`)},
		"implicit rules":                     {all, source(`{"resourceType":"CarePlan",` + head + `,"implicitRules":"http://example.org"}`)},
		"modifier extension in a datatype":   {all, source(`{"resourceType":"CarePlan",` + head + `,"period":{"start":"2025-01-01","modifierExtension":[{"url":"x"}]}}`)},
		"a mark on the implicit rules":       {all, source(`{"resourceType":"CarePlan",` + head + `,"_implicitRules":{"extension":[{"url":"x"}]}}`)},
		"one element twice, another missing": {all, source(`{"resourceType":"CarePlan","id":"x","status":"active","_status":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"subject":{"reference":"Patient/ann"}}`)},
		"subject without an id":              {all, source(`{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/"}}`)},
		"required element missing":           {all, source(`{"resourceType":"CarePlan","id":"x","status":"active","subject":{"reference":"Patient/ann"}}`)},
		"required element of the wrong kind": {all, source(`{"resourceType":"CarePlan","id":"x","status":{"value":"active"},"intent":"plan","subject":{"reference":"Patient/ann"}}`)},
		"subject is a group":                 {all, source(`{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Group/1"}}`)},
		"subject is stored as somebody else": {all, source(`{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/bob"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			x := c.d.disclose(c.h, madeTargets())
			if !x.Withheld() || x.Body() != nil || x.Type() != "" || x.ID() != "" || !x.Items().Empty() || x.Person() != "" {
				t.Errorf("disclosed %v %s", x.Items(), x.Body())
			}
		})
	}
}

// A modifier extension in a part that is not granted does not withhold the rest.
func TestModifierInWithheldPart(t *testing.T) {
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"note":[{"text":"x","modifierExtension":[{"url":"x"}]}]}`)
	if permitting(profiles.SetOf(profiles.PlanOther)).disclose(heldOf(r), nil).Withheld() {
		t.Error("withheld for something that is not granted")
	}
}

// A directive is copied whole or not at all: without one of its actors it would
// say something else.
func TestConsentIsCopiedWhole(t *testing.T) {
	directive := func(provision string) Held {
		return heldOf(parsed(t, `{"resourceType":"Consent","id":"x","status":"active","scope":{"text":"privacy"},"category":[{"text":"x"}],
			"patient":{"reference":"Patient/ann"},"provision":`+provision+`}`))
	}
	const role = `"role":{"coding":[{"code":"IRCP"}]}`
	all := permitting(profiles.AllItems)
	for name, c := range map[string]struct {
		provision string
		withheld  bool
	}{
		"everything known":              {`{"type":"deny","provision":[{"type":"permit","actor":[{` + role + `,"reference":{"reference":"Practitioner/seen"}}]}]}`, false},
		"what is unknown beside it":     {`{"type":"deny"},"unknown":1`, false},
		"an element's id":               {`{"id":"1","type":"deny"}`, false},
		"a logical actor":               {`{"type":"deny","actor":[{` + role + `,"reference":{"identifier":{"system":"` + profiles.SystemODS + `","value":"7A4"}}}]}`, false},
		"an actor that may not be seen": {`{"type":"deny","provision":[{"type":"permit","actor":[{` + role + `,"reference":{"reference":"Practitioner/gone"}}]}]}`, true},
		"an actor named only in words":  {`{"type":"permit","actor":[{` + role + `,"reference":{"display":"my sister"}}]}`, true},
		"an actor without a role":       {`{"type":"permit","actor":[{"reference":{"reference":"Practitioner/seen"}}]}`, true},
		"an unknown member":             {`{"type":"permit","except":"everything"}`, true},
		"an unknown extension":          {`{"type":"permit","extension":[{"url":"http://example.org/except"}]}`, true},
		"a mark on a code":              {`{"type":"permit","_type":{"extension":[{"url":"http://example.org/not"}]}}`, true},
		"nothing in it":                 {`{}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			x := all.disclose(directive(c.provision), madeTargets())
			if x.Withheld() != c.withheld {
				t.Errorf("withheld: %v, want %v\n%s", x.Withheld(), c.withheld, x.Body())
			}
			if !x.Withheld() && !strings.Contains(string(x.Body()), `"provision":{"type":"deny"`) {
				t.Errorf("the provision was lost: %s", x.Body())
			}
		})
	}
}

// TestWhoDecidedForThePersonIsCopied: whoever reads a wish reads by what right it was
// given, if not by the person, and what that rests on.
func TestWhoDecidedForThePersonIsCopied(t *testing.T) {
	decided := `"extension":[{"url":"` + profiles.Base + `/StructureDefinition/Extension-CPAWales-DecidedFor","extension":[{"url":"authority","valueCode":"best-interests"},` +
		`{"url":"assessed","valueDate":"2026-03-01"},{"url":"assessor","valueReference":{"reference":"Practitioner/seen"}},` +
		`{"url":"reference","valueString":"7000-1"},{"url":"consulted","valueString":"Her sister"}]}]`
	r := parsed(t, `{"resourceType":"Consent","id":"x",`+decided+`,"status":"active","scope":{"text":"privacy"},"category":[{"text":"x"}],
		"patient":{"reference":"Patient/ann"},"provision":{"type":"deny"}}`)
	if x := permitting(profiles.AllItems).disclose(heldOf(r), madeTargets()); !strings.Contains(string(x.Body()), decided) {
		t.Errorf("copied as %s", x.Body())
	}
}

// However little is granted of them, the published examples of the served types stay valid.
func TestProjectionsStayValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples(t), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	checked := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.ParseResource(src)
		if err != nil || profiles.Fatal(profiles.Check(r)) {
			continue
		}
		targets := map[string]Target{}
		for ref := range fhir.References(r) {
			typ, _, _ := strings.Cut(ref.Text(), "/")
			target := Target{Person: "ann", Label: profiles.Label{Need: profiles.SetOf(profiles.PlanNeeds)}}
			if profiles.DirectoryType(typ) {
				target = Target{Label: profiles.Label{Need: profiles.SetOf(profiles.Directory)}}
			}
			targets[ref.Text()] = target
		}
		label := profiles.Items(r).Items()
		for i := range 64 {
			granted := label.Union(profiles.AllItems.Intersect(profiles.ItemSetOfBits(0x9E3779B97F4A7C15 * uint64(i))))
			x := permitting(granted).disclose(heldOf(r), targets)
			if x.Withheld() {
				continue
			}
			checked++
			if issues := profiles.Check(parsed(t, string(x.Body()))); profiles.Fatal(issues) {
				t.Fatalf("%s with %v: %+v", filepath.Base(file), granted, issues)
			}
		}
	}
	if checked < 64 {
		t.Errorf("only %d projections were checked", checked)
	}
}

func examples(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..") // go test runs in the package's folder
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "fhir", "r4core", "examples")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("../shared/fhir/r4core/examples is not here")
	}
	return dir
}

func BenchmarkDisclose(b *testing.B) {
	r, err := fhir.ParseResource([]byte(strings.ReplaceAll(annsCrisisPlan, `"@`, `"`+profiles.Base+`/StructureDefinition/Extension-CPAWales-`)))
	if err != nil {
		b.Fatal(err)
	}
	d, h, targets := permitting(profiles.CrisisSlice), heldOf(r), madeTargets()
	b.ReportAllocs()
	for b.Loop() {
		if d.disclose(h, targets).Withheld() {
			b.Fatal("withheld")
		}
	}
}
