package identity_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

func TestTokenBecomesCaller(t *testing.T) {
	w := newWorld(t)
	r := request("Bearer", w.good())
	w.admits(r)
	w.admits(r)                                   // as remembered
	w.admits(request("Bearer", w.signOf(16<<10))) // as large as one may be
}

// A token that was verified is not verified again: that is what makes asking cheap.
func TestARememberedTokenIsNotVerifiedAgain(t *testing.T) {
	w := newWorld(t)
	r := request("Bearer", w.good())
	w.admits(r)
	remembered := testing.AllocsPerRun(20, func() { w.allowed(r) })
	n := 0
	fresh := testing.AllocsPerRun(20, func() {
		n++
		w.allowed(request("Bearer", w.sign(nil, w.claims(map[string]any{"jti": strconv.Itoa(n)}))))
	})
	if remembered > fresh/10 {
		t.Errorf("%v allocations for a token that is remembered, %v with a new one", remembered, fresh)
	}
}

func TestTokenFormsThatIssuersUse(t *testing.T) {
	cases := map[string]map[string]any{
		"azp in place of client_id":         {"client_id": nil, "azp": "ooh"},
		"azp and client_id that agree":      {"azp": "ooh"},
		"a client_id that is null":          {"client_id": json.RawMessage("null"), "azp": "ooh"},
		"audience among others":             {"aud": []any{"https://other.example", audience}},
		"no nbf":                            {"nbf": nil},
		"clock a minute ahead":              {"iat": start.Unix() + 60, "nbf": start.Unix() + 60},
		"fractions of seconds":              {"exp": float64(start.Unix()) + 200.5},
		"the longest life":                  {"exp": start.Unix() + 3600},
		"all but the last of its life over": {"iat": start.Unix() - 3599, "exp": start.Unix() + 1},
		"role as Coding, team as array":     {"team": []any{"crht"}, "extensions": iua(map[string]any{"subject_role": []any{map[string]any{"code": "nurse"}}})},
		"claims the gateway has no use for": {"acr": []any{1, nil, map[string]any{}}},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.admits(request("bearer", w.sign(nil, w.claims(change))))
		})
	}
	w := newWorld(t)
	w.admits(request("Bearer ", w.good())) // RFC 6750 has 1*SP
	w.admits(request("Bearer", w.sign(map[string]any{"kid": nil}, w.claims(nil))))
	w.admits(request("Bearer", w.sign(map[string]any{"typ": "application/AT+jwt"}, w.claims(nil))))
	longest := strings.Repeat("a", 256)
	w.admits(request("Bearer", w.sign(nil, w.claims(map[string]any{"extensions": iua(map[string]any{"person_id": longest})}))),
		func(c *consent.Caller) { c.Person = longest })
}

// A token without a team was answered with an empty page, which read as "no plan": it
// speaks for the only team of its client, and a client without any is told so.
func TestATokenWithoutATeam(t *testing.T) {
	for client, want := range map[string]profiles.TeamID{"gp": "practice", "app": ""} {
		w := newWorld(t)
		claims := map[string]any{"client_id": client, "sub": client, "team": nil, "extensions": iua(map[string]any{"subject_organization_id": "W99001", "purpose_of_use": "COC"})}
		r := request("Bearer", w.sign(nil, w.claims(claims)))
		if want == "" {
			w.refused(r, identity.TeamMissing)
		} else if c := w.allowed(r); c.Team != want {
			t.Errorf("%s speaks for %q", client, c.Team)
		}
		claims["team"] = "crht"
		w.refused(request("Bearer", w.sign(nil, w.claims(claims))), identity.TeamNotRegistered)
	}
}

// Of a client with several teams nobody can tell which one was meant.
func TestATokenMustNameOneOfSeveralTeams(t *testing.T) {
	for name, none := range map[string]any{"absent": nil, "null": json.RawMessage("null"), "an empty list": []any{}} {
		w := newWorld(t)
		token := w.sign(nil, w.claims(map[string]any{"team": none}))
		for range 2 { // the second time it could be remembered
			if no := w.refused(request("Bearer", token), identity.TeamMissing); !no.Forbidden || !strings.HasPrefix(no.Challenge, `Bearer error="insufficient_scope"`) {
				t.Errorf("%s: %+v", name, no)
			}
		}
	}
}

