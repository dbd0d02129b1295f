package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

func subscribedStand(t *testing.T) (*stand, *endpoint) {
	t.Helper()
	s, e := openStand(t), openEndpoint(t)
	s.agree(e, "demo-social-care", "demo-cmht", "demo-gp", "demo-ooh", "demo-keeper")
	return s, e
}

// A council is told of each change of a plan that moves what it sees of it, of no other,
// and of no change that came before it subscribed.
func TestASubscriberIsToldOfWhatItSees(t *testing.T) {
	s, e := subscribedStand(t)
	plan, _ := s.councilPlan()
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL+"/hook", "id-only", ""))
	o := s.tell("a", nil)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
	if len(e.told) != 1 || e.told[0].kind != "handshake" || len(e.told[0].focus) > 0 {
		t.Fatalf("before the first change it was told %+v", e.told)
	}
	s.changeArea("accommodation", "A flat near her sister")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	if got := e.events()[0]; got != "1 PUT "+plan[1:] {
		t.Errorf("told %q", got)
	}
	s.changeArea("finance", "A hidden loan") // she excluded it from what the council is given
	s.rest(o)
	if got := e.events(); len(got) != 1 {
		t.Errorf("told of what it does not see: %q", got)
	}
	s.changeArea("accommodation", "A flat with a garden")
	until(t, func() bool { return len(e.events()) == 2 }, o)
	if got := e.events()[1]; got != "2 PUT "+plan[1:] {
		t.Errorf("then told %q", got)
	}
	for _, m := range e.told {
		if strings.Contains(m.body, "garden") || strings.Contains(m.body, ann) || strings.Contains(m.body, "Patient/") {
			t.Errorf("a notification holds %s", m.body)
		}
	}
	var told []string
	for _, body := range s.bodies() {
		var r entry
		must(t, json.Unmarshal(body, &r))
		if r.Interaction == "notification" {
			for _, x := range r.Released {
				told = append(told, r.Client+" "+x.Ref)
			}
		}
	}
	if want := "demo-social-care " + plan[1:]; !slices.Equal(told, []string{want, want}) {
		t.Errorf("recorded %q, want %q twice", told, want)
	}
}

// Of nobody who has withdrawn is anything told, be it that the change came before: not
// where its subscriber could not be reached then, and not to who asks for it again.
func TestNothingIsToldAfterAWithdrawal(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
	e.answers(func(message) int { return http.StatusServiceUnavailable })
	s.changeArea("accommodation", "A flat near her sister")
	until(t, func() bool {
		return strings.Contains(s.get("social-care", path+"/$status").body, `"events-since-subscription-start","valueString":"1"`)
	}, o)
	s.withdraw()
	e.answers(nil)
	s.rest(o)
	if got := e.events(); len(got) > 0 {
		t.Errorf("told %q", got)
	}
	again := s.get("social-care", path+"/$events?eventsSinceNumber=1")
	if m := messageOf(t, again.body); again.status != http.StatusOK || m.number != "" || len(m.focus) > 0 || m.kind != "query-event" {
		t.Errorf("asked again: %d %s", again.status, again.body)
	}
}

// What a subscriber missed it can ask for by number.
func TestEventsAreGivenAgain(t *testing.T) {
	s, e := subscribedStand(t)
	plan, _ := s.councilPlan()
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	for i := range 3 {
		s.changeArea("accommodation", fmt.Sprint("Flat ", i))
	}
	until(t, func() bool { return len(e.events()) == 3 }, o)
	for query, want := range map[string]string{"": "123", "?eventsSinceNumber=2": "23", "?eventsSinceNumber=2&eventsUntilNumber=2": "2", "?eventsUntilNumber=1": "1", "?eventsSinceNumber=4": ""} {
		a := s.get("social-care", path+"/$events"+query)
		m := messageOf(t, a.body)
		if a.status != http.StatusOK || m.number != want || len(m.focus) != len(want) || len(want) > 0 && m.focus[0] != "PUT "+plan[1:] {
			t.Errorf("$events%s: %d %s", query, a.status, a.body)
		}
	}
	for _, query := range []string{"?eventsSinceNumber=-1", "?eventsSinceNumber=x", "?from=1"} {
		if a := s.get("social-care", path+"/$events"+query); a.status != http.StatusBadRequest {
			t.Errorf("$events%s: %d %s", query, a.status, a.body)
		}
	}
}

