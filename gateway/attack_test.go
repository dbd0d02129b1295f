package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/cache"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// said is an OperationOutcome without its id, which is another in each.
func said(a answer) string { return a.body[max(strings.Index(a.body, `"language"`), 0):] }

// Whoever has no part in somebody's care does not learn from a create that they are known.
func TestACreateDoesNotTellWhoIsKnown(t *testing.T) {
	s := openStand(t)
	for _, as := range []string{"ooh-unlisted", "ig-lead", "ooh", "gp", "social-care", "cmht"} {
		known, unknown := s.send(as, http.MethodPost, "/CarePlan", crisisPlanOf(numbered(elin), "")), s.send(as, http.MethodPost, "/CarePlan", crisisPlanOf(numbered(nobody), ""))
		if as == "cmht" { // who treats Elin too
			known = s.send("ooh", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(elin), ""))
		}
		if known.status != unknown.status || said(known) != said(unknown) {
			t.Errorf("%s: of somebody known %d %s\nof nobody %d %s", as, known.status, known.body, unknown.status, unknown.body)
		}
	}
}

// What a token does not reach, or its bearer would not see, is refused, and is no fault of
// the gateway's.
func TestACreateBeyondTheDecisionIsRefused(t *testing.T) {
	s := openStand(t)
	before := s.counted()
	for name, more := range map[string]string{
		"a modifier":     `,"modifierExtension":[{"url":"http://example.org/x","valueBoolean":true}]`,
		"implicit rules": `,"implicitRules":"http://example.org/x"`,
	} {
		if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), more)); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	s.tokens["cmht"] = token{s.newToken(demo.Ask{Name: "cmht", Scope: "system/CarePlan.cruds?category=" + profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan}), s.clock.Now()}
	whole := edited(t, crisisPlanOf(numbered(ann), ""), profiles.CodeCrisisPlan, profiles.CodeMentalHealthPlan)
	if got := s.send("cmht", http.MethodPost, "/CarePlan", whole); got.status != http.StatusUnprocessableEntity {
		t.Errorf("another kind of plan than the token reaches: %d %s", got.status, got.body)
	}
	if after := s.counted(); after != before {
		t.Errorf("something was stored: %v, before %v", after, before)
	}
}

// A record that is found and may not be copied, for what changes its meaning, is not there: not
// to be changed or removed either.
func TestWhatIsWithheldIsNotThereToBeWritten(t *testing.T) {
	s := openStand(t)
	made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), `,"modifierExtension":[{"url":"http://example.org/not","valueBoolean":true}]`), "Prefer", "return=minimal")
	_, at, found := strings.Cut(made.header.Get("Location"), "/CarePlan/")
	id, _, _ := strings.Cut(at, "/")
	if made.status != http.StatusCreated || !found || !s.stored("CarePlan", id).Exists() {
		t.Fatalf("%d %s %s", made.status, made.header.Get("Location"), made.body)
	}
	before := s.counted()
	mine := edited(t, crisisPlanOf(numbered(ann), ""), `{"resourceType":"CarePlan"`, `{"resourceType":"CarePlan","id":"`+id+`"`)
	for method, body := range map[string]string{http.MethodPut: mine, http.MethodPatch: `[{"op":"replace","path":"/title","value":"Mine"}]`, http.MethodDelete: ""} {
		if got := s.send("cmht", method, "/CarePlan/"+id, body, "If-Match", `W/"1"`); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
	}
	if got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", entryOf("GET", "CarePlan/"+id, "", ""))); got.status != http.StatusNotFound {
		t.Errorf("read in a transaction: %d %s", got.status, got.body)
	}
	if after := s.counted(); after != before {
		t.Errorf("something was stored: %v, before %v", after, before)
	}
}

// A plan is about the Patient that its subject refers to, and about nobody by way of another
// record of theirs.
func TestASubjectIsAPatient(t *testing.T) {
	s := openStand(t)
	before, plan := s.counted(), s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	for _, reference := range []string{"CarePlan/" + plan, "Group/" + plan, plan} {
		if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"`+reference+`"}`, "")); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", reference, got.status, got.body)
		}
	}
	if after := s.counted(); after != before {
		t.Errorf("something was stored: %v, before %v", after, before)
	}
}

// A name in a transaction leads to what a conditional create found.
func TestANameLeadsToWhatIsThereAlready(t *testing.T) {
	s := openStand(t)
	const name = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
	goal := `{"resourceType":"Goal","identifier":[{"system":"http://example.org/goals","value":"7"}],"lifecycleStatus":"active","description":{"text":"Sleep"},"subject":` + numbered(ann) + `}`
	var goals []string
	for _, want := range []string{"[201 201]", "[201 200]"} {
		got := s.send("cmht", http.MethodPost, "", bundleFor("transaction",
			entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"`+name+`"}]`), ""),
			`{"fullUrl":"`+name+`",`+entryOf("POST", "Goal", goal, `,"ifNoneExist":"identifier=http://example.org/goals|7"`)[1:]))
		list := got.responses(t)
		if fmt.Sprint(statuses(list)) != want {
			t.Fatalf("%v, want %s\n%s", statuses(list), want, got.body)
		}
		at, _, _ := strings.Cut(strings.TrimPrefix(list[1].Location, s.road.Base+"/"), "/_history")
		if goals = append(goals, at); !strings.Contains(list[0].resource, `"goal":[{"reference":"`+at+`"}]`) {
			t.Errorf("the plan does not lead to %s: %s", at, list[0].resource)
		}
	}
	if goals[0] != goals[1] {
		t.Errorf("there are two: %v", goals)
	}
}

