package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
)

func TestBindingsThatCannotBeCheckedAreRefused(t *testing.T) {
	for name, cnf := range map[string]any{
		"a certificate, without TLS": map[string]any{"x5t#S256": "AAAA"},
		"an empty certificate":       map[string]any{"x5t#S256": ""},
		"an empty key":               map[string]any{"jkt": ""},
		"a key that is a number":     map[string]any{"jkt": 1},
		"a whole key":                map[string]any{"jwk": map[string]any{"kty": "EC"}},
		"an unknown way":             map[string]any{"canary": "x"},
		"known and unknown":          map[string]any{"jkt": "x", "canary": "x"},
		"nothing in it":              map[string]any{},
		"not an object":              "canary",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.sign(nil, w.claims(map[string]any{"cnf": cnf}))
			holdsNothing(t, w.refused(request("Bearer", token), identity.BindingFailed))
		})
	}
	t.Run("null", func(t *testing.T) {
		w := newWorld(t)
		claims := w.claims(nil)
		claims["cnf"] = nil
		w.refused(request("Bearer", w.sign(nil, claims)), identity.BindingFailed)
	})
}

// TestCertificateBinding goes through a real TLS handshake.
func TestCertificateBinding(t *testing.T) {
	w := newWorld(t)
	mine, another := certificate(t, "mine"), certificate(t, "another")
	answers := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c, err := w.verify(r)
		if want := nurseOf(); err == nil && !cmp.Equal(c, want) {
			t.Error(cmp.Diff(want, c))
		}
		answers <- err
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	sum := sha256.Sum256(mine.Certificate[0])
	token := w.sign(nil, w.claims(map[string]any{"cnf": map[string]any{"x5t#S256": base64url.EncodeToString(sum[:])}}))
	for name, c := range map[string]struct {
		shown []tls.Certificate
		want  string
	}{"the holder": {[]tls.Certificate{mine}, ""}, "another": {[]tls.Certificate{another}, identity.BindingFailed}, "nobody": {nil, identity.BindingFailed}} {
		t.Run(name, func(t *testing.T) {
			client := server.Client()
			transport := client.Transport.(*http.Transport).Clone()
			transport.TLSClientConfig.Certificates = c.shown
			transport.DisableKeepAlives = true
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("X-Client-Cert", string(mine.Certificate[0][:0])+"a certificate in a header counts for nothing")
			answer, err := (&http.Client{Transport: transport}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if got := codeOf(<-answers); got != c.want {
				t.Errorf("refused with %q, want %q", got, c.want)
			}
		})
	}
}

// showing is r as it comes over TLS from the holder of a certificate.
func showing(r *http.Request, c tls.Certificate) *http.Request {
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: c.Certificate[0]}}}
	return r
}

