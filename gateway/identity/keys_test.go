package identity_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/identity"
)

// TestForgedTokensAreNoStorm: go-oidc's own key set fetches once per forged token.
func TestForgedTokensAreNoStorm(t *testing.T) {
	cases := map[string]struct {
		header  map[string]any
		every   time.Duration
		fetches int64
	}{
		"of an unknown key, at once":         {map[string]any{"kid": "k9"}, 0, 0},
		"of an unknown key, over 20 seconds": {map[string]any{"kid": "k9"}, 100 * time.Millisecond, 0},
		"of an unknown key, over 50 seconds": {map[string]any{"kid": "k9"}, 250 * time.Millisecond, 1},
		"of no named key, over 50 seconds":   {map[string]any{"kid": nil}, 250 * time.Millisecond, 1},
		"of a known key, over 200 seconds":   {map[string]any{"kid": "k1"}, time.Second, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.allowed(request("Bearer", w.good()))
			before := w.provider.fetches.Load()
			forger := newKey(t)
			for n := range 200 {
				w.pass(c.every)
				claims := w.claims(map[string]any{"jti": fmt.Sprint(n)})
				forged := compact(t, merge(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, c.header), encode(t, claims), forger)
				w.refused(request("Bearer", forged), identity.TokenSignature)
			}
			if n := w.provider.fetches.Load() - before; n != c.fetches {
				t.Errorf("200 forged tokens, %d fetches, want %d", n, c.fetches)
			}
		})
	}
}

// The same before any good token has come.
func TestForgedTokensFindNoKeysYet(t *testing.T) {
	w := newWorld(t)
	for n := range 200 {
		w.refused(request("Bearer", w.sign(map[string]any{"kid": fmt.Sprint(n)}, w.claims(nil))), identity.TokenSignature)
	}
	if n := w.provider.kept.Load(); n != 0 {
		t.Errorf("%d connections are kept for minutes", n)
	}
	if n := w.provider.fetches.Load(); n != 1 {
		t.Errorf("200 forged tokens, %d fetches, want 1", n)
	}
}

