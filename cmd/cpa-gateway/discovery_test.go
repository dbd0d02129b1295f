package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/identity"
)

// speaker is an issuer whose answer a test can change.
type speaker struct {
	*httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
}

func newSpeaker(t *testing.T) *speaker {
	t.Helper()
	s := &speaker{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.answer.Load())(w, r) }))
	t.Cleanup(s.Close)
	s.says("")
	return s
}

// says makes it answer with its metadata, and more.
func (s *speaker) says(more string) {
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":"%s/token","jwks_uri":"%s/keys"%s}`, s.URL, s.URL, s.URL, more)
	})
}

func (s *speaker) does(h http.HandlerFunc) { s.answer.Store(&h) }

func (s *speaker) fails() {
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

// asker is a discovery with a clock of its own.
func asker(speakers ...*speaker) (d *discovery, later func()) {
	now := time.Unix(1e9, 0)
	d = &discovery{clock: func() time.Time { return now }}
	for _, s := range speakers {
		d.issuers = append(d.issuers, identity.Issuer{URL: s.URL})
	}
	return d, func() { now = now.Add(discoveryLife + time.Second) }
}

// told is the issuers that callers are told of.
func told(d *discovery, ctx context.Context) string {
	var urls []string
	for _, i := range d.endpoints(ctx) {
		urls = append(urls, i.URL)
	}
	return strings.Join(urls, " ")
}

// An issuer that was away for a moment was once forgotten, and those that came
// back were told of in another order.
func TestAnIssuerThatIsAwayIsNotForgotten(t *testing.T) {
	a, b := newSpeaker(t), newSpeaker(t)
	d, later := asker(a, b)
	a.fails()
	if got := told(d, t.Context()); got != b.URL {
		t.Errorf("while the first is away: %q", got)
	}
	a.says("")
	b.fails()
	later()
	if got := told(d, t.Context()); got != a.URL+" "+b.URL {
		t.Errorf("while the second is away: %q, want both in order", got)
	}
	if got := d.endpoints(t.Context())[0]; got.TokenEndpoint != a.URL+"/token" || got.KeysEndpoint != a.URL+"/keys" {
		t.Errorf("told of %+v", got)
	}
}

// A caller who hung up once broke off the question for everybody after it.
func TestACallerWhoHangsUpDoesNotEndTheQuestion(t *testing.T) {
	a := newSpeaker(t)
	d, _ := asker(a)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if got := told(d, gone); got != a.URL {
		t.Errorf("told of %q", got)
	}
}

// What an issuer says was once read without an end, and from wherever it sent
// the gateway to.
func TestAnIssuerCannotFloodOrSendElsewhere(t *testing.T) {
	a, b := newSpeaker(t), newSpeaker(t)
	d, later := asker(a)
	a.says(`,"more":"` + strings.Repeat("x", discoverySize) + `"`)
	if got := told(d, t.Context()); got != "" {
		t.Errorf("a flood is taken: %q", got)
	}
	var asked atomic.Bool
	b.does(func(w http.ResponseWriter, _ *http.Request) {
		asked.Store(true)
		fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":"%s/token","jwks_uri":"%s/keys"}`, a.URL, b.URL, b.URL)
	})
	a.does(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, b.URL+r.URL.Path, http.StatusFound) })
	later()
	if got := told(d, t.Context()); got != "" || asked.Load() {
		t.Errorf("a redirect is followed: %q", got)
	}
	a.says("")
	later()
	if got := told(d, t.Context()); got != a.URL {
		t.Fatalf("a plain answer is not taken: %q: the test could not fail", got)
	}
}