// What a token leaves out, or says to be null, the caller does not have.
func TestWhatATokenDoesNotSayTheCallerDoesNotHave(t *testing.T) {
	noID := func(c *consent.Caller) { c.TokenID = "" }
	noPerson := func(c *consent.Caller) { c.Person, c.Role = "", "" }
	for name, c := range map[string]struct {
		claims map[string]any
		change func(*consent.Caller)
	}{
		"no jti":                {map[string]any{"jti": nil}, noID},
		"no person and no role": {map[string]any{"extensions": iua(map[string]any{"person_id": nil, "subject_role": nil})}, noPerson},
		"no scope":              {map[string]any{"scope": nil}, func(c *consent.Caller) { c.Scopes = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := request("Bearer", w.sign(nil, w.claims(c.claims)))
			w.admits(r, c.change)
			w.admits(r, c.change)
		})
	}
}

func TestAlgorithmsAccepted(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for alg, key := range map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "ES256": newKey(t), "EdDSA": edKey} {
		t.Run(alg, func(t *testing.T) {
			w := newWorld(t)
			w.provider.publish(map[string]any{"kty": "unheard-of", "kid": "x"}, publicJWK("k2", key.Public()))
			w.allowed(request("Bearer", compact(t, map[string]any{"alg": alg, "typ": "at+jwt", "kid": "k2"}, encode(t, w.claims(nil)), key)))
		})
	}
}

