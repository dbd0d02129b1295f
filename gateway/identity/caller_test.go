package identity_test

import (
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

const actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// TestPurpose is a table of which exactly one purpose is used, and the
// header can only narrow. The client is registered for ETREAT and TREAT.
func TestPurpose(t *testing.T) {
	coding := func(system, code string) map[string]any { return map[string]any{"system": system, "code": code} }
	cases := []struct {
		name      string
		named     any
		header    []string
		want      profiles.Purpose
		ambiguous bool
	}{
		{"one Coding", []any{coding(actReason, "ETREAT")}, nil, "ETREAT", false},
		{"one Coding without its array", coding(actReason, "ETREAT"), nil, "ETREAT", false},
		{"the system as OID", []any{coding("urn:oid:2.16.840.1.113883.5.8", "TREAT")}, nil, "TREAT", false},
		{"one string", "TREAT", nil, "TREAT", false},
		{"system and code in a string", actReason + "|TREAT", nil, "TREAT", false},
		{"the same twice", []any{"TREAT", coding(actReason, "TREAT")}, nil, "TREAT", false},
		{"none", nil, nil, "", false},
		{"an empty array", []any{}, nil, "", false},
		{"a code of another system", []any{coding("https://other.example", "TREAT")}, nil, "", false},
		{"a number", 7, nil, "", false},
		{"one of ours beside a code of another system", []any{coding("https://other.example", "COC"), coding(actReason, "ETREAT")}, nil, "ETREAT", false},
		{"one of ours beside one without a code", []any{"ETREAT", coding(actReason, "")}, nil, "ETREAT", false},
		{"one of ours beside one that cannot be printed", []any{"ETREAT", "TREAT\u0007"}, nil, "ETREAT", false},
		{"one of ours beside one without an end", []any{"ETREAT", strings.Repeat("T", 257)}, nil, "ETREAT", false},
		{"the same under three names", []any{"2.16.840.1.113883.5.8|ETREAT", "|ETREAT", coding("", "ETREAT")}, nil, "ETREAT", false},
		{"not registered for the client", "COC", nil, "", false},
		{"not a purpose at all", "WORLD", nil, "", false},
		{"two and no choice", []any{"TREAT", "ETREAT"}, nil, "", true},
		{"two in one string and no choice", "TREAT ETREAT", nil, "", true},
		{"two, of which one is registered, and no choice", []any{"TREAT", "COC"}, nil, "", true},
		{"two and a choice", []any{"TREAT", "ETREAT"}, []string{"ETREAT"}, "ETREAT", false},
		{"two and a choice with its system", []any{"TREAT", "ETREAT"}, []string{actReason + "|TREAT"}, "TREAT", false},
		{"two and a choice that is not registered", []any{"TREAT", "COC"}, []string{"COC"}, "", false},
		{"one and the same again", "TREAT", []string{" TREAT "}, "TREAT", false},
		{"the header widens", "TREAT", []string{"ETREAT"}, "", false},
		{"the header supplies what is absent", nil, []string{"ETREAT"}, "", false},
		{"the header names a purpose in other letters", "TREAT", []string{"treat"}, "", false},
		{"an empty header", "TREAT", []string{""}, "", false},
		{"a list in the header", []any{"TREAT", "ETREAT"}, []string{"TREAT, ETREAT"}, "", false},
		{"two headers", "TREAT", []string{"TREAT", "TREAT"}, "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := request("Bearer", w.sign(nil, w.claims(map[string]any{"extensions": iua(map[string]any{"purpose_of_use": c.named})})))
			r.Header["X-Purpose-Of-Use"] = c.header
			switch {
			case c.ambiguous:
				w.refused(r, identity.PurposeAmbiguous)
			case c.want == "":
				w.refused(r, identity.PurposeMissing)
			default:
				if got := w.allowed(r); got.Purpose != c.want || got.Ambiguous {
					t.Errorf("got %q, ambiguous %v", got.Purpose, got.Ambiguous)
				}
			}
		})
	}
}

// The header belongs to the request: a remembered token does not remember it.
func TestPurposeOfARememberedTokenIsChosenAgain(t *testing.T) {
	w := newWorld(t)
	token := w.sign(nil, w.claims(map[string]any{"extensions": iua(map[string]any{"purpose_of_use": []any{"TREAT", "ETREAT"}})}))
	for _, want := range []profiles.Purpose{"TREAT", "ETREAT", "TREAT"} {
		if got := w.allowed(request("Bearer", token, "X-Purpose-Of-Use", string(want))); got.Purpose != want {
			t.Errorf("got %q, want %q", got.Purpose, want)
		}
	}
	if no := w.refused(request("Bearer", token), identity.PurposeAmbiguous); !no.Forbidden {
		t.Errorf("without a header: %+v", no)
	}
}