// A certificate that was shown does not stand for what else a token is bound to.
func TestEveryBindingOfATokenIsChecked(t *testing.T) {
	h, mine := newHolder(t), certificate(t, "mine")
	sum := sha256.Sum256(mine.Certificate[0])
	bound := func(cnf map[string]any) string {
		return h.sign(nil, h.claims(map[string]any{"cnf": merge(map[string]any{"x5t#S256": base64url.EncodeToString(sum[:])}, cnf)}))
	}
	h.admits(showing(request("Bearer", bound(nil)), mine))
	for name, cnf := range map[string]map[string]any{
		"an unknown way before": {"canary": "x"}, "an unknown way behind": {"z": "x"}, "an empty key": {"jkt": ""},
	} {
		if _, err := h.verify(showing(request("Bearer", bound(cnf)), mine)); codeOf(err) != identity.BindingFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.token = bound(map[string]any{"jkt": thumbprint(t, h.own)})
	proof := h.proof(nil, nil)
	h.refused(showing(request("Bearer", h.token), mine), identity.ProofInvalid)
	h.refused(showing(request("DPoP", h.token), mine), identity.ProofInvalid)
	h.refused(request("DPoP", h.token, "DPoP", proof), identity.BindingFailed)
	h.admits(showing(request("DPoP", h.token, "DPoP", proof), mine))
}

// Behind a proxy that serves the gateway below a path of its own no proof was of the request.
func TestAProofIsForThePathThatTheCallerKnows(t *testing.T) {
	h := newHolder(t)
	cfg := h.config()
	cfg.Below = "/cpa"
	h.verifier = h.newVerifier(cfg)
	for htu, code := range map[string]string{audience + "/cpa/fhir/R4/CarePlan": "", audience + "/fhir/R4/CarePlan": identity.ProofInvalid} {
		if _, err := h.verify(request("DPoP", h.token, "DPoP", h.proof(nil, map[string]any{"htu": htu, "jti": htu}))); codeOf(err) != code {
			t.Errorf("%s: %v", htu, err)
		}
	}
}

// The path counts as it is written, and the port of the scheme does not.
func TestTheTargetOfAProof(t *testing.T) {
	h := newHolder(t)
	for htu, code := range map[string]string{audience + "/fhir/R4/CarePlan/a%2Fb": "", audience + "/fhir/R4/CarePlan/a/b": identity.ProofInvalid} {
		r := request("DPoP", h.token, "DPoP", h.proof(nil, map[string]any{"htu": htu, "jti": htu}))
		r.URL.Path, r.URL.RawPath = "/fhir/R4/CarePlan/a/b", "/fhir/R4/CarePlan/a%2Fb"
		if _, err := h.verify(r); codeOf(err) != code {
			t.Errorf("%s: %v", htu, err)
		}
	}
	cfg := h.config()
	cfg.Audience = "http://gateway.example"
	h.verifier = h.newVerifier(cfg)
	h.token = h.sign(nil, h.claims(map[string]any{"aud": cfg.Audience, "cnf": map[string]any{"jkt": thumbprint(t, h.own)}}))
	for port, code := range map[string]string{"": "", ":80": "", ":443": identity.ProofInvalid} {
		htu := cfg.Audience + port + "/fhir/R4/CarePlan"
		r := request("DPoP", h.token, "DPoP", h.proof(nil, map[string]any{"htu": htu, "jti": htu}))
		if _, err := h.verify(r); codeOf(err) != code {
			t.Errorf("%s: %v", htu, err)
		}
	}
}

func codeOf(err error) string {
	var refusal *identity.Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: start.AddDate(20, 0, 0), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// holder has a DPoP key and a token bound to it.
type holder struct {
	*world
	own   *ecdsa.PrivateKey
	token string
}

func newHolder(t *testing.T) *holder {
	h := &holder{world: newWorld(t), own: newKey(t)}
	h.token = h.bound()
	return h
}

func (h *holder) bound() string {
	return h.sign(nil, h.claims(map[string]any{"cnf": map[string]any{"jkt": thumbprint(h.t, h.own)}}))
}

func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64url.EncodeToString(sum)
}

// proof makes a good one for GET of the request's URL, changed.
func (h *holder) proof(header, claims map[string]any) string {
	ath := sha256.Sum256([]byte(h.token))
	return compact(h.t,
		merge(map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: h.own.Public()}}, header),
		encode(h.t, merge(map[string]any{
			"jti": "p1", "htm": "GET", "htu": audience + "/fhir/R4/CarePlan", "iat": h.clock().Unix(),
			"ath": base64url.EncodeToString(ath[:]),
		}, claims)), h.own)
}

func TestProof(t *testing.T) {
	good := map[string]map[string]any{
		"as written":                {},
		"default port and capitals": {"htu": "HTTPS://Gateway.Example:443/fhir/R4/CarePlan"},
		"with its query":            {"htu": audience + "/fhir/R4/CarePlan?patient=1#x"},
		"a minute old":              {"iat": start.Unix() - 60},
		"a minute ahead":            {"iat": start.Unix() + 60},
	}
	for name, change := range good {
		t.Run(name, func(t *testing.T) {
			h := newHolder(t)
			h.admits(request("DPoP", h.token, "DPoP", h.proof(nil, change)))
		})
	}
	type change = map[string]any
	forged := map[string]struct{ header, claims change }{
		"another method":           {nil, change{"htm": "POST"}},
		"another path":             {nil, change{"htu": audience + "/fhir/R4/Patient"}},
		"another host":             {nil, change{"htu": "https://other.example/fhir/R4/CarePlan"}},
		"the host of Host":         {nil, change{"htu": "http://example.com/fhir/R4/CarePlan"}},
		"another scheme":           {nil, change{"htu": "http://gateway.example/fhir/R4/CarePlan"}},
		"another port":             {nil, change{"htu": audience + ":8443/fhir/R4/CarePlan"}},
		"a path that escapes more": {nil, change{"htu": audience + "/fhir/R4/Care%50lan/"}},
		"no htu":                   {nil, change{"htu": nil}},
		"too old":                  {nil, change{"iat": start.Unix() - 61}},
		"from the future":          {nil, change{"iat": start.Unix() + 61}},
		"no iat":                   {nil, change{"iat": nil}},
		"of another token":         {nil, change{"ath": base64url.EncodeToString(make([]byte, 32))}},
		"of no token":              {nil, change{"ath": nil}},
		"no jti":                   {nil, change{"jti": nil}},
		"another typ":              {change{"typ": "at+jwt"}, nil},
		"no key":                   {change{"jwk": nil}, nil},
		"alg none":                 {change{"alg": "none"}, nil},
		"alg HS256":                {change{"alg": "HS256"}, nil},
		"a critical header":        {change{"crit": []string{"exp"}}, nil},
		"crit of another RFC":      {change{"crit": []string{"b64"}, "b64": true}, nil},
		"the port of plain HTTP":   {nil, change{"htu": audience + ":80/fhir/R4/CarePlan"}},
		"a htu that is no URL":     {nil, change{"htu": "https://["}},
		"a jti that is a number":   {nil, change{"jti": 1}},
	}
	for name, c := range forged {
		t.Run(name, func(t *testing.T) {
			h := newHolder(t)
			refusal := h.refused(request("DPoP", h.token, "DPoP", h.proof(c.header, c.claims)), identity.ProofInvalid)
			holdsNothing(t, refusal)
		})
	}
}

