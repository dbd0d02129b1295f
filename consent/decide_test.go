package consent

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// world is a register and a person to ask about: what the tests here begin with.
func world(t testing.TB) Request {
	t.Helper()
	return Request{
		Caller:   caller("LA9A1", "adult-mh", profiles.CareCoordination),
		Action:   Read,
		Type:     "CarePlan",
		At:       time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC),
		Register: register(t, sample(t, "isp")),
		Policy:   DefaultPolicy(),
		Person:   annsFacts(),
		Source:   "7A4",
	}
}

// register loads agreements from what their files say.
func register(t interface{ Fatal(...any) }, files ...string) *agreements.Register {
	folder := fstest.MapFS{}
	for n, src := range files {
		folder[fmt.Sprintf("%d.yaml", n)] = &fstest.MapFile{Data: []byte(src)}
	}
	r, err := agreements.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sample is one of the agreements' sample files.
func sample(t testing.TB, name string) string {
	t.Helper()
	src, err := os.ReadFile("agreements/testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func caller(org profiles.OrgCode, team profiles.TeamID, purpose profiles.Purpose) Caller {
	return Caller{
		Client: "client", Organisation: org, Team: team, Person: "somebody", Purpose: purpose,
		Scopes: []Scope{{Context: "user", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true}},
	}
}

func annsFacts() *facts.Person {
	return &facts.Person{
		ID: "ann", Epoch: 3, Custodian: "7A4", Born: time.Date(1980, 5, 1, 0, 0, 0, 0, profiles.London),
		Relations: []facts.Relation{
			{Organisation: "7A4", Team: "cmht-north", Kind: facts.CareTeamMember},
			{Organisation: "LA9A1", Team: "adult-mh", Kind: facts.CareTeamMember},
			{Organisation: "W99001", Kind: facts.RegisteredPractice},
			{Organisation: "7A4", Kind: facts.EpisodeProvider},
		},
	}
}

// grant is a good T1 for one recipient.
func grant(id string, org profiles.OrgCode, team profiles.TeamID, purposes ...profiles.Purpose) facts.Directive {
	return facts.Directive{
		ID: id, Custodian: "7A4", Template: facts.SharePlan, Status: facts.Active, OwnWish: true, Performer: "Patient/ann", Evidence: facts.Written, PolicyURI: facts.SharingPolicy,
		Recorded: time.Date(2025, 6, 1, 0, 0, 0, 0, profiles.London), Said: time.Date(2025, 6, 2, 0, 0, 0, 0, profiles.London),
		Clauses: []facts.Clause{{Recipients: []facts.Recipient{{Organisation: org, Team: team}}, Purposes: purposes}},
	}
}

func refusal(id string, template facts.Template) facts.Directive {
	d := grant(id, "", "", profiles.EmergencyTreatment)
	d.Template, d.Clauses[0].Recipients = template, nil
	if template == facts.RefuseAll {
		d.Clauses = nil
	}
	return d
}

func TestZeroRefuses(t *testing.T) {
	if d := (Decision{}); d.Outcome() != Deny || !d.Items().Empty() || d.Person() != "" || d.Obligations() != nil {
		t.Errorf("a zero Decision carries something: %+v", d)
	}
	d := Decide(Request{})
	if d.Outcome() != Deny || d.Deciding().Code != "REQ_UNKNOWN" {
		t.Errorf("a zero Request is answered with %s, %s", d.Outcome(), d.Deciding().Code)
	}
	if len(d.Rules()) != int(gates) || len(d.PolicyHash()) != 64 {
		t.Error("a zero Request is not answered in full")
	}
}

// TestLeaveOutAnything: a permitted request with any one thing missing is refused.
func TestLeaveOutAnything(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Request)
		code   string
	}{
		{"nothing", func(*Request) {}, "CONSENT_GIVEN"},
		{"organisation", func(q *Request) { q.Caller.Organisation = "" }, "REQ_UNKNOWN"},
		{"team", func(q *Request) { q.Caller.Team = "" }, "REQ_UNKNOWN"},
		{"client and person", func(q *Request) { q.Caller.Client, q.Caller.Person = "", "" }, "REQ_UNKNOWN"},
		{"purpose", func(q *Request) { q.Caller.Purpose = "" }, "PURPOSE_MISSING"},
		{"choice of purpose", func(q *Request) { q.Caller.Ambiguous = true }, "PURPOSE_AMBIGUOUS"},
		{"scopes", func(q *Request) { q.Caller.Scopes = nil }, "SCOPE_EXCEEDED"},
		{"scope of the type", func(q *Request) { q.Caller.Scopes[0].Type = "Patient" }, "SCOPE_EXCEEDED"},
		{"scope to read", func(q *Request) { q.Caller.Scopes[0].Read = false }, "SCOPE_EXCEEDED"},
		{"scope to search", func(q *Request) { q.Action = Search; q.Caller.Scopes[0].Search = false }, "SCOPE_EXCEEDED"},
		{"scope of this kind of caller", func(q *Request) { q.Caller.Scopes[0].Context = "patient" }, "SCOPE_EXCEEDED"},
		{"scope with a category nobody knows", func(q *Request) { q.Caller.Scopes[0].Category = "http://snomed.info/sct|1" }, "SCOPE_EXCEEDED"},
		{"action", func(q *Request) { q.Action = NoAction }, "REQ_UNKNOWN"},
		{"type", func(q *Request) { q.Type = "" }, "ITEM_NOT_IN_FLOW"},
		{"time", func(q *Request) { q.At = time.Time{} }, "REQ_UNKNOWN"},
		{"register", func(q *Request) { q.Register = nil }, "NO_AGREEMENT"},
		{"source", func(q *Request) { q.Source = "" }, "NO_AGREEMENT"},
		{"person", func(q *Request) { q.Person = nil }, "SUBJECT_OUT_OF_SCOPE"},
		{"person's id", func(q *Request) { q.Person.ID = "" }, "IDENTITY_UNRESOLVED"},
		{"the right custodian", func(q *Request) { q.Person.Custodian = "7A1" }, "IDENTITY_UNRESOLVED"},
		{"any custodian", func(q *Request) { q.Person.Custodian = "" }, "IDENTITY_UNRESOLVED"},
		{"birth date", func(q *Request) { q.Person.Born = time.Time{} }, "SUBJECT_OUT_OF_SCOPE"},
		{"relations", func(q *Request) { q.Person.Relations = nil }, "NO_RELATIONSHIP"},
		{"kind of relation", func(q *Request) { q.Person.Relations[1].Kind = facts.NoRelation }, "NO_RELATIONSHIP"},
		{"relation that is open", func(q *Request) { q.Person.Relations[1].Until = q.At }, "NO_RELATIONSHIP"},
		{"relation that has begun", func(q *Request) { q.Person.Relations[1].From = q.At.Add(1) }, "NO_RELATIONSHIP"},
		{"life", func(q *Request) { q.Person.Deceased = true }, "PERSON_DECEASED"},
		{"directives", func(q *Request) { q.Person.Directives = nil }, "CONSENT_NOT_RECORDED"},
		{"recipients", func(q *Request) { q.Person.Directives[0].Clauses[0].Recipients = []facts.Recipient{{}} }, "CONSENT_OTHER_RECIPIENT"},
		{"purposes of the grant", func(q *Request) { q.Person.Directives[0].Clauses[0].Purposes = nil }, "CONSENT_OTHER_PURPOSE"},
		{"policy", func(q *Request) { q.Policy = Policy{} }, "CONSENT_POLICY_SUPERSEDED"},
		{"leaflet", func(q *Request) { q.Person.Directives[0].PolicyURI = "" }, "CONSENT_POLICY_SUPERSEDED"},
		{"evidence", func(q *Request) { q.Person.Directives[0].Evidence = facts.NoEvidence }, "CONSENT_NO_EVIDENCE"},
		{"the person's own word", func(q *Request) { q.Person.Directives[0].OwnWish = false }, "REPRESENTATIVE_NOT_AUTHORISED"},
		{"who recorded it", func(q *Request) { q.Person.Directives[0].Custodian = "" }, "CONSENT_OTHER_CUSTODIAN"},
		{"the custodian's own record of it", func(q *Request) { q.Person.Directives[0].Custodian = "LA9A1" }, "CONSENT_OTHER_CUSTODIAN"},
		{"status", func(q *Request) { q.Person.Directives[0].Status = facts.Silent }, "CONSENT_NOT_RECORDED"},
		{"known status", func(q *Request) { q.Person.Directives[0].Status = facts.Unknown }, "CONSENT_UNINTERPRETABLE"},
		{"template", func(q *Request) { q.Person.Directives[0].Template = facts.Uninterpretable }, "CONSENT_UNINTERPRETABLE"},
	} {
		q := world(t)
		q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
		c.change(&q)
		d := Decide(q)
		if got := d.Deciding().Code; got != c.code {
			t.Errorf("without %s: %s, want %s", c.name, got, c.code)
		}
		if permitted := d.Outcome() == Permit; permitted != (c.name == "nothing") || (!d.Items().Empty()) != permitted {
			t.Errorf("without %s: %s of %s", c.name, d.Outcome(), d.Items())
		}
	}
}

