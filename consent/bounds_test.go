package consent

import (
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The crisis slice has two words, and each means its own width, whatever was there before.
func TestTheWordsOfTheSlice(t *testing.T) {
	for word, want := range map[string]SliceWidth{"full": Full, "component": Component} {
		for _, before := range []SliceWidth{Full, Component} {
			got := before
			if err := got.UnmarshalText([]byte(word)); err != nil || got != want {
				t.Errorf("%q after %d is %d (%v)", word, before, got, err)
			}
		}
	}
}

// Only a permitted delete takes a record away, and only one that it reaches.
func TestOnlyADeleteCarriesARemoval(t *testing.T) {
	plan, err := fhir.ParseResource([]byte(`{"resourceType":"CarePlan"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range []Outcome{Deny, Slice, Permit} {
		for action := NoAction; action <= Delete; action++ {
			for _, granted := range []profiles.ItemSet{{}, profiles.AllItems} {
				d := Decision{outcome: outcome, action: action, granted: granted}
				if want := outcome == Permit && action == Delete && !granted.Empty(); d.CarriesRemoval(plan) != want {
					t.Errorf("outcome %v, action %d, items %v: want %t", outcome, action, granted, want)
				}
			}
		}
	}
}

// A team takes part in somebody's care by any relation but none, of the custodian, that
// holds now.
func TestWhoTakesPartInTheCare(t *testing.T) {
	at := time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		relation facts.Relation
		want     bool
	}{
		"no relation":       {facts.Relation{Kind: facts.NoRelation, Organisation: "7A4", Team: "cmht"}, false},
		"a practice":        {facts.Relation{Kind: facts.RegisteredPractice, Organisation: "7A4", Team: "cmht"}, true},
		"another team":      {facts.Relation{Kind: facts.RegisteredPractice, Organisation: "7A4", Team: "crht"}, false},
		"another custodian": {facts.Relation{Kind: facts.RegisteredPractice, Organisation: "7A5", Team: "cmht"}, false},
		"over":              {facts.Relation{Kind: facts.RegisteredPractice, Organisation: "7A4", Team: "cmht", Until: at}, false},
		"not yet":           {facts.Relation{Kind: facts.RegisteredPractice, Organisation: "7A4", Team: "cmht", From: at.Add(1)}, false},
	} {
		q := question{Request: Request{At: at, Source: "7A4"}, person: &facts.Person{Relations: []facts.Relation{c.relation}}}
		if q.inCareOf("cmht") != c.want {
			t.Errorf("%s: want %t", name, c.want)
		}
	}
}
