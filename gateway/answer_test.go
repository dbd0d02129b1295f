package gateway_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/store"
	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
)

// choosing is the patch that answers a Task.
func choosing(status string) string {
	return fmt.Sprintf(`[{"op":"replace","path":"/status","value":%q},{"op":"add","path":"/statusReason","value":{"text":"asked Ann"}}]`, status)
}

// choose answers a Task as a caller.
func (s *stand) choose(as, id, patch string) answer {
	s.t.Helper()
	path := "/Task/" + id
	return s.send(as, http.MethodPatch, path, patch, "If-Match", s.get(as, path).header.Get("ETag"))
}

// source is who stored the current version of a resource.
func (s *stand) source(typ, id string) (source string) {
	s.t.Helper()
	must(s.t, s.store.View(s.t.Context(), func(now store.Snapshot) error {
		v, err := now.Current(typ, id)
		source = v.Source
		return err
	}))
	return source
}

// Completed, a Task puts what the source sent in the place of what stood, with the source as
// its author; the next extract finds nothing to change, and the same answer again neither.
func TestACompletedTaskPutsWhatTheSourceSent(t *testing.T) {
	for _, as := range []string{"keeper", "cmht"} {
		t.Run(as, func(t *testing.T) {
			s := openStand(t)
			plan, asked := s.financeClashes()
			before, council := s.stored("CarePlan", plan[len("/CarePlan/"):]), s.get("social-care", plan)
			tag := s.get(as, "/Task/"+asked.ID).header.Get("ETag")
			got := s.choose(as, asked.ID, choosing(tasks.Completed))
			if got.status != http.StatusOK || !strings.Contains(got.body, `"status":"completed"`) || !strings.Contains(got.body, "asked Ann") {
				t.Fatalf("%d %s", got.status, got.body)
			}
			after := s.stored("CarePlan", plan[len("/CarePlan/"):])
			if want := strings.Replace(string(before.Raw()), standing, sent, 1); string(after.Raw()) != want {
				t.Errorf("the plan is\n%s\nwant\n%s", after.Raw(), want)
			}
			if by := s.source("CarePlan", after.ID()); by != "welsh-ctp" {
				t.Errorf("stored by %s", by)
			}
			if now := s.get("social-care", plan); now.body != council.body || now.version() != council.version() {
				t.Error("the council sees a change of what it does not see")
			}
			s.changeArea("finance", sent)
			if again := s.send(as, http.MethodPatch, "/Task/"+asked.ID, choosing(tasks.Completed), "If-Match", tag); again.status != http.StatusOK {
				t.Errorf("the same again: %d %s", again.status, again.body)
			}
			if list := s.tasksOf("keeper", ann); len(list) != 1 || list[0].Status != tasks.Completed || string(s.stored("CarePlan", after.ID()).Raw()) != string(after.Raw()) {
				t.Errorf("after the next extract: %+v", list)
			}
			s.changeArea("finance", "Bills")
			if now := s.get("cmht", plan); !strings.Contains(now.body, "Bills") || strings.Contains(now.body, sent) {
				t.Errorf("the source does not change its own words: %s", now.body)
			}
			s.verified()
		})
	}
}

// Rejected, a Task leaves what stands, and is not raised again.
func TestARejectedTaskLeavesWhatStands(t *testing.T) {
	s := openStand(t)
	plan, asked := s.financeClashes()
	before := string(s.stored("CarePlan", plan[len("/CarePlan/"):]).Raw())
	body := edited(t, s.get("cmht", "/Task/"+asked.ID).body, `"status":"requested"`, `"status":"rejected","statusReason":{"text":"asked Ann"}`)
	if got := s.send("cmht", http.MethodPut, "/Task/"+asked.ID, body); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, what := range []string{sent, "Bills", sent, sent} { // that of the bills is another
		s.changeArea("finance", what)
	}
	if rejected, open := s.tasksOf("keeper", ann, "status", tasks.Rejected), s.tasksOf("keeper", ann, "status", tasks.Requested); len(rejected) != 1 || len(open) != 1 || !strings.Contains(open[0].Note[1].Text, "Bills") {
		t.Errorf("%+v, %+v", rejected, open)
	}
	if now := string(s.stored("CarePlan", plan[len("/CarePlan/"):]).Raw()); now != before {
		t.Errorf("the plan is\n%s\nwas\n%s", now, before)
	}
}

