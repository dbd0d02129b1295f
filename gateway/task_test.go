package gateway_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/tasks"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
)

// The two texts of a clash in the area of finance, which Ann keeps from the council.
const (
	standing = "Budgeting help at home"
	sent     = "Debt advice"
)

// task is a Task as far as the tests look at it.
type task struct {
	ID, Status string
	Code       struct {
		Coding []struct{ System, Code string }
	}
	Focus, For struct{ Reference string }
	Owner      struct{ Reference string }
	Note       []struct {
		AuthorReference struct{ Identifier struct{ Value string } }
		Text            string
	}
}

// tasksOf are the Tasks about somebody that a caller finds.
func (s *stand) tasksOf(as, number string, more ...string) (list []task) {
	s.t.Helper()
	for _, e := range s.get(as, "/Task?"+about(number, more...)).bundle(s.t).Entry {
		if e.Search.Mode != "match" {
			continue
		}
		text, err := json.Marshal(e.Resource)
		must(s.t, err)
		var one task
		must(s.t, json.Unmarshal(text, &one))
		list = append(list, one)
	}
	return list
}

// financeDiffers has the team change what Ann's plan says of finance.
func (s *stand) financeDiffers() (plan string) {
	s.t.Helper()
	plan = "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	if got := s.send("cmht", http.MethodPut, plan, edited(s.t, s.get("cmht", plan).body, `"description":"Budgeting help`, `"description":"`+standing)); got.status != http.StatusOK {
		s.t.Fatalf("%d %s", got.status, got.body)
	}
	return plan
}

// financeClashes has the team and the source of Ann's plan change the same part of it.
func (s *stand) financeClashes() (plan string, asked task) {
	s.t.Helper()
	plan = s.financeDiffers()
	s.changeArea("finance", sent)
	list := s.tasksOf("keeper", ann)
	if len(list) != 1 {
		s.t.Fatalf("%d Tasks of one clash", len(list))
	}
	return plan, list[0]
}

// A clash of an import is one Task for the care coordinator, with both texts and their
// authors, however often it is met again; what stands stays, and nothing of it is set aside.
func TestAClashIsOneTask(t *testing.T) {
	s := openStand(t)
	plan, asked := s.financeClashes()
	if asked.Status != tasks.Requested || asked.Code.Coding[0].Code != profiles.CodeDutyClash || asked.Focus.Reference != plan[1:] || !strings.HasPrefix(asked.For.Reference, "Patient/") || !strings.HasPrefix(asked.Owner.Reference, "Practitioner") {
		t.Errorf("%+v", asked)
	}
	if len(asked.Note) != 2 {
		t.Fatalf("%+v", asked.Note)
	}
	for i, want := range []string{standing, sent} {
		if n := asked.Note[i]; n.AuthorReference.Identifier.Value != "7A4" || !strings.Contains(n.Text, "* description: "+want) || !strings.Contains(n.Text, "* area: finance") {
			t.Errorf("%+v, want %s", n, want)
		}
	}
	for _, what := range []string{sent, "Nothing", sent, "Nothing", sent} { // the second is another clash
		s.changeArea("finance", what)
		s.changeArea("finance", what)
	}
	if got := s.tasksOf("keeper", ann); len(got) != 2 {
		t.Errorf("%d Tasks of two clashes that were met three times", len(got))
	}
	if got := s.get("cmht", plan); !strings.Contains(got.body, standing) || strings.Contains(got.body, sent) {
		t.Errorf("what stood does not stand: %s", got.body)
	}
	must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
		faults, err := now.Faults(quarantine.Filter{})
		if len(faults) > 0 {
			t.Errorf("set aside as well: %+v", faults)
		}
		return err
	}))
	for query, want := range map[string]int{tasks.Requested: 2, tasks.Rejected: 0} {
		if got := s.tasksOf("keeper", ann, "status", query); len(got) != want {
			t.Errorf("%d Tasks are %s", len(got), query)
		}
	}
	history := s.get("cmht", "/Task/"+asked.ID+"/_history")
	if history.status != http.StatusOK || !strings.Contains(history.body, standing) {
		t.Errorf("its history: %d %s", history.status, history.body)
	}
	s.verified()
}