// That a system keeps its organisation's records is what the register says of it, and
// no token does.
func TestCustodyIsOfTheRegister(t *testing.T) {
	for _, custody := range []consent.Switch{consent.Off, consent.On} {
		w := newWorld(t)
		cfg := w.config()
		cfg.Clients[0].Custody = custody
		v, err := identity.New(t.Context(), cfg, w.guard, w.clock)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify(t.Context(), request("Bearer", w.sign(nil, w.claims(map[string]any{"custody": "on"}))))
		if err != nil || got.Custody != custody {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// A caller is registered while all that its tokens said of it could still be said.
func TestRegistered(t *testing.T) {
	w := newWorld(t)
	sound := consent.Caller{Client: "ooh", Organisation: "7A4", Team: "crht", Purpose: "ETREAT"}
	for name, change := range map[string]func(c *consent.Caller){
		"another client":       func(c *consent.Caller) { c.Client = "none" },
		"another organisation": func(c *consent.Caller) { c.Organisation = "W99001" },
		"another purpose":      func(c *consent.Caller) { c.Purpose = "COC" },
		"another team":         func(c *consent.Caller) { c.Team = "practice" },
		"custody":              func(c *consent.Caller) { c.Custody = consent.On },
	} {
		c := sound
		change(&c)
		if w.verifier.Registered(c) {
			t.Errorf("%s: %+v is registered", name, c)
		}
	}
	teamless := sound
	teamless.Team = ""
	if !w.verifier.Registered(sound) || !w.verifier.Registered(teamless) {
		t.Error("what the register holds is not registered")
	}
}

// What one request does to its Caller is not seen by the next.
func TestCallersShareNothing(t *testing.T) {
	w := newWorld(t)
	r := request("Bearer", w.good())
	w.allowed(r).Scopes[0].Update = true
	if w.allowed(r).Scopes[0].Update {
		t.Error("a scope was widened by changing an earlier Caller")
	}
}

func TestScope(t *testing.T) {
	const category = "http://snomed.info/sct|736253002"
	cases := map[string]*consent.Scope{
		"system/CarePlan.rs":                      {Context: "system", Type: "CarePlan", Read: true, Search: true},
		"user/*.cruds":                            {Context: "user", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true},
		"patient/Goal.s":                          {Context: "patient", Type: "Goal", Search: true},
		"system/CarePlan.u":                       {Context: "system", Type: "CarePlan", Update: true},
		"system/CarePlan.rs?category=" + category: {Context: "system", Type: "CarePlan", Read: true, Search: true, Category: category},
		"system/CarePlan.r?category=http%3A%2F%2Fsnomed.info%2Fsct%7C736253002": {Context: "system", Type: "CarePlan", Read: true, Category: category},
		"system/CarePlan.read":                         {Context: "system", Type: "CarePlan", Read: true, Search: true},
		"user/CarePlan.write":                          {Context: "user", Type: "CarePlan", Create: true, Update: true, Delete: true},
		"user/*.*":                                     {Context: "user", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true},
		"openid":                                       nil,
		"launch/patient":                               nil,
		"system/CarePlan":                              nil,
		"system/CarePlan.":                             nil,
		"system/CarePlan.sr":                           nil,
		"system/CarePlan.rr":                           nil,
		"system/CarePlan.readwrite":                    nil,
		"system/careplan.rs":                           nil,
		"SYSTEM/CarePlan.rs":                           nil,
		"system/Care*.rs":                              nil,
		"other/CarePlan.rs":                            nil,
		"system/CarePlan.rs?":                          nil,
		"system/CarePlan.rs?category=":                 nil,
		"system/CarePlan.rs?category=736253002":        nil,
		"system/CarePlan.rs?category=|736253002":       nil,
		"system/CarePlan.rs?category=a|b,c|d":          nil,
		"system/CarePlan.rs?category=a|b&status=x":     nil,
		"system/CarePlan.rs?category=a|b&category=c|d": nil,
		"system/CarePlan.rs?status=active":             nil,
		"system/CarePlan.read?category=a|b":            nil,
		"system/CarePlan.rs?category=%zz":              nil,
		"system/CarePlan.rs?category=a|b&%zz":          nil,
		"system/CarePlan.rs?category=a|b;status=x":     nil,
		"system/CarePlan.rs?category=a|b|c":            nil,
		"system/CarePlan.rs?category=a|b,c":            nil,
		"system/CarePlan.rs?category=a|":               nil,
		"user/CarePlan.write?category=a|b":             nil,
		"user/CarePlan.*?category=a|b":                 nil,
		"patient/Goal.c":                               {Context: "patient", Type: "Goal", Create: true},
		"patient/Goal.d":                               {Context: "patient", Type: "Goal", Delete: true},
		"xsystem/CarePlan.rs":                          nil,
		"system/CarePlan.rs system/Goal.rs":            nil,
	}
	for text, want := range cases {
		got, ok := identity.ParseScope(text)
		if ok != (want != nil) || (want != nil && got != *want) {
			t.Errorf("%s: got %+v, %v", text, got, ok)
		}
	}
}

// Scopes that are not understood are left out, and the others stay.
func TestUnknownScopesGrantNothing(t *testing.T) {
	w := newWorld(t)
	got := w.allowed(request("Bearer", w.sign(nil, w.claims(map[string]any{"scope": "openid system/Goal.s  system/CarePlan.rs?status=active"}))))
	if len(got.Scopes) != 1 || got.Scopes[0] != (consent.Scope{Context: "system", Type: "Goal", Search: true}) {
		t.Errorf("got %+v", got.Scopes)
	}
	if got := w.allowed(request("Bearer", w.sign(nil, w.claims(map[string]any{"scope": nil})))); len(got.Scopes) != 0 {
		t.Errorf("no scope claim: got %+v", got.Scopes)
	}
}

// What is one scope to an issuer (RFC 6749 section 3.3), and none that it knows, was two here,
// of which one was understood.
func TestScopesArePartedByBlanksAlone(t *testing.T) {
	w := newWorld(t)
	for _, between := range []string{"\u00a0", "\u2003", "\t", "\n"} {
		got := w.allowed(request("Bearer", w.sign(nil, w.claims(map[string]any{"scope": "any" + between + "system/CarePlan.rs"}))))
		if len(got.Scopes) != 0 {
			t.Errorf("%q: got %+v", between, got.Scopes)
		}
	}
}
