package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cpagateway/profiles"
)

const annsNumber = "9990000018"

// ids gives the ids of what a caller finds of a type about Ann.
func (s *stage) ids(as, typ string) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	for _, r := range s.search(as, typ, annsNumber).matches(s.t) {
		found[r["id"].(string)] = typ
	}
	if len(found) == 0 {
		s.t.Fatalf("%s finds no %s of Ann: the test would look at nothing", as, typ)
	}
	return found
}

// hidden gives what the care coordinator finds and the other caller does not.
func (s *stage) hidden(as, typ string) []string {
	s.t.Helper()
	seen := map[string]string{}
	for _, r := range s.search(as, typ, annsNumber).matches(s.t) {
		seen[r["id"].(string)] = typ
	}
	var hidden []string
	for id := range s.ids("cmht", typ) {
		if _, ok := seen[id]; !ok {
			hidden = append(hidden, id)
		}
	}
	if len(hidden) == 0 {
		s.t.Fatalf("nothing of type %s is hidden from %s: the test would look at nothing", typ, as)
	}
	return hidden
}

// A search by _id once found everything of the person whose record the id named.
func TestSearchByIDIsAFilter(t *testing.T) {
	s := openStage(t)
	unknown := s.do("social-care", http.MethodGet, "/fhir/R4/Goal?_id=unknown", "")
	for _, id := range s.hidden("social-care", "Goal") {
		if got := s.do("social-care", http.MethodGet, "/fhir/R4/Goal?_id="+id, ""); got.body != unknown.body {
			t.Errorf("the id of a hidden goal tells: %.200s", got.body)
		}
	}
	for id := range s.ids("gp", "CarePlan") {
		for _, query := range []string{"_id=" + id, "_id=" + id + "&patient.identifier=" + url.QueryEscape(profiles.SystemNHSNumber+"|"+annsNumber)} {
			found := s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?"+query, "").matches(t)
			if len(found) != 1 || found[0]["id"] != id {
				t.Errorf("%s: %d found", query, len(found))
			}
		}
	}
}

// A reference that the projection drops once still matched as a filter.
func TestSearchByAHiddenReferenceMatchesNothing(t *testing.T) {
	s := openStage(t)
	asked := 0
	for _, c := range []struct{ as, typ, param, target string }{
		{"social-care", "CarePlan", "goal", "Goal"}, {"gp", "CarePlan", "goal", "Goal"},
		{"ooh", "CarePlan", "part-of", "CarePlan"}, {"ooh", "CarePlan", "care-team", "CareTeam"},
	} {
		for _, id := range s.hidden(c.as, c.target) {
			asked++
			if got := s.search(c.as, c.typ, annsNumber, c.param, c.target+"/"+id); len(got.matches(t)) != 0 {
				t.Errorf("%s: %s=%s/... matches what it cannot see", c.as, c.param, c.target)
			}
		}
	}
	for id := range s.ids("social-care", "Goal") {
		if got := s.search("social-care", "CarePlan", annsNumber, "goal", "Goal/"+id); len(got.matches(t)) != 1 {
			t.Error("a goal that social care sees does not find its plan: the filter matches nothing at all")
		}
	}
	if asked < 4 {
		t.Fatalf("only %d searches", asked)
	}
}

// Numbered outcomes and listed empty areas once told that finance is withheld.
func TestNoGapTellsOfAWithheldOutcome(t *testing.T) {
	s := openStage(t)
	for _, goal := range s.search("social-care", "Goal", annsNumber).matches(t) {
		if _, ok := goal["identifier"]; ok {
			t.Error("a goal carries an identifier, which may be a number")
		}
	}
	const noAction = "No action needed"
	if plan := s.search("cmht", "CarePlan", annsNumber, "category", profiles.CodeMentalHealthPlan); !strings.Contains(plan.body, noAction) {
		t.Fatal("Ann's plan has no area without action: the test looks at nothing")
	}
	if plan := s.search("social-care", "CarePlan", annsNumber); strings.Contains(plan.body, noAction) {
		t.Error("areas without action are listed to a caller who does not see all nine")
	}
}

// A crisis team's search without a category once lacked the crisis entry.
func TestEveryCrisisReadCarriesTheEntry(t *testing.T) {
	s := openStage(t)
	for _, person := range cast {
		if got := s.search("ooh", "CarePlan", person.number); !strings.Contains(got.body, `"mode":"outcome"`) {
			t.Errorf("%s: %.200s", person.name, got.body)
		}
	}
}

// Paths that were not clean were once redirected before anything was recorded,
// with the NHS number in the answer.
func TestUncleanPathsAreRefusedAndRecorded(t *testing.T) {
	s := openStage(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"//fhir/R4/CarePlan", "/fhir/R4//CarePlan", "/fhir/R4/./CarePlan", "/fhir/R4/x/../CarePlan", "/fhir/R4/CarePlan/", "/fhir/R4/CarePlan%2Fx"} {
		request, err := http.NewRequest(http.MethodGet, s.base+path+"?patient.identifier="+annsNumber, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque = path + "?patient.identifier=" + annsNumber
		request.Header.Set("Authorization", "Bearer "+s.token("gp"))
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound || response.Header.Get("Location") != "" || response.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d, Location %q", path, response.StatusCode, response.Header.Get("Location"))
		}
	}
}

// Lenient handling once passed over the ways around the closed list.
func TestLenientHandlingKeepsTheClosedList(t *testing.T) {
	s := openStage(t)
	person := "patient.identifier=" + url.QueryEscape(profiles.SystemNHSNumber+"|"+annsNumber)
	for _, param := range []string{"_filter=x", "_has:Goal:patient:category=finance", "_text=x", "_list=x", "subject.name=x", "_include=*"} {
		if got := s.do("ooh", http.MethodGet, "/fhir/R4/CarePlan?"+person+"&"+param, "", "Prefer", "handling=lenient"); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", param, got.status)
		}
	}
	if got := s.do("ooh", http.MethodGet, "/fhir/R4/CarePlan?"+person+"&colour=red", "", "Prefer", "handling=lenient"); got.status != http.StatusOK || strings.Contains(got.body, "colour") {
		t.Errorf("an unknown parameter in lenient handling: %d %.200s", got.status, got.body)
	}
}

// Messages once showed the verbs of their own format.
func TestMessagesHaveTheirNumbers(t *testing.T) {
	s := openStage(t)
	answers := []answer{
		s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?x="+strings.Repeat("a", 9<<10), ""),
		s.do("gp", http.MethodPost, "/fhir/R4/CarePlan/_search", "x="+strings.Repeat("a", 70<<10)),
		s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?patient=Patient/x&_count=none", ""),
		s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?colour=red", ""),
	}
	for i, want := range []int{http.StatusRequestURITooLong, http.StatusRequestEntityTooLarge, http.StatusBadRequest, http.StatusBadRequest} {
		if answers[i].status != want || strings.Contains(answers[i].body, "%!") {
			t.Errorf("%d: want %d: %.300s", answers[i].status, want, answers[i].body)
		}
	}
}