// ofAnAnswer is what differs in two answers that say the same.
var ofAnAnswer = regexp.MustCompile(`"(id|timestamp|url)":"([^"]*-[^"]*-[^"]*-[^"]*|[0-9]{4}-[^"]*|[^"]*_cursor=[^"]*)"`)

// Who may not see the part learns nothing by its Task: neither by reading, searching,
// counting, or history, nor by notifications, nor by what else changes.
func TestATaskTellsNobodyElse(t *testing.T) {
	s, e := subscribedStand(t)
	o := s.tell("a", nil)
	s.subscribe("keeper", subscription(subscriptions.TaskChanged, e.URL, "id-only", ""))
	council := s.subscribe("social-care", subscription(subscriptions.TaskChanged, e.URL, "id-only", ""))
	plan := s.financeDiffers()
	s.rest(o)
	others := []string{"ooh", "gp", "social-care", "social-care-b", "ooh-unlisted", "ig-lead"}
	shown := func() map[string]string {
		all := map[string]string{}
		for _, as := range others {
			for _, path := range []string{plan, plan + "/_history", "/CarePlan?" + about(ann), "/Task?" + about(ann, "_total", "accurate"), "/Task?" + about(ann, "_summary", "count")} {
				a := s.get(as, path)
				all[as+" "+path] = ofAnAnswer.ReplaceAllString(a.body, "") + a.header.Get("ETag")
			}
		}
		return all
	}
	before := shown()
	s.changeArea("finance", sent)
	until(t, func() bool { return len(e.events()) == 1 }, o)
	s.rest(o)
	asked := s.tasksOf("keeper", ann)[0]
	if want := "1 PUT Task/" + asked.ID; e.events()[0] != want {
		t.Errorf("told %q, want %q", e.events(), want)
	}
	if after := shown(); !maps.Equal(before, after) {
		for k := range before {
			if before[k] != after[k] {
				t.Errorf("%s\nwas %s\nis %s", k, before[k], after[k])
			}
		}
	}
	for _, as := range others {
		for _, path := range []string{"/Task/" + asked.ID, "/Task/" + asked.ID + "/_history", "/Task/" + asked.ID + "/_history/1"} {
			known, unknown := s.get(as, path), s.get(as, strings.Replace(path, asked.ID, "unknown", 1))
			if known.status != unknown.status || known.text(t) != unknown.text(t) || strings.Contains(known.body, sent) {
				t.Errorf("%s reads %s: %d %s", as, path, known.status, known.body)
			}
		}
		if got := s.tasksOf(as, ann); len(got) > 0 {
			t.Errorf("%s finds %+v", as, got)
		}
	}
	if a := s.get("social-care", council+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":"0"`) {
		t.Errorf("the council: %s", a.body)
	}
	for _, as := range []string{"keeper", "cmht"} {
		if a := s.get(as, "/Task/"+asked.ID); a.status != http.StatusOK || strings.Contains(a.body, "contained") || !strings.Contains(a.body, `"valueCode":"cy"`) {
			t.Errorf("%s: %d %s", as, a.status, a.body)
		}
	}
}

// An import that fails at any step leaves neither the Task nor what it is about; the next
// one leaves both.
func TestAClashThatFailsIsNotHalfDone(t *testing.T) {
	s := openStandUsing(t, keeping)
	s.financeDiffers()
	extract := s.plan("ann.json", func(plan map[string]any) {
		for _, outcome := range plan["outcomes"].([]any) {
			if o := outcome.(map[string]any); o["area"] == "finance" {
				o["services"].([]any)[0].(map[string]any)["what"] = sent
			}
		}
	})
	before, failed := s.everything(), map[string]bool{}
	for at := 1; ; at++ {
		failing := &failingTx{at: at}
		s.writes.through(func(tx store.Tx) store.Tx { failing.Tx = tx; return failing })
		err := s.tryIn(extract)
		s.writes.through(nil)
		if failing.fails == "" {
			must(t, err)
			break
		}
		failed[failing.fails] = true
		if after := s.everything(); err == nil || !maps.Equal(before, after) {
			t.Fatalf("step %d (%s) failed (%v), and something was changed", at, failing.fails, err)
		}
	}
	for _, step := range []string{"Current", "History", "Held", "Image", "KeepImage", "Put"} {
		if !failed[step] {
			t.Errorf("a clash does not take the step %s: the test looks at nothing", step)
		}
	}
	if got := s.tasksOf("keeper", ann); len(got) != 1 {
		t.Errorf("%d Tasks", len(got))
	}
	s.verified()
}

