package identity_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/identity"
)

// newPair is a gateway with two issuers; the clients are the first one's.
func newPair(t *testing.T, change ...func(*identity.Config)) (w *world, second *provider) {
	t.Helper()
	second = newProvider(t)
	second.publish(publicJWK("k1", newKey(t).Public()))
	w = newWorld(t, append([]func(*identity.Config){func(c *identity.Config) {
		for n := range c.Clients {
			c.Clients[n].Issuer = c.Issuers[0].URL
		}
		c.Issuers = append(c.Issuers, identity.Issuer{URL: second.URL})
	}}, change...)...)
	return w, second
}

func (w *world) endpoints() []identity.Endpoints { return w.verifier.Endpoints(w.t.Context()) }

func endpointsOf(providers ...*provider) (all []identity.Endpoints) {
	for _, p := range providers {
		all = append(all, identity.Endpoints{Issuer: p.URL, Token: p.URL + "/token", Keys: p.URL + "/jwks"})
	}
	return all
}

func (w *world) knows(providers ...*provider) {
	w.t.Helper()
	if diff := cmp.Diff(endpointsOf(providers...), w.endpoints()); diff != "" {
		w.t.Error(diff)
	}
}

// An issuer that was away for a moment was once forgotten, and those that came
// back were told of in another order.
func TestAnIssuerThatIsAwayIsNotForgotten(t *testing.T) {
	w, second := newPair(t)
	w.provider.answers(badGateway, nil)
	w.knows(second)
	w.provider.answers(nil, nil)
	second.answers(badGateway, nil)
	w.pass(10 * time.Minute)
	w.allowed(request("Bearer", w.good()))
	w.tellsAway(second)
	w.knows(w.provider, second)
}

// tellsAway holds that the gateway is ready, and that one issuer is told to be away.
func (w *world) tellsAway(gone *provider) {
	w.t.Helper()
	if err := w.verifier.Ready(w.t.Context()); err != nil {
		w.t.Errorf("one of two issuers takes the gateway out: %v", err)
	}
	if away := w.verifier.Away(); len(away) != 1 || away[0].Issuer != gone.URL || !strings.Contains(away[0].Error(), gone.URL) {
		w.t.Errorf("away: %v, want %s", away, gone.URL)
	}
}

// One issuer of two that was away once took every gateway out of service. Both
// away do: then nobody can be answered.
func TestOneOfTwoIssuersAwayTakesNoGatewayOut(t *testing.T) {
	w, second := newPair(t)
	second.answers(badGateway, nil)
	w.tellsAway(second)
	w.provider.answers(badGateway, nil)
	w.pass(keysLife - time.Second)
	w.allowed(request("Bearer", w.good())) // an absent issuer lasts as long as its keys
	w.pass(time.Second)
	w.refused(request("Bearer", w.good()), identity.IssuerUnavailable)
	err := w.verifier.Ready(t.Context())
	if err == nil || !strings.Contains(err.Error(), second.URL) || !strings.Contains(err.Error(), w.provider.URL) {
		t.Errorf("with both away ready says %v", err)
	}
	w.provider.answers(nil, nil)
	w.pass(time.Second)
	w.tellsAway(second)
}

// keysLife is what the pages say: for so long a removed key and an absent issuer last.
const keysLife = 5 * time.Minute

// Where callers get a token is read with the keys, and as seldom.
func TestEndpointsAreReadWithTheKeys(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.knows(w.provider)
		w.allowed(request("Bearer", w.good()))
	}
	if n := w.provider.discovers.Load(); n != 1 {
		t.Errorf("%d discoveries, want 1", n)
	}
	w.provider.mu.Lock()
	w.provider.keysURL = w.provider.URL + "/jwks?moved"
	w.provider.mu.Unlock()
	w.pass(5 * time.Minute)
	if err := w.verifier.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.endpoints(); len(got) != 1 || got[0].Keys != w.provider.URL+"/jwks?moved" {
		t.Errorf("after the keys moved: %v", got)
	}
	w.provider.answers(badGateway, nil)
	w.pass(5 * time.Minute)
	before := w.provider.discovers.Load()
	for range 20 {
		w.endpoints()
	}
	if err := w.verifier.Ready(t.Context()); err == nil {
		t.Error("ready with an issuer that is down")
	}
	if n := w.provider.discovers.Load() - before; n != 1 {
		t.Errorf("%d discoveries of an issuer that is down, want 1", n)
	}
}

