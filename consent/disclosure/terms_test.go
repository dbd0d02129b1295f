package disclosure

import (
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// treatingTeam asks for a record that its own team keeps: all is permitted.
func treatingTeam() consent.Request {
	return consent.Request{
		Caller: consent.Caller{
			Client: "c", Organisation: "7A4", Team: "cmht", Purpose: profiles.Treatment,
			Scopes: []consent.Scope{{Context: "user", Type: "*", Read: true, Search: true}},
		},
		Action: consent.Read, Type: "CarePlan", Source: "7A4", At: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC),
		Person: &facts.Person{ID: "ann", Custodian: "7A4", Relations: []facts.Relation{{Organisation: "7A4", Team: "cmht", Kind: facts.CareTeamMember}}},
	}
}

// Only a decision that permits a read lets anything out, and what withheld it is kept.
func TestOnlyAPermittedReadDiscloses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*consent.Request)
		out    consent.Outcome
		shown  bool
	}{
		"a permitted read":   {func(*consent.Request) {}, consent.Permit, true},
		"a permitted search": {func(q *consent.Request) { q.Action = consent.Search }, consent.Permit, true},
		"denied":             {func(q *consent.Request) { q.Caller.Team = "crht" }, consent.Deny, false},
		"a permitted import": {func(q *consent.Request) { q.Action = consent.Import }, consent.Permit, false},
		"no action":          {func(q *consent.Request) { q.Action = consent.NoAction }, consent.Deny, false},
		"another person":     {func(q *consent.Request) { q.Person.ID = "bob" }, consent.Permit, false},
		"another custodian": {func(q *consent.Request) {
			q.Source, q.Person.Custodian = "LA9A1", "LA9A1"
			q.Caller.Organisation, q.Person.Relations[0].Organisation = "LA9A1", "LA9A1"
		}, consent.Permit, false},
	} {
		q := treatingTeam()
		c.change(&q)
		d := consent.Decide(q)
		h := heldOf(ann(t))
		h.Custodian = "7A4"
		x := Of(d, h, madeTargets())
		if d.Outcome() != c.out || x.Withheld() == c.shown || x.Decision().Outcome() != c.out {
			t.Errorf("%s: %s, withheld %v, by a decision to %s", name, d.Outcome(), x.Withheld(), x.Decision().Outcome())
		}
	}
}
