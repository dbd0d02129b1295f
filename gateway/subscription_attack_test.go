package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// Endpoints that answer without end, one byte at a time, that lead elsewhere, hang up or
// are not there are told again, and nobody waits for them.
func TestEndpointsThatLie(t *testing.T) {
	s, e := subscribedStand(t)
	var led atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { led.Add(1) }))
	defer elsewhere.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	gone.Close()
	stop := make(chan struct{})
	lies := map[string]http.HandlerFunc{
		"leads elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"answers one byte at a time": func(w http.ResponseWriter, r *http.Request) {
			for {
				select {
				case <-stop:
					return
				case <-r.Context().Done():
					return
				case <-time.After(time.Millisecond):
					_, _ = w.Write([]byte("x"))
					w.(http.Flusher).Flush()
				}
			}
		},
		"says nothing": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		},
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		},
		"is in error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	}
	agreed := s.road.Subscribers["demo-social-care"]
	agreed.Endpoints = append(agreed.Endpoints, "http://"+gone.Addr().String())
	paths := map[string]string{}
	addresses := map[string]string{"is not there": "http://" + gone.Addr().String() + "/x"}
	for name, lie := range lies {
		server := httptest.NewServer(lie)
		defer server.Close()
		agreed.Endpoints, addresses[name] = append(agreed.Endpoints, server.URL), server.URL+"/x"
	}
	defer close(stop)
	s.road.Subscribers["demo-social-care"] = agreed
	for name, address := range addresses {
		paths[name] = s.subscribe("social-care", strings.Replace(subscription(subscriptions.PlanChanged, address, "id-only", ""), `"type":"rest-hook"`,
			`"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout","valueUnsignedInt":1}],"type":"rest-hook"`, 1))
	}
	s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "Flat 1")
	until(t, func() bool { return len(e.events()) == 1 }, o)
	attempts := func(path string) (n int) {
		must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
			one, err := now.Subscription(path[len("/Subscription/"):])
			n = one.Attempts
			return err
		}))
		return n
	}
	for name, path := range paths {
		if name == "answers one byte at a time" { // with a 2xx: that it goes on is its own affair
			continue
		}
		until(t, func() bool { return attempts(path) > 0 }, o)
		if a := s.get("social-care", path); !strings.Contains(a.body, `"status":"requested"`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if led.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

// Where an endpoint says that it is gone, or it, its client or its flow is agreed no more,
// nothing more is told, and the subscription says why.
func TestASubscriptionThatIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		over func(s *stand, e *endpoint)
		want string
	}{
		"gone":          {func(_ *stand, e *endpoint) { e.answers(func(message) int { return http.StatusGone }) }, `"status":"off","reason":"to keep in step","criteria":"https://fhir.cpa-gateway.example/SubscriptionTopic/plan-changed","error":"the endpoint answered 410"`},
		"not agreed":    {func(s *stand, _ *endpoint) { delete(s.road.Subscribers, "demo-social-care") }, `"error":"the client or its endpoint is not agreed any more"`},
		"no agreement":  {func(s *stand, _ *endpoint) { s.putInForce(fstest.MapFS{}) }, `"error":"no agreement in force lets this client be told of anything"`},
		"past its time": {func(s *stand, _ *endpoint) { s.clock.advance(2 * time.Hour) }, `"error":"it has come to its end"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := subscribedStand(t)
			end := s.clock.Now().Add(time.Hour).Format(time.RFC3339)
			path := s.subscribe("social-care", edited(t, subscription(subscriptions.PlanChanged, e.URL, "id-only", ""), `"reason"`, `"end":"`+end+`","reason"`))
			o := s.tell("a", nil)
			until(t, func() bool { return strings.Contains(s.get("social-care", path).body, `"status":"active"`) }, o)
			o.end() // what is agreed is read when a gateway starts
			c.over(s, e)
			s.clock.advance(15 * time.Second) // longer than the lease
			o = s.tell("b", nil)
			s.changeArea("accommodation", "Flat 1")
			until(t, func() bool {
				return strings.Contains(strings.ReplaceAll(s.get("social-care", path).body, `,"end":"`+s.endOf(path)+`"`, ""), c.want)
			}, o)
			e.answers(nil)
			s.changeArea("accommodation", "Flat 2")
			s.rest(o)
			if got := e.events(); len(got) > 0 {
				t.Errorf("told %q", got)
			}
		})
	}
}

// endOf is the end of a subscription as it is shown.
func (s *stand) endOf(path string) string {
	_, rest, _ := strings.Cut(s.get("social-care", path).body, `"end":"`)
	end, _, _ := strings.Cut(rest, `"`)
	return end
}

// TestTellingInEveryOrder mixes changes that the council sees with those that it does not,
// withdrawals, endpoints that fail, and gateways that are killed and started again. It is
// told of each change that it sees, in order and under one id, of no other, and of nothing
// while sharing is taken back.
func TestTellingInEveryOrder(t *testing.T) {
	told, hidden, kills := 0, 0, 0
	for seed := range uint64(6) {
		r := &rounds{random: rand.New(rand.NewPCG(seed, 3))} //nolint:gosec // the same chances each time
		t.Run(fmt.Sprint(seed), func(t *testing.T) { r.run(t) })
		told, hidden, kills = told+r.visible, hidden+r.hidden, kills+r.kills
	}
	if told < 20 || hidden < 20 || kills < 10 {
		t.Errorf("%d changes that are seen, %d that are not, %d kills: the test looked at little", told, hidden, kills)
	}
}

type rounds struct {
	*stand
	random                 *rand.Rand
	endpoint               *endpoint
	gateway                *teller
	dying                  *dyingStore
	path, plan             string
	down                   bool
	visible, hidden, kills int
	certain                int // of the visible, those that nothing kept from being told
	fresh                  int // of the visible, those of the last step
}

func (r *rounds) run(t *testing.T) {
	r.stand, r.endpoint = subscribedStand(t)
	r.path = r.subscribe("social-care", subscription(subscriptions.PlanChanged, r.endpoint.URL, "id-only", ""))
	r.plan, _ = r.councilPlan()
	r.start()
	for step := range 40 {
		switch r.random.IntN(8) {
		case 0, 1, 2:
			r.change("accommodation", fmt.Sprint("Flat ", step))
		case 3:
			r.change("finance", fmt.Sprint("Loan ", step))
		case 4:
			r.down = !r.down
			r.endpoint.answers(map[bool]func(message) int{true: func(message) int { return http.StatusBadGateway }}[r.down])
		case 5:
			r.share(!r.closed)
		case 6:
			r.kill()
		case 7:
			r.clock.advance(time.Duration(r.random.IntN(600)) * time.Second)
		}
		r.settle(t)
	}
	r.down = false
	r.endpoint.answers(nil)
	r.share(false)
	r.clock.advance(2 * time.Hour)
	r.settle(t)
	r.check(t)
}

func (r *rounds) start() {
	r.dying = &dyingStore{Store: r.store}
	r.gateway = r.tell(fmt.Sprint("gateway ", r.kills), r.dying)
}

// kill ends the gateway while it has something to tell: what its subscriber takes of that
// it cannot keep.
func (r *rounds) kill() {
	r.kills++
	r.change("accommodation", fmt.Sprint("Flat at kill ", r.kills))
	if !r.down {
		r.endpoint.answers(func(message) int { r.dying.die(); return http.StatusOK })
	}
	for range 20 {
		r.gateway.tick <- time.Now()
		time.Sleep(time.Millisecond)
	}
	r.dying.die()
	r.gateway.end()
	if !r.down {
		r.endpoint.answers(nil)
	}
	r.clock.advance(15 * time.Second) // longer than the lease
	r.start()
}

// change is one to Ann's plan, of which it is found out whether the council sees it.
func (r *rounds) change(area, words string) {
	before := r.get("social-care", r.plan)
	r.changeArea(area, words)
	switch after := r.get("social-care", r.plan); {
	case before.status != http.StatusOK || after.status != http.StatusOK:
	case before.version() != after.version():
		r.visible++
		r.fresh++
	default:
		r.hidden++
	}
}

// share takes sharing back, or gives it again.
func (r *rounds) share(no bool) {
	r.closed = no
	r.changeArea("finance", fmt.Sprint("Loan after wish ", r.clock.Now().Unix()))
	if a := r.get("social-care", r.plan); (a.status == http.StatusNotFound) != no {
		r.stand.t.Fatalf("shared: %t, and the council is answered %d", !no, a.status)
	}
}

// settle waits until everything is told that can be. What comes while sharing is taken
// back is a leak.
func (r *rounds) settle(t *testing.T) {
	t.Helper()
	before, waits := len(r.endpoint.events()), false
	until(t, func() bool {
		done := false
		must(t, r.store.View(t.Context(), func(now store.Snapshot) error {
			s, err := now.Subscription(r.path[len("/Subscription/"):])
			must(t, err)
			o, err := now.Outbox()
			must(t, err)
			changes, err := now.Changes(o.Through, 1)
			done = len(changes) == 0 && s.Status != subscriptions.Requested && (!s.Waiting() || s.Due.After(r.clock.Now()))
			waits = s.Waiting()
			if s.Status == subscriptions.Requested && r.down {
				done = len(changes) == 0
			}
			return err
		}))
		return done
	}, r.gateway)
	if !waits && !r.closed {
		r.certain += r.fresh
	}
	r.fresh = 0
	if now := r.endpoint.events(); r.closed && len(now) > before {
		t.Errorf("told after the withdrawal: %q", now[before:])
	}
}

// check holds what was told to the numbers: what comes for the first time is in order, and
// what comes again, which only a kill does, says the same.
func (r *rounds) check(t *testing.T) {
	t.Helper()
	r.endpoint.mu.Lock()
	defer r.endpoint.mu.Unlock()
	said, last, again := map[string]string{}, 0, 0
	for _, m := range r.endpoint.told {
		if m.kind != string(subscriptions.Notification) {
			continue
		}
		if before, known := said[m.id]; known {
			if again++; before != m.body[strings.Index(m.body, "entry"):] {
				t.Errorf("%s is %s, and was %s", m.id, m.body, before)
			}
			continue
		}
		said[m.id] = m.body[strings.Index(m.body, "entry"):]
		var n int
		_, err := fmt.Sscan(m.number, &n)
		if must(t, err); n <= last || !slices.Equal(m.focus, []string{"PUT " + r.plan[1:]}) {
			t.Errorf("%d after %d, of %q", n, last, m.focus)
		}
		last = n
	}
	if len(said) > r.visible || len(said) < r.certain {
		t.Errorf("%d changes were told; %d were seen, and of these %d while everything worked", len(said), r.visible, r.certain)
	}
	if again > 0 && r.kills == 0 {
		t.Errorf("%d messages came again, and no gateway was killed", again)
	}
}