// hanging lets nothing through to one host until its request is given up.
type hanging struct {
	http.RoundTripper
	host    atomic.Value
	givenUp atomic.Bool
}

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if "http://"+r.URL.Host != h.host.Load() {
		return h.RoundTripper.RoundTrip(r)
	}
	<-r.Context().Done()
	h.givenUp.Store(true)
	return nil, r.Context().Err()
}

// An issuer that hung once held up what the others had said.
func TestAnIssuerThatHangsDelaysNothingElse(t *testing.T) {
	hung := &hanging{RoundTripper: &http.Transport{DisableKeepAlives: true}}
	ctx, end := context.WithCancel(t.Context())
	w, second := newPair(t, func(c *identity.Config) {
		c.Transport = hung
		hung.host.Store(c.Issuers[1].URL)
	})
	cfg := w.config()
	cfg.Transport, cfg.Issuers = hung, []identity.Issuer{{URL: second.URL}, {URL: w.provider.URL}}
	for n := range cfg.Clients {
		cfg.Clients[n].Issuer = w.provider.URL
	}
	var err error
	if w.verifier, err = identity.New(ctx, cfg, w.guard, w.clock); err != nil {
		t.Fatal(err)
	}
	w.knows(w.provider)
	w.allowed(request("Bearer", w.good()))
	w.tellsAway(second)
	if hung.givenUp.Load() {
		t.Error("the issuer that hangs was waited for")
	}
	hung.host.Store(w.provider.URL) // now the other one, whose keys are known
	w.pass(keysLife - time.Second)
	w.allowed(request("Bearer", w.good()))
	w.allowed(request("Bearer", w.good()))
	if hung.givenUp.Load() {
		t.Error("a request whose issuer's keys are known waited for it")
	}
	end()
}

// meeting answers only when two hosts are asked at the same time.
type meeting struct {
	http.RoundTripper
	came chan string
}

func (m meeting) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case m.came <- r.URL.Host: // the first one waits here for the second
	case other := <-m.came:
		if other == r.URL.Host {
			return nil, io.ErrUnexpectedEOF
		}
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return m.RoundTripper.RoundTrip(r)
}

// Readiness once asked one issuer after the other, so that each that hung added its own time.
func TestReadyAsksAllIssuersAtOnce(t *testing.T) {
	w, _ := newPair(t, func(c *identity.Config) {
		c.Transport = meeting{&http.Transport{DisableKeepAlives: true}, make(chan string)}
	})
	if err := w.verifier.Ready(t.Context()); err != nil {
		t.Errorf("asked one after the other: %v", err)
	}
}

// A caller who hung up once broke off the question for everybody after it.
func TestACallerWhoHangsUpDoesNotEndTheQuestion(t *testing.T) {
	w := newWorld(t)
	release, entered := make(chan struct{}), make(chan struct{})
	w.provider.answers(func(http.ResponseWriter) bool { close(entered); <-release; return false }, nil)
	gone, hangUp := context.WithCancel(t.Context())
	told := make(chan []identity.Endpoints)
	go func() { told <- w.verifier.Endpoints(gone) }()
	<-entered
	hangUp()
	if got := <-told; len(got) != 0 {
		t.Errorf("before the issuer answered: %v", got)
	}
	close(release)
	w.knows(w.provider)
	if n := w.provider.discovers.Load(); n != 1 {
		t.Errorf("%d discoveries, want 1", n)
	}
}
