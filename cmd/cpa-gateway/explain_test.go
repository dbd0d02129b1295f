package main

import (
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// With a configuration, explain once knew the demo's callers and not the clients
// that the configuration registers.
func TestExplainKnowsTheClientsOfTheConfiguration(t *testing.T) {
	s := settle(t)
	explain := func(code int, caller string, more ...string) printed {
		t.Helper()
		return cli(append([]string{"consent", "explain", "--config", s.config, "--person", "9990000018", "--json", "--caller", caller}, more...)...).must(t, code)
	}
	for _, caller := range []string{"demo-gp", "demo-gp/practice"} {
		if e := explain(exitDone, caller).object(t); e["outcome"] != "permit" {
			t.Errorf("%s: %v by %v", caller, e["outcome"], e["deciding"])
		}
	}
	if e := explain(exitDone, "W99001/practice", "--purpose", "COC").object(t); e["outcome"] != "permit" {
		t.Errorf("an organisation and a team: %v by %v", e["outcome"], e["deciding"])
	}
	explain(exitUsage, "gp") // a name of the demo
	explain(exitUsage, "demo-gp/another")
	explain(exitUsage, "demo-gp/")
}

// A type that the gateway does not serve, or that was written wrong, was permitted.
func TestExplainRefusesATypeThatIsNotServed(t *testing.T) {
	s := openStage(t)
	for _, typ := range []string{"careplan", "Consent", "Observation", ""} {
		if p := cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--type", typ).must(t, exitUsage); !strings.Contains(p.errs, "CarePlan") {
			t.Errorf("%q: %s", typ, p.errs)
		}
	}
	cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--type", "Goal").must(t, exitDone)
}

func TestCallerNamed(t *testing.T) {
	known := []named{
		{"surgery", consent.Caller{Client: "surgery", Organisation: "W99001"}, []profiles.TeamID{"a", "b"}, []profiles.Purpose{"COC", "TREAT"}},
		{"bare", consent.Caller{Client: "bare", Organisation: "W99002"}, nil, nil},
	}
	for _, c := range []struct {
		name    string
		purpose profiles.Purpose
		want    consent.Caller
	}{
		{"surgery", "", consent.Caller{Client: "surgery", Organisation: "W99001", Team: "a", Purpose: "COC"}},
		{"surgery/b", "TREAT", consent.Caller{Client: "surgery", Organisation: "W99001", Team: "b", Purpose: "TREAT"}},
		{"bare", "", consent.Caller{Client: "bare", Organisation: "W99002"}},
		{"7A4/crht", "ETREAT", consent.Caller{Client: "explain", Organisation: "7A4", Team: "crht", Purpose: "ETREAT"}},
	} {
		got, err := callerNamed(known, c.name, c.purpose)
		if err != nil || got.Client != c.want.Client || got.Organisation != c.want.Organisation || got.Team != c.want.Team || got.Purpose != c.want.Purpose {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if len(got.Scopes) != 1 {
			t.Errorf("%s: asks with no scope", c.name)
		}
	}
	for _, name := range []string{"", "/", "somebody", "7A4/", "/crht", "surgery/", "surgery/c", "bare/a"} {
		if got, err := callerNamed(known, name, ""); err == nil {
			t.Errorf("%q is %+v", name, got)
		}
	}
}
