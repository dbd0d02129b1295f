package identity

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cpagateway/profiles/fhir"
)

// State is what came of one check of an inspection.
type State string

// The states.
const (
	Holds    State = "ok"
	Fails    State = "no"
	Warns    State = "warning"   // the token is taken, and can do less than it was made for
	NotAsked State = "not asked" // because of a check before it
)

// Finding is one check of a token and what came of it.
type Finding struct {
	Check string
	State State
	Code  string // of the refusal, where it fails
	Found string // what the token and the configuration say; nothing about a person
	Do    string // how to mend it; empty where it holds
}

// Inspection is what the gateway makes of an access token.
type Inspection struct {
	Refusal  *Refusal // what Verify answers to it; nil where the token is taken
	Findings []Finding
}

// Inspect asks of a token what Verify asks, check by check, and goes on behind one that
// fails as far as there is something to ask. Refusal is Verify's own decision. What
// only a request can show (the certificate, the proof) and what would use a token
// up is not asked.
func (v *Verifier) Inspect(ctx context.Context, raw string) Inspection {
	i := &inspector{verifier: v, now: v.clock()}
	if j, from, ok := i.origin(raw); ok {
		u := unverified{j, from.config, v.audience, i.now}
		for _, check := range tokenChecks {
			i.ask(check.code, check.holds(u), tokenFound[check.code](u))
		}
		i.signature(ctx, raw, from)
		t, wrong := readClaims(j.claims, from.config)
		if i.claims(wrong) {
			t.issuer = from
			i.client(t, j)
		}
	}
	_, _, err := v.accept(ctx, raw)
	var refusal *Refusal
	errors.As(err, &refusal)
	return Inspection{Refusal: refusal, Findings: i.found}
}

type inspector struct {
	verifier *Verifier
	now      time.Time
	found    []Finding
}

// ask adds the finding on one check, under the name and the advice of its code.
func (i *inspector) ask(code string, holds bool, found string) bool {
	f := Finding{Check: advice[code].check, State: Holds, Found: found}
	if !holds {
		f.State, f.Code, f.Do = Fails, code, advice[code].do
	}
	i.found = append(i.found, f)
	return holds
}

// warn adds a finding that refuses nothing; do is empty where there is nothing to mend.
func (i *inspector) warn(check, found, do string) {
	f := Finding{Check: check, State: Holds, Found: found, Do: do}
	if do != "" {
		f.State = Warns
	}
	i.found = append(i.found, f)
}

// origin reads the token and finds its issuer; without one there is no more to ask.
func (i *inspector) origin(raw string) (jwt, *issuer, bool) {
	if !i.ask(TokenTooLarge, len(raw) <= maxToken, fmt.Sprintf("%d bytes, of at most %d", len(raw), maxToken)) {
		return jwt{}, nil, false
	}
	j, ok := readJWT(raw)
	if !i.ask(TokenMalformed, ok, "a signed JWT in three parts") {
		i.found[len(i.found)-1].Found = "not a signed JWT in three parts, each claim given once"
		return jwt{}, nil, false
	}
	from, ok := i.verifier.issuerOf(j)
	var known []string
	for _, each := range i.verifier.order {
		known = append(known, strconv.Quote(each.config.URL))
	}
	return j, from, i.ask(TokenIssuer, ok, fmt.Sprintf("iss is %s; configured: %s", shown(j.claims.Get("iss")), strings.Join(known, ", ")))
}

func (i *inspector) signature(ctx context.Context, raw string, from *issuer) {
	known, err := from.keys.current(ctx)
	if !i.ask(IssuerUnavailable, err == nil, fmt.Sprintf("%d at hand", len(known.set))) {
		i.found[len(i.found)-1].Found = err.Error()
		i.found = append(i.found, Finding{Check: advice[TokenSignature].check, State: NotAsked})
		return
	}
	_, err = from.keys.VerifySignature(ctx, raw)
	found := "by a key of the issuer"
	if err != nil {
		found = errSignature.Error()
	}
	i.ask(TokenSignature, err == nil, found)
}

func (i *inspector) claims(wrong []string) bool {
	found := "each is of its form"
	if len(wrong) > 0 {
		found = "not of its form: " + strings.Join(wrong, ", ")
	}
	holds := i.ask(TokenClaim, len(wrong) == 0, found)
	i.found[len(i.found)-1].Check = "form of claims"
	return holds
}

func (i *inspector) client(t *token, j jwt) {
	v := i.verifier
	client, known := v.register[registered{t.issuer.config.URL, t.client}]
	found := strconv.Quote(string(t.client))
	if _, elsewhere := v.rates[t.client]; elsewhere && !known {
		found += ", which is registered under another issuer"
	}
	if !i.ask(ClientUnknown, known, found) {
		return
	}
	for _, check := range clientChecks {
		i.ask(check.code, check.holds(client, t), clientFound[check.code](client, t))
		if check.code == TokenClaim {
			i.found[len(i.found)-1].Check = "use"
		}
	}
	i.purposes(t, client)
	i.scopes(t, lookup(j.claims, t.issuer.config.Claims.Scope))
}

