package search_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/search"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// rows writes the index of a resource as lines, labels aside, sorted.
func rows(t testing.TB, src string) []string {
	t.Helper()
	var lines []string
	for _, e := range search.Index(parse(t, src)) {
		if strings.HasPrefix(e.Param, "_") {
			continue
		}
		line := e.Param + " "
		switch e.Kind {
		case search.Token:
			line += e.System + "|" + e.Code
		case search.Reference:
			line += e.Ref
		case search.Date:
			line += clock(e.From) + ".." + clock(e.Until)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format("2006-01-02T15:04")
}

func TestIndex(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"a plan", `{"resourceType":"CarePlan","status":"active","intent":"plan",
			"identifier":[{"system":"urn:x","value":"1"},{"value":"2"}],
			"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"},{"code":"local"}],"text":"Crisis"}],
			"subject":{"reference":"Patient/a"},"period":{"start":"2025-03-30","end":"2025-03-30"},
			"careTeam":[{"reference":"CareTeam/t/_history/3"}],"goal":[{"reference":"Goal/g"},{"reference":"Goal/g"}],
			"partOf":[{"reference":"CarePlan/m"}],"replaces":[{"reference":"CarePlan/old"}]}`, []string{
			"care-team CareTeam/t", "category http://snomed.info/sct|736253002", "category |local",
			"date 2025-03-30T00:00..2025-03-31T00:00", "goal Goal/g", "identifier urn:x|1", "identifier |2",
			"intent http://hl7.org/fhir/request-intent|plan", "part-of CarePlan/m", "patient Patient/a",
			"replaces CarePlan/old", "status http://hl7.org/fhir/request-status|active", "subject Patient/a",
		}},
		{"activities", `{"resourceType":"CarePlan","activity":[
			{"detail":{"status":"scheduled","scheduledPeriod":{"start":"2025-06"}}},
			{"detail":{"status":"scheduled","scheduledPeriod":{"end":"2026-06-01"}}},
			{"detail":{"status":"scheduled","scheduledTiming":{"event":["2025-07-02","2025-07-01T09:30:00+01:00","nonsense"]}}},
			{"detail":{"status":"scheduled","scheduledTiming":{"repeat":{"boundsPeriod":{"start":"2025-08-01","end":"2025-08-31"}}}}},
			{"detail":{"status":"scheduled","scheduledString":"every Tuesday"}},
			{"detail":{"status":"scheduled","scheduledPeriod":{"start":"2025-02-30"}}},
			{"detail":{"status":"scheduled","scheduledPeriod":{"start":"2025-06-02","end":"2025-06-01"}}}]}`, []string{
			"activity-date ..2026-06-02T00:00", "activity-date 2025-06-01T00:00..",
			"activity-date 2025-07-01T09:30..2025-07-03T00:00", "activity-date 2025-08-01T00:00..2025-09-01T00:00",
		}},
		{"a team", `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Patient/a"},"period":{"start":"2025-01-01"},"participant":[
			{"member":{"reference":"PractitionerRole/r"}},{"member":{"reference":"Device/d"}},{"member":{"display":"Dr Jones"}}]}`, []string{
			"date 2025-01-01T00:00..", "participant PractitionerRole/r", "patient Patient/a",
			"status http://hl7.org/fhir/care-team-status|active", "subject Patient/a",
		}},
		{"care manager as a person", `{"resourceType":"EpisodeOfCare","status":"active","patient":{"reference":"Patient/a"},
			"careManager":{"reference":"Practitioner/p"},"managingOrganization":{"reference":"Organization/o"},
			"type":[{"coding":[{"system":"http://snomed.info/sct","code":"1092421000000100"}]}]}`, []string{
			"care-manager Practitioner/p", "organization Organization/o", "patient Patient/a",
			"status http://hl7.org/fhir/episode-of-care-status|active", "subject Patient/a",
			"type http://snomed.info/sct|1092421000000100",
		}},
		{"care manager as a role", `{"resourceType":"EpisodeOfCare","careManager":{"reference":"PractitionerRole/r"}}`, []string{
			"care-manager-role PractitionerRole/r",
		}},
		{"a goal", `{"resourceType":"Goal","lifecycleStatus":"active","target":[{"dueDate":"2025-10-26"},{"dueDuration":{"value":1}}]}`, []string{
			"lifecycle-status http://hl7.org/fhir/goal-status|active", "target-date 2025-10-26T00:00..2025-10-27T00:00",
		}},
		{"references that lead nowhere here", `{"resourceType":"CarePlan","subject":{"reference":"https://x.example/Patient/a","identifier":
			{"system":" https://fhir.nhs.uk/Id/nhs-number","value":"999 000 0018"}},"careTeam":[{"reference":"#t"},{"reference":"urn:uuid:085e81c0-7a95-ef02-16ef-aa1b4344deed"},
			{"reference":"Patient/a"},{"reference":"CareTeam/"}],"partOf":[{"identifier":{"system":"urn:x","value":"1"}}]}`, []string{
			"patient https://fhir.nhs.uk/Id/nhs-number|9990000018", "subject https://fhir.nhs.uk/Id/nhs-number|9990000018",
		}},
		{"a person", `{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"999-000-0018"}],
			"name":[{"family":"Evans","given":["Ann"]}],"birthDate":"1980-01-01"}`, []string{
			"identifier https://fhir.nhs.uk/Id/nhs-number|9990000018",
		}},
		{"nonsense", `{"resourceType":"CarePlan","status":{"a":1},"subject":"Patient/a","category":"x","period":"2025","careTeam":{"reference":7}}`, []string{
			"category |x", "date 2025-01-01T00:00..2026-01-01T00:00",
		}},
		{"a type that is not searched", `{"resourceType":"Consent","status":"active","patient":{"reference":"Patient/a"}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rows(t, tt.src); !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// find says whether a query finds a resource for a caller granted some items.
func find(t *testing.T, src, query string, granted profiles.ItemSet) bool {
	t.Helper()
	r := parse(t, src)
	name, value, _ := strings.Cut(query, "=")
	p, err := search.Parse(r.Type(), name, value)
	if err != nil {
		t.Fatal(err)
	}
	return p.Match(search.Usable(search.Index(r), granted))
}

// TestSearchDoesNotTellWhatIsHidden: an element that a caller may not see is
// found by nothing they ask.
func TestSearchDoesNotTellWhatIsHidden(t *testing.T) {
	plan := fmt.Sprintf(`{"resourceType":"CarePlan","status":"active","intent":"plan","category":[{"coding":[{"system":"http://snomed.info/sct","code":"718347000"}]}],
		"subject":{"reference":"Patient/a"},"activity":[
		{"extension":[{"url":%q,"valueCode":"area"},{"url":%q,"valueCode":"finance"}],"detail":{"status":"scheduled","scheduledPeriod":{"start":"2025-06-01","end":"2025-06-01"}}},
		{"extension":[{"url":%q,"valueCode":"review"}],"detail":{"status":"scheduled","scheduledPeriod":{"start":"2025-09-01","end":"2025-09-01"}}}]}`,
		profiles.ExtPlanPart, profiles.ExtArea, profiles.ExtPlanPart)
	team := `{"resourceType":"CareTeam","status":"active","participant":[
		{"role":[{"coding":[{"system":"http://snomed.info/sct","code":"768820003"}]}],"member":{"reference":"Practitioner/coordinator"}},
		{"role":[{"coding":[{"system":"http://snomed.info/sct","code":"80584001"}]}],"member":{"reference":"Practitioner/psychiatrist"}}]}`
	episode := `{"resourceType":"EpisodeOfCare","status":"active","patient":{"reference":"Patient/a"},
		"type":[{"coding":[{"system":"http://snomed.info/sct","code":"1092221000000101"}]}]}`
	secret := `{"resourceType":"CarePlan","status":"active","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}],"profile":["http://x.example/forensic"]}}`

	summary := profiles.SetOf(profiles.PlanSummary)
	for _, tt := range []struct {
		name, src, query string
		granted          profiles.ItemSet
		want             bool
	}{
		{"finance activity without its area", plan, "activity-date=2025-06-01", summary, false},
		{"finance activity with another area", plan, "activity-date=2025-06-01", summary.Union(profiles.SetOf(profiles.AreaSocial)), false},
		{"finance activity with its area", plan, "activity-date=2025-06-01", profiles.AllItems, true},
		{"nor by what it is not", plan, "activity-date=ne2025-09-01", summary, false},
		{"the plan itself", plan, "category=718347000", summary, true},
		{"status is of the frame", plan, "status=active", profiles.ItemSet{}, true},
		{":not is the complement of what shows", plan, "status:not=active", profiles.ItemSet{}, false},
		{"another member to who sees the coordinator only", team, "participant=Practitioner/psychiatrist", profiles.SetOf(profiles.TeamCoordinator), false},
		{"the coordinator", team, "participant=Practitioner/coordinator", profiles.SetOf(profiles.TeamCoordinator), true},
		{"the level without its item", episode, "type=1092221000000101", profiles.SetOf(profiles.EpisodeSummary), false},
		{"the level", episode, "type=1092221000000101", profiles.SetOf(profiles.EpisodeSummary, profiles.EpisodeLevel), true},
		{"label V", secret, "_security=V", profiles.AllItems.Minus(profiles.Restricted), false},
		{"label V with its item", secret, "_security=V", profiles.AllItems, true},
		{"label R is on everything", secret, "_security=R", profiles.ItemSet{}, true},
		{"so are the sensitivities", team, "_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|MH", profiles.ItemSet{}, true},
		{"the alias", team, "_tag=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R", profiles.ItemSet{}, true},
		{"label N is on nothing", `{"resourceType":"Goal","meta":{"security":[{"code":"N"}]}}`, "_security=N", profiles.AllItems, false},
		{"somebody else's profile", secret, "_profile=http://x.example/forensic", profiles.AllItems, false},
		{"our profile", `{"resourceType":"Goal","meta":{"profile":["` + profiles.Profile("Goal") + `"]}}`, "_profile=" + profiles.Profile("Goal"), profiles.ItemSet{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := find(t, tt.src, tt.query, tt.granted); got != tt.want {
				t.Errorf("%s found: %v, want %v", tt.query, got, tt.want)
			}
		})
	}
}

// TestIndexPublished: every published plan of a stored type is found by its own
// status and person. The samples lie beside the project; without them it is skipped.
func TestIndexPublished(t *testing.T) {
	found := 0
	for _, folder := range []string{"fhir-hl7-r4-examples", "fhir-synthea-r4"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "samples", folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for plan := range plans(parse(t, string(src))) {
				found++
				if !find(t, string(plan.Raw()), "status="+plan.Get("status").Text(), profiles.ItemSet{}) {
					t.Errorf("%s is not found by its status", filepath.Base(file))
				}
				subject := plan.Find("subject", "reference").Text()
				if strings.HasPrefix(subject, "Patient/") && !find(t, string(plan.Raw()), "patient="+subject, profiles.ItemSet{}) {
					t.Errorf("%s is not found by its person", filepath.Base(file))
				}
			}
		}
	}
	if found == 0 {
		t.Skip("../shared/samples is not here")
	}
	if found < 10 {
		t.Fatalf("only %d plans in the samples", found)
	}
}

// plans are the care plans of a document: itself, or those in the bundle it is.
func plans(doc fhir.Value) iter.Seq[fhir.Value] {
	return func(yield func(fhir.Value) bool) {
		if doc.Type() == "CarePlan" {
			yield(doc)
			return
		}
		for r := range doc.All("entry", "resource") {
			if r.Type() == "CarePlan" && !yield(r) {
				return
			}
		}
	}
}