// attacks is the table of tokens that somebody would like to get in with.
var attacks = []struct {
	name string
	make func(w *world) string
	code string
}{
	{"alg none", func(w *world) string {
		return compact(w.t, map[string]any{"alg": "none", "typ": "at+jwt"}, encode(w.t, w.claims(nil)), nil)
	}, identity.TokenAlgorithm},
	{"alg none in capitals", func(w *world) string {
		return compact(w.t, map[string]any{"alg": "NONE", "typ": "at+jwt", "kid": "k1"}, encode(w.t, w.claims(nil)), nil)
	}, identity.TokenAlgorithm},
	{"HS256 with the public key as secret", hmacWithPublicKey, identity.TokenAlgorithm},
	{"ES384, which is not on the list", func(w *world) string { return w.sign(map[string]any{"alg": "ES384"}, w.claims(nil)) }, identity.TokenAlgorithm},
	{"RS256 named over an EC key", func(w *world) string { return w.sign(map[string]any{"alg": "RS256"}, w.claims(nil)) }, identity.TokenSignature},
	{"a critical header", func(w *world) string {
		return w.sign(map[string]any{"crit": []string{"b64"}, "b64": false}, w.claims(nil))
	}, identity.TokenAlgorithm},
	{"another audience", changed("aud", "https://other.example"), identity.TokenAudience},
	{"an audience that begins with ours", changed("aud", audience+".evil.example"), identity.TokenAudience},
	{"no audience", changed("aud", nil), identity.TokenAudience},
	{"an empty list of audiences", changed("aud", []any{}), identity.TokenAudience},
	{"another issuer", changed("iss", "https://other.example"), identity.TokenIssuer},
	{"the issuer with a slash", func(w *world) string {
		return w.sign(nil, w.claims(map[string]any{"iss": w.provider.URL + "/"}))
	}, identity.TokenIssuer},
	{"no issuer", changed("iss", nil), identity.TokenIssuer},
	{"expired", changed("exp", start.Unix()-1), identity.TokenExpired},
	{"expires now", changed("exp", start.Unix()), identity.TokenExpired},
	{"no expiry", changed("exp", nil), identity.TokenExpired},
	{"expiry as text", changed("exp", "9999999999"), identity.TokenExpired},
	{"expiry beyond time", changed("exp", 1e300), identity.TokenExpired},
	{"valid for a year", changed("exp", start.Unix()+31536000), identity.TokenLife},
	{"valid for a second too long", changed("exp", start.Unix()+3601), identity.TokenLife},
	{"issued for days and in its last minute", func(w *world) string {
		return w.sign(nil, w.claims(map[string]any{"iat": start.Unix() - 3*86400, "exp": start.Unix() + 60}))
	}, identity.TokenLife},
	{"issued nobody knows when", changed("iat", nil), identity.TokenClaim},
	{"an issue date as text", changed("iat", "0"), identity.TokenEarly},
	{"not valid yet", changed("nbf", start.Unix()+120), identity.TokenEarly},
	{"issued in the future", changed("iat", start.Unix()+120), identity.TokenEarly},
	{"nbf as text", changed("nbf", "0"), identity.TokenEarly},
	{"an ID token by its typ", func(w *world) string { return w.sign(map[string]any{"typ": "JWT"}, w.claims(nil)) }, identity.TokenType},
	{"no typ", func(w *world) string { return w.sign(map[string]any{"typ": nil}, w.claims(nil)) }, identity.TokenType},
	{"a logout token", func(w *world) string { return w.sign(map[string]any{"typ": "logout+jwt"}, w.claims(nil)) }, identity.TokenType},
	{"a DPoP proof", func(w *world) string { return w.sign(map[string]any{"typ": "dpop+jwt"}, w.claims(nil)) }, identity.TokenType},
	{"an unknown key", func(w *world) string { return w.sign(map[string]any{"kid": "k9"}, w.claims(nil)) }, identity.TokenSignature},
	{"another's key under a known name", func(w *world) string {
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, encode(w.t, w.claims(nil)), newKey(w.t))
	}, identity.TokenSignature},
	{"a key brought along in jwk", func(w *world) string {
		own := newKey(w.t)
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt", "jwk": publicJWK("k1", own.Public())}, encode(w.t, w.claims(nil)), own)
	}, identity.TokenSignature},
	{"a payload changed after signing", func(w *world) string {
		parts := strings.Split(w.good(), ".")
		parts[1] = base64url.EncodeToString(encode(w.t, w.claims(map[string]any{"team": "crht-2"})))
		return strings.Join(parts, ".")
	}, identity.TokenSignature},
	{"the signature cut off", func(w *world) string { return w.good()[:strings.LastIndex(w.good(), ".")+1] }, identity.TokenSignature},
	{"the same signature spelt in another way", func(w *world) string {
		good := w.good() // 64 bytes leave four spare bits in the last letter, which are zero
		last := strings.IndexByte(base64Letters, good[len(good)-1])
		return good[:len(good)-1] + base64Letters[last+1:last+2]
	}, identity.TokenMalformed},
	{"a claim twice", func(w *world) string {
		payload := encode(w.t, w.claims(nil))
		payload = append(payload[:len(payload)-1], `,"team":"crht-2"}`...)
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, payload, w.key)
	}, identity.TokenMalformed},
	{"a claim twice, once escaped", func(w *world) string {
		payload := encode(w.t, w.claims(nil))
		payload = append(payload[:len(payload)-1], `,"te\u0061m":"crht-2"}`...)
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, payload, w.key)
	}, identity.TokenMalformed},
	{"not a JWT", func(*world) string { return "canary" }, identity.TokenMalformed},
	{"five parts, encrypted", func(*world) string { return "a.b.c.d.e" }, identity.TokenMalformed},
	{"a header that is no object", func(w *world) string {
		return base64url.EncodeToString([]byte(`["canary"]`)) + w.good()[strings.IndexByte(w.good(), '.'):]
	}, identity.TokenMalformed},
	{"a header that is no JSON", func(w *world) string {
		return base64url.EncodeToString([]byte(`{`)) + w.good()[strings.IndexByte(w.good(), '.'):]
	}, identity.TokenMalformed},
	{"claims that are no JSON", func(w *world) string {
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt"}, []byte(`{`), w.key)
	}, identity.TokenMalformed},
	{"a byte too large", func(w *world) string { return w.signOf(16<<10 + 1) }, identity.TokenTooLarge},
	{"an expiry long before anything", changed("exp", -1e300), identity.TokenExpired},
	{"claims that are no object", func(w *world) string {
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt"}, []byte(`["canary"]`), w.key)
	}, identity.TokenMalformed},
	{"oversized", func(w *world) string {
		return w.sign(nil, w.claims(map[string]any{"padding": strings.Repeat("canary", 4000)}))
	}, identity.TokenTooLarge},
	{"an unregistered client", changed("client_id", "stranger"), identity.ClientUnknown},
	{"no client", changed("client_id", nil), identity.ClientUnknown},
	{"client_id and azp that differ", changed("azp", "gp"), identity.TokenClaim},
	{"a foreign organisation", changed("extensions", iua(map[string]any{"subject_organization_id": "7A3"})), identity.OrganisationMismatch},
	{"no organisation", changed("extensions", nil), identity.OrganisationMismatch},
	{"two organisations", changed("extensions", iua(map[string]any{"subject_organization_id": []any{"7A4", "7A3"}})), identity.TokenClaim},
	{"a team that is not registered", changed("team", "cmht-north"), identity.TeamNotRegistered},
	{"a team in other capitals", changed("team", "CRHT"), identity.TeamNotRegistered},
	{"two teams", changed("team", []any{"crht", "crht-2"}), identity.TokenClaim},
	{"a team that is a number", changed("team", 7), identity.TokenClaim},
	{"a team and nothing", changed("team", []any{"crht", nil}), identity.TokenClaim},
	{"nothing and a team", changed("team", []any{nil, "crht"}), identity.TokenClaim},
	{"an empty team", changed("team", ""), identity.TokenClaim},
	{"a team that is an object without a code", changed("team", map[string]any{}), identity.TokenClaim},
	{"a person with a line break for the log", changed("extensions", iua(map[string]any{"person_id": "canary\nadmin"})), identity.TokenClaim},
	{"a person that begins with a line break", changed("extensions", iua(map[string]any{"person_id": "\ncanary"})), identity.TokenClaim},
	{"a person a letter too long", changed("extensions", iua(map[string]any{"person_id": strings.Repeat("a", 257)})), identity.TokenClaim},
	{"an expiry at the end of the year 9999", changed("exp", 253402300799), identity.TokenLife},
	{"an expiry after the year 9999", changed("exp", 253402300800), identity.TokenExpired},
	{"issued a second too far ahead", changed("iat", start.Unix()+61), identity.TokenEarly},
	{"a person of a thousand letters", changed("extensions", iua(map[string]any{"person_id": strings.Repeat("a", 1000)})), identity.TokenClaim},
}

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			token := a.make(w)
			for range 2 { // the second time it could be remembered
				refusal := w.refused(request("Bearer", token), a.code)
				holdsNothing(t, refusal)
				if !strings.HasPrefix(refusal.Challenge, `Bearer error="invalid_token"`) {
					t.Errorf("challenge %q", refusal.Challenge)
				}
			}
		})
	}
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func changed(claim string, value any) func(*world) string {
	return func(w *world) string { return w.sign(nil, w.claims(map[string]any{claim: value})) }
}

