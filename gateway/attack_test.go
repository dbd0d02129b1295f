package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway"
	"cpagateway/gateway/demo"
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
	s.token("ooh")
	s.road.Beat = time.Hour
	for i, ask := range [][3]string{
		{http.MethodPut, "/CarePlan/" + id, edited(t, mine.body, `"status":"active"`, `"status":"revoked"`)},
		{http.MethodPost, "/CarePlan", crisisPlanOf(numbered(nobody), "")},
		{http.MethodDelete, "/CarePlan/" + id, ""},
		{http.MethodPost, "", bundleFor("batch", entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan/never", "", ""))},
		{http.MethodPost, "", bundleFor("transaction", entryOf("GET", "CarePlan/never", "", ""))},
	} {
		name := fmt.Sprintf("11111111-2222-4333-8444-%012d", i)
		ctx, leave := context.WithCancel(t.Context())
		request := s.request("ooh", ask[0], gateway.Prefix+ask[1], "", "X-Request-Id", name).WithContext(ctx)
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(ask[2])), int64(len(ask[2]))
		request.Header.Set("Content-Type", "application/fhir+json")
		answered := make(chan error, 1)
		before := len(s.bodies())
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				response.Body.Close()
			}
			answered <- err
		}()
		for len(s.bodies()) == before {
			time.Sleep(time.Millisecond)
		}
		select {
		case err := <-answered:
			t.Errorf("%s %s: answered before the beat: %v", ask[0], ask[1], err)
		case <-time.After(20 * time.Millisecond):
		}
		leave()
		<-answered
	}
}