// Where the payload is empty a notification names nothing.
func TestAnEmptyPayloadNamesNothing(t *testing.T) {
	s, e := subscribedStand(t)
	plan, _ := s.councilPlan()
	s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "empty", ""))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "A flat near her sister")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	if got := e.told[len(e.told)-1]; got.number != "1" || len(got.focus) > 0 || strings.Contains(got.body, plan[1:]) {
		t.Errorf("told %s", got.body)
	}
}

// An endpoint that fails is told again, later and later, and everything in its order: the
// same message under the same id. After three days it is given up, until its client
// writes the subscription again; and nothing is lost by that.
func TestAnEndpointThatFails(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
	var ids []string
	e.answers(func(m message) int { ids = append(ids, m.id); return http.StatusInternalServerError })
	for i := range 2 {
		s.changeArea("accommodation", fmt.Sprint("Flat ", i))
	}
	began := s.clock.Now()
	until(t, func() bool {
		s.clock.advance(time.Minute)
		return strings.Contains(s.get("social-care", path).body, `"status":"error"`)
	}, o)
	if gone := s.clock.Now().Sub(began); gone < 72*time.Hour {
		t.Errorf("given up after %s", gone)
	}
	e.mu.Lock()
	attempts := len(ids)
	if slices.Sort(ids); ids[0] != ids[len(ids)-1] || attempts < 70 || attempts > 100 {
		t.Errorf("%d attempts, of %s and %s", attempts, ids[0], ids[len(ids)-1])
	}
	e.mu.Unlock()
	if a := s.get("social-care", path); !strings.Contains(a.body, `"error":"the endpoint answered 500"`) {
		t.Errorf("%s", a.body)
	}
	s.rest(o)
	if len(ids) != attempts {
		t.Error("it was told after it had been given up")
	}
	e.answers(nil)
	if a := s.send("social-care", http.MethodPut, path, edited(t, subscription(subscriptions.PlanChanged, e.URL, "id-only", ""), `{"resourceType"`, `{"id":"`+path[len("/Subscription/"):]+`","resourceType"`)); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	until(t, func() bool { return len(e.events()) == 2 }, o)
	if got := e.events(); got[0][0] != '1' || got[1][0] != '2' {
		t.Errorf("told %q", got)
	}
}

// A gateway that is killed after its subscriber has taken a message, and before it could
// keep that, says the same again under the same id, and loses nothing.
func TestAKilledGatewayLosesNothing(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	dying := &dyingStore{Store: s.store}
	first := s.tell("first", dying)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, first)
	e.answers(func(m message) int { dying.die(); return http.StatusOK })
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return len(e.events()) == 1 }, first)
	first.end()
	s.changeArea("accommodation", "Flat 2")
	second := s.tell("second", nil)
	until(t, func() bool { s.clock.advance(time.Second); return len(e.events()) == 3 }, second)
	s.rest(second)
	got := e.events()
	if len(got) != 3 || got[0] != got[1] || got[2][0] != '2' || e.told[1].id != e.told[2].id || e.told[2].id == e.told[3].id {
		t.Errorf("told %q", got)
	}
}