func TestScopeCategoryNarrows(t *testing.T) {
	const sct = "http://snomed.info/sct|"
	for _, c := range []struct {
		categories []string
		see, miss  profiles.Item
	}{
		{[]string{sct + profiles.CodeCrisisPlan}, profiles.PlanCrisis, profiles.PlanSummary},
		{[]string{sct + profiles.CodeMentalHealthPlan}, profiles.PlanSummary, profiles.PlanCrisis},
		{[]string{sct + profiles.CodeContingencyPlan, "x|y"}, profiles.PlanContingency, profiles.PlanCrisis},
		{[]string{sct + profiles.CodeCrisisPlan, sct + profiles.CodeContingencyPlan}, profiles.PlanContingency, profiles.PlanSummary},
		{[]string{sct + profiles.CodeCarePlan}, profiles.PlanSummary, profiles.RestrictedHarm},
		{[]string{sct + profiles.CodeCrisisPlan, ""}, profiles.PlanSummary, profiles.RestrictedHarm},
	} {
		q := world(t)
		q.Caller = caller("W99001", "practice", profiles.CareCoordination)
		q.Caller.Scopes = nil
		for _, category := range c.categories {
			q.Caller.Scopes = append(q.Caller.Scopes, Scope{Context: "user", Type: "CarePlan", Read: true, Category: category})
		}
		q.Person.Directives = []facts.Directive{grant("g", "W99001", "", profiles.CareCoordination)}
		d := Decide(q)
		if !d.Items().Has(c.see) || d.Items().Has(c.miss) {
			t.Errorf("%v reaches %s (%s)", c.categories, d.Items(), d.Deciding().Code)
		}
		narrows := slices.ContainsFunc(d.Rules(), func(r Rule) bool { return r.Code == "SCOPE_NARROWS" })
		if every := c.miss == profiles.RestrictedHarm; narrows == every {
			t.Errorf("%v is said to narrow: %v", c.categories, narrows)
		}
		q.Type = "Goal"
		if d := Decide(q); d.Outcome() != Deny {
			t.Errorf("%v reaches another type", c.categories)
		}
	}
}

