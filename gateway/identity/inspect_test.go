package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"cpagateway/gateway/identity"
)

// firstFailure is the code of the first check that fails.
func firstFailure(in identity.Inspection) string {
	for _, f := range in.Findings {
		if f.State == identity.Fails {
			return f.Code
		}
	}
	return ""
}

// An inspection is the verifier's own decision, and its findings lead to it.
func TestAnInspectionSaysWhatTheGatewayWouldDo(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			in := w.verifier.Inspect(t.Context(), a.make(w))
			if in.Refusal == nil || in.Refusal.Code != a.code || firstFailure(in) != a.code {
				t.Errorf("refused with %+v, the first finding is %s, want %s", in.Refusal, firstFailure(in), a.code)
			}
			for _, f := range in.Findings {
				if f.Check == "" || (f.State == identity.Fails) != (f.Code != "") || f.State == identity.Fails && f.Do == "" {
					t.Errorf("a finding that helps nobody: %+v", f)
				}
			}
			if text := fmt.Sprintf("%q", in.Findings); strings.Contains(text, nurse) || strings.Contains(text, "admin") {
				t.Errorf("a finding names the person: %s", text)
			}
		})
	}
}

// What is expired is looked at to the end: tokens are pasted when they are old.
func TestAnInspectionGoesOnBehindAFailure(t *testing.T) {
	w := newWorld(t)
	in := w.verifier.Inspect(t.Context(), w.sign(nil, w.claims(map[string]any{"exp": start.Unix() - 1, "team": "nowhere"})))
	var failed []string
	for _, f := range in.Findings {
		if f.State == identity.Fails {
			failed = append(failed, f.Code)
		}
	}
	if got := strings.Join(failed, " "); got != "TOKEN_EXPIRED TEAM_NOT_REGISTERED" {
		t.Errorf("found %s", got)
	}
	w = newWorld(t)
	w.provider.answers(badGateway, badGateway)
	in = w.verifier.Inspect(t.Context(), w.good())
	if in.Refusal == nil || in.Refusal.Code != identity.IssuerUnavailable || len(in.Findings) < 12 {
		t.Errorf("with its issuer away: %+v", in)
	}
}

// What is taken, and can do nothing, is said.
func TestAnInspectionWarnsOfWhatATokenCannotDo(t *testing.T) {
	singleUse := func(c *identity.Config) { c.Clients[0].SingleUse = true }
	for name, c := range map[string]struct {
		change map[string]any
		config func(*identity.Config)
		warns  string
		found  string
	}{
		"nothing":        {nil, func(*identity.Config) {}, "", `the token says "7A4", the register "7A4"`},
		"two purposes":   {map[string]any{"extensions": iua(map[string]any{"purpose_of_use": "TREAT ETREAT"})}, func(*identity.Config) {}, "purposes", "X-Purpose-Of-Use"},
		"no scope":       {map[string]any{"scope": "openid system/CarePlan.sr"}, func(*identity.Config) {}, "scopes", `"system/CarePlan.sr"`},
		"good for one":   {nil, singleUse, "", "one request"},
		"bound to a key": {map[string]any{"cnf": map[string]any{"jkt": "x"}}, func(*identity.Config) {}, "", "Authorization: DPoP"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.config)
			token := w.sign(nil, w.claims(c.change))
			w.verifier.Inspect(t.Context(), token)
			in := w.verifier.Inspect(t.Context(), token) // which used nothing up
			warned, text := "", fmt.Sprint(in.Findings)
			for _, f := range in.Findings {
				if f.State == identity.Warns {
					warned += f.Check
				}
			}
			if in.Refusal != nil || warned != c.warns || !strings.Contains(text, c.found) || len(w.guard.held) != 0 {
				t.Errorf("refused %v, warned of %q, used %d: %s", in.Refusal, warned, len(w.guard.held), text)
			}
		})
	}
}

// A token that can do nothing is refused, and the inspection says for want of what.
func TestAnInspectionNamesThePurposeThatLacks(t *testing.T) {
	for _, named := range []any{nil, "COC", []any{}} {
		w := newWorld(t)
		in := w.verifier.Inspect(t.Context(), w.sign(nil, w.claims(map[string]any{"extensions": iua(map[string]any{"purpose_of_use": named})})))
		if in.Refusal == nil || in.Refusal.Code != identity.PurposeMissing || firstFailure(in) != identity.PurposeMissing || !strings.Contains(fmt.Sprint(in.Findings), `the register has "ETREAT", "TREAT"`) {
			t.Errorf("%v: %+v", named, in)
		}
	}
}

func TestAnInspectionSaysWhoseClientItIs(t *testing.T) {
	w := newWorld(t, func(c *identity.Config) {
		c.Issuers = append(c.Issuers, identity.Issuer{URL: "https://second.example"})
		for n := range c.Clients {
			c.Clients[n].Issuer = "https://second.example"
		}
	})
	in := w.verifier.Inspect(t.Context(), w.good())
	if firstFailure(in) != identity.ClientUnknown || !strings.Contains(fmt.Sprint(in.Findings), "registered under another issuer") {
		t.Errorf("%+v", in)
	}
}
