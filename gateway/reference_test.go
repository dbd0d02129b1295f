package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"cpagateway/consent"
)

// goalOf is a goal of a person in an area, as the treating team finds it.
func (s *stand) goalOf(number, area string) string {
	s.t.Helper()
	ids := s.get("cmht", "/Goal?"+about(number, "category", area)).ids(s.t)
	if len(ids) != 1 {
		s.t.Fatalf("%d goals in the area %s", len(ids), area)
	}
	return "Goal/" + ids[0]
}

// A filter on what a plan refers to finds nothing by a reference that the caller would
// not be shown, alone or beside one that they would: else it would tell that it is there.
func TestAReferenceThatIsNotShownFindsNothing(t *testing.T) {
	s := openStand(t)
	work, finance, another := s.goalOf(ann, "work"), s.goalOf(ann, "finance"), s.goalOf(bryn, "accommodation")
	team := "CareTeam/" + s.get("social-care", "/CareTeam?"+about(ann)).ids(t)[0]
	for _, c := range []struct {
		query []string
		plans map[string]int // by caller
	}{
		{[]string{"goal", work}, map[string]int{"cmht": 1, "social-care": 1}},
		{[]string{"goal", finance}, map[string]int{"cmht": 1, "social-care": 0}},
		{[]string{"goal", another}, map[string]int{"cmht": 0, "social-care": 0}},
		{[]string{"goal", "Goal/unknown"}, map[string]int{"cmht": 0, "social-care": 0}},
		{[]string{"goal", finance + "," + work}, map[string]int{"cmht": 1, "social-care": 1}},
		{[]string{"goal", work, "goal", finance}, map[string]int{"cmht": 1, "social-care": 0}},
		{[]string{"care-team", team, "goal", work}, map[string]int{"cmht": 1, "social-care": 1}},
		{[]string{"care-team", team, "goal", finance}, map[string]int{"cmht": 1, "social-care": 0}},
		{[]string{"status", "active", "goal", finance}, map[string]int{"cmht": 1, "social-care": 0}},
		{[]string{"status", "active", "goal", work}, map[string]int{"cmht": 1, "social-care": 1}},
	} {
		for as, want := range c.plans {
			path := "/CarePlan?" + about(ann, append([]string{"_total", "accurate"}, c.query...)...)
			a := s.get(as, path)
			if got := len(a.ids(t)); got != want {
				t.Errorf("%s asks for %v: %d plans, want %d", as, c.query, got, want)
			}
			if total, told := a.total(t); !told || total != want {
				t.Errorf("%s asks for %v: a total of %d, want %d", as, c.query, total, want)
			}
			if want == 0 && strings.Contains(a.body, `"next"`) {
				t.Errorf("%s asks for %v: there is a next page", as, c.query)
			}
		}
	}
}

// A plan that refers to another custodian's record does not show it, and is not found by
// it, though the caller may see both: else a filter would tell what the copy leaves out.
func TestAReferenceToAnotherCustodiansRecordFindsNothing(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(council, consent.On, s.annAt(council, asItIs))
	goals := s.get("gp", "/Goal?"+about(ann)).ids(t)
	if len(goals) == 0 {
		t.Fatal("no goal of the council's is seen: the test could not fail")
	}
	goal := "Goal/" + goals[0]
	before := s.get("gp", "/CarePlan?"+about(ann, "goal", goal)).ids(t)
	made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"`+goal+`"}]`))
	path := strings.Split(strings.TrimPrefix(made.header.Get("Location"), s.road.Base), "/_history")[0]
	if a := s.get("gp", path); made.status != http.StatusCreated || a.status != http.StatusOK || strings.Contains(a.body, goal) {
		t.Fatalf("made %d, read %d %s", made.status, a.status, a.body)
	}
	for _, query := range [][]string{{"goal", goal}, {"goal", goal + ",Goal/unknown"}} {
		a := s.get("gp", "/CarePlan?"+about(ann, append(query, "_total", "accurate")...))
		if total, _ := a.total(t); !slices.Equal(a.ids(t), before) || total != len(before) || total == 0 {
			t.Errorf("%v finds %v, a total of %d, and found %v", query, a.ids(t), total, before)
		}
	}
}