// A transaction changes nothing twice (R4, http.html#trules).
func TestATransactionChangesNothingTwice(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine, before := s.get("cmht", "/CarePlan/"+id), s.counted()
	got := s.send("cmht", http.MethodPost, "", bundleFor("transaction",
		entryOf("PUT", "CarePlan/"+id, withActivity(t, mine.body, "work", "A job"), ""), entryOf("PUT", "CarePlan/"+id, withActivity(t, mine.body, "work", "A post"), "")), "Prefer", "merge")
	if got.status != http.StatusUnprocessableEntity || s.counted() != before {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A refused change, an entry of a batch that gives nothing and a failed transaction looked at
// records, and leave on the beat too.
func TestARefusedChangeWaitsForTheBeat(t *testing.T) {
	s := openStand(t)
	id := s.planOf("ooh", ann, profiles.CodeCrisisPlan)
	mine := s.get("ooh", "/CarePlan/"+id)
	s.road.Beat = time.Hour
	for _, ask := range [][3]string{
		{http.MethodPut, "/CarePlan/" + id, edited(t, mine.body, `"status":"active"`, `"status":"revoked"`)},
		{http.MethodPost, "/CarePlan", crisisPlanOf(numbered(nobody), "")},
		{http.MethodDelete, "/CarePlan/" + id, ""},
		{http.MethodPost, "", bundleFor("batch", entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan/never", "", ""))},
		{http.MethodPost, "", bundleFor("transaction", entryOf("GET", "CarePlan/never", "", ""))},
	} {
		s.waitsForTheBeat("ooh", ask[0], ask[1], ask[2])
	}
}

// A partner that fills a plan cannot keep its custodian, or the nightly extract, from it.
func TestAPartnerDoesNotCrowdACustodianOut(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	for _, more := range []int{90, 90, 90, 45, 20, 10, 5, 2, 1, 1} {
		body := mine.body
		for n := range more {
			body = withActivity(t, body, "accommodation", fmt.Sprint("A flat ", more, n))
		}
		if got := s.send("social-care", http.MethodPut, path, body); got.status == http.StatusOK {
			mine = got
		} else if got.status != http.StatusUnprocessableEntity {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	for range 3 {
		if got := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "accommodation", strings.Repeat("A flat. ", 100_000))); got.status == http.StatusOK {
			t.Error("a text that is too large was taken")
			mine = got
		}
	}
	team := s.get("cmht", path)
	if got := s.send("cmht", http.MethodPut, path, withActivity(t, team.body, "work", "A job")); got.status != http.StatusOK {
		t.Errorf("the team: %d %s", got.status, got.body)
	}
	if sum := s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		for _, outcome := range plan["outcomes"].([]any) {
			if o := outcome.(map[string]any); o["area"] == "accommodation" {
				o["services"] = []any{map[string]any{"what": "A place of her own"}}
			}
		}
	})); sum.Quarantined != 0 || !strings.Contains(s.get("cmht", path).body, "A place of her own") {
		t.Errorf("the extract: %+v", sum)
	}
}

// A partner adds so many bytes and no more, however small the parts that it adds; what makes
// its part smaller is taken.
func TestAPartnerAddsSoManyBytes(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	first := mine
	for n := range 20 {
		got := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "accommodation", fmt.Sprint(n, strings.Repeat(" A flat.", 20<<10/8))))
		if got.status == http.StatusUnprocessableEntity {
			break
		}
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		mine = got
	}
	if n := len(mine.body); n < 200<<10 || n > 300<<10 {
		t.Errorf("%d bytes were taken", n)
	}
	if got := s.send("social-care", http.MethodPut, path, first.body); got.status != http.StatusOK {
		t.Errorf("what is smaller: %d %s", got.status, got.body)
	}
}

