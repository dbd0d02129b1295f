package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// What was told was given again to every token of its client, however little that reached.
func TestEventsAreGivenAgainToWhoAsks(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	again := func() string { return messageOf(t, s.get("social-care", path+"/$events").body).number }
	if got := again(); got != "1" {
		t.Fatalf("given again: %q", got)
	}
	s.tokens["social-care"] = token{s.newToken(demo.Ask{Name: "social-care", Scope: "system/Subscription.rs"}), s.clock.Now()}
	if got := again(); got != "" {
		t.Errorf("a token that reaches no plan is told of %q", got)
	}
}

// meanwhile is a store in which something happens before the next change.
type meanwhile struct {
	store.Store
	mu   sync.Mutex
	does func()
}

func (m *meanwhile) next(does func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.does = does
}

func (m *meanwhile) Update(ctx context.Context, change func(store.Tx) error) error {
	m.mu.Lock()
	does := m.does
	m.does = nil
	m.mu.Unlock()
	if does != nil {
		does()
	}
	return m.Store.Update(ctx, change)
}

// A subscription that was written anew while a change was decided on was given the event
// of its old question.
func TestASubscriptionThatIsWrittenAnewMeanwhile(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	m := &meanwhile{Store: s.store}
	o := s.tell("a", m)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
	s.rest(o)
	s.changeArea("accommodation", "Flat 1")
	var anew answer
	m.next(func() {
		body := edited(t, subscription(subscriptions.EpisodeChanged, e.URL, "id-only", ""), `{"resourceType"`, `{"id":"`+path[len("/Subscription/"):]+`","resourceType"`)
		anew = s.send("social-care", http.MethodPut, path, body)
	})
	s.rest(o)
	if anew.status != http.StatusOK {
		t.Fatalf("%d %s", anew.status, anew.body)
	}
	if a := s.get("social-care", path+"/$status"); len(e.events()) > 0 || !strings.Contains(a.body, `"events-since-subscription-start","valueString":"0"`) {
		t.Errorf("told %q: %s", e.events(), a.body)
	}
}

// A client whose endpoints hang kept everybody else's from being told.
func TestAClientTakesNobodyElsesTurn(t *testing.T) {
	s, e := subscribedStand(t)
	stop := make(chan struct{})
	var gaveUp atomic.Int32
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
			gaveUp.Add(1)
		}
	}))
	defer hangs.Close()
	agreed := s.road.Subscribers["demo-social-care"]
	agreed.Endpoints = append(agreed.Endpoints, hangs.URL)
	s.road.Subscribers["demo-social-care"] = agreed
	for i := range 100 {
		s.subscribe("social-care", edited(t, subscription(subscriptions.PlanChanged, fmt.Sprint(hangs.URL, "/", i), "empty", ""), `"type":"rest-hook"`,
			`"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout","valueUnsignedInt":60}],"type":"rest-hook"`))
	}
	if a := s.send("social-care", http.MethodPost, "/Subscription", subscription(subscriptions.PlanChanged, hangs.URL, "empty", "")); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "the most that one may have") {
		t.Errorf("one more: %d %s", a.status, a.body)
	}
	o := s.tell("a", nil)
	s.rest(o)
	path := s.subscribe("gp", subscription(subscriptions.PlanChanged, e.URL, "empty", ""))
	until(t, func() bool { return strings.Contains(s.get("gp", path).body, `"status":"active"`) }, o)
	if n := gaveUp.Load(); n > 0 {
		t.Errorf("the practice was told when %d endpoints had been given up", n)
	}
	close(stop)
	o.end()
}

// failing is a store that is away.
type failing struct{ store.Store }

func (failing) View(context.Context, func(store.Snapshot) error) error {
	return errors.New("the store is away")
}

