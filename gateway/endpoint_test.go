package gateway_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/outbox"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// message is what an endpoint was told.
type message struct {
	id, kind string
	number   string   // of its event; empty where there is none
	focus    []string // Type/id of the entries
	body     string
}

// endpoint is a subscriber's server. It takes what is told, or answers what a test says.
type endpoint struct {
	*httptest.Server
	t      *testing.T
	secret []byte
	mu     sync.Mutex
	told   []message
	answer func(m message) int // nil: 200
}

func openEndpoint(t *testing.T) *endpoint {
	e := &endpoint{t: t, secret: []byte(strings.Repeat("k", 32))}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

// ServeHTTP holds each message to its signature (Standard Webhooks 1.0) and to its form.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, e.secret)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); err != nil || r.Header.Get("webhook-signature") != want {
		e.t.Errorf("the signature is %q, want %q (%v)", r.Header.Get("webhook-signature"), want, err)
	}
	m := messageOf(e.t, string(body))
	m.id = r.Header.Get("webhook-id")
	e.mu.Lock()
	defer e.mu.Unlock()
	status := http.StatusOK
	if e.answer != nil {
		status = e.answer(m)
	}
	if status == http.StatusOK {
		e.told = append(e.told, m)
	}
	w.WriteHeader(status)
}

// messageOf reads a notification as a subscriber does.
func messageOf(t *testing.T, body string) (m message) {
	m.body = body
	var b struct {
		Type  string
		Entry []struct {
			Request  struct{ Method, URL string }
			Resource *struct {
				ResourceType string
				Parameter    []struct {
					Name, ValueCode string
					Part            []struct{ Name, ValueString string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil || len(b.Entry) == 0 || b.Entry[0].Resource == nil || b.Entry[0].Resource.ResourceType != "Parameters" {
		t.Errorf("not a notification: %s", body)
		return m
	}
	for _, p := range b.Entry[0].Resource.Parameter {
		if p.Name == "type" {
			m.kind = p.ValueCode
		}
		for _, part := range p.Part {
			if part.Name == "event-number" {
				m.number += part.ValueString
			}
		}
	}
	for _, one := range b.Entry[1:] {
		m.focus = append(m.focus, one.Request.Method+" "+one.Request.URL)
	}
	return m
}

// events are the messages that tell of a change, as "number focus".
func (e *endpoint) events() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, m := range e.told {
		if m.kind == string(subscriptions.Notification) {
			list = append(list, m.number+" "+strings.Join(m.focus, ","))
		}
	}
	return list
}

func (e *endpoint) answers(answer func(m message) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

// teller is the outbox of one gateway, whose ticks a test gives.
type teller struct {
	*outbox.Outbox
	tick chan time.Time
	end  func()
}

// tell starts an outbox on a store; nil is the stand's own.
func (s *stand) tell(name string, on store.Store) *teller {
	if on == nil {
		on = s.store
	}
	return s.teller(name, on, slog.New(slog.DiscardHandler))
}

func (s *stand) teller(name string, on store.Store, log *slog.Logger) *teller {
	t := &teller{tick: make(chan time.Time), Outbox: &outbox.Outbox{
		Store: on, Road: s.road, Gateway: name, Registered: func(consent.Caller) bool { return true }, Clock: s.clock.Now, Log: log,
	}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { t.Run(ctx, t.tick); close(done) }()
	t.end = sync.OnceFunc(func() { cancel(); <-done })
	s.t.Cleanup(t.end)
	return t
}

// until lets outboxes look for changes until something is so; a minute is for ever.
func until(t *testing.T, so func() bool, tellers ...*teller) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); {
		if time.Now().After(end) {
			t.Fatal("it never came to be")
		}
		for _, o := range tellers {
			o.tick <- time.Now()
		}
		time.Sleep(time.Millisecond)
	}
}

// rest lets an outbox look so often that all that waits is told.
func (s *stand) rest(tellers ...*teller) {
	s.t.Helper()
	for range 50 {
		s.clock.advance(time.Second)
		for _, o := range tellers {
			o.tick <- time.Now()
		}
		time.Sleep(time.Millisecond)
	}
}

// subscription is a Subscription as a client writes it.
func subscription(topic subscriptions.Topic, endpoint, payload, more string) string {
	return fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"to keep in step","criteria":%q%s,
		"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":%q}]}}}`, topic.URL(), more, endpoint, payload)
}

// subscribe has a client subscribe, and gives the address of its subscription.
func (s *stand) subscribe(as, body string) (path string) {
	s.t.Helper()
	made := s.send(as, http.MethodPost, "/Subscription", body)
	if made.status != http.StatusCreated {
		s.t.Fatalf("%s: %d %s", as, made.status, made.body)
	}
	var r struct{ ID string }
	must(s.t, json.Unmarshal([]byte(made.body), &r))
	return "/Subscription/" + r.ID
}

// agree lets clients of the cast subscribe to an endpoint.
func (s *stand) agree(e *endpoint, clients ...consent.ClientID) {
	s.road.Subscribers = subscriptions.Subscribers{}
	for _, c := range clients {
		s.road.Subscribers[c] = subscriptions.Subscriber{Client: c, Endpoints: []string{e.URL}, Secret: e.secret}
	}
}

// changeArea has the health board's system change one area of Ann's plan, and leave the
// others as it last sent them.
func (s *stand) changeArea(area, words string) {
	s.t.Helper()
	changed := false
	if s.areas == nil {
		s.areas = map[string]string{}
	}
	s.areas[area] = words
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		for _, d := range plan["directives"].([]any) {
			if s.closed {
				d.(map[string]any)["status"] = "withdrawn"
			}
		}
		for _, outcome := range plan["outcomes"].([]any) {
			o := outcome.(map[string]any)
			if sent, known := s.areas[o["area"].(string)]; known {
				o["services"].([]any)[0].(map[string]any)["what"] = sent
				changed = changed || o["area"] == area
			}
		}
	}))
	if !changed {
		s.t.Fatalf("the plan has no area %s", area)
	}
}

// dyingStore is the store of a gateway that dies.
type dyingStore struct {
	store.Store
	mu   sync.Mutex
	dead bool
}

func (d *dyingStore) die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

func (d *dyingStore) Update(ctx context.Context, change func(store.Tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errors.New("the process is no more")
	}
	return d.Store.Update(ctx, change)
}
