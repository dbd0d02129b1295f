package profiles_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// parse reads a resource of a test.
func parse(t testing.TB, src string) fhir.Value {
	t.Helper()
	v, err := fhir.Parse([]byte(src))
	if err != nil {
		t.Fatalf("the test's own resource: %v", err)
	}
	return v
}

// TestCheckAcceptsPublished: what HL7 publishes as examples and what Synthea
// writes is not nonsense, and R4 knows all of its elements.
func TestCheckAcceptsPublished(t *testing.T) {
	for _, folder := range []string{"samples/fhir-hl7-r4-examples", "fhir/r4core/examples", "samples/fhir-synthea-r4"} {
		t.Run(folder, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(shared(t, folder), "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no examples in ../shared/%s", folder)
			}
			for _, file := range files {
				src, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range resourcesOf(t, src) {
					for _, issue := range profiles.Check(parse(t, string(r))) {
						t.Errorf("%s, resource %d: %s %s: %s", filepath.Base(file), i, issue.Severity, issue.Path, issue.Text)
					}
				}
			}
		})
	}
}

// resourcesOf are the entries of a Bundle, or the one resource that it is.
func resourcesOf(t *testing.T, src []byte) []json.RawMessage {
	t.Helper()
	var bundle struct {
		ResourceType string
		Entry        []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(src, &bundle); err != nil {
		t.Fatal(err)
	}
	if bundle.ResourceType != "Bundle" {
		return []json.RawMessage{src}
	}
	var resources []json.RawMessage
	for _, entry := range bundle.Entry {
		resources = append(resources, entry.Resource)
	}
	if len(resources) == 0 {
		t.Fatal("a Bundle without entries")
	}
	return resources
}

const goodPlan = `{"resourceType":"CarePlan","id":"p1","status":"active","intent":"plan","subject":{"reference":"Patient/a"}`

// Characters that no FHIR string may hold were taken as any others, without a word.
func TestControlCharactersAreTold(t *testing.T) {
	for c := range rune(' ') {
		escaped := fmt.Sprintf(`\u%04x`, c)
		allowed := c == '\t' || c == '\n' || c == '\r'
		for path, src := range map[string]string{
			"CarePlan.title":                      goodPlan + `,"title":"Blod` + escaped + `wen"}`,
			"CarePlan.note[0].text":               goodPlan + `,"note":[{"text":"Blod` + escaped + `wen"}]}`,
			"CarePlan.identifier[0].system":       goodPlan + `,"identifier":[{"system":"urn:Blod` + escaped + `wen"}]}`,
			"CarePlan.category[0].coding[0].code": goodPlan + `,"category":[{"coding":[{"code":"Blod` + escaped + `wen"}]}]}`,
		} {
			issues := profiles.Check(parse(t, src))
			isText := path == "CarePlan.title" || path == "CarePlan.note[0].text"
			if refused := profiles.Fatal(issues); isText && (refused || len(issues) > 0 == allowed) || !isText && !refused && !allowed {
				t.Errorf("U+%04X at %s: refused %v, %v", c, path, refused, issues)
			}
			for _, i := range issues {
				if i.Path != path || i.Code != "value" || strings.Contains(i.Text, "Blod") {
					t.Errorf("U+%04X at %s: %+v", c, path, i)
				}
			}
		}
	}
}

// TestCheckRefuses: one fault each, found once, at its place, and told without
// its value.
func TestCheckRefuses(t *testing.T) {
	const canary = "Blodwen"
	for _, tt := range []struct{ name, src, severity, code, path string }{
		{"no object", `"Blodwen"`, "error", "structure", "$"},
		{"no resourceType", `{"id":"Blodwen"}`, "error", "structure", "$"},
		{"unknown resourceType", `{"resourceType":"Blodwen"}`, "error", "structure", "$"},
		{"abstract resourceType", `{"resourceType":"DomainResource"}`, "error", "structure", "$"},
		{"required missing", `{"resourceType":"Flag","status":"active","code":{"text":"Blodwen"}}`, "error", "required", "Flag.subject"},
		{"required missing below", goodPlan + `,"activity":[{"detail":{"description":"Blodwen"}}]}`, "error", "required", "CarePlan.activity[0].detail.status"},
		{"unknown status", `{"resourceType":"CareTeam","status":"Blodwen"}`, "error", "code-invalid", "CareTeam.status"},
		{"status of another type", `{"resourceType":"CareTeam","status":"completed"}`, "error", "code-invalid", "CareTeam.status"},
		{"number for a string", goodPlan + `,"title":12}`, "error", "structure", "CarePlan.title"},
		{"string for a boolean", `{"resourceType":"Patient","active":"Blodwen"}`, "error", "structure", "Patient.active"},
		{"unknown resourceType of a contained one", goodPlan + `,"contained":[{"resourceType":"Blodwen"}]}`, "error", "structure", "CarePlan.contained[0]"},
		{"null", goodPlan + `,"title":null}`, "error", "structure", "CarePlan.title"},
		{"one for many", goodPlan + `,"category":{"text":"Blodwen"}}`, "error", "structure", "CarePlan.category"},
		{"many for one", `{"resourceType":"Patient","gender":["female"]}`, "error", "structure", "Patient.gender"},
		{"empty array", goodPlan + `,"category":[]}`, "error", "structure", "CarePlan.category"},
		{"a narrative that is never shown", goodPlan + `,"text":{"status":"generated","div":"Blodwen"}}`, "warning", "value", "CarePlan.text.div"},
		{"a narrative without its status", goodPlan + `,"text":{"div":"<div>Blodwen</div>"}}`, "warning", "required", "CarePlan.text.status"},
		{"empty object", goodPlan + `,"period":{}}`, "error", "structure", "CarePlan.period"},
		{"empty string", goodPlan + `,"title":""}`, "error", "value", "CarePlan.title"},
		{"two variants of a choice", `{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2024"}`, "error", "structure", "Patient.deceasedDateTime"},
		{"30 February", `{"resourceType":"Patient","birthDate":"1980-02-30"}`, "error", "value", "Patient.birthDate"},
		{"time in a date", `{"resourceType":"Patient","birthDate":"1980-02-20T10:00:00Z"}`, "error", "value", "Patient.birthDate"},
		{"British date", `{"resourceType":"Patient","birthDate":"20/02/1980"}`, "error", "value", "Patient.birthDate"},
		{"instant without a time", `{"resourceType":"Patient","meta":{"lastUpdated":"2024-01-01"}}`, "error", "value", "Patient.meta.lastUpdated"},
		{"id", `{"resourceType":"Patient","id":"Blodwen Evans"}`, "error", "value", "Patient.id"},
		{"id too long", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `"}`, "error", "value", "Patient.id"},
		{"uri", `{"resourceType":"Patient","identifier":[{"system":"Blodwen Evans"}]}`, "error", "value", "Patient.identifier[0].system"},
		{"period ends before it starts", goodPlan + `,"period":{"start":"2024-02-01","end":"2024-01-31"}}`, "error", "invariant", "CarePlan.period"},
		{"reference to a wrong type", goodPlan + `,"careTeam":[{"reference":"Practitioner/Blodwen"}]}`, "error", "value", "CarePlan.careTeam[0]"},
		{"absolute reference to a wrong type", goodPlan + `,"goal":[{"reference":"https://x.example/fhir/Patient/1/_history/2"}]}`, "error", "value", "CarePlan.goal[0]"},
		{"reference that says a wrong type", goodPlan + `,"goal":[{"type":"Patient","display":"Blodwen"}]}`, "error", "value", "CarePlan.goal[0]"},
		{"cpl-3", goodPlan + `,"activity":[{"reference":{"reference":"Task/1"},"detail":{"status":"unknown"}}]}`, "error", "invariant", "CarePlan.activity[0]"},
		{"ctm-1", `{"resourceType":"CareTeam","participant":[{"member":{"reference":"PractitionerRole/1"},"onBehalfOf":{"reference":"Organization/1"}}]}`, "error", "invariant", "CareTeam.participant[0]"},
		{"ctm-1 without a member", `{"resourceType":"CareTeam","participant":[{"onBehalfOf":{"reference":"Organization/1"}}]}`, "error", "invariant", "CareTeam.participant[0]"},
		{"two coordinators", `{"resourceType":"CareTeam","status":"active","participant":[` + coordinator + `,` + coordinator + `]}`, "warning", "business-rule", "CareTeam.participant"},
		{"extension without a url", goodPlan + `,"extension":[{"valueString":"Blodwen"}]}`, "error", "required", "CarePlan.extension[0].url"},
		{"extension of nothing", goodPlan + `,"extension":[{"url":"http://x.example"}]}`, "error", "invariant", "CarePlan.extension[0]"},
		{"extension of both", goodPlan + `,"extension":[{"url":"http://x.example","valueString":"Blodwen","extension":[{"url":"y","valueCode":"z"}]}]}`, "error", "invariant", "CarePlan.extension[0]"},
		{"two values of an extension", goodPlan + `,"extension":[{"url":"http://x.example","valueString":"Blodwen","valueCode":"z"}]}`, "error", "structure", "CarePlan.extension[0].valueCode"},
		{"extension on a primitive", goodPlan + `,"_status":{"extension":[{"url":"http://x.example"}]}}`, "error", "invariant", "CarePlan._status.extension[0]"},
		{"unknown area", goodPlan + `,"activity":[{"extension":[{"url":"` + profiles.ExtArea + `","valueCode":"Blodwen"}]}]}`, "error", "code-invalid", "CarePlan.activity[0].extension[0].valueCode"},
		{"restriction that says nothing", goodPlan + `,"extension":[{"url":"` + profiles.ExtRestriction + `","valueString":"Blodwen"}]}`, "error", "code-invalid", "CarePlan.extension[0].valueCode"},
		{"contained in a contained one", goodPlan + `,"contained":[{"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"c"}]}]}`, "error", "invariant", "CarePlan.contained[0]"},
		{"contained is not there", goodPlan + `,"author":{"reference":"#Blodwen"}}`, "error", "invariant", "CarePlan.author.reference"},
		{"fault in a contained one", goodPlan + `,"contained":[{"resourceType":"Patient","id":"c","gender":"Blodwen"}]}`, "error", "code-invalid", "CarePlan.contained[0].gender"},
		{"fault under a repeated path", `{"resourceType":"Consent","status":"active","scope":{"text":"a"},"category":[{"text":"a"}],"provision":{"provision":[{"type":"Blodwen"}]}}`, "error", "code-invalid", "Consent.provision.provision[0].type"},
		{"type that is not detailed", `{"resourceType":"Immunization","id":"Blodwen Evans"}`, "error", "value", "Immunization.id"},
		{"unknown element", goodPlan + `,"reviewer":"Blodwen"}`, "information", "informational", "CarePlan.reviewer"},
		{"extensions of no primitive", goodPlan + `,"_period":{"id":"Blodwen"}}`, "information", "informational", "CarePlan._period"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issues := profiles.Check(parse(t, tt.src))
			if len(issues) != 1 {
				t.Fatalf("%d issues instead of one: %+v", len(issues), issues)
			}
			i := issues[0]
			if i.Severity != tt.severity || i.Code != tt.code || i.Path != tt.path {
				t.Errorf("%s %s at %q, want %s %s at %q", i.Severity, i.Code, i.Path, tt.severity, tt.code, tt.path)
			}
			if strings.Contains(i.Path+i.Text, canary) {
				t.Errorf("the issue holds a value: %s: %s", i.Path, i.Text)
			}
			if profiles.Fatal(issues) != (tt.severity == "error") {
				t.Errorf("Fatal is %v for severity %s", profiles.Fatal(issues), tt.severity)
			}
		})
	}
}