// While the store was away ten lines a second said so.
func TestAStoreThatIsAwayIsAskedOnceInAWhile(t *testing.T) {
	s, _ := subscribedStand(t)
	s.clock.still()
	var said bytes.Buffer
	one := s.teller("a", failing{s.store}, slog.New(slog.NewTextHandler(&said, nil)))
	for range 50 {
		one.tick <- time.Now()
	}
	one.end()
	if lines := strings.Count(said.String(), "\n"); lines == 0 || lines > 2 {
		t.Errorf("%d lines were logged:\n%s", lines, said.String())
	}
}

// That a record was taken away is told to whom it was shown, and to nobody else.
func TestARemovalIsToldToWhomItWasShown(t *testing.T) {
	s, e := subscribedStand(t)
	s.subscribe("gp", subscription(subscriptions.CrisisPlanChanged, e.URL, "id-only", ""))
	council := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), ""))
	path, _, _ := strings.Cut(strings.TrimPrefix(made.header.Get("Location"), s.server.URL+"/fhir/R4"), "/_history")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	if gone := s.send("keeper", http.MethodDelete, path, ""); gone.status != http.StatusNoContent {
		t.Fatalf("%d %s", gone.status, gone.body)
	}
	until(t, func() bool { return len(e.events()) == 2 }, o)
	s.rest(o)
	if got := e.events(); len(got) != 2 || got[0] != "1 PUT "+path[1:] || got[1] != "2 DELETE "+path[1:] {
		t.Errorf("told %q", got)
	}
	if a := s.get("social-care", council+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":"0"`) {
		t.Errorf("the council: %s", a.body)
	}
}

// A subscription that was given up went on being kept events, without end. Now what changes
// meanwhile has no number, and when it is written anew one number that is left out says so.
func TestASubscriptionThatIsGivenUpIsKeptNothing(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	e.answers(func(message) int { return http.StatusInternalServerError })
	s.changeArea("accommodation", "Flat 2")
	until(t, func() bool {
		s.clock.advance(time.Hour)
		return strings.Contains(s.get("social-care", path).body, `"status":"error"`)
	}, o)
	for i := range 3 {
		s.changeArea("accommodation", fmt.Sprint("Flat missed ", i))
		s.rest(o)
	}
	has := func(n string) {
		t.Helper()
		if a := s.get("social-care", path+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":"`+n+`"`) {
			t.Errorf("want %s events: %s", n, a.body)
		}
	}
	has("2")
	e.answers(nil)
	anew := edited(t, subscription(subscriptions.PlanChanged, e.URL, "id-only", ""), `{"resourceType"`, `{"id":"`+path[len("/Subscription/"):]+`","resourceType"`)
	if a := s.send("social-care", http.MethodPut, path, anew); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	has("3")
	s.changeArea("accommodation", "Flat 3")
	until(t, func() bool { return len(e.events()) == 3 }, o)
	if got := e.events(); got[1][0] != '2' || got[2][0] != '4' {
		t.Errorf("told %q", got)
	}
	has("4")
	must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
		events, err := now.Events(path[len("/Subscription/"):], 0, 100)
		if len(events) != 3 {
			t.Errorf("%d events are kept", len(events))
		}
		return err
	}))
	s.rest(o)
	must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
		one, err := now.Subscription(path[len("/Subscription/"):])
		if one.Waiting() || one.Status != subscriptions.Active {
			t.Errorf("it still waits: %+v", one.Progress)
		}
		return err
	}))
}

