package consent

import (
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// lacking is a request on one road with one thing changed, and what decides then.
type lacking struct {
	name   string
	change func(*Request)
	code   string
}

// everyRoad are changes that no road survives.
var everyRoad = []lacking{
	{"client and person", func(q *Request) { q.Caller.Client, q.Caller.Person = "", "" }, "REQ_UNKNOWN"},
	{"time", func(q *Request) { q.At = time.Time{} }, "REQ_UNKNOWN"},
}

// everyRead are changes that no road of a read survives.
var everyRead = append([]lacking{
	{"action", func(q *Request) { q.Action = NoAction }, "REQ_UNKNOWN"},
	{"scopes", func(q *Request) { q.Caller.Scopes = nil }, "SCOPE_EXCEEDED"},
	{"scope of the type", func(q *Request) { q.Caller.Scopes[0].Type = "Goal" }, "SCOPE_EXCEEDED"},
	{"scope to read", func(q *Request) { q.Caller.Scopes[0].Read = false }, "SCOPE_EXCEEDED"},
	{"scope to search", func(q *Request) { q.Action, q.Caller.Scopes[0].Search = Search, false }, "SCOPE_EXCEEDED"},
	{"scope of this kind of caller", func(q *Request) {
		q.Caller.Scopes[0].Context = "patient"
		if q.Caller.Organisation == "" {
			q.Caller.Scopes[0].Context = "system"
		}
	}, ""},
	{"scope of a known kind", func(q *Request) { q.Caller.Scopes[0].Context = "" }, ""},
}, everyRoad...)

// leaveOut holds a road to being open as it stands and closed by each change.
func leaveOut(t *testing.T, road func() Request, deciding string, granted profiles.ItemSet, changes ...lacking) {
	t.Helper()
	if d := Decide(road()); d.Outcome() != Permit || d.Deciding().ID != deciding || d.Items() != granted || !d.Withheld().Empty() {
		t.Errorf("as it stands: %s of %s by %+v, withheld %s", d.Outcome(), d.Items(), d.Deciding(), d.Withheld())
	}
	for _, c := range changes {
		q := road()
		c.change(&q)
		d := Decide(q)
		if d.Outcome() != Deny || !d.Items().Empty() {
			t.Errorf("without %s: %s of %s", c.name, d.Outcome(), d.Items())
		}
		if got := d.Deciding().Code; got != c.code && c.code != "" {
			t.Errorf("without %s: %s, want %s", c.name, got, c.code)
		}
	}
}

// TestLeaveOutAnythingOfOnesOwnRecord: case 42 with any one thing missing.
func TestLeaveOutAnythingOfOnesOwnRecord(t *testing.T) {
	road := func() Request {
		q := world(t)
		q.Caller = Caller{Client: "app", Person: "ann", Purpose: profiles.OwnRequest, Scopes: []Scope{{Context: "patient", Type: "CarePlan", Read: true, Search: true}}}
		return q
	}
	own := profiles.AllItems.Minus(profiles.Restricted.Union(profiles.SetOf(profiles.Unlabelled, profiles.Duties))) // what the custodian's people were told is theirs alone
	leaveOut(t, road, "P1", own, append(everyRead[2:len(everyRead):len(everyRead)],
		lacking{"client", func(q *Request) { q.Caller.Client = "" }, "REQ_UNKNOWN"},
		lacking{"the person's own name", func(q *Request) { q.Caller.Person = "bryn" }, "REQ_UNKNOWN"},
		lacking{"the person's name", func(q *Request) { q.Caller.Person = "" }, "REQ_UNKNOWN"},
		lacking{"being nobody's staff", func(q *Request) { q.Caller.Organisation = "7A4" }, "REQ_UNKNOWN"},
		lacking{"being in no team", func(q *Request) { q.Caller.Team = "cmht-north" }, "REQ_UNKNOWN"},
		lacking{"purpose", func(q *Request) { q.Caller.Purpose = "" }, "REQ_UNKNOWN"},
		lacking{"the purpose", func(q *Request) { q.Caller.Purpose = profiles.CareCoordination }, "REQ_UNKNOWN"},
		lacking{"choice of purpose", func(q *Request) { q.Caller.Ambiguous = true }, "REQ_UNKNOWN"},
		lacking{"action", func(q *Request) { q.Action = NoAction }, "SCOPE_EXCEEDED"},
		lacking{"scopes", func(q *Request) { q.Caller.Scopes = nil }, "SCOPE_EXCEEDED"},
		lacking{"type", func(q *Request) { q.Type = "" }, "SCOPE_EXCEEDED"},
		lacking{"person", func(q *Request) { q.Person = nil }, "REQ_UNKNOWN"},
		lacking{"person's id", func(q *Request) { q.Person.ID, q.Caller.Person = "", "" }, "REQ_UNKNOWN"},
		lacking{"certainty whose record it is", func(q *Request) { q.Person.Unverified = true }, "IDENTITY_UNRESOLVED"},
		lacking{"the right custodian", func(q *Request) { q.Person.Custodian = "7A1" }, "IDENTITY_UNRESOLVED"})...)
	q := road()
	q.Person.Deceased, q.Person.Directives = true, []facts.Directive{refusal("r", facts.RefuseCrisis)}
	if d := Decide(q); d.Items() != own {
		t.Errorf("refusing to share keeps the person's own record from them: %s by %s", d.Items(), d.Deciding().Code)
	}
}

// TestLeaveOutAnythingOfTheTreatingTeam: case 18 with any one thing missing.
func TestLeaveOutAnythingOfTheTreatingTeam(t *testing.T) {
	road := func() Request {
		q := world(t)
		q.Caller = caller("7A4", "cmht-north", profiles.Treatment)
		q.Caller.Scopes[0].Type = "CarePlan"
		return q
	}
	leaveOut(t, road, "P1", profiles.AllItems, append(everyRead[:len(everyRead):len(everyRead)],
		lacking{"team", func(q *Request) { q.Caller.Team = "" }, "REQ_UNKNOWN"},
		lacking{"the treating team", func(q *Request) { q.Caller.Team = "cmht-south" }, ""},
		lacking{"the organisation of the record", func(q *Request) { q.Source = "7A1" }, ""},
		lacking{"purpose", func(q *Request) { q.Caller.Purpose = "" }, "PURPOSE_MISSING"},
		lacking{"choice of purpose", func(q *Request) { q.Caller.Ambiguous = true }, "PURPOSE_AMBIGUOUS"},
		lacking{"a purpose of care", func(q *Request) { q.Caller.Purpose = "HRESCH" }, "PURPOSE_NOT_AGREED"},
		lacking{"a purpose of staff", func(q *Request) { q.Caller.Purpose = profiles.OwnRequest }, "PURPOSE_NOT_AGREED"},
		lacking{"a purpose that breaks no glass", func(q *Request) { q.Caller.Purpose = "BTG" }, "PURPOSE_NOT_AGREED"},
		lacking{"type", func(q *Request) { q.Type = "" }, "SCOPE_EXCEEDED"},
		lacking{"person", func(q *Request) { q.Person = nil }, ""},
		lacking{"person's id", func(q *Request) { q.Person.ID = "" }, "IDENTITY_UNRESOLVED"},
		lacking{"certainty whose record it is", func(q *Request) { q.Person.Unverified = true }, "IDENTITY_UNRESOLVED"},
		lacking{"the right custodian", func(q *Request) { q.Person.Custodian = "7A1" }, "IDENTITY_UNRESOLVED"},
		lacking{"relations", func(q *Request) { q.Person.Relations = nil }, ""},
		lacking{"a relation of its own", func(q *Request) { q.Person.Relations[0].Team = "" }, ""},
		lacking{"a relation of a known kind", func(q *Request) { q.Person.Relations[0].Kind = facts.NoRelation }, ""},
		lacking{"a relation that is open", func(q *Request) { q.Person.Relations[0].Until = q.At }, ""},
		lacking{"a relation that has begun", func(q *Request) { q.Person.Relations[0].From = q.At.Add(1) }, ""})...)
	for _, purpose := range []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment, profiles.Treatment} {
		q := road()
		q.Caller.Purpose = purpose
		if d := Decide(q); d.Items() != profiles.AllItems {
			t.Errorf("the treating team may not read for %s: %s", purpose, d.Deciding().Code)
		}
	}
}