const coordinator = `{"role":[{"coding":[{"system":"http://snomed.info/sct","code":"768820003"}]}]}`

// TestCheckAccepts: corners of the format that careless checkers refuse.
func TestCheckAccepts(t *testing.T) {
	for _, tt := range []struct{ name, src string }{
		{"required element that is only an extension", `{"resourceType":"Flag","_status":{"extension":[{"url":"http://x.example","valueCode":"masked"}]},"code":{"text":"a"},"subject":{"reference":"Patient/a"}}`},
		{"gaps in parallel arrays", `{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"extension":[{"url":"http://x.example","valueCode":"unknown"}]}]}]}`},
		{"period of one day", goodPlan + `,"period":{"start":"2024-02-01","end":"2024-02-01"}}`},
		{"period by year and day", goodPlan + `,"period":{"start":"2024","end":"2024-01-01"}}`},
		{"urn:uuid", goodPlan + `,"careTeam":[{"reference":"urn:uuid:085e81c0-7a95-ef02-16ef-aa1b4344deed"}]}`},
		{"logical reference", goodPlan + `,"author":{"identifier":{"system":"http://x.example","value":"1"}}}`},
		{"contained and its sibling", goodPlan + `,"contained":[{"resourceType":"CareTeam","id":"t","managingOrganization":[{"reference":"#o"}]},{"resourceType":"Organization","id":"o"}],"careTeam":[{"reference":"#t"}]}`},
		{"the container itself", goodPlan + `,"contained":[{"resourceType":"Provenance","id":"v","target":[{"reference":"#"}],"recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"display":"a"}}]}]}`},
		{"complex extension of ours", goodPlan + `,"extension":[{"url":"` + profiles.ExtAgreement + `","extension":[{"url":"status","valueCode":"agreed"}]}]}`},
		{"system that begins with a blank", `{"resourceType":"Patient","identifier":[{"system":" https://fhir.abuhb.nhs.wales/Id/pas-identifier","value":"1"}]}`},
		{"type that is not detailed", `{"resourceType":"Immunization","id":"i","status":12,"whatever":{"a":null}}`},
		{"former and present coordinator", `{"resourceType":"CareTeam","status":"active","participant":[` + strings.Replace(coordinator, `{"role"`, `{"period":{"end":"2024-01-01"},"role"`, 1) + `,` + coordinator + `]}`},
		{"decimals", `{"resourceType":"Location","position":{"longitude":-3.1e0,"latitude":51.48}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if issues := profiles.Check(parse(t, tt.src)); len(issues) != 0 {
				t.Errorf("%+v", issues)
			}
		})
	}
}

// TestCheckIsBounded: a document full of faults does not make an answer larger
// than itself, and what is not understood never pushes out what is refused.
func TestCheckIsBounded(t *testing.T) {
	var src strings.Builder
	src.WriteString(goodPlan)
	for i := range 5000 {
		src.WriteString(`,"x` + strings.Repeat("y", i%50) + string(rune('a'+i%26)) + strings.Repeat("z", i/50) + `":1`)
	}
	src.WriteString(`,"title":12}`)
	issues := profiles.Check(parse(t, src.String()))
	if len(issues) != 101 || !profiles.Fatal(issues) {
		t.Errorf("%d issues, fatal %v; want 100 informational ones and the error", len(issues), profiles.Fatal(issues))
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(goodPlan + `,"activity":[{"detail":{"status":"scheduled"}}]}`)
	f.Add(`{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"a"}]}]}`)
	f.Add(`{"resourceType":"CarePlan","contained":[{"resourceType":"Patient"}],"_status":null,"extension":[{}]}`)
	f.Fuzz(func(t *testing.T, src string) {
		v, err := fhir.Parse([]byte(src))
		if err != nil {
			return
		}
		for _, issue := range profiles.Check(v) {
			if issue.Severity == "" || issue.Code == "" || issue.Text == "" {
				t.Errorf("an issue without its words: %+v", issue)
			}
		}
	})
}
