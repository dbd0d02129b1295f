package demo_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/gateway/demo"
)

// callerKey reads the private key that the running demo has made for a caller.
func callerKey(t *testing.T, dir, name string) jose.JSONWebKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "demo", "keys", name+".jwk"))
	if err != nil {
		t.Fatal(err)
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil {
		t.Fatal(err)
	}
	return key
}

// assertion is a good one of the caller gp, changed: nil takes a claim away.
func assertion(t *testing.T, r *running, key any, alg jose.SignatureAlgorithm, change map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := r.clock().Unix()
	claims := map[string]any{
		"iss": "demo-gp", "sub": "demo-gp", "aud": r.issuer.URL() + "/token", "jti": t.Name(), "iat": now, "exp": now + 300,
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func form(assertion string, change url.Values) url.Values {
	f := url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}
	maps.Copy(f, change)
	return f
}

// TestClientAssertions is the table of assertions, good and bad (RFC 7523 §3).
func TestClientAssertions(t *testing.T) {
	now := time.Now().Unix()
	cases := map[string]struct {
		change map[string]any
		want   int
	}{
		"as written":              {nil, http.StatusOK},
		"for the issuer":          {map[string]any{"aud": "ISSUER"}, http.StatusOK},
		"no iat":                  {map[string]any{"iat": nil}, http.StatusOK},
		"for another":             {map[string]any{"aud": "https://other.example/token"}, http.StatusUnauthorized},
		"for nobody":              {map[string]any{"aud": nil}, http.StatusUnauthorized},
		"expired":                 {map[string]any{"exp": now - 120, "iat": now - 300}, http.StatusUnauthorized},
		"no expiry":               {map[string]any{"exp": nil}, http.StatusUnauthorized},
		"good for an hour":        {map[string]any{"exp": now + 3600}, http.StatusUnauthorized},
		"issued in the future":    {map[string]any{"iat": now + 200}, http.StatusUnauthorized},
		"not valid yet":           {map[string]any{"nbf": now + 200}, http.StatusUnauthorized},
		"no jti":                  {map[string]any{"jti": nil}, http.StatusUnauthorized},
		"another's subject":       {map[string]any{"sub": "demo-ooh"}, http.StatusUnauthorized},
		"another caller entirely": {map[string]any{"sub": "demo-ooh", "iss": "demo-ooh"}, http.StatusUnauthorized},
		"another issuer":          {map[string]any{"iss": "demo-ooh"}, http.StatusUnauthorized},
		"nobody":                  {map[string]any{"sub": nil}, http.StatusUnauthorized},
		"a stranger":              {map[string]any{"sub": "stranger", "iss": "stranger"}, http.StatusUnauthorized},
	}
	r := run(t)
	key := callerKey(t, r.dir, "gp")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.change["aud"] == "ISSUER" {
				c.change["aud"] = r.issuer.URL()
			}
			code, status := post(t, r, form(assertion(t, r, key, jose.ES256, c.change), nil))
			if status != c.want || (status != http.StatusOK) != (code == "invalid_client") {
				t.Errorf("status %d, %s", status, code)
			}
		})
	}
}

func TestAssertionsSignedByOthers(t *testing.T) {
	r := run(t)
	public := callerKey(t, r.dir, "gp")
	secret, err := json.Marshal(public.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]string{
		"another caller's key":            assertion(t, r, callerKey(t, r.dir, "ooh"), jose.ES256, nil),
		"HS256 with what everybody knows": assertion(t, r, secret, jose.HS256, nil),
		"no assertion":                    "",
		"not a JWT":                       "a.b.c",
		"alg none":                        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkZW1vLWdwIn0.",
	} {
		if code, status := post(t, r, form(a, nil)); status != http.StatusUnauthorized || code != "invalid_client" {
			t.Errorf("%s: status %d, %s", name, status, code)
		}
	}
}

