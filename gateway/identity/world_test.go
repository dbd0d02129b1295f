package identity_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	audience = "https://gateway.example"
	nurse    = "canary-Nia-Price"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// guard is a replay guard within one process.
type guard struct {
	mu    sync.Mutex
	held  map[string]time.Duration
	since time.Time // what was issued before is not given
	down  bool
}

func (g *guard) Claim(_ context.Context, key string, issued time.Time, life time.Duration) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		return false, errors.New("no answer")
	}
	_, taken := g.held[key]
	g.held[key] = life
	return !taken && issued.After(g.since), nil
}

// provider is a real OpenID issuer over HTTP, with what a test needs to break it.
type provider struct {
	*httptest.Server
	mu        sync.Mutex
	keys      []any                                 // JWKs
	keysURL   string                                // jwks_uri, when it is not the provider's own
	handle    func(http.ResponseWriter) (done bool) // answers in place of the key set
	discovery func(http.ResponseWriter) (done bool) // answers in place of the discovery document
	fetches   atomic.Int64                          // of the key set
	kept      atomic.Int64                          // requests that would keep their connection
	discovers atomic.Int64
}

func newProvider(t *testing.T) *provider {
	p := &provider{}
	mux := p.mux()
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.Close {
			p.kept.Add(1)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) mux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		p.discovers.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.discovery != nil && p.discovery(w) {
			return
		}
		keys := p.keysURL
		if keys == "" {
			keys = "http://" + r.Host + "/jwks"
		}
		writeJSON(w, map[string]any{"issuer": "http://" + r.Host, "token_endpoint": "http://" + r.Host + "/token", "jwks_uri": keys})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.handle != nil && p.handle(w) {
			return
		}
		writeJSON(w, map[string]any{"keys": p.keys})
	})
	return mux
}

func (p *provider) publish(keys ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

// answers changes how it answers from now on; nil is as it should.
func (p *provider) answers(discovery, keys func(http.ResponseWriter) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discovery, p.handle = discovery, keys
}

// badGateway is the answer of an issuer that is down.
func badGateway(a http.ResponseWriter) bool { a.WriteHeader(http.StatusBadGateway); return true }

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// world is a gateway's identity, an issuer, a clock that a test moves, and keys.
type world struct {
	t        *testing.T
	provider *provider
	guard    *guard
	verifier *identity.Verifier
	key      *ecdsa.PrivateKey
	now      atomic.Int64 // nanoseconds since start
}

// newWorld makes one; change may alter the configuration first.
func newWorld(t *testing.T, change ...func(*identity.Config)) *world {
	t.Helper()
	w := &world{t: t, provider: newProvider(t), guard: &guard{held: map[string]time.Duration{}}, key: newKey(t)}
	w.provider.publish(publicJWK("k1", w.key.Public()))
	cfg := w.config()
	for _, c := range change {
		c(&cfg)
	}
	w.verifier = w.newVerifier(cfg)
	return w
}

func (w *world) config() identity.Config {
	return identity.Config{
		Audience: audience,
		Issuers:  []identity.Issuer{{URL: w.provider.URL}},
		Clients: []identity.Client{
			{ID: "ooh", Organisation: "7A4", Teams: []profiles.TeamID{"crht", "crht-2"}, Purposes: []profiles.Purpose{"ETREAT", "TREAT"}},
			{ID: "gp", Organisation: "W99001", Teams: []profiles.TeamID{"practice"}, Purposes: []profiles.Purpose{"COC"}},
			{ID: "app", Organisation: "W99001", Purposes: []profiles.Purpose{"COC"}},
		},
	}
}

func (w *world) newVerifier(cfg identity.Config) *identity.Verifier {
	w.t.Helper()
	v, err := identity.New(w.t.Context(), cfg, w.guard, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) clock() time.Time {
	return start.Add(time.Duration(w.now.Load()))
}

func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

// claims is a good token's, changed: a nil value takes the claim away.
func (w *world) claims(change map[string]any) map[string]any {
	now := w.clock().Unix()
	c := map[string]any{
		"iss": w.provider.URL, "aud": audience, "sub": "ooh", "client_id": "ooh",
		"iat": now, "nbf": now, "exp": now + 300, "jti": "canary-token-1",
		"team": "crht", "scope": "system/CarePlan.rs",
		"extensions": iua(map[string]any{}),
	}
	return merge(c, change)
}

func iua(change map[string]any) map[string]any {
	return map[string]any{"ihe_iua": merge(map[string]any{
		"subject_organization_id": "7A4", "subject_role": "nurse", "person_id": nurse,
		"purpose_of_use": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "ETREAT"}},
	}, change)}
}

func merge(base, change map[string]any) map[string]any {
	maps.Copy(base, change)
	maps.DeleteFunc(base, func(_ string, v any) bool { return v == nil })
	return base
}