func TestProofOfTheLargestSize(t *testing.T) {
	for size, code := range map[int]string{8 << 10: "", 8<<10 + 1: identity.ProofInvalid} {
		h := newHolder(t)
		proof := sized(t, size, func(header, claims string) string {
			return h.proof(map[string]any{"padding": header}, map[string]any{"padding": claims})
		})
		if _, err := h.verify(request("DPoP", h.token, "DPoP", proof)); codeOf(err) != code {
			t.Errorf("a proof of %d bytes: %v", size, err)
		}
	}
}

func TestProofOfAnotherKey(t *testing.T) {
	h := newHolder(t)
	thief := &holder{world: h.world, own: newKey(t), token: h.token}
	h.refused(request("DPoP", h.token, "DPoP", thief.proof(nil, nil)), identity.ProofInvalid)
	// The thief shows the holder's public key over his own signature.
	shown := jose.JSONWebKey{Key: h.own.Public()}
	h.refused(request("DPoP", h.token, "DPoP", thief.proof(map[string]any{"jwk": shown}, nil)), identity.ProofInvalid)
	// And a private key in a proof is a mistake that must not go unnoticed.
	private := json.RawMessage(encode(t, jose.JSONWebKey{Key: h.own}))
	h.refused(request("DPoP", h.token, "DPoP", h.proof(map[string]any{"jwk": private}, nil)), identity.ProofInvalid)
	h.allowed(request("DPoP", h.token, "DPoP", h.proof(nil, nil)))
}

func TestProofIsNeeded(t *testing.T) {
	h := newHolder(t)
	h.refused(request("DPoP", h.token), identity.ProofInvalid)
	h.refused(request("Bearer", h.token), identity.ProofInvalid)
	h.refused(request("Bearer", h.token, "DPoP", h.proof(nil, nil)), identity.ProofInvalid)
	h.refused(request("DPoP", h.token, "DPoP", h.proof(nil, nil), "DPoP", h.proof(nil, nil)), identity.ProofInvalid)
	h.token = h.good() // bound to nobody: the scheme promises what the token does not hold
	h.refused(request("DPoP", h.token, "DPoP", h.proof(nil, nil)), identity.ProofInvalid)
}

func TestProofReplayed(t *testing.T) {
	h := newHolder(t)
	first := request("DPoP", h.token, "DPoP", h.proof(nil, nil))
	h.allowed(first)
	h.refused(first, identity.ProofReplayed)
	h.refused(request("DPoP", h.token, "DPoP", h.proof(nil, nil)), identity.ProofReplayed) // signed anew, the same jti
	h.allowed(request("DPoP", h.token, "DPoP", h.proof(nil, map[string]any{"jti": "p2"})))
	// Good for a minute on either side, and clocks differ by one.
	own := thumbprint(t, h.own)
	h.holds(map[string]time.Duration{guardKey("proof", own, "p1"): 3 * time.Minute, guardKey("proof", own, "p2"): 3 * time.Minute})
}