// purposes asks by the verifier's own choice, as of a request without the header.
func (i *inspector) purposes(t *token, client Client) {
	if _, missing := choosePurpose(t.purposes, client.Purposes, nil); missing == PurposeAmbiguous {
		i.warn(advice[missing].check, list(t.purposes), advice[missing].do+": each request without it is refused with "+missing)
	}
}

func (i *inspector) scopes(t *token, claim fhir.Value) {
	var unknown []string
	for v := range claim.Each() {
		for word := range strings.FieldsSeq(v.Text()) {
			if _, ok := ParseScope(word); !ok {
				unknown = append(unknown, brief(word))
			}
		}
	}
	found, do := fmt.Sprintf("%d understood", len(t.scopes)), ""
	if len(unknown) > 0 {
		found += ", not understood: " + strings.Join(unknown, " ")
	}
	if len(t.scopes) == 0 {
		do = "have the issuer grant SMART scopes such as system/CarePlan.rs: without one, every request is refused with SCOPE_EXCEEDED"
	}
	i.warn("scopes", found, do)
}

// tokenFound says what each of tokenChecks looked at.
var tokenFound = map[string]func(unverified) string{
	TokenType:      func(u unverified) string { return "typ is " + shown(u.header.Get("typ")) },
	TokenAlgorithm: func(u unverified) string { return "alg is " + shown(u.header.Get("alg")) },
	TokenAudience: func(u unverified) string {
		return fmt.Sprintf("aud is %s; this gateway is %q", shown(u.claims.Get("aud")), u.audience)
	},
	TokenExpired: func(u unverified) string { return "exp is " + moment(u.claims.Get("exp"), u.now) },
	TokenEarly: func(u unverified) string {
		return "iat is " + moment(u.claims.Get("iat"), u.now) + "; nbf is " + moment(u.claims.Get("nbf"), u.now)
	},
	TokenClaim: func(u unverified) string {
		if absent := u.lacks(); len(absent) > 0 {
			return "absent: " + strings.Join(absent, ", ")
		}
		return "each that is required is there"
	},
	TokenLife: func(u unverified) string {
		return fmt.Sprintf("%v from iat to exp, of at most %v", u.life(), u.from.MaxLife)
	},
}

// clientFound says what each of clientChecks looked at.
var clientFound = map[string]func(c Client, t *token) string{
	OrganisationMismatch: func(c Client, t *token) string {
		return fmt.Sprintf("the token says %q, the register %q", t.organisation, c.Organisation)
	},
	TeamNotRegistered: func(c Client, t *token) string {
		if t.team == "" {
			return "the token names none, the register has " + list(c.Teams)
		}
		return fmt.Sprintf("the token says %q, the register has %s", t.team, list(c.Teams))
	},
	TeamMissing: func(c Client, t *token) string {
		if team := c.teamOf(t); team != "" {
			return strconv.Quote(string(team))
		}
		return "none"
	},
	PurposeMissing: func(c Client, t *token) string {
		return fmt.Sprintf("the token names %s; the register has %s", list(t.purposes), list(c.Purposes))
	},
	BindingFailed: func(_ Client, t *token) string {
		switch b := t.binding; {
		case b.unknown:
			return "cnf names something else than x5t#S256 or jkt"
		case b.key != "" && b.certificate != "":
			return "to a DPoP key and a client certificate: each request needs the proof and the certificate"
		case b.key != "":
			return "to a DPoP key: each request needs Authorization: DPoP and a proof"
		case b.certificate != "":
			return "to a client certificate: each request must show it to the gateway itself"
		}
		return "to nobody: whoever has it can use it"
	},
	TokenClaim: func(c Client, t *token) string {
		switch {
		case !c.once(t):
			return "until it expires"
		case t.id == "":
			return "one request, and there is no jti to know it by"
		}
		return "one request"
	},
}

// list is texts in quotes.
func list[T ~string](texts []T) string {
	if len(texts) == 0 {
		return "none"
	}
	var quoted []string
	for _, text := range texts {
		quoted = append(quoted, strconv.Quote(string(text)))
	}
	return strings.Join(quoted, ", ")
}

// shown is a text of a token, or several, for a terminal.
func shown(v fhir.Value) string {
	var all []string
	for each := range v.Each() {
		if each.Kind() == fhir.String {
			all = append(all, brief(each.Text()))
		}
	}
	switch {
	case !v.Exists():
		return "absent"
	case len(all) == 0:
		return "not a text"
	}
	return strings.Join(all, ", ")
}

// brief quotes a text, cut where it is longer than a claim may be.
func brief(text string) string { return strconv.Quote(text[:min(len(text), maxClaim)]) }

// moment is an instant and how far it is away.
func moment(claim fhir.Value, now time.Time) string {
	at, ok := instant(claim)
	switch {
	case !claim.Exists():
		return "absent"
	case !ok:
		return "not a number of seconds"
	}
	away := at.Sub(now).Round(time.Second)
	if away < 0 {
		return fmt.Sprintf("%s, %v ago", at.UTC().Format(time.RFC3339), -away)
	}
	return fmt.Sprintf("%s, in %v", at.UTC().Format(time.RFC3339), away)
}