// sign makes a token of any header and any claims with the issuer's key.
func (w *world) sign(header, claims map[string]any) string {
	return compact(w.t, merge(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, header), encode(w.t, claims), w.key)
}

// signOf is a good token of so many bytes.
func (w *world) signOf(size int) string {
	w.t.Helper()
	return sized(w.t, size, func(header, claims string) string {
		return w.sign(map[string]any{"padding": header}, w.claims(map[string]any{"padding": claims}))
	})
}

// sized pads header and claims of a JWT until it has the size; base64 alone does
// not reach every one.
func sized(t *testing.T, size int, sign func(header, claims string) string) string {
	t.Helper()
	for header := range 4 {
		short := size - len(sign(strings.Repeat("h", header), ""))
		for claims := short*3/4 - 3; claims <= short*3/4+3; claims++ {
			if token := sign(strings.Repeat("h", header), strings.Repeat("c", max(0, claims))); len(token) == size {
				return token
			}
		}
	}
	t.Fatalf("no JWT of %d bytes", size)
	return ""
}

func (w *world) good() string { return w.sign(nil, w.claims(nil)) }

// request presents a bearer token; headers come in pairs.
func request(scheme, token string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/fhir/R4/CarePlan?patient=1", nil)
	r.Header.Set("Authorization", scheme+" "+token)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Add(headers[n], headers[n+1])
	}
	return r
}

func (w *world) verify(r *http.Request) (consent.Caller, error) {
	return w.verifier.Verify(w.t.Context(), r)
}

// allowed wants a caller, refused a refusal with the code.
func (w *world) allowed(r *http.Request) consent.Caller {
	w.t.Helper()
	c, err := w.verify(r)
	if err != nil {
		w.t.Fatalf("refused: %v", err)
	}
	if c.Client == "" || c.Organisation == "" {
		w.t.Fatalf("let in as nobody: %+v", c)
	}
	return c
}

// nurseOf is the caller that a good token stands for.
func nurseOf() consent.Caller {
	return consent.Caller{
		Client: "ooh", Organisation: "7A4", Team: "crht", Person: nurse, Role: "nurse", Purpose: "ETREAT",
		Scopes:  []consent.Scope{{Context: "system", Type: "CarePlan", Read: true, Search: true}},
		TokenID: "canary-token-1",
	}
}

// admits wants that caller, changed.
func (w *world) admits(r *http.Request, change ...func(*consent.Caller)) {
	w.t.Helper()
	want := nurseOf()
	for _, c := range change {
		c(&want)
	}
	if diff := cmp.Diff(want, w.allowed(r)); diff != "" {
		w.t.Error(diff)
	}
}

func (w *world) refused(r *http.Request, code string) *identity.Refusal {
	w.t.Helper()
	c, err := w.verify(r)
	var refusal *identity.Refusal
	if !errors.As(err, &refusal) {
		w.t.Fatalf("got error %v and caller of client %q, want refusal %s", err, c.Client, code)
	}
	if refusal.Code != code {
		w.t.Fatalf("refused with %s, want %s", refusal.Code, code)
	}
	if diff := cmp.Diff(consent.Caller{}, c); diff != "" {
		w.t.Fatalf("a refusal came with a caller: %s", diff)
	}
	return refusal
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicJWK(id string, key crypto.PublicKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: id, Use: "sig"}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var base64url = base64.RawURLEncoding

// compact signs by hand: an attacker is not held back by a library.
func compact(t *testing.T, header map[string]any, payload []byte, key any) string {
	t.Helper()
	signed := base64url.EncodeToString(encode(t, header)) + "." + base64url.EncodeToString(payload)
	return signed + "." + base64url.EncodeToString(signature(t, header["alg"], signed, key))
}

func signature(t *testing.T, alg any, signed string, key any) []byte {
	t.Helper()
	sum := crypto.SHA256.New()
	sum.Write([]byte(signed))
	digest := sum.Sum(nil)
	var out []byte
	var err error
	switch k := key.(type) {
	case nil:
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, k, digest)
		err = signErr
		if err == nil {
			out = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case ed25519.PrivateKey:
		out = ed25519.Sign(k, []byte(signed))
	case *rsa.PrivateKey:
		if alg == "PS256" {
			out, err = rsa.SignPSS(rand.Reader, k, crypto.SHA256, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			out, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, digest)
		}
	default:
		err = fmt.Errorf("no way to sign with %T", key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// holdsNothing fails when a refusal says anything that was in a token.
func holdsNothing(t *testing.T, r *identity.Refusal) {
	t.Helper()
	text := r.Error() + r.Challenge
	for _, secret := range []string{"canary", nurse, "ooh", "crht", "7A4", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the refusal %s holds %q, which is from the token", r.Code, secret)
		}
	}
	if !bytes.HasPrefix([]byte(r.Error()), []byte("refused: ")) || len(r.Error()) < len("refused: the") {
		t.Errorf("the refusal %s has no words", r.Code)
	}
}