// A proof, or a token that is good for one request, once passed again after the
// guard had lost what it knew. It is refused by its own iat, and by that alone: the
// next one passes at once.
func TestWhatWasIssuedBeforeTheGuardsMemoryIsRefused(t *testing.T) {
	h := newHolder(t)
	h.guard.since = h.clock()
	h.refused(request("DPoP", h.token, "DPoP", h.proof(nil, nil)), identity.ProofReplayed)
	h.pass(time.Second)
	h.allowed(request("DPoP", h.token, "DPoP", h.proof(nil, map[string]any{"iat": h.clock().Unix(), "jti": "p2"})))

	w := newWorld(t, func(c *identity.Config) { c.Clients[0].SingleUse = true })
	old := w.claims(nil)
	w.guard.since = w.clock()
	w.refused(request("Bearer", w.sign(nil, old)), identity.TokenReplayed)
	w.pass(time.Second)
	w.admits(request("Bearer", w.sign(nil, merge(old, map[string]any{"iat": w.clock().Unix(), "jti": "another"}))), func(c *consent.Caller) { c.TokenID = "another" })
}

// guardKey is how a single use stands in the shared state, which outlives an update of
// the gateway: another name would let everything pass a second time.
func guardKey(kind, owner, id string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + id))
	return "identity/" + kind + "/" + base64url.EncodeToString(sum[:])
}

// holds wants these single uses in the guard, and no others.
func (w *world) holds(want map[string]time.Duration) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.guard.held); diff != "" {
		w.t.Error(diff)
	}
}

// A proof that was refused for something else is still good.
func TestRefusedProofIsNotUsedUp(t *testing.T) {
	h := newHolder(t)
	wrong := request("DPoP", h.token, "DPoP", h.proof(nil, nil))
	wrong.Method = http.MethodPost
	h.refused(wrong, identity.ProofInvalid)
	h.allowed(request("DPoP", h.token, "DPoP", h.proof(nil, nil)))
}

func TestReplayGuardDownRefuses(t *testing.T) {
	h := newHolder(t)
	h.guard.down = true
	refusal := h.refused(request("DPoP", h.token, "DPoP", h.proof(nil, nil)), identity.ReplayUnknown)
	if refusal.Challenge != "" {
		t.Errorf("challenge %q: the token is not at fault", refusal.Challenge)
	}
	h.allowed(request("Bearer", h.good())) // needs no guard
}

// Case 99: a token that is good for one request.
func TestSingleUse(t *testing.T) {
	byRegistration := newWorld(t, func(c *identity.Config) { c.Clients[0].SingleUse = true })
	byClaim := newWorld(t)
	for name, c := range map[string]struct {
		w      *world
		claims map[string]any
	}{"by registration": {byRegistration, nil}, "by claim": {byClaim, map[string]any{"singleUse": true}}} {
		t.Run(name, func(t *testing.T) {
			token := c.w.sign(nil, c.w.claims(c.claims))
			c.w.admits(request("Bearer", token))
			c.w.refused(request("Bearer", token), identity.TokenReplayed)
			again := c.w.sign(nil, c.w.claims(c.claims)) // signed anew, the same jti
			c.w.refused(request("Bearer", again), identity.TokenReplayed)
			// The token's own life, and a clock that is a minute behind.
			c.w.holds(map[string]time.Duration{guardKey("token", c.w.provider.URL, "canary-token-1"): 6 * time.Minute})
			without := merge(c.w.claims(c.claims), map[string]any{"jti": nil})
			c.w.refused(request("Bearer", c.w.sign(nil, without)), identity.TokenClaim)
			c.w.guard.down = true
			next := merge(c.w.claims(c.claims), map[string]any{"jti": "another"})
			c.w.refused(request("Bearer", c.w.sign(nil, next)), identity.ReplayUnknown)
		})
	}
	byClaim.guard.down = false
	reusable := request("Bearer", byClaim.sign(nil, byClaim.claims(map[string]any{"jti": "reusable"})))
	sameButID := func(c *consent.Caller) { c.TokenID = "reusable" }
	byClaim.admits(reusable, sameButID)
	byClaim.admits(reusable, sameButID)
}

// A text, as some issuers write each claim, was taken for none: the token was good for as many
// requests as anybody sent.
func TestSingleUseOfAnotherFormIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, said := range []any{"true", "false", 1, []any{true}, map[string]any{}} {
		w.refused(request("Bearer", w.sign(nil, w.claims(map[string]any{"singleUse": said}))), identity.TokenClaim)
	}
	for _, said := range []any{false, nil} {
		reusable := request("Bearer", w.sign(nil, w.claims(map[string]any{"singleUse": said})))
		w.admits(reusable)
		w.admits(reusable)
	}
}
