package consent

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cpagateway/consent/facts"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

func TestExplain(t *testing.T) {
	q := world(t)
	q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
	q.Person.Directives = []facts.Directive{{ID: "t6", Template: facts.ExcludeItem, Status: facts.Active, Clauses: []facts.Clause{{Items: profiles.SetOf(profiles.RiskCurrent)}}}}
	e := Decide(q).Explain(texts.English)
	if e.Outcome != "slice" || e.Deciding != "P3" || e.Agreement != "ISP-CPA-0001 version 3 flow 004" || len(e.Rules) != 17 {
		t.Errorf("got %+v", e)
	}
	if !slices.Contains(e.Items, "plan.crisis") || slices.Contains(e.Items, "risk.current") || !slices.Equal(e.Withheld, []string{"risk.current"}) {
		t.Errorf("items %v, withheld %v", e.Items, e.Withheld)
	}
	if !slices.Equal(e.Obligations, []Obligation{NotifyCoordinator, NotifyIfNoPlan, MarkStale}) {
		t.Errorf("obligations %v", e.Obligations)
	}
	for _, r := range e.Rules {
		if r.Text == "" || r.Outcome == Fail {
			t.Errorf("rule %+v", r)
		}
	}
}

// TestExplanationJSON holds the member names, which programs read, and lists that
// are [] and never null.
func TestExplanationJSON(t *testing.T) {
	body, err := json.Marshal(Decide(Request{}).Explain(texts.English))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"outcome":"deny","deciding":"A1","rules":[{"id":"A1","outcome":"fail","code":"REQ_UNKNOWN","text":"`,
		`"items":[],"withheld":[],"agreement":"","directive":"","obligations":[]}`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%s\ndoes not hold %s", body, want)
		}
	}
}

// TestExplanationHoldsNothingOfTheRecord: names, dates and identifiers of the
// person stay out; the ids of agreement and directive are what it may name.
func TestExplanationHoldsNothingOfTheRecord(t *testing.T) {
	q := world(t)
	q.Person.ID = "canary-9990000018"
	q.Person.Directives = []facts.Directive{{ID: "d", Status: facts.Active, Fault: "Consent.provision", Performer: "Patient/canary"}}
	body, err := json.Marshal(Decide(q).Explain(texts.English))
	if err != nil || strings.Contains(string(body), "canary") || strings.Contains(string(body), "1980") {
		t.Errorf("%s (%v)", body, err)
	}
}
