package disclosure

import (
	"strings"
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
			Scopes: []consent.Scope{{Context: "user", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true}},
		},
		Action: consent.Read, Type: "CarePlan", Source: "7A4", At: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC),
		Person: &facts.Person{ID: "ann", Custodian: "7A4", Relations: []facts.Relation{{Organisation: "7A4", Team: "cmht", Kind: facts.CareTeamMember}}},
	}
}

// Only a decision that permits a read lets anything out, and it is named.
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
		"a permitted create": {func(q *consent.Request) { q.Action = consent.Create }, consent.Permit, false},
		"a permitted update": {func(q *consent.Request) { q.Action = consent.Update }, consent.Permit, false},
		"a permitted delete": {func(q *consent.Request) { q.Action = consent.Delete }, consent.Permit, false},
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
		if open := c.out == consent.Permit && (q.Action == consent.Read || q.Action == consent.Search); TermsOf(d).Open() != open {
			t.Errorf("%s: the terms are open: %v", name, !open)
		}
		x := Of(d, h, madeTargets())
		if d.Outcome() != c.out || x.Withheld() == c.shown || c.shown && x.Decision().Outcome() != c.out {
			t.Errorf("%s: %s, withheld %v, by a decision to %s", name, d.Outcome(), x.Withheld(), x.Decision().Outcome())
		}
	}
}

// A copy goes out under a decision with the terms that it was made by, and under no
// other: a memory of copies cannot widen what somebody is given.
func TestACopyGoesOutUnderItsOwnTermsOnly(t *testing.T) {
	h := heldOf(ann(t))
	h.Custodian = "7A4"
	kept := TermsOf(consent.Decide(treatingTeam())).Copy(h, madeTargets())
	for name, c := range map[string]struct {
		change func(*consent.Request)
		shown  bool
	}{
		"the same":              {func(*consent.Request) {}, true},
		"later the same day":    {func(q *consent.Request) { q.At = q.At.Add(time.Hour) }, true},
		"the next day":          {func(q *consent.Request) { q.At = q.At.Add(24 * time.Hour) }, false},
		"a search":              {func(q *consent.Request) { q.Action = consent.Search }, true},
		"an update":             {func(q *consent.Request) { q.Action = consent.Update }, false},
		"an import":             {func(q *consent.Request) { q.Action = consent.Import }, false},
		"denied":                {func(q *consent.Request) { q.Caller.Team = "crht" }, false},
		"about somebody else":   {func(q *consent.Request) { q.Person.ID = "bob" }, false},
		"of another custodian":  {func(q *consent.Request) { q.Source, q.Person.Custodian = "LA9A1", "LA9A1" }, false},
		"nothing that is known": {func(q *consent.Request) { *q = consent.Request{} }, false},
	} {
		q := treatingTeam()
		c.change(&q)
		if x := kept.Under(consent.Decide(q)); x.Withheld() == c.shown {
			t.Errorf("%s: withheld %v", name, x.Withheld())
		}
	}
	narrower := kept
	narrower.terms.granted = profiles.CrisisSlice
	if !narrower.Under(consent.Decide(treatingTeam())).Withheld() {
		t.Error("a copy of other items goes out")
	}
	if !(Copy{}).Under(consent.Decide(treatingTeam())).Withheld() {
		t.Error("a copy of nothing carries something")
	}
}

// Whatever of the terms is another, their keys are, and none begins another.
func TestKeysTellTermsApart(t *testing.T) {
	changes := []func(*terms){
		func(*terms) {},
		func(d *terms) { d.open = false },
		func(d *terms) { d.person = "" },
		func(d *terms) { d.person = "bob" },
		func(d *terms) { d.person, d.custodian = "", "ann" },
		func(d *terms) { d.custodian = "7A4" },
		func(d *terms) { d.granted = profiles.CrisisSlice },
		func(d *terms) { d.granted = profiles.ItemSet{} },
		func(d *terms) { d.day = d.day.AddDate(0, 0, 1) },
		func(d *terms) { d.day = time.Unix(1, 0) },
		func(d *terms) { d.day = time.Unix(12, 0) },
	}
	for i, change := range changes {
		for j, other := range changes {
			a, b := permitting(profiles.AllItems), permitting(profiles.AllItems)
			change(&a)
			other(&b)
			if same := strings.HasPrefix(string(a.AppendKey(nil)), string(b.AppendKey(nil))); same != (i == j) || (a == b) != (i == j) {
				t.Errorf("%s and %s", a.AppendKey(nil), b.AppendKey(nil))
			}
		}
	}
	open := permitting(profiles.AllItems)
	if open.custodian = "7A4"; !open.Open() || open.Custodian() != "7A4" || (Terms{}).Open() {
		t.Errorf("open %v, of %q", open.Open(), open.Custodian())
	}
}