// A part that one of the two has ended is ended, or comes back, as is chosen.
func TestATaskAboutAPartThatWasEnded(t *testing.T) {
	without := func(s *stand) { // the source ends the part
		s.bringIn(s.plan("ann.json", func(plan map[string]any) {
			for _, outcome := range plan["outcomes"].([]any) {
				if o := outcome.(map[string]any); o["area"] == "finance" {
					delete(o, "services")
				}
			}
		}))
	}
	t.Run("by the source", func(t *testing.T) {
		s := openStand(t)
		plan := s.financeDiffers()
		without(s)
		asked := s.tasksOf("keeper", ann)
		if len(asked) != 1 || !strings.Contains(asked[0].Note[1].Text, "no longer there") || !strings.Contains(s.get("cmht", plan).body, standing) {
			t.Fatalf("%+v", asked)
		}
		got := s.choose("keeper", asked[0].ID, choosing(tasks.Completed))
		if now := s.get("cmht", plan).body; got.status != http.StatusOK || strings.Contains(now, standing) || !strings.Contains(now, "Tenancy support") {
			t.Errorf("%d %s", got.status, now)
		}
	})
	t.Run("by the team", func(t *testing.T) {
		s := openStand(t)
		plan := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
		whole := s.get("cmht", plan).body
		at := strings.Index(whole, `"description":"Budgeting help`) + len(`"description":"`)
		words := whole[at : at+strings.Index(whole[at:], `"`)]
		if got := s.send("cmht", http.MethodPut, plan, withoutActivity(t, whole, words)); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		s.changeArea("finance", sent)
		asked := s.tasksOf("keeper", ann)
		if len(asked) != 1 || !strings.Contains(asked[0].Note[0].Text, "no longer there") || strings.Contains(s.get("cmht", plan).body, sent) {
			t.Fatalf("%+v", asked)
		}
		got := s.choose("keeper", asked[0].ID, choosing(tasks.Completed))
		if now := s.get("cmht", plan).body; got.status != http.StatusOK || !strings.Contains(now, sent) {
			t.Errorf("%d %s", got.status, now)
		}
	})
}

