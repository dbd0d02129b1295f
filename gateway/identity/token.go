package identity

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

const (
	maxToken = 16 << 10
	skew     = time.Minute // by how much an issuer's or a caller's clock may be ahead
)

// token is what a verified access token says. It never changes.
type token struct {
	issuer     *issuer
	generation uint64 // of the issuer's keys when it was verified
	issued     time.Time
	expires    time.Time
	id         string

	client       consent.ClientID
	organisation profiles.OrgCode
	team         profiles.TeamID
	person       string
	role         string
	purposes     []profiles.Purpose
	scopes       []consent.Scope
	singleUse    bool
	binding      binding
}

// issuer is a configured issuer at work.
type issuer struct {
	config   Issuer
	keys     *keySet
	verifier *oidc.IDTokenVerifier
}

func newIssuer(ctx context.Context, cfg Issuer, audience string, client *http.Client, clock func() time.Time) *issuer {
	set := &keySet{ctx: ctx, config: cfg, client: client, clock: clock}
	names := make([]string, len(algorithms))
	for n, a := range algorithms {
		names[n] = string(a)
	}
	return &issuer{
		config:   cfg,
		keys:     set,
		verifier: oidc.NewVerifier(cfg.URL, set, &oidc.Config{ClientID: audience, SupportedSigningAlgs: names, SkipExpiryCheck: true}),
	}
}

// credential is what a request presents: scheme is Bearer or DPoP.
type credential struct{ scheme, token string }

// presented finds the one credential of a request. Two are none: whoever else
// read the request may have read the other one.
func presented(h http.Header) (credential, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return credential{}, refuse(TokenMissing)
	}
	scheme, raw, _ := strings.Cut(values[0], " ")
	raw = strings.TrimLeft(raw, " ")
	for _, known := range []string{schemeBearer, schemeDPoP} {
		if strings.EqualFold(scheme, known) && raw != "" {
			return credential{known, raw}, nil
		}
	}
	return credential{}, refuse(TokenMissing)
}

// jwt is a signed JWT that has been read and not verified.
type jwt struct{ header, claims fhir.Value }

// readJWT reads the compact form of a JWS with the same strict parser as records:
// a claim given twice is refused, for two readers could take it in two ways.
func readJWT(raw string) (jwt, bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return jwt{}, false
	}
	var decoded [3][]byte
	for n, part := range parts {
		var err error
		if decoded[n], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return jwt{}, false // one token has one spelling
		}
	}
	header, headerErr := fhir.Parse(decoded[0])
	claims, claimsErr := fhir.Parse(decoded[1])
	if headerErr != nil || claimsErr != nil || header.Kind() != fhir.Object || claims.Kind() != fhir.Object {
		return jwt{}, false
	}
	return jwt{header, claims}, true
}

// algorithm is the accepted algorithm that the header names. A header with crit
// asks for rules that are not known here. Its jku, x5u, jwk and x5c are not read:
// keys come from the issuer's key set and from nowhere else.
func (j jwt) algorithm() (string, bool) {
	name := j.header.Get("alg").Text()
	return name, slices.Contains(algorithms, jose.SignatureAlgorithm(name)) && !j.header.Get("crit").Exists()
}

// verify takes a token that is not known yet through all checks.
func (v *Verifier) verify(ctx context.Context, raw string) (*token, error) {
	j, ok := readJWT(raw)
	if !ok {
		return nil, refuse(TokenMalformed)
	}
	from, ok := v.issuerOf(j)
	if !ok {
		return nil, refuse(TokenIssuer)
	}
	for _, check := range tokenChecks {
		if !check.holds(unverified{j, from.config, v.audience, v.clock()}) {
			return nil, refuse(check.code)
		}
	}
	keys, err := from.keys.current(ctx)
	if err != nil {
		return nil, refuse(IssuerUnavailable)
	}
	if _, err := from.verifier.Verify(ctx, raw); err != nil {
		return nil, refuse(TokenSignature)
	}
	t, wrong := readClaims(j.claims, from.config)
	if len(wrong) > 0 {
		return nil, refuse(TokenClaim)
	}
	// The generation before verifying: should the keys have changed meanwhile, the
	// token is verified once more when it comes again.
	t.issuer, t.generation = from, keys.generation
	return t, nil
}

// issuerOf is the configured issuer that a token names, byte for byte.
func (v *Verifier) issuerOf(j jwt) (*issuer, bool) {
	from, ok := v.issuers[j.claims.Get("iss").Text()]
	return from, ok
}

// unverified is a token that has been read and not verified, and what it is held to.
type unverified struct {
	jwt
	from     Issuer
	audience string
	now      time.Time
}

// tokenChecks are what a token must satisfy besides its signature, in the order
// asked. go-oidc asks some of it again. It is asked here first because the library
// does not look at typ and iat, is lenient by five minutes on nbf, cuts a second's
// fraction off exp (it is not asked for the two), says what is wrong only in texts
// that quote the token, and because a token that would be refused anyway should not
// cost a signature or a fetch.
var tokenChecks = []struct {
	code  string
	holds func(unverified) bool
}{
	{TokenType, func(u unverified) bool { return accessTokenType(u.header.Get("typ"), u.from) }},
	{TokenAlgorithm, func(u unverified) bool { _, ok := u.algorithm(); return ok }},
	{TokenAudience, func(u unverified) bool {
		for a := range u.claims.Get("aud").Each() {
			if a.Text() == u.audience {
				return true
			}
		}
		return false
	}},
	{TokenExpired, func(u unverified) bool {
		exp, _ := instant(u.claims.Get("exp")) // else the year 1, which is over
		return u.now.Before(exp)
	}},
	{TokenEarly, func(u unverified) bool { return begun(u.claims.Get("nbf"), u.now) && begun(u.claims.Get("iat"), u.now) }},
	{TokenClaim, func(u unverified) bool { return len(u.lacks()) == 0 }},
	{TokenLife, func(u unverified) bool { return u.life() <= u.from.MaxLife }},
}

// lacks names the required claims that are absent or null.
func (u unverified) lacks() (absent []string) {
	for _, name := range append([]string{"iat"}, u.from.Require...) {
		if v := lookup(u.claims, name); !v.Exists() || v.Kind() == fhir.Null {
			absent = append(absent, name)
		}
	}
	return absent
}

// life is from issue to expiry.
func (j jwt) life() time.Duration {
	exp, _ := instant(j.claims.Get("exp"))
	iat, _ := instant(j.claims.Get("iat"))
	return exp.Sub(iat)
}

// accessTokenType wants at+jwt (RFC 9068), which no ID token has.
func accessTokenType(typ fhir.Value, from Issuer) bool {
	name := strings.TrimPrefix(strings.ToLower(typ.Text()), "application/")
	if name == "at+jwt" {
		return true
	}
	return from.AcceptJWT && (name == "jwt" || !typ.Exists())
}

// begun reports whether a nbf or iat that may be absent is not in the future.
func begun(claim fhir.Value, now time.Time) bool {
	at, ok := instant(claim)
	return !claim.Exists() || (ok && !at.After(now.Add(skew)))
}