func TestFirstTokensShareOneFetch(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for n := range 50 {
		token := w.sign(nil, w.claims(map[string]any{"jti": fmt.Sprint(n)}))
		all.Go(func() {
			if _, err := w.verify(request("Bearer", token)); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
	all.Wait()
	if n := w.provider.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

// TestWithdrawnKeyStopsVerifying, also for a token that was verified a moment ago.
func TestWithdrawnKeyStopsVerifying(t *testing.T) {
	w := newWorld(t)
	w.allowed(request("Bearer", w.good()))
	w.provider.publish(publicJWK("k2", newKey(t).Public()))
	w.pass(keysLife - time.Minute - time.Second)
	kept := request("Bearer", w.good())
	w.allowed(kept)
	w.pass(time.Minute + time.Second)
	w.refused(kept, identity.TokenSignature)
	w.refused(request("Bearer", w.good()), identity.TokenSignature)
}

func TestNewKeyIsFoundAfterThePause(t *testing.T) {
	w := newWorld(t)
	w.allowed(request("Bearer", w.good()))
	next := newKey(t)
	w.provider.publish(publicJWK("k1", w.key.Public()), publicJWK("k2", next.Public()))
	token := func() string {
		return compact(t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k2"}, encode(t, w.claims(nil)), next)
	}
	w.pass(29 * time.Second)
	w.refused(request("Bearer", token()), identity.TokenSignature)
	w.pass(time.Second)
	w.allowed(request("Bearer", token()))
	w.allowed(request("Bearer", w.good()))
}

// Keys without a name are tried, and fetched again, as those with one.
func TestNewKeyWithoutANameIsFound(t *testing.T) {
	w := newWorld(t)
	w.provider.publish(publicJWK("", w.key.Public()))
	token := func() string { return w.sign(map[string]any{"kid": nil}, w.claims(nil)) }
	w.allowed(request("Bearer", token()))
	w.key = newKey(t)
	w.provider.publish(publicJWK("", w.key.Public()))
	w.pass(30 * time.Second)
	w.allowed(request("Bearer", token()))
}

func TestKeysThatDoNotFitTheAlgorithm(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	good := publicJWK("k1", w.key.Public())
	encryption, other, private := good, good, good
	encryption.Use, other.Algorithm, private.Key = "enc", "ES384", w.key
	for name, key := range map[string]any{
		"for encryption": encryption, "for another algorithm": other, "private": private,
		"symmetric": map[string]any{"kty": "oct", "kid": "k1", "k": "c2VjcmV0"},
		"too small": publicJWK("k1", small.Public()), "not a key": "k1", "unknown": map[string]any{"kty": "AKP", "kid": "k1"},
	} {
		t.Run(name, func(t *testing.T) {
			w.verifier = w.newVerifier(w.config())
			w.provider.publish(key)
			token := w.good()
			if name == "too small" {
				token = compact(t, map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": "k1"}, encode(t, w.claims(nil)), small)
			}
			w.refused(request("Bearer", token), identity.TokenSignature)
		})
	}
}

// TestGatewayStartsWhileTheIssuerIsDown, refuses, and recovers by itself.
func TestGatewayStartsWhileTheIssuerIsDown(t *testing.T) {
	w := newWorld(t)
	w.provider.answers(nil, badGateway)
	for range 20 {
		refusal := w.refused(request("Bearer", w.good()), identity.IssuerUnavailable)
		if refusal.Challenge != "" {
			t.Errorf("challenge %q: the token is not at fault", refusal.Challenge)
		}
	}
	if n := w.provider.fetches.Load(); n != 1 {
		t.Errorf("%d fetches of an issuer that is down, want 1", n)
	}
	if err := w.verifier.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("ready says %v", err)
	}
	w.provider.answers(nil, nil)
	w.pass(time.Second)
	w.allowed(request("Bearer", w.good()))
	if err := w.verifier.Ready(t.Context()); err != nil {
		t.Errorf("ready says %v", err)
	}

	w.provider.answers(nil, badGateway) // keys outlive a short outage, and no longer one
	w.pass(4 * time.Minute)
	w.allowed(request("Bearer", w.good()))
	w.pass(time.Minute)
	w.refused(request("Bearer", w.good()), identity.IssuerUnavailable)
}

// counting counts the answers that are not closed.
type counting struct {
	http.RoundTripper
	open atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		c.open.Add(1)
		answer.Body = &counted{ReadCloser: answer.Body, closed: sync.OnceFunc(func() { c.open.Add(-1) })}
	}
	return answer, err
}

type counted struct {
	io.ReadCloser
	closed func()
}

func (c *counted) Close() error { c.closed(); return c.ReadCloser.Close() }

// endless is JSON that is longer than anything an issuer has to say.
func endless(a http.ResponseWriter) bool {
	io.WriteString(a, `{"keys":[`)
	for n := 0; n < 4<<20; n += 64 {
		if _, err := io.WriteString(a, strings.Repeat(" ", 64)); err != nil {
			return true
		}
	}
	io.WriteString(a, `]}`)
	return true
}

func TestIssuerThatCannotBeTrustedToAnswer(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	redirect := func(a http.ResponseWriter) bool {
		a.Header().Set("Location", elsewhere.URL)
		a.WriteHeader(http.StatusFound)
		return true
	}
	const discovering, reading, fetching = "discovering the issuer: ", "reading jwks_uri of the discovery document: must be ", "fetching the key set: "
	for name, change := range map[string]func(*provider) (says string){
		"key set without end": func(p *provider) string {
			p.answers(nil, endless)
			return "reading the key set: http: request body too large"
		},
		"discovery document without end": func(p *provider) string { p.answers(endless, nil); return discovering },
		"redirect of the key set":        func(p *provider) string { p.answers(nil, redirect); return fetching },
		"redirect of the discovery":      func(p *provider) string { p.answers(redirect, nil); return discovering },
		"not JSON": func(p *provider) string {
			p.handle = func(a http.ResponseWriter) bool { io.WriteString(a, "<html>"); return true }
			return "reading the key set: invalid character"
		},
		"keys over plain HTTP": func(p *provider) string {
			p.keysURL = "http://keys.example/jwks"
			return reading + "https (or set plainHTTP: true)"
		},
		"keys in a file": func(p *provider) string {
			p.keysURL = "file:///etc/passwd"
			return reading + "an http or https URL with a host"
		},
	} {
		t.Run(name, func(t *testing.T) {
			bodies := &counting{RoundTripper: &http.Transport{DisableKeepAlives: true}}
			w := newWorld(t, func(c *identity.Config) { c.Transport = bodies })
			if away := w.verifier.Away(); len(away) != 1 || !strings.HasSuffix(away[0].Error(), ": the issuer's keys cannot be read") {
				t.Errorf("before anything was fetched: %v", away)
			}
			says := change(w.provider)
			w.refused(request("Bearer", w.good()), identity.IssuerUnavailable)
			if why := w.verifier.Ready(t.Context()); why == nil || !strings.HasPrefix(why.Error(), "reading the keys of issuer "+w.provider.URL+": "+says) {
				t.Errorf("it is said to be away by %v", why)
			}
			if n := bodies.open.Load(); n != 0 {
				t.Errorf("%d answers were left open", n)
			}
		})
	}
}

// A caller who goes away does not take the fetch with it.
func TestFetchOutlivesTheRequestThatAskedForIt(t *testing.T) {
	w := newWorld(t)
	release, entered := make(chan struct{}), make(chan struct{})
	w.provider.handle = func(http.ResponseWriter) bool { close(entered); <-release; return false }
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	token := w.good()
	go func() {
		_, err := w.verifier.Verify(ctx, request("Bearer", token))
		gone <- err
	}()
	<-entered
	cancel()
	var refusal *identity.Refusal
	if err := <-gone; !errors.As(err, &refusal) || refusal.Code != identity.IssuerUnavailable {
		t.Errorf("the caller who went away got %v", err)
	}
	close(release)
	w.allowed(request("Bearer", token))
	if n := w.provider.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

func TestRememberedTokenStillExpires(t *testing.T) {
	w := newWorld(t)
	r := request("Bearer", w.sign(nil, w.claims(map[string]any{"exp": start.Unix() + 10})))
	w.allowed(r)
	w.pass(9 * time.Second)
	w.allowed(r)
	w.pass(time.Second)
	w.refused(r, identity.TokenExpired)
}

// A token that differs in one bit is another token, remembered or not.
func TestRememberedTokenIsTheWholeToken(t *testing.T) {
	w := newWorld(t)
	good := w.good()
	w.allowed(request("Bearer", good))
	last := strings.LastIndex(good, ".") + 1
	for _, n := range []int{last, last + 40, len(good) - 2} {
		changed := []byte(good)
		changed[n] ^= 1
		if changed[n] == good[n] || strings.ContainsAny(string(changed[n]), "@[`{/:") {
			changed[n] = 'A'
		}
		if _, err := w.verify(request("Bearer", string(changed))); err == nil && string(changed) != good {
			t.Errorf("a signature changed at %d verifies", n)
		}
	}
}

// Keys come from the issuer's key set, whatever a token says of its own.
func TestKeysThatATokenPointsToAreNotFetched(t *testing.T) {
	w := newWorld(t)
	own := newKey(t)
	theirs := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
		t.Error("the key that a token points to was fetched")
		writeJSON(a, map[string]any{"keys": []any{publicJWK("k9", own.Public())}})
	}))
	t.Cleanup(theirs.Close)
	for _, name := range []string{"jku", "x5u"} {
		header := map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k9", name: theirs.URL}
		w.refused(request("Bearer", compact(t, header, encode(t, w.claims(nil)), own)), identity.TokenSignature)
	}
}
