package gateway_test

import (
	"strings"
	"testing"
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