// Nobody answers a Task but who keeps the record, with a reason, once, and while what it is
// about still stands; nothing is stored otherwise.
func TestATaskIsAnsweredOnceWithAReason(t *testing.T) {
	s := openStand(t)
	plan, asked := s.financeClashes()
	before := s.everything()
	path := "/Task/" + asked.ID
	whole := s.get("keeper", path).body
	for name, c := range map[string]struct {
		as, method, path, body string
		want                   int
	}{
		"no reason":        {"keeper", http.MethodPut, path, edited(t, whole, `"status":"requested"`, `"status":"completed"`), http.StatusUnprocessableEntity},
		"an empty reason":  {"keeper", http.MethodPut, path, edited(t, whole, `"status":"requested"`, `"status":"completed","statusReason":{"coding":[{"system":"urn:x"}]}`), http.StatusUnprocessableEntity},
		"another status":   {"keeper", http.MethodPut, path, edited(t, whole, `"status":"requested"`, `"status":"cancelled","statusReason":{"text":"x"}`), http.StatusUnprocessableEntity},
		"a reason alone":   {"keeper", http.MethodPut, path, edited(t, whole, `"status":"requested"`, `"status":"requested","statusReason":{"text":"x"}`), http.StatusUnprocessableEntity},
		"another text":     {"keeper", http.MethodPut, path, edited(t, edited(t, whole, `"status":"requested"`, `"status":"completed","statusReason":{"text":"x"}`), sent, "Mine"), http.StatusUnprocessableEntity},
		"another record":   {"keeper", http.MethodPut, path, edited(t, edited(t, whole, `"status":"requested"`, `"status":"completed","statusReason":{"text":"x"}`), `"focus":{"reference":"CarePlan/`, `"focus":{"reference":"Goal/`), http.StatusUnprocessableEntity},
		"another person":   {"keeper", http.MethodPut, path, edited(t, edited(t, whole, `"status":"requested"`, `"status":"completed","statusReason":{"text":"x"}`), asked.For.Reference, "Patient/x"), http.StatusUnprocessableEntity},
		"texts of its own": {"keeper", http.MethodPut, path, edited(t, whole, `"status":"requested"`, `"contained":[{"resourceType":"CarePlan","id":"sent"}],"status":"completed","statusReason":{"text":"x"}`), http.StatusUnprocessableEntity},
		"by a condition":   {"keeper", http.MethodPut, "/Task?identifier=urn:x|1", whole, http.StatusNotFound},
		"a new one":        {"keeper", http.MethodPost, "/Task", whole, http.StatusNotFound},
		"deleted":          {"keeper", http.MethodDelete, path, "", http.StatusNotFound},
		"a council":        {"social-care", http.MethodPut, path, whole, http.StatusNotFound},
		"a crisis team":    {"ooh", http.MethodPut, path, whole, http.StatusNotFound},
		"a practice":       {"gp", http.MethodPut, path, whole, http.StatusNotFound},
	} {
		if got := s.send(c.as, c.method, c.path, c.body); got.status != c.want || c.as != "keeper" && strings.Contains(got.body, sent) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if !maps.Equal(before, s.everything()) {
			t.Fatalf("%s: something was stored", name)
		}
	}
	if got := s.send("cmht", http.MethodPut, plan, edited(t, s.get("cmht", plan).body, `"description":"`+standing, `"description":"Something else`)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	before = s.everything()
	moved := s.choose("keeper", asked.ID, choosing(tasks.Completed))
	if moved.status != http.StatusPreconditionFailed || !strings.Contains(moved.body, "reject the Task") || !maps.Equal(before, s.everything()) {
		t.Errorf("what stood has changed: %d %s", moved.status, moved.body)
	}
	stale := s.get("keeper", path).header.Get("ETag")
	if got := s.choose("keeper", asked.ID, choosing(tasks.Rejected)); got.status != http.StatusOK {
		t.Errorf("rejected: %d %s", got.status, got.body)
	}
	if got := s.send("keeper", http.MethodPatch, path, choosing(tasks.Completed), "If-Match", stale); got.status != http.StatusPreconditionFailed {
		t.Errorf("answered twice: %d %s", got.status, got.body)
	}
	if got := s.choose("keeper", asked.ID, `[{"op":"replace","path":"/status","value":"completed"}]`); got.status != http.StatusUnprocessableEntity {
		t.Errorf("answered otherwise: %d %s", got.status, got.body)
	}
	s.verified()
}

// An answer that fails at any step has stored neither the Task nor the plan.
func TestAnAnswerThatFailsIsNotHalfDone(t *testing.T) {
	s := openStandUsing(t, keeping)
	plan, asked := s.financeClashes()
	before := s.everything()
	tag := s.get("keeper", "/Task/"+asked.ID).header.Get("ETag")
	for at := 1; ; at++ {
		failing := &failingTx{at: at}
		s.writes.through(func(tx store.Tx) store.Tx { failing.Tx = tx; return failing })
		got := s.send("keeper", http.MethodPatch, "/Task/"+asked.ID, choosing(tasks.Completed), "If-Match", tag)
		s.writes.through(nil)
		if failing.fails == "" {
			if got.status != http.StatusOK || at < 10 {
				t.Errorf("step %d: %d %s", at, got.status, got.body)
			}
			break
		}
		if got.status != http.StatusGatewayTimeout || !maps.Equal(before, s.everything()) {
			t.Fatalf("step %d (%s) failed: %d %s", at, failing.fails, got.status, got.body)
		}
	}
	if now := s.get("cmht", plan).body; !strings.Contains(now, sent) {
		t.Errorf("%s", now)
	}
	s.verified()
}

// What is refused when something of it has been put already is undone, as what fails is: an
// answer to a Task puts two things, and what a plan ends may raise a third.
func TestARefusalAfterTheFirstPutUndoesIt(t *testing.T) {
	s := openStandUsing(t, keeping)
	_, asked := s.financeClashes()
	before := s.everything()
	tag := s.get("keeper", "/Task/"+asked.ID).header.Get("ETag")
	refused := 0
	for at := 1; ; at++ {
		failing := &failingTx{at: at, with: consent.ErrNotAccepted}
		s.writes.through(func(tx store.Tx) store.Tx { failing.Tx = tx; return failing })
		got := s.send("keeper", http.MethodPatch, "/Task/"+asked.ID, choosing(tasks.Completed), "If-Match", tag)
		s.writes.through(nil)
		if failing.fails == "" {
			break
		}
		if got.status < http.StatusBadRequest || !maps.Equal(before, s.everything()) {
			t.Fatalf("step %d (%s) was refused: %d %s", at, failing.fails, got.status, got.body)
		}
		if failing.fails == "Put" {
			refused++
		}
	}
	if refused < 2 {
		t.Errorf("%d things were put: the test looks at nothing", refused)
	}
}

// In a transaction an answer is done with all else, or not at all.
func TestAnAnswerInATransaction(t *testing.T) {
	s := openStand(t)
	plan, asked := s.financeClashes()
	before := s.everything()
	whole := s.get("keeper", "/Task/"+asked.ID)
	body := edited(t, whole.body, `"status":"requested"`, `"status":"completed","statusReason":{"text":"asked Ann"}`)
	put := entryOf("PUT", "Task/"+asked.ID, body, "")
	broken := s.send("keeper", http.MethodPost, "", bundleFor("transaction", put, entryOf("DELETE", "Goal/unknown", "", "")))
	if broken.status < http.StatusBadRequest || !maps.Equal(before, s.everything()) {
		t.Errorf("half done: %d %s", broken.status, broken.body)
	}
	if got := s.send("keeper", http.MethodPost, "", bundleFor("transaction", put)); got.status != http.StatusOK || !strings.Contains(s.get("cmht", plan).body, sent) {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.verified()
}