// TestLeaveOutAnythingOfTheDirectory: reading about staff, from inside and from a partner.
func TestLeaveOutAnythingOfTheDirectory(t *testing.T) {
	road := func(org profiles.OrgCode, team profiles.TeamID) func() Request {
		return func() Request {
			q := world(t)
			q.Caller, q.Person, q.Type = caller(org, team, profiles.CareCoordination), nil, "Practitioner"
			return q
		}
	}
	both := append(everyRead[:len(everyRead):len(everyRead)],
		lacking{"organisation", func(q *Request) { q.Caller.Organisation = "" }, "REQ_UNKNOWN"},
		lacking{"team", func(q *Request) { q.Caller.Team = "" }, "REQ_UNKNOWN"},
		lacking{"purpose", func(q *Request) { q.Caller.Purpose = "" }, "PURPOSE_MISSING"},
		lacking{"choice of purpose", func(q *Request) { q.Caller.Ambiguous = true }, "PURPOSE_AMBIGUOUS"},
		lacking{"a purpose of care", func(q *Request) { q.Caller.Purpose = "HRESCH" }, "PURPOSE_NOT_AGREED"},
		lacking{"a purpose of staff", func(q *Request) { q.Caller.Purpose = profiles.OwnRequest }, "PURPOSE_NOT_AGREED"},
		lacking{"source", func(q *Request) { q.Source = "" }, "NO_AGREEMENT"},
		lacking{"type", func(q *Request) { q.Type = "" }, ""},
		lacking{"a type about staff", func(q *Request) { q.Type = "CarePlan" }, ""})
	directory := profiles.SetOf(profiles.Directory)
	leaveOut(t, road("7A4", "night-rota"), "A1", directory, both...)
	leaveOut(t, road("LA9A1", "adult-mh"), "A8", directory, append(both,
		lacking{"register", func(q *Request) { q.Register = nil }, "NO_AGREEMENT"},
		lacking{"the team that is named", func(q *Request) { q.Caller.Team = "duty" }, "TEAM_NOT_NAMED"},
		lacking{"the purpose agreed", func(q *Request) { q.Caller.Purpose = profiles.EmergencyTreatment }, "PURPOSE_NOT_AGREED"},
		lacking{"agreement in force", func(q *Request) { q.At = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }, "AGREEMENT_NOT_IN_FORCE"})...)
}