// An operation may be posted, with its parameters in a Parameters (R4, operations.html).
func TestOperationsArePosted(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	for i := range 2 {
		s.changeArea("accommodation", fmt.Sprint("Flat ", i))
	}
	until(t, func() bool { return len(e.events()) == 2 }, o)
	parameters := func(parameter string) string {
		return `{"resourceType":"Parameters","parameter":[` + parameter + `]}`
	}
	for body, want := range map[string]string{
		"": "12", `{"resourceType":"Parameters"}`: "12", parameters(`{"name":"eventsSinceNumber","valueString":"2"}`): "2",
		parameters(`{"name":"eventsSinceNumber","valueInteger":2}`):                                                 "2",
		parameters(`{"name":"eventsSinceNumber","valueString":"1"},{"name":"eventsUntilNumber","valueString":"1"}`): "1",
	} {
		if a := s.send("social-care", http.MethodPost, path+"/$events", body); a.status != http.StatusOK || messageOf(t, a.body).number != want {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	for _, body := range []string{`{`, `{"resourceType":"Patient"}`, parameters(`{"name":"eventsSinceNumber","valueString":"x"}`), parameters(`{"name":"eventsSinceNumber","resource":{}}`), parameters(`{"name":"from","valueString":"1"}`), parameters(`{}`), parameters(`7`)} {
		if a := s.send("social-care", http.MethodPost, path+"/$events", body); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := s.send("social-care", http.MethodPost, path+"/$status", ""); a.status != http.StatusOK || messageOf(t, a.body).kind != "query-status" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.send("gp", http.MethodPost, path+"/$events", ""); a.status != http.StatusNotFound {
		t.Errorf("another client: %d", a.status)
	}
	if a := s.send("social-care", http.MethodPost, "/CarePlan/x/$events", ""); a.status != http.StatusNotFound {
		t.Errorf("of a plan: %d", a.status)
	}
}

// After a gateway had stopped nobody was told of anything until its lease was over.
func TestAGatewayThatStopsLetsAnotherTell(t *testing.T) {
	s, e := subscribedStand(t)
	s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	s.clock.still()
	first := s.tell("a", nil)
	for range 3 {
		s.clock.advance(time.Second)
		first.tick <- time.Now()
	}
	first.end()
	second := s.tell("b", nil)
	s.changeArea("accommodation", "Flat 1")
	for tries := 0; len(e.events()) == 0 && tries < 100; tries++ {
		second.tick <- time.Now()
		time.Sleep(10 * time.Millisecond)
	}
	if got := e.events(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

// A gateway died whose clock was a day ahead: nobody was told of anything until the time that it
// had written came, neither under its lease nor of what it wanted to try again.
func TestAClockThatWasAheadHoldsNobodyUp(t *testing.T) {
	s, e := subscribedStand(t)
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	dying := &dyingStore{Store: s.store}
	first := s.tell("first", dying)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, first)
	var tries atomic.Int32
	e.answers(func(message) int { tries.Add(1); return http.StatusInternalServerError })
	s.clock.advance(24 * time.Hour)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return tries.Load() > 0 }, first)
	s.rest(first)
	dying.die()
	first.end()
	e.answers(nil)
	s.clock.advance(-24 * time.Hour)
	second := s.tell("second", nil)
	s.rest(second) // for 50 seconds
	if got := e.events(); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

// A gateway whose lease had passed to another kept that its subscriber had taken a message,
// and the other, which did not see that, said it again.
func TestAGatewayThatLostItsLeaseIsHeard(t *testing.T) {
	s, _ := subscribedStand(t)
	held := make(chan struct{})
	var asked atomic.Int32
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); messageOf(t, string(body)).number == "" {
			return // a handshake
		}
		switch asked.Add(1) {
		case 1:
			<-held
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer slow.Close()
	agreed := s.road.Subscribers["demo-social-care"]
	agreed.Endpoints = append(agreed.Endpoints, slow.URL)
	s.road.Subscribers["demo-social-care"] = agreed
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, slow.URL, "id-only", ""))
	first := s.tell("a", nil)
	until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, first)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return asked.Load() == 1 }, first)
	s.clock.still() // a retry would be due a second later, and it may come only when the first is heard
	s.clock.advance(time.Minute)
	second := s.tell("b", nil)
	failed := func() (yes bool) {
		must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
			one, err := now.Subscription(path[len("/Subscription/"):])
			yes = one.Attempts > 0
			return err
		}))
		return yes
	}
	until(t, failed, second)
	close(held)
	first.end()
	s.rest(second)
	if n := asked.Load(); n != 2 {
		t.Errorf("told %d times, want 2", n)
	}
}
