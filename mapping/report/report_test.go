package report_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"cpagateway/mapping/report"
	"cpagateway/profiles/fhir"
)

func shipped(t rapid.TB, name, language string) *report.Report {
	t.Helper()
	files, err := report.Maps(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.New(files, language)
	if err != nil {
		t.Fatalf("%s in %q:\n%v", name, language, err)
	}
	return r
}

func parsed(t rapid.TB, texts ...string) []fhir.Value {
	t.Helper()
	var all []fhir.Value
	for _, text := range texts {
		v, err := fhir.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func rows(t rapid.TB, text []byte) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReportsInWelsh: every heading and word of a report is another in Welsh.
func TestReportsInWelsh(t *testing.T) {
	for _, name := range report.Names() {
		english, welsh := shipped(t, name, ""), shipped(t, name, "cy")
		for _, table := range english.Program().Makes("Person") {
			e, w := english.Program().Columns(table), welsh.Program().Columns(table)
			for i := range e {
				if i >= len(w) || e[i].Field != w[i].Field || e[i].Header == w[i].Header {
					t.Errorf("%s %s: column %s", name, table, e[i].Field)
				}
			}
		}
		e, w := string(english.Program().Table("Words").ConceptMap()), string(welsh.Program().Table("Words").ConceptMap())
		if e == w || strings.Count(e, `"target"`) != strings.Count(w, `"target"`) {
			t.Errorf("%s: the words in Welsh are\n%s", name, w)
		}
	}
}

func TestAFolderThatIsNoReportIsTold(t *testing.T) {
	for says, text := range map[string]string{
		"a map of the source Person":           "map CarePlan -> Plan\n  key id\n",
		"the columns of the table are not nam": "map Person -> Plans\n  key person\n",
		"m.map:3:3":                            "map Person -> Plans\n  key person\n  x y z\n",
	} {
		if _, err := report.New(fstest.MapFS{"m.map": {Data: []byte(text)}}, ""); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if _, err := report.Maps("no"); err != report.ErrNotShipped {
		t.Error(err)
	}
}

// someone is a person of whom the Measure asks, as the resources that tell of them.
type someone struct {
	resources []string
	in, valid bool
	age       string
}

// drawSomeone works out by itself what the return has to say.
func drawSomeone(rt *rapid.T, id string) someone {
	const day, yearBefore = "2026-02-28", "2025-02-28"
	one := func(texts ...string) string { return rapid.SampledFrom(texts).Draw(rt, "one") }
	member := func(name, value string) string {
		if value == "" {
			return ""
		}
		return fmt.Sprintf(`,%q:%q`, name, value)
	}
	s := someone{age: "Not known"}
	born := one("", "2008-02-28", "2008-02-29", "1950-01-01")
	s.resources = append(s.resources, fmt.Sprintf(`{"resourceType":"Patient","id":%q%s}`, id, member("birthDate", born)))
	if born != "" {
		s.age = "18 and over"
		if born > "2008-02-28" {
			s.age = "Under 18"
		}
	}
	status, from, until := one("active", "onhold", "finished", "planned"), one("2024-01-01", "2026-02-28", "2026-03-01"), one("", "2026-02-28", "2026-03-01")
	s.resources = append(s.resources, fmt.Sprintf(`{"resourceType":"EpisodeOfCare","id":"e%s","status":%q,"type":[{"coding":[{"code":"x"},{"system":"http://snomed.info/sct","code":"1092421000000100"}]}],"patient":{"reference":"Patient/%s"},"period":{"start":%q%s}}`, id, status, id, from, member("end", until)))
	s.in = from <= day && (until > day && status != "planned" || until == "" && (status == "active" || status == "onhold"))
	reviewedElsewhere := false
	if rapid.Bool().Draw(rt, "encounter") {
		held, done := one("2025-02-27", "2025-02-28", "2026-02-28", "2026-03-01"), one("finished", "planned")
		s.resources = append(s.resources, fmt.Sprintf(`{"resourceType":"Encounter","id":"r%s","status":%q,"type":[{"coding":[{"system":"http://snomed.info/sct","code":"425268008"}]}],"subject":{"reference":"Patient/%s"},"period":{"start":"%sT12:00:00Z"}}`, id, done, id, held))
		reviewedElsewhere = done == "finished" && held >= yearBefore && held <= day
	}
	for n := range rapid.IntRange(0, 2).Draw(rt, "plans") {
		status, from, until := one("active", "active", "draft", "on-hold"), one("2020-01-01", "2025-02-28", "2026-03-01"), one("", "", "2026-02-28", "2026-03-01")
		reviewed, due := one("", "2025-02-27", "2025-02-28", "2026-03-01"), one("", "2026-02-27", "2026-02-28")
		more := ""
		if reviewed != "" {
			more += fmt.Sprintf(`,"extension":[{"url":"https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-LastReviewed","valueDate":%q}]`, reviewed)
		}
		if due != "" {
			more += fmt.Sprintf(`,"activity":[{"extension":[{"url":"https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-PlanPart","valueCode":"review"}],"detail":{"scheduledPeriod":{"end":%q}}}]`, due)
		}
		s.resources = append(s.resources, fmt.Sprintf(`{"resourceType":"CarePlan","id":"p%s%d","status":%q,"category":[{"coding":[{"system":"http://snomed.info/sct","code":"718347000"}]}],"subject":{"reference":"Patient/%s"},"period":{"start":%q%s}%s}`, id, n, status, id, from, member("end", until), more))
		inForce := status == "active" && from <= day && (until == "" || until > day)
		recent := from >= yearBefore || reviewed >= yearBefore && reviewed <= day || reviewedElsewhere
		s.valid = s.valid || inForce && recent && (due == "" || due >= day)
	}
	return s
}

// TestTheReturnCountsWhoeverHasAValidPlan holds the return to its rule as it is worked out
// here, whoever the people are, whichever order their records come in.
func TestTheReturnCountsWhoeverHasAValidPlan(t *testing.T) {
	r := shipped(t, "measure-part-2", "")
	rapid.Check(t, func(rt *rapid.T) {
		var resources []string
		people, valid, without := map[string]int{}, map[string]int{}, 0
		for i := range rapid.IntRange(0, 4).Draw(rt, "people") {
			s := drawSomeone(rt, fmt.Sprint("a", i))
			resources = append(resources, s.resources...)
			if !s.in {
				continue
			}
			if people[s.age]++; s.valid {
				valid[s.age]++
			} else {
				without++
			}
		}
		files, account := r.Tables("7A4", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), parsed(rt, rapid.Permutation(resources).Draw(rt, "order")...))
		if len(account.Faults) > 0 || account.Read != len(resources) {
			rt.Fatalf("%+v", account)
		}
		got := rows(rt, files["Return.csv"])[1:]
		if len(got) != len(people) {
			rt.Fatalf("%q, want %v", got, people)
		}
		for _, row := range got {
			if row[0] != "2026-02" || row[1] != "7A4" || row[3] != fmt.Sprint(people[row[2]]) || row[4] != fmt.Sprint(valid[row[2]]) {
				rt.Fatalf("%q, want %d with %d valid", row, people[row[2]], valid[row[2]])
			}
		}
		if listed := rows(rt, files["Without.csv"])[1:]; len(listed) != without {
			rt.Fatalf("%q, want %d without", listed, without)
		}
	})
}

// TestNumbersAreAddedUpAsTheyStand: of 7.5 hours nothing was counted, being no whole number.
func TestNumbersAreAddedUpAsTheyStand(t *testing.T) {
	files := fstest.MapFS{"m.map": {Data: []byte("map Patient -> Who\n  key id\n  person \"Patient/{id}\"\n  hours -> hours\ncsv Hours\n  month \"Month\"\n  hours \"Hours\"\n  people \"People\"\n" +
		"map Person -> Hours\n  key person\n  month -> month\n  first Who -> hours\n    hours -> .   decimal\n  \"1\" -> people   integer\n")}}
	r, err := report.New(files, "")
	if err != nil {
		t.Fatal(err)
	}
	made, account := r.Tables("7A4", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), parsed(t,
		`{"resourceType":"Patient","id":"a","hours":7.50}`, `{"resourceType":"Patient","id":"b","hours":0.75}`, `{"resourceType":"Patient","id":"c","hours":1e2}`))
	if got := string(made["Hours.csv"]); got != "Month,Hours,People\n2026-02,108.25,3\n" || len(account.Faults) > 0 {
		t.Errorf("%q, %v", got, account.Faults)
	}
}

// TestTheYearBeforeALeapDay is the last day of that February.
func TestTheYearBeforeALeapDay(t *testing.T) {
	files := fstest.MapFS{"m.map": {Data: []byte("map Patient -> Who\n  key id\n  person \"Patient/{id}\"\n  id -> id2\ncsv Days\n  a \"A\"\n  b \"B\"\n  c \"C\"\nmap Person -> Days\n  key person\n  yearBefore -> a\n  eighteenBefore -> b\n  month -> c\n")}}
	r, err := report.New(files, "")
	if err != nil {
		t.Fatal(err)
	}
	made, _ := r.Tables("7A4", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), parsed(t, `{"resourceType":"Patient","id":"a"}`))
	if got := string(made["Days.csv"]); got != "A,B,C\n2023-02-28,2006-02-28,2024-02\n" {
		t.Errorf("%q", got)
	}
}
