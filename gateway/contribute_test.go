package gateway_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/profiles"
)

// councilPlan is Ann's plan as the council sees it.
func (s *stand) councilPlan() (path string, a answer) {
	s.t.Helper()
	path = "/CarePlan/" + s.planOf("social-care", ann, profiles.CodeMentalHealthPlan)
	return path, s.get("social-care", path)
}

// A council adds, changes and ends its own part of the health board's plan; everybody
// else's stays.
func TestACouncilContributes(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	team, crisis := s.get("cmht", path), s.get("ooh", "/CarePlan/"+s.planOf("ooh", ann, profiles.CodeCrisisPlan))

	added := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "accommodation", "A flat with a garden"), "If-Match", mine.header.Get("ETag"))
	if added.status != http.StatusOK || !strings.Contains(added.body, "A flat with a garden") {
		t.Fatalf("added: %d %s", added.status, added.body)
	}
	if got := s.get("cmht", path); !strings.Contains(got.body, "A flat with a garden") || got.version() == team.version() {
		t.Errorf("the team does not see it: %s", got.body)
	}
	if got := s.get("ooh", "/CarePlan/"+s.planOf("ooh", ann, profiles.CodeCrisisPlan)); got.body != crisis.body {
		t.Error("the crisis slice has moved")
	}
	s.bringIn(s.plan("ann.json", func(map[string]any) {}))
	changed := s.send("social-care", http.MethodPut, path, edited(t, added.body, `"description":"A flat with a garden"`, `"description":"A flat without stairs"`))
	if changed.status != http.StatusOK || !strings.Contains(changed.body, "without stairs") || strings.Contains(changed.body, "with a garden") {
		t.Fatalf("changed: %d %s", changed.status, changed.body)
	}
	var plan map[string]any
	must(t, json.Unmarshal([]byte(changed.body), &plan))
	list := plan["activity"].([]any)
	plan["activity"] = list[:len(list)-1]
	body, err := json.Marshal(plan)
	must(t, err)
	ended := s.send("social-care", http.MethodPut, path, string(body))
	if ended.status != http.StatusOK || strings.Contains(ended.body, "without stairs") {
		t.Fatalf("ended: %d %s", ended.status, ended.body)
	}
	if got := s.get("cmht", path); strings.Contains(got.body, "without stairs") || s.stored("CarePlan", path[len("/CarePlan/"):]).Get("activity").Len() == 0 {
		t.Errorf("the team sees %s", got.body)
	}
}

// What another gateway puts in force decides the very next write.
func TestAWriteIsDecidedByTheAgreementsInForce(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	before := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw())
	s.putInForce(fstest.MapFS{})
	a := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "accommodation", "A flat with a garden"))
	if a.status < http.StatusBadRequest || strings.Contains(a.body, secretOfAnn) {
		t.Errorf("written by agreements that are not in force: %d %.300s", a.status, a.body)
	}
	if after := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw()); after != before {
		t.Error("the plan has changed")
	}
}