// TestScopeThatLeavesNothing: a token for crisis plans and a flow that names none.
func TestScopeThatLeavesNothing(t *testing.T) {
	q := world(t)
	q.Register = register(t, strings.Replace(sample(t, "isp"),
		"items: [person.identity, plan.summary, plan.goals, team.coordinator, episode.summary]", "items: [plan.summary]", 1))
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
	q.Caller.Scopes[0].Type, q.Caller.Scopes[0].Category = "CarePlan", profiles.SystemSNOMED+"|"+profiles.CodeCrisisPlan
	if d := Decide(q); d.Outcome() != Deny || d.Deciding().Code != "SCOPE_EXCEEDED" {
		t.Errorf("%s of %s by %s", d.Outcome(), d.Items(), d.Deciding().Code)
	}
}

func TestDirectory(t *testing.T) {
	directory := profiles.SetOf(profiles.Directory)
	for _, c := range []struct {
		name   string
		caller Caller
		want   profiles.ItemSet
		code   string
	}{
		{"a partner's team with its purpose", caller("LA9A1", "adult-mh", profiles.CareCoordination), directory, ""},
		{"a crisis team", caller("7A1", "crht", profiles.EmergencyTreatment), directory, ""},
		{"any team of the organisation", caller("7A4", "night-rota", profiles.Treatment), directory, ""},
		{"a partner's team with another purpose", caller("LA9A1", "adult-mh", profiles.EmergencyTreatment), profiles.ItemSet{}, "PURPOSE_NOT_AGREED"},
		{"a partner's other team", caller("LA9A1", "duty", profiles.CareCoordination), profiles.ItemSet{}, "TEAM_NOT_NAMED"},
		{"a stranger", caller("LA9Z9", "adult-mh", profiles.CareCoordination), profiles.ItemSet{}, "NO_AGREEMENT"},
		{"secondary use inside", caller("7A4", "night-rota", "HRESCH"), profiles.ItemSet{}, "PURPOSE_NOT_AGREED"},
		{"nobody", Caller{}, profiles.ItemSet{}, "REQ_UNKNOWN"},
	} {
		q := world(t)
		q.Caller, q.Person, q.Type = c.caller, nil, "Practitioner"
		d := Decide(q)
		if d.Items() != c.want || c.code != "" && d.Deciding().Code != c.code {
			t.Errorf("%s: %s, %s (%s)", c.name, d.Outcome(), d.Items(), d.Deciding().Code)
		}
		for _, r := range d.Rules() {
			if strings.HasPrefix(r.ID, "P") && r.Outcome != NotApplicable {
				t.Errorf("%s: rule %s answers about nobody", c.name, r.ID)
			}
		}
		q.Caller.Scopes = nil
		if Decide(q).Outcome() != Deny {
			t.Errorf("%s: permitted without a scope", c.name)
		}
	}
}

func TestCrisisSliceWidth(t *testing.T) {
	q := world(t)
	q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
	if d := Decide(q); d.Items() != profiles.CrisisSlice {
		t.Errorf("full: %s", d.Items())
	}
	q.Policy.CrisisSlice = Component
	if d := Decide(q); d.Items() != profiles.SetOf(profiles.PlanCrisis, profiles.PlanContingency) || d.Withheld().Empty() {
		t.Errorf("component: %s, withheld %s", d.Items(), d.Withheld())
	}
	q.Wanted = profiles.SetOf(profiles.CareCritical)
	if d := Decide(q); d.Outcome() != Deny {
		t.Error("what the component leaves out was asked for and given")
	}
}