// hmacWithPublicKey is the confusion of algorithms: what everybody may read, taken as the secret.
func hmacWithPublicKey(w *world) string {
	der, err := x509.MarshalPKIXPublicKey(w.key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	signed := base64url.EncodeToString(encode(w.t, map[string]any{"alg": "HS256", "typ": "at+jwt", "kid": "k1"})) +
		"." + base64url.EncodeToString(encode(w.t, w.claims(nil)))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64url.EncodeToString(mac.Sum(nil))
}

func TestPresentedCredentials(t *testing.T) {
	w := newWorld(t)
	good := w.good()
	none := request("Bearer", good)
	none.Header.Del("Authorization")
	two := request("Bearer", good)
	two.Header.Add("Authorization", "Bearer "+good)
	inQuery := none.Clone(t.Context())
	inQuery.URL.RawQuery = "access_token=" + good
	for name, r := range map[string]*http.Request{"none": none, "two": two, "in the query": inQuery,
		"another scheme": request("Basic", good), "scheme only": request("Bearer", "")} {
		t.Run(name, func(t *testing.T) {
			refusal := w.refused(r, identity.TokenMissing)
			if refusal.Challenge != "Bearer" {
				t.Errorf("challenge %q", refusal.Challenge)
			}
		})
	}
}

// A provider may speak for its own clients only.
func TestIssuerCannotSpeakForAnothersClient(t *testing.T) {
	w := newWorld(t)
	other := newProvider(t)
	key := newKey(t)
	other.publish(publicJWK("k1", key.Public()))
	cfg := w.config()
	for n := range cfg.Clients {
		cfg.Clients[n].Issuer = w.provider.URL
	}
	cfg.Issuers = append(cfg.Issuers, identity.Issuer{URL: other.URL})
	w.verifier = w.newVerifier(cfg)
	w.allowed(request("Bearer", w.good()))
	forged := compact(t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, encode(t, w.claims(map[string]any{"iss": other.URL})), key)
	w.refused(request("Bearer", forged), identity.ClientUnknown)
}

func TestAcceptJWTStillWantsTheAudience(t *testing.T) {
	w := newWorld(t, func(c *identity.Config) { c.Issuers[0].AcceptJWT = true })
	w.allowed(request("Bearer", w.sign(map[string]any{"typ": "JWT"}, w.claims(nil))))
	w.allowed(request("Bearer", w.sign(map[string]any{"typ": nil}, w.claims(nil))))
	w.refused(request("Bearer", w.sign(map[string]any{"typ": "JWT"}, w.claims(map[string]any{"aud": "ooh"}))), identity.TokenAudience)
	w.refused(request("Bearer", w.sign(map[string]any{"typ": "dpop+jwt"}, w.claims(nil))), identity.TokenType)
	w.refused(request("Bearer", w.sign(map[string]any{"typ": 1}, w.claims(nil))), identity.TokenType)
}

func TestClaimNamesOfAnIssuer(t *testing.T) {
	w := newWorld(t, func(c *identity.Config) {
		c.Issuers[0].Claims = identity.ClaimNames{
			Client: "appid", Organisation: "https://claims.example/organisation", Team: "groups.first", Purposes: "purpose", Scope: "scp",
			Person: "who", Role: "as", SingleUse: "once",
		}
	})
	got := w.allowed(request("Bearer", w.sign(nil, w.claims(map[string]any{
		"client_id": "gp", "appid": "ooh", "https://claims.example/organisation": "7A4", "extensions": nil, "team": "ignored",
		"groups": map[string]any{"first": "crht-2"}, "purpose": "TREAT", "scp": []any{"user/Goal.r"},
		"who": nurse, "as": "nurse", "once": true,
	}))))
	want := consent.Caller{Client: "ooh", Organisation: "7A4", Team: "crht-2", Purpose: "TREAT",
		Person: nurse, Role: "nurse", Scopes: []consent.Scope{{Context: "user", Type: "Goal", Read: true}}, TokenID: "canary-token-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(w.guard.held) != 1 {
		t.Error("a token that is good for one request was not used up")
	}
}

func TestRequiredClaims(t *testing.T) {
	w := newWorld(t, func(c *identity.Config) {
		c.Issuers[0].Require = []string{"jti", "sub", "extensions.ihe_iua.person_id"}
		c.Issuers[0].MaxLife = 5 * time.Minute
	})
	w.allowed(request("Bearer", w.good()))
	w.refused(request("Bearer", w.sign(nil, w.claims(map[string]any{"jti": nil}))), identity.TokenClaim)
	w.refused(request("Bearer", w.sign(nil, w.claims(map[string]any{"extensions": iua(map[string]any{"person_id": nil})}))), identity.TokenClaim)
	w.refused(request("Bearer", w.sign(nil, w.claims(map[string]any{"exp": start.Unix() + 301}))), identity.TokenLife)
	null := w.claims(nil)
	null["sub"] = nil // in JSON null, where merge would leave it out
	w.refused(request("Bearer", w.sign(nil, null)), identity.TokenClaim)
}

func TestRateOfAnUnknownClientIsNothing(t *testing.T) {
	w := newWorld(t, func(c *identity.Config) { c.Clients[1].Rate = identity.Rate{PerSecond: 0.1, Burst: 1} })
	for id, want := range map[consent.ClientID]identity.Rate{"ooh": {PerSecond: 50, Burst: 100}, "gp": {PerSecond: 0.1, Burst: 1}, "stranger": {}} {
		if got := w.verifier.Rate(id); got != want {
			t.Errorf("rate of %s is %v, want %v", id, got, want)
		}
	}
}

// In the last part of a second of a token's life its signature was said not to verify.
func TestAFractionOfTheLastSecondIsLife(t *testing.T) {
	w := newWorld(t)
	w.pass(200 * time.Millisecond)
	w.admits(request("Bearer", w.sign(nil, w.claims(map[string]any{"exp": float64(start.Unix()) + 0.5}))))
	w.refused(request("Bearer", w.sign(nil, w.claims(map[string]any{"exp": float64(start.Unix()) + 0.1}))), identity.TokenExpired)
}