// A council that tries to write what is not its own changes nothing, and every refusal
// says the same: also of what it excluded from, of what it does not see, and of what does
// not exist.
func TestAContributionIsHeldToItsFlow(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	id := path[len("/CarePlan/"):]
	before := string(s.stored("CarePlan", id).Raw())
	first := func(body string) map[string]any {
		var plan map[string]any
		must(t, json.Unmarshal([]byte(body), &plan))
		return plan
	}
	marshal := func(plan map[string]any) string {
		body, err := json.Marshal(plan)
		must(t, err)
		return string(body)
	}
	without := func(name string) string {
		plan := first(mine.body)
		delete(plan, name)
		return marshal(plan)
	}
	part := func(change func(activity map[string]any)) string {
		plan := first(withActivity(t, mine.body, "accommodation", "A flat"))
		list := plan["activity"].([]any)
		change(list[len(list)-1].(map[string]any))
		return marshal(plan)
	}
	theirs := func(change func(activity map[string]any)) string {
		plan := first(mine.body)
		change(plan["activity"].([]any)[0].(map[string]any))
		return marshal(plan)
	}
	refusal := ""
	for name, body := range map[string]string{
		"an area of no flow":        withActivity(t, mine.body, "social", "A club"),
		"an area that she excluded": withActivity(t, mine.body, "finance", "A loan"),
		"an area that is none":      withActivity(t, mine.body, "gambling", "A bet"),
		"no area":                   part(func(a map[string]any) { delete(a, "extension") }),
		"an id of its own":          part(func(a map[string]any) { a["id"] = "cs-1" }),
		"the health board's part":   theirs(func(a map[string]any) { a["detail"].(map[string]any)["status"] = "cancelled" }),
		"its activities":            without("activity"),
		"its goals":                 without("goal"),
		"its title":                 edited(t, mine.body, `"title":"`, `"title":"x`),
		"its status":                edited(t, mine.body, `"status":"active"`, `"status":"revoked"`),
		"its kind":                  edited(t, mine.body, profiles.CodeMentalHealthPlan, profiles.CodeCrisisPlan),
		"an author":                 edited(t, mine.body, `"intent":"plan"`, `"intent":"plan","author":{"reference":"Practitioner/x"}`),
		"a care team":               edited(t, mine.body, `"reference":"CareTeam/`, `"reference":"CareTeam/x`),
		"somebody else's plan":      edited(t, mine.body, `"subject":{"reference":"Patient/`, `"subject":{"reference":"Patient/x`),
		"a modifier": part(func(a map[string]any) {
			a["modifierExtension"] = []any{map[string]any{"url": "http://example.org/x", "valueBoolean": true}}
		}),
		"a reference to what is not": part(func(a map[string]any) {
			a["detail"].(map[string]any)["goal"] = []any{map[string]any{"reference": "Goal/none"}}
		}),
		"what nobody is shown": part(func(a map[string]any) { a["progress"] = []any{map[string]any{"text": "x"}}; a["unknown"] = "x" }),
	} {
		t.Run(name, func(t *testing.T) {
			got := s.send("social-care", http.MethodPut, path, body, "Prefer", "merge")
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("%d %s", got.status, got.body)
			}
			if !strings.Contains(got.body, `"code":"forbidden"`) {
				return // what is wrong by itself is told
			}
			text := got.body[strings.Index(got.body, `"language"`):]
			if refusal == "" {
				refusal = text
			}
			if text != refusal {
				t.Errorf("another refusal: %s", text)
			}
		})
	}
	for _, as := range []string{"social-care", "gp", "ooh"} {
		if got := s.send(as, http.MethodDelete, path, ""); got.status != http.StatusUnprocessableEntity && got.status != http.StatusNotFound {
			t.Errorf("%s takes it away: %d", as, got.status)
		}
	}
	if got := s.send("social-care-b", http.MethodPut, path, mine.body, "Prefer", "merge"); got.status != http.StatusNotFound {
		t.Errorf("another council: %d", got.status)
	}
	if after := string(s.stored("CarePlan", id).Raw()); after != before {
		t.Errorf("stored is now\n%s", after)
	}
}

// What one partner contributed, another cannot change, and the custodian can.
func TestWhoWroteAPart(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	team := s.get("cmht", path)
	if got := s.send("cmht", http.MethodPut, path, withActivity(t, team.body, "accommodation", "A room at the team's")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	seen := s.get("social-care", path)
	if got := s.send("social-care", http.MethodPut, path, edited(t, seen.body, `"description":"A room at the team's"`, `"description":"No room"`)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the council changes the team's part: %d %s", got.status, got.body)
	}
	added := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "work", "A job at the library"), "If-Match", mine.header.Get("ETag"), "Prefer", "merge")
	if added.status != http.StatusOK {
		t.Fatalf("%d %s", added.status, added.body)
	}
	team = s.get("cmht", path)
	if got := s.send("cmht", http.MethodPut, path, edited(t, team.body, `"description":"A job at the library"`, `"description":"A job at the museum"`)); got.status != http.StatusOK {
		t.Errorf("the team changes the council's part: %d %s", got.status, got.body)
	}
	seen = s.get("social-care", path)
	if got := s.send("social-care", http.MethodPut, path, edited(t, seen.body, `"description":"A job at the museum"`, `"description":"A job"`)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the council changes what the team has made of its part: %d %s", got.status, got.body)
	}
}

// A withdrawal closes writing with reading.
func TestAWithdrawalClosesWriting(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	s.withdraw()
	if got := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "work", "A job"), "Prefer", "merge"); got.status != http.StatusNotFound {
		t.Errorf("%d %s", got.status, got.body)
	}
}

var races = flag.Int("races", 10, "rounds of TestConditionalCreateIsAtomic, and walks of TestNoWalkLosesOrRepeats")

// Of many who create the same at once, one does, and all are told which it is.
func TestConditionalCreateIsAtomic(t *testing.T) {
	s := openStand(t)
	s.token("cmht") // or each would ask for one
	for n := range *races {
		body := crisisPlanOf(numbered(ann), fmt.Sprintf(`,"identifier":[{"system":"http://example.org/plans","value":"%d"}]`, n))
		before := s.counted()
		answers := make(chan answer, 8)
		for range cap(answers) {
			go func() {
				answers <- s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", fmt.Sprint("identifier=http://example.org/plans|", n))
			}()
		}
		created, told := 0, map[string]bool{}
		for range cap(answers) {
			a := <-answers
			switch a.status {
			case http.StatusCreated:
				created++
			case http.StatusOK:
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
			told[a.id(t)] = true
		}
		if after := s.counted(); created != 1 || after[0] != before[0]+1 || len(told) != 1 {
			t.Fatalf("round %d: %d were created, %d are there, and %d were told", n, created, after[0]-before[0], len(told))
		}
	}
}