// tryIn takes a Welsh plan in, which may fail.
func (s *stand) tryIn(plans fs.FS) error {
	s.t.Helper()
	format, err := ctp.New()
	must(s.t, err)
	_, err = s.intake().Run(context.Background(), intake.Source{Name: "welsh-ctp", Format: format, Grants: consent.On}, plans)
	return err
}

// Records that move to another person take their Tasks along, there and back.
func TestATaskGoesWithItsPerson(t *testing.T) {
	s := openStand(t)
	_, asked := s.financeClashes()
	linker := linkage.Linker{At: s.clock.Now(), Own: intake.OwnPerson(s.secret)}
	var from, into profiles.PersonID
	must(t, s.store.Update(t.Context(), func(tx store.Tx) (err error) {
		if from, err = tx.Person(profiles.SystemNHSNumber, ann); err != nil {
			return err
		}
		if into, err = tx.Person(profiles.SystemNHSNumber, bryn); err != nil {
			return err
		}
		_, err = linker.Join(tx, from, into, "T-1")
		return err
	}))
	holder := func() (person profiles.PersonID) {
		must(t, s.store.View(t.Context(), func(now store.Snapshot) (err error) {
			person, err = now.PersonOf(tasks.Type, asked.ID)
			return err
		}))
		return person
	}
	if got := holder(); got != into {
		t.Errorf("the Task is %s's and not %s's", got, into)
	}
	must(t, s.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := linker.Part(tx, strings.TrimPrefix(asked.For.Reference, "Patient/"), "T-2")
		return err
	}))
	var held []string
	must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
		list, err := now.Held(holder(), "")
		for _, v := range list {
			held = append(held, v.Type+"/"+v.ID)
		}
		return err
	}))
	if holder() == into || !slices.Contains(held, asked.For.Reference) || !slices.Contains(held, asked.Focus.Reference) {
		t.Errorf("the Task does not lie with its Patient and its plan: %v", held)
	}
}

// A clash about staff is about nobody: what the source sent is set aside, and there is no
// Task.
func TestAClashAboutStaffIsSetAside(t *testing.T) {
	s := openStand(t)
	_, asked := s.financeClashes()
	role := s.get("keeper", "/"+asked.Owner.Reference)
	var of struct{ Practitioner struct{ Reference string } }
	must(t, json.Unmarshal([]byte(role.body), &of))
	path := "/" + of.Practitioner.Reference
	if got := s.send("keeper", http.MethodPut, path, strings.ReplaceAll(s.get("keeper", path).body, "Tomos", "Thomas")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	sum := s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		plan["coordinator"].(map[string]any)["name"] = "Tom Lewis"
	}))
	must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
		faults, err := now.Faults(quarantine.Filter{})
		if len(faults) != 1 || faults[0].Rule != "CLASH" || sum.Clashes == 0 {
			t.Errorf("%+v of %+v", faults, sum)
		}
		return err
	}))
	if got := s.get("keeper", path); !strings.Contains(got.body, "Thomas") || strings.Contains(got.body, "Tom ") {
		t.Errorf("what stood does not stand: %s", got.body)
	}
	for _, one := range s.tasksOf("keeper", ann) {
		if !strings.HasPrefix(one.Focus.Reference, "CarePlan/") {
			t.Errorf("a Task about %s", one.Focus.Reference)
		}
	}
}