func TestAssertionReplayed(t *testing.T) {
	r := run(t)
	a := form(assertion(t, r, callerKey(t, r.dir, "gp"), jose.ES256, nil), nil)
	if code, status := post(t, r, a); status != http.StatusOK {
		t.Fatalf("status %d, %s", status, code)
	}
	if code, status := post(t, r, a); status != http.StatusUnauthorized || code != "invalid_client" {
		t.Errorf("the second time: status %d, %s", status, code)
	}
	r.guard.down = true
	b := form(assertion(t, r, callerKey(t, r.dir, "gp"), jose.ES256, map[string]any{"jti": "another"}), nil)
	if code, status := post(t, r, b); status != http.StatusServiceUnavailable {
		t.Errorf("without a replay guard: status %d, %s", status, code)
	}
}

// A caller is given no letter that is not its own, and its own where it asks for nothing
// in particular.
func TestScopesOfCallersThatWrite(t *testing.T) {
	r := run(t)
	for _, c := range []struct{ name, asks, want string }{
		{"social-care", "", "system/*.rs system/CarePlan.rus system/Subscription.cruds"},
		{"social-care", "system/CarePlan.u system/CarePlan.d system/Goal.u system/Patient.r", "system/CarePlan.u system/Patient.r"},
		{"cmht", "system/CarePlan.crud system/Goal.c", "system/CarePlan.crud system/Goal.c"},
		{"gp", "system/CarePlan.u system/CarePlan.r", "system/CarePlan.r"},
	} {
		i := slices.IndexFunc(demo.Callers, func(caller demo.Caller) bool { return caller.Name == c.name })
		key := callerKey(t, r.dir, c.name)
		a := assertion(t, r, key, jose.ES256, map[string]any{"iss": demo.Callers[i].Client, "sub": demo.Callers[i].Client, "jti": c.name + c.asks})
		asked := url.Values{}
		if c.asks != "" {
			asked.Set("scope", c.asks)
		}
		if got, status := post(t, r, form(a, asked)); status != http.StatusOK || got != c.want {
			t.Errorf("%s asks for %q: status %d, %s", c.name, c.asks, status, got)
		}
	}
}

func TestTokenRequests(t *testing.T) {
	cases := map[string]struct {
		change url.Values
		status int
		want   string // the OAuth error, or the scope granted
	}{
		"no scope":           {nil, 200, "system/*.rs"},
		"a narrower scope":   {url.Values{"scope": {"system/CarePlan.s"}}, 200, "system/CarePlan.s"},
		"a letter too many":  {url.Values{"scope": {"system/Goal.rs system/Goal.rsd"}}, 200, "system/Goal.rs"},
		"a scope to write":   {url.Values{"scope": {"system/*.cruds system/Goal.r"}}, 200, "system/Goal.r"},
		"only to write":      {url.Values{"scope": {"system/*.cruds"}}, 400, "invalid_scope"},
		"a person's scope":   {url.Values{"scope": {"user/*.rs openid"}}, 400, "invalid_scope"},
		"another grant":      {url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		"a field twice":      {url.Values{"scope": {"system/*.rs", "system/*.rs"}}, 400, "invalid_request"},
		"another client_id":  {url.Values{"client_id": {"demo-ooh"}}, 401, "invalid_client"},
		"its own client_id":  {url.Values{"client_id": {"demo-gp"}}, 200, "system/*.rs"},
		"no assertion type":  {url.Values{"client_assertion_type": nil}, 401, "invalid_client"},
		"a form without end": {url.Values{"padding": {strings.Repeat("x", 70<<10)}}, 400, "invalid_request"},
		"a purpose in prose": {url.Values{"purpose_of_use": {"because"}}, 400, "invalid_request"},
	}
	r := run(t)
	key := callerKey(t, r.dir, "gp")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, status := post(t, r, form(assertion(t, r, key, jose.ES256, nil), c.change))
			if status != c.status || got != c.want {
				t.Errorf("status %d, %s; want %d, %s", status, got, c.status, c.want)
			}
		})
	}
}
