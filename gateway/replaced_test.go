package gateway_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
)

// contributed is a stand where the council has contributed to Ann's plan.
func contributed(t *testing.T) (s *stand, plan string) {
	t.Helper()
	s = openStand(t)
	plan, mine := s.councilPlan()
	for _, part := range [][2]string{{"accommodation", "A flat with a garden"}, {"work", "A job"}, {"work", "A course"}} {
		got := s.send("social-care", http.MethodPut, plan, withActivity(t, mine.body, part[0], part[1]))
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		mine = got
	}
	if got := s.send("social-care", http.MethodPut, plan, withoutActivity(t, mine.body, "A course")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return s, plan
}

// A plan that is replaced while what a council contributed to it is open raises one Task
// that names the contributions, whatever replaces it, and however often.
func TestAReplacedPlanIsOneTask(t *testing.T) {
	ends := func(status string) func(s *stand, plan string) answer {
		return func(s *stand, plan string) answer {
			return s.send("cmht", http.MethodPut, plan, edited(s.t, s.get("cmht", plan).body, `"status":"active"`, `"status":"`+status+`"`))
		}
	}
	successor := func(s *stand, plan string) answer {
		return s.send("cmht", http.MethodPost, "/CarePlan", `{"resourceType":"CarePlan","status":"active","intent":"plan","category":[{"coding":[{"system":"`+profiles.SystemSNOMED+`","code":"`+
			profiles.CodeMentalHealthPlan+`"}]}],"subject":`+numbered(ann)+`,"replaces":[{"reference":"`+plan[1:]+`"}]}`)
	}
	for name, replace := range map[string][]func(s *stand, plan string) answer{
		"completed": {ends("completed")},
		"revoked, and again": {ends("revoked"), func(s *stand, plan string) answer {
			return s.send("cmht", http.MethodPut, plan, edited(s.t, s.get("cmht", plan).body, `"status":"revoked"`, `"status":"active"`))
		}, ends("revoked")},
		"deleted":             {func(s *stand, plan string) answer { return s.send("cmht", http.MethodDelete, plan, "") }},
		"by another":          {successor},
		"by another, and off": {successor, ends("completed")},
		"off, and by another": {ends("completed"), successor},
		"in a transaction": {func(s *stand, plan string) answer {
			return s.send("cmht", http.MethodPost, "", bundleFor("transaction", entryOf("DELETE", plan[1:], "", "")))
		}},
		"by the source's next": {func(s *stand, plan string) answer {
			s.bringIn(s.plan("ann.json", func(plan map[string]any) {
				plan["replaces"], plan["id"] = plan["id"], "CTP-9001"
			}))
			return answer{status: http.StatusOK}
		}},
		"by the source": {func(s *stand, plan string) answer {
			s.bringIn(s.plan("ann.json", func(plan map[string]any) { plan["status"], plan["directives"] = "ended", []any{} }))
			return answer{status: http.StatusOK}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, plan := contributed(t)
			for _, step := range replace {
				if got := step(s, plan); got.status >= http.StatusBadRequest {
					t.Fatalf("%d %s", got.status, got.body)
				}
			}
			list := s.tasksOf("keeper", ann)
			if len(list) != 1 || list[0].Code.Coding[0].Code != profiles.CodeDutyReplaced || list[0].Status != tasks.Requested || len(list[0].Note) != 2 {
				t.Fatalf("%+v", list)
			}
			want := 1 // what a write raises has an entry of its own; of an import, that of its batch tells
			if strings.HasPrefix(name, "by the source") {
				want = 0
			}
			if n := s.raised(); n != want {
				t.Errorf("%d Tasks are on record", n)
			}
			for i, words := range []string{"A flat with a garden", "A job"} {
				if n := list[0].Note[i]; n.AuthorReference.Identifier.Value != "LA9A1" || !strings.Contains(n.Text, "description: "+words) {
					t.Errorf("%+v, want %s", n, words)
				}
			}
			for _, as := range []string{"social-care", "gp", "ooh"} {
				if got := s.tasksOf(as, ann); len(got) > 0 {
					t.Errorf("%s finds %+v", as, got)
				}
			}
			before := s.everything()
			if got := s.choose("keeper", list[0].ID, choosing(tasks.Completed)); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
			after := s.everything()
			for _, all := range []map[string]string{before, after} {
				delete(all, "Task/"+list[0].ID)
			}
			if !maps.Equal(before, after) {
				t.Error("that it is done has changed something else")
			}
			s.verified()
		})
	}
}

// Nothing is asked where nothing is open, or the plan is in force.
func TestNothingIsAskedOfAPlanThatIsNotReplaced(t *testing.T) {
	s, plan := contributed(t)
	still := s.send("cmht", http.MethodPut, plan, edited(t, s.get("cmht", plan).body, `"title":"`, `"title":"x`))
	if got := s.tasksOf("keeper", ann); still.status != http.StatusOK || len(got) > 0 {
		t.Errorf("still in force: %d, %+v", still.status, got)
	}
	mine := s.get("social-care", plan)
	for _, words := range []string{"A flat with a garden", "A job"} {
		mine = s.send("social-care", http.MethodPut, plan, withoutActivity(t, mine.body, words))
	}
	gone := s.send("cmht", http.MethodDelete, plan, "")
	if got := s.tasksOf("keeper", ann); gone.status != http.StatusNoContent || len(got) > 0 {
		t.Errorf("nothing was open: %d, %+v", gone.status, got)
	}
}

// raised is how many entries of the audit log tell that a write raised a Task.
func (s *stand) raised() (n int) {
	s.t.Helper()
	for _, body := range s.bodies() {
		var e entry
		must(s.t, json.Unmarshal(body, &e))
		if e.Interaction == "task" {
			n++
		}
	}
	return n
}