// Of several gateways one tells; where it goes another goes on.
func TestTwoGatewaysTellOnce(t *testing.T) {
	s, e := subscribedStand(t)
	s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	a, b := s.tell("a", nil), s.tell("b", nil)
	for i := range 5 {
		s.changeArea("accommodation", fmt.Sprint("Flat ", i))
		until(t, func() bool { return len(e.events()) == i+1 }, a, b)
	}
	a.end()
	for i := 5; i < 8; i++ {
		s.changeArea("accommodation", fmt.Sprint("Flat ", i))
		until(t, func() bool { s.clock.advance(time.Second); return len(e.events()) == i+1 }, b)
	}
	s.rest(b)
	got := e.events()
	for i := range got {
		if !strings.HasPrefix(got[i], fmt.Sprint(i+1, " ")) {
			t.Errorf("told %q", got)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d events", len(got))
	}
}

// Who may not subscribe, and to what not.
func TestWhatCannotBeSubscribedTo(t *testing.T) {
	s, e := subscribedStand(t)
	good := subscription(subscriptions.PlanChanged, e.URL, "id-only", "")
	for name, c := range map[string]struct{ as, body, says string }{
		"an emergency":           {"ooh", good, "professional"},
		"a professional":         {"cmht", good, "professional"},
		"another endpoint":       {"social-care", strings.ReplaceAll(good, e.URL, "http://127.0.0.1:1/x"), "not below an address"},
		"a longer host":          {"social-care", strings.ReplaceAll(good, e.URL, e.URL+".example.org"), "not below an address"},
		"a way out of a folder":  {"social-care", strings.ReplaceAll(good, e.URL, e.URL+"/../x"), "not below an address"},
		"a user in the endpoint": {"social-care", strings.ReplaceAll(good, e.URL, strings.Replace(e.URL, "http://", "http://x@", 1)), "not below an address"},
		"the whole resource":     {"social-care", strings.ReplaceAll(good, "id-only", "full-resource"), "content is read, and never sent"},
		"wishes of others":       {"social-care", subscription(subscriptions.ConsentWithdrawn, e.URL, "id-only", ""), "custodian"},
		"another topic":          {"social-care", strings.ReplaceAll(good, "plan-changed", "everything"), "must be one of"},
		"a query":                {"social-care", strings.ReplaceAll(good, subscriptions.PlanChanged.URL(), "CarePlan?status=active"), "must be one of"},
		"a websocket":            {"social-care", strings.ReplaceAll(good, "rest-hook", "websocket"), "must be rest-hook"},
		"a header":               {"social-care", strings.ReplaceAll(good, `"type":"rest-hook"`, `"type":"rest-hook","header":["Authorization: x"]`), "Standard Webhooks"},
		"an end in the past":     {"social-care", strings.ReplaceAll(good, `"reason"`, `"end":"2020-01-01T00:00:00Z","reason"`), "in the past"},
		"an end that is a day":   {"social-care", strings.ReplaceAll(good, `"reason"`, `"end":"2099-12-31","reason"`), "is not an instant"}, // it ended as that day began
		"a filter":               {"social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", `,"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"CarePlan?status=active"}]}`), "backport-filter-criteria"},
		"an unknown element":     {"social-care", strings.ReplaceAll(good, `"reason"`, `"filter":"x","reason"`), "not served here"},
		"a silence too short":    {"social-care", strings.ReplaceAll(good, `"type":"rest-hook"`, `"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":1}],"type":"rest-hook"`), "heartbeat"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.send(c.as, http.MethodPost, "/Subscription", c.body)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, c.says) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if a := s.get("social-care", "/Subscription"); len(a.bundle(t).Entry) > 0 {
		t.Errorf("there are %s", a.body)
	}
}

// A subscription is its client's alone: to anybody else it is not there.
func TestASubscriptionIsItsClientsAlone(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	body := edited(t, subscription(subscriptions.PlanChanged, e.URL, "id-only", ""), `{"resourceType"`, `{"id":"`+path[len("/Subscription/"):]+`","resourceType"`)
	none := s.get("gp", "/Subscription/none")
	for name, a := range map[string]answer{
		"read": s.get("gp", path), "$status": s.get("gp", path+"/$status"), "$events": s.get("gp", path+"/$events"),
		"update": s.send("gp", http.MethodPut, path, body), "delete": s.send("gp", http.MethodDelete, path, ""),
	} {
		if a.status != http.StatusNotFound || a.text(t) != none.text(t) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := s.get("gp", "/Subscription"); len(a.bundle(t).Entry) > 0 {
		t.Errorf("found %s", a.body)
	}
	read := s.get("social-care", path)
	if read.status != http.StatusOK || read.header.Get("ETag") != `W/"1"` {
		t.Errorf("%d %s %s", read.status, read.header.Get("ETag"), read.body)
	}
	for query, want := range map[string]int{"": 1, "?status=requested": 1, "?status=active,off": 0, "?url=" + e.URL: 1, "?criteria=" + subscriptions.EpisodeChanged.URL(): 0, "?criteria=" + subscriptions.PlanChanged.URL(): 1} {
		if got := len(s.get("social-care", "/Subscription"+query).bundle(t).Entry); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	if a := s.send("social-care", http.MethodPut, path, body, "If-Match", `W/"7"`); a.status != http.StatusPreconditionFailed {
		t.Errorf("another version: %d", a.status)
	}
	if a := s.send("social-care", http.MethodDelete, path, "", "If-Match", `W/"7"`); a.status != http.StatusPreconditionFailed {
		t.Errorf("deleted by a version that there is not: %d %s", a.status, a.body)
	}
	if a := s.send("social-care", http.MethodPut, path, body, "If-Match", `W/"1"`); a.status != http.StatusOK || a.header.Get("ETag") != `W/"2"` {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.send("social-care", http.MethodDelete, path, ""); a.status != http.StatusNoContent {
		t.Errorf("delete: %d", a.status)
	}
	if a := s.get("social-care", path); a.status != http.StatusNotFound {
		t.Errorf("after that: %d", a.status)
	}
}

// One who asks for one person's changes is told of no others; to ask for somebody whom the
// client does not know is the same as to ask for nobody's.
func TestASubscriptionToOnePerson(t *testing.T) {
	s, e := subscribedStand(t)
	filter := func(id string) string {
		return `,"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"CarePlan?patient=Patient/` + id + `"}]}`
	}
	patient := s.get("social-care", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	own := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL+"/ann", "id-only", filter(patient)))
	other := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL+"/nobody", "id-only", filter("nobody")))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	s.rest(o)
	for path, want := range map[string]string{own: `"1"`, other: `"0"`} {
		if a := s.get("social-care", path+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":`+want) || a.status != http.StatusOK {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

// A silent subscription is heard of by its heartbeat.
func TestAHeartbeat(t *testing.T) {
	s, e := subscribedStand(t)
	s.subscribe("social-care", strings.ReplaceAll(subscription(subscriptions.PlanChanged, e.URL, "empty", ""), `"type":"rest-hook"`,
		`"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":60}],"type":"rest-hook"`))
	o := s.tell("a", nil)
	beats := func() (n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, m := range e.told {
			if m.kind == "heartbeat" {
				n++
			}
		}
		return n
	}
	until(t, func() bool { s.clock.advance(20 * time.Second); return beats() >= 3 }, o)
	if len(e.events()) > 0 {
		t.Errorf("told %q", e.events())
	}
}

// A practice is told of crisis plans and of no other plan; a council, whose flow has no
// crisis plan, of none.
func TestTheTopicOfCrisisPlans(t *testing.T) {
	s, e := subscribedStand(t)
	practice := s.subscribe("gp", subscription(subscriptions.CrisisPlanChanged, e.URL, "id-only", ""))
	council := s.subscribe("social-care", subscription(subscriptions.CrisisPlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	plan := s.planOf("gp", ann, profiles.CodeCrisisPlan)
	s.changeArea("accommodation", "Flat 1")
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		crisis := plan["crisis"].(map[string]any)
		crisis["earlyWarningSigns"] = append(crisis["earlyWarningSigns"].([]any), "Rings everybody at night")
	}))
	until(t, func() bool { return len(e.events()) == 1 }, o)
	s.rest(o)
	if got := e.events(); len(got) != 1 || got[0] != "1 PUT CarePlan/"+plan {
		t.Errorf("told %q", got)
	}
	for path, want := range map[string]string{practice: "1", council: "0"} {
		as := map[string]string{practice: "gp", council: "social-care"}[path]
		if a := s.get(as, path+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":"`+want+`"`) {
			t.Errorf("%s: %s", as, a.body)
		}
	}
}

// Whoever coordinates the care is told of when that is somebody else, and not when the team
// changes otherwise; an episode when it changes.
func TestTheTopicsOfCoordinatorAndEpisode(t *testing.T) {
	s, e := subscribedStand(t)
	s.subscribe("social-care", subscription(subscriptions.CoordinatorChanged, e.URL, "id-only", ""))
	s.subscribe("social-care", subscription(subscriptions.EpisodeChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	member := func(plan map[string]any) {
		team := plan["team"].(map[string]any)
		team["members"] = append(team["members"].([]any), map[string]any{"kind": "professional", "name": "Dr Huw Rees", "role": "psychologist", "organisation": map[string]any{"ods": "7A4"}})
	}
	s.bringIn(s.plan("ann.json", member))
	s.rest(o)
	if got := e.events(); len(got) > 0 {
		t.Fatalf("another member of the team: told %q", got)
	}
	other := func(plan map[string]any) {
		member(plan)
		coordinator := plan["coordinator"].(map[string]any)
		coordinator["key"], coordinator["name"] = "mair-hughes", "Mair Hughes"
	}
	s.bringIn(s.plan("ann.json", other))
	until(t, func() bool { return len(e.events()) > 0 }, o)
	s.rest(o)
	if got := e.events(); !strings.HasPrefix(got[0], "1 PUT CareTeam/") && !(len(got) == 2 && strings.HasPrefix(got[1], "1 PUT CareTeam/")) {
		t.Fatalf("another coordinator: told %q", got)
	}
	before := len(e.events())
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		other(plan)
		plan["episode"].(map[string]any)["status"], plan["episode"].(map[string]any)["end"] = "finished", "2026-07-30"
	}))
	until(t, func() bool { return len(e.events()) > before }, o)
	s.rest(o)
	if got := e.events(); !strings.Contains(got[before], "PUT EpisodeOfCare/") || len(got) != before+1 {
		t.Errorf("the end of the episode: told %q", got[before:])
	}
}

// That somebody has withdrawn is told to the custodian's own system: once, about the
// Patient, and not what else changes in a wish.
func TestTheTopicOfWithdrawnConsent(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("keeper", subscription(subscriptions.ConsentWithdrawn, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		plan["directives"].([]any)[0].(map[string]any)["form"] = "Signed again"
	}))
	s.rest(o)
	if got := e.events(); len(got) > 0 {
		t.Fatalf("told %q of a wish that stays", got)
	}
	s.withdraw()
	until(t, func() bool { return len(e.events()) > 0 }, o)
	s.rest(o)
	patient := s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	for i, got := range e.events() {
		if got != fmt.Sprint(i+1, " PUT Patient/", patient) {
			t.Errorf("told %q", e.events())
		}
	}
	if a := s.get("keeper", path); !strings.Contains(a.body, `"status":"active"`) {
		t.Errorf("%s", a.body)
	}
}

// A gateway that stopped cut off what was on its way, and another told it again.
func TestWhatIsOnItsWayIsNotCutOff(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
	came, stopping := make(chan struct{}), make(chan struct{})
	e.answers(func(message) int {
		close(came)
		<-stopping
		time.Sleep(20 * time.Millisecond) // so that the stop comes first
		return http.StatusOK
	})
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool {
		select {
		case <-came:
			return true
		default:
			return false
		}
	}, o)
	time.AfterFunc(time.Millisecond, func() { close(stopping) })
	o.end()
	e.answers(nil)
	if got := s.get("social-care", path+"/$status"); len(e.events()) != 1 {
		t.Fatalf("told %q: %s", e.events(), got.body)
	}
	b := s.tell("b", nil)
	s.clock.advance(time.Minute)
	s.rest(b)
	if got := e.events(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}