// TestLeaveOutAnythingOfAnImport: only the custodian brings its own records in.
func TestLeaveOutAnythingOfAnImport(t *testing.T) {
	road := func() Request {
		q := world(t)
		q.Caller, q.Action = Caller{Client: "source:mhsds", Organisation: "7A4"}, Import
		return q
	}
	leaveOut(t, road, "A1", profiles.ItemSet{}, append(everyRoad[:len(everyRoad):len(everyRoad)],
		lacking{"client", func(q *Request) { q.Caller.Client = "" }, "REQ_UNKNOWN"},
		lacking{"organisation", func(q *Request) { q.Caller.Organisation = "" }, "REQ_UNKNOWN"},
		lacking{"both organisations", func(q *Request) { q.Caller.Organisation, q.Source = "", "" }, "REQ_UNKNOWN"},
		lacking{"custodian", func(q *Request) { q.Source = "" }, "NOT_THE_CUSTODIAN"},
		lacking{"the custodian's own word", func(q *Request) { q.Source = "7A1" }, "NOT_THE_CUSTODIAN"})...)
	q := road()
	q.Caller.Client, q.Caller.Person = "", "clerk"
	if d := Decide(q); d.Outcome() != Permit {
		t.Errorf("somebody who sits at it may not import: %s", d.Deciding().Code)
	}
}