// What is written through one gateway is what another answers with, whatever it keeps.
func TestAWriteIsSeenThroughAnotherGateway(t *testing.T) {
	s := openStandUsing(t, keeping)
	path, mine := s.councilPlan()
	before := s.get("cmht", path) // which is kept
	other := cache.New(s.store, 1<<20)
	own := s.road.Records
	s.road.Records = other
	if got := s.get("cmht", path); got.body != before.body {
		t.Fatal("two gateways differ")
	}
	for n, records := range []*cache.Cache{own, other, own} {
		s.road.Records = records
		if mine = s.send("social-care", http.MethodPut, path, withActivity(t, s.get("social-care", path).body, "work", fmt.Sprint("Job ", n))); mine.status != http.StatusOK {
			t.Fatalf("%d %s", mine.status, mine.body)
		}
		for _, records := range []*cache.Cache{other, own} {
			s.road.Records = records
			if got := s.get("cmht", path); !strings.Contains(got.body, fmt.Sprint("Job ", n)) {
				t.Errorf("round %d: %s", n, got.body)
			}
		}
	}
}

// Where somebody finds out that two persons are one, their plans are still written to.
func TestAPlanIsWrittenAfterAJoin(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	if mine = s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "work", "A job")); mine.status != http.StatusOK {
		t.Fatalf("%d %s", mine.status, mine.body)
	}
	team := s.get("cmht", path)
	must(t, s.store.Update(t.Context(), func(tx store.Tx) error {
		from, err := tx.Person(profiles.SystemNHSNumber, ann)
		must(t, err)
		into, err := tx.Person(profiles.SystemNHSNumber, bryn)
		must(t, err)
		_, err = linkage.Linker{At: s.clock.Now(), Own: intake.OwnPerson(s.secret)}.Join(tx, from, into, "ticket")
		return err
	}))
	for _, as := range []string{"social-care", "cmht"} {
		mine := s.get(as, path)
		if mine.status != http.StatusOK { // who is let see what of two records that are one
			mine = team
		}
		before := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw())
		got := s.send(as, http.MethodPut, path, withActivity(t, mine.body, "work", "A post of "+as))
		if got.status >= http.StatusInternalServerError {
			t.Errorf("%s: %d %s", as, got.status, got.body)
		}
		if after := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw()); (got.status == http.StatusOK) == (after == before) {
			t.Errorf("%s: %d, and the plan has changed: %t", as, got.status, after != before)
		}
	}
	s.verified()
}

// Words that the team said too are not the council's to end, whoever said them first.
func TestWordsThatTwoSaidAreTheCustodians(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	if mine = s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "work", "A job")); mine.status != http.StatusOK {
		t.Fatalf("%d %s", mine.status, mine.body)
	}
	alone := s.get("cmht", path)
	if got := s.send("cmht", http.MethodPut, path, withActivity(t, alone.body, "work", "A job")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	seen := s.get("social-care", path)
	if got := s.send("social-care", http.MethodPut, path, withoutActivity(t, seen.body, "A job")); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the council ends what the team said too: %d", got.status)
	}
	one := edited(t, seen.body, `"description":"A job"`, `"description":"No job"`)
	if got := s.send("social-care", http.MethodPut, path, one); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the council changes one of the two: %d", got.status)
	}
	if got := strings.Count(string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw()), `"A job"`); got != 2 {
		t.Errorf("%d of two are left", got)
	}
}

// What was deleted stays so until its source says something new of it; then it is what the
// source says, and is written to as before.
func TestARecordThatWasDeletedComesBackWithNews(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	old := s.send("social-care", http.MethodPut, path, withActivity(t, mine.body, "work", "A job"))
	if old.status != http.StatusOK {
		t.Fatalf("%d %s", old.status, old.body)
	}
	says := func(words string) {
		t.Helper()
		sum := s.bringIn(s.plan("ann.json", func(plan map[string]any) {
			for _, outcome := range plan["outcomes"].([]any) {
				if o := outcome.(map[string]any); o["area"] == "accommodation" && words != "" {
					o["services"] = []any{map[string]any{"what": words}}
				}
			}
		}))
		if sum.Quarantined != 0 || sum.Clashes != 0 {
			t.Errorf("%+v", sum)
		}
	}
	if got := s.send("cmht", http.MethodDelete, path, ""); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	says("")
	for _, as := range []string{"cmht", "social-care"} {
		if got := s.get(as, path); got.status != http.StatusNotFound {
			t.Errorf("%s reads what was deleted: %d", as, got.status)
		}
	}
	if got := s.send("social-care", http.MethodPut, path, old.body, "Prefer", "merge"); got.status != http.StatusNotFound {
		t.Errorf("written to: %d", got.status)
	}
	for _, words := range []string{"A place of her own", "A house of her own"} {
		says(words)
		got := s.get("cmht", path)
		if !strings.Contains(got.body, words) || strings.Contains(got.body, `"A job"`) {
			t.Errorf("after %q: %d %s", words, got.status, got.body)
		}
		stale := s.send("social-care", http.MethodPut, path, withActivity(t, old.body, "work", words+", and work"), "Prefer", "merge")
		if stale.status != http.StatusOK || !strings.Contains(stale.body, words+", and work") {
			t.Errorf("an old version is merged: %d %s", stale.status, stale.body)
		}
	}
	s.verified()
}
