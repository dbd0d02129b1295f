package consent

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// contributing is a request of the council to change Ann's plan, which it may.
func contributing(t testing.TB) Request {
	q := world(t)
	q.Action, q.Register = Update, register(t, strings.Replace(sample(t, "isp"), contributed, contributes003, 1))
	q.Person.Directives = []facts.Directive{grant("t1", "LA9A1", "adult-mh", profiles.CareCoordination)}
	return q
}

// TestLeaveOutAnythingOfAContribution: a contribution with any one thing missing is refused.
func TestLeaveOutAnythingOfAContribution(t *testing.T) {
	road := func() Request { return contributing(t) }
	with := func(old, new string) func(*Request) {
		return func(q *Request) {
			src := strings.Replace(sample(t, "isp"), contributed, contributes003, 1)
			if !strings.Contains(src, old) {
				t.Fatalf("the sample has no %s", old)
			}
			q.Register = register(t, strings.Replace(src, old, new, 1))
		}
	}
	q := road()
	if d := Decide(q); d.Outcome() != Permit || d.Custodial() || d.Items() != profiles.SetOf(profiles.AreaWork, profiles.AreaSocial) ||
		d.Withheld() != profiles.SetOf(profiles.CareCritical) || d.Deciding().Code != "CONTRIBUTION" || d.Agreement().Flow != "003" {
		t.Fatalf("as it stands: %s of %s, withheld %s, by %+v", d.Outcome(), d.Items(), d.Withheld(), d.Deciding())
	}
	for _, c := range append([]lacking{
		{"contribute", with("    contribute: own\n", ""), "NO_CONTRIBUTION"},
		{"the flow by which it reads", with("to: {org: LA9A1, team: adult-mh}", "to: {org: LA9A1, team: duty}"), "TEAM_NOT_NAMED"},
		{"a flow of its own team", with("from: {org: LA9A1}", "from: {org: LA9A1, team: duty}"), "TEAM_NOT_NAMED"},
		{"anything that both flows name", with("[plan.area.work, plan.area.social, care.critical]", "[care.critical]"), "CONTRIBUTION_EMPTY"},
		{"the person's wish", func(q *Request) { q.Person.Directives = nil }, "CONSENT_NOT_RECORDED"},
		{"a custodian that may be given anything", with("org: 7A4\n    role: controller", "org: 7A4\n    role: processor"), "NOT_A_DISCLOSURE_BASIS"},
		{"a part of its own in the agreement", with("org: LA9A1\n    role: controller", "org: LA9A1\n    role: processor"), "NOT_A_DISCLOSURE_BASIS"},
		{"the scope letter", func(q *Request) { q.Caller.Scopes[0].Update = false }, "SCOPE_EXCEEDED"},
		{"a known person", func(q *Request) { q.Person.Unverified = true }, "IDENTITY_UNRESOLVED"},
		{"a living person", func(q *Request) { q.Person.Deceased = true }, "PERSON_DECEASED"},
		{"a part in the care", func(q *Request) { q.Person.Relations = nil }, "NO_RELATIONSHIP"},
		{"the type", func(q *Request) { q.Type = "Goal" }, "CUSTODIAN_ONLY"},
		{"the action: it adds", func(q *Request) { q.Action = Create }, "CUSTODIAN_ONLY"},
		{"the action: it removes", func(q *Request) { q.Action = Delete }, "CUSTODIAN_ONLY"},
		{"the custodian", func(q *Request) { q.Source, q.Person.Custodian = "W99001", "W99001" }, ""},
	}, everyRoad...) {
		q := road()
		c.change(&q)
		d := Decide(q)
		if got := d.Deciding().Code; d.Outcome() != Deny || !d.Items().Empty() || d.Custodial() || got != c.code && c.code != "" {
			t.Errorf("without %s: %s of %s by %s, want %s", c.name, d.Outcome(), d.Items(), got, c.code)
		}
	}
}

func TestDecidingOnAWriteAllocatesNothing(t *testing.T) {
	partner, system := contributing(t), contributing(t)
	system.Caller.Organisation, system.Caller.Person, system.Caller.Custody = "7A4", "", On
	for _, q := range []Request{partner, system} {
		if n := testing.AllocsPerRun(100, func() { Decide(q) }); n != 0 || Decide(q).Outcome() != Permit {
			t.Errorf("%v allocations for %s", n, q.Caller.Organisation)
		}
	}
}

// A contribution is stored as the custodian's record, as long as whoever wrote it may still see it.
func TestAcceptAContribution(t *testing.T) {
	const plan = `{"resourceType":"CarePlan","id":"c1","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"718347000"}]}]}`
	x := Change{Type: "CarePlan", ID: "c1", Person: "ann", Source: "client", Custodian: "7A4", Resource: resource(t, plan)}
	d := Decide(contributing(t))
	if a, err := d.Accept(x); err != nil || a.Custodian() != "7A4" {
		t.Errorf("%+v, %v", a, err)
	}
	for name, change := range map[string]func(*Change){
		"of no custodian":      func(c *Change) { c.Custodian = "" },
		"of the council's own": func(c *Change) { c.Custodian = "LA9A1" },
		"of somebody else":     func(c *Change) { c.Person = "bryn" },
		"entered in error":     func(c *Change) { c.Resource = resource(t, strings.Replace(plan, "active", "entered-in-error", 1)) },
		"a crisis plan":        func(c *Change) { c.Resource = resource(t, crisisPlan) },
	} {
		bad := x
		change(&bad)
		if a, err := d.Accept(bad); err == nil || a != (Accepted{}) {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := d.AcceptRemoval(Removal{Type: "CarePlan", ID: "c1", Person: "ann", Source: "client"}); err == nil {
		t.Error("a partner removes the plan")
	}
}

// anyWrite draws a request to write.
func anyWrite(rt *rapid.T, isp string) (Request, []string) {
	q, files := anyRequest(rt, isp)
	q.Action = rapid.SampledFrom([]Action{Update, Update, Create, Delete}).Draw(rt, "action")
	q.Type = rapid.SampledFrom([]string{"CarePlan", "CarePlan", "CarePlan", "Goal", "Flag", "Patient", "CareTeam", "EpisodeOfCare", "Consent", "Encounter", "Practitioner", "Organization"}).Draw(rt, "type")
	if rapid.Bool().Draw(rt, "a grant to the council") {
		q.Person.Directives = append(q.Person.Directives, grant("council", "LA9A1", "adult-mh", profiles.CareCoordination))
	}
	return q, files
}

// TestAbsenceOfContributeNeverPermits is I11: without the word in the agreements, only
// the organisation that holds a record writes it.
func TestAbsenceOfContributeNeverPermits(t *testing.T) {
	isp := sample(t, "isp")
	contributions := 0
	rapid.Check(t, func(rt *rapid.T) {
		q, files := anyWrite(rt, isp)
		d := Decide(q)
		if d.Outcome() == Permit && !d.Custodial() {
			contributions++
		}
		for i := range files {
			files[i] = strings.ReplaceAll(files[i], "    contribute: own\n", "")
		}
		q.Register = register(rt, files...)
		if without := Decide(q); without.Outcome() != Deny && !without.Custodial() || without.Custodial() != d.Custodial() {
			rt.Fatalf("%+v: %s by %+v", q.Caller, without.Outcome(), without.Deciding())
		}
	})
	t.Log(contributions, "contributions")
}

// TestNoWriteGrantsAnything is I9: whatever anybody but the system that keeps the records
// may write, no decision reads it.
func TestNoWriteGrantsAnything(t *testing.T) {
	isp := sample(t, "isp")
	rapid.Check(t, func(rt *rapid.T) {
		q, _ := anyWrite(rt, isp)
		q.Caller.Custody = rapid.SampledFrom([]Switch{Off, On}).Draw(rt, "custody") // with somebody sitting at it
		d := Decide(q)
		if d.Outcome() != Deny && (facts.Compiles(q.Type) || profiles.DirectoryType(q.Type)) {
			rt.Fatalf("%+v writes %s by %+v", q.Caller, q.Type, d.Deciding())
		}
		q.Action, q.Caller.Custody = Read, Off
		read := Decide(q)
		if d.Outcome() != Deny && (read.Outcome() != Permit || !read.Items().Covers(d.Items())) {
			rt.Fatalf("%+v writes %s and reads %s", q.Caller, d.Items(), read.Items())
		}
	})
}

// mayChange is what the oracle lets somebody change of another organisation's plan: of
// what they read, the most that one flow names.
func mayChange(q Request, files []*agreements.Agreement) (most profiles.ItemSet) {
	q.Action = Read
	read := Decide(q)
	if read.Outcome() != Permit {
		return most
	}
	today := q.At.Format(time.DateOnly)
	for _, a := range files {
		for _, f := range a.Flows {
			from := f.From.Organisation == q.Caller.Organisation && (f.From.Team == "" || f.From.Team == q.Caller.Team)
			if !from || f.To.Organisation != q.Source || f.Contribute != "own" || f.Purpose != q.Caller.Purpose || a.Status != "ASSURED" ||
				a.IssueDate.String() > today || a.ReviewDate.String() < today {
				continue
			}
			if items := f.Items.Intersect(read.Items()); items.Len() > most.Len() {
				most = items
			}
		}
	}
	return most
}

// TestContributionsByTheOracle puts every directive before every caller and holds what may
// be changed to a second reading of it, written from docs/deciding.md.
func TestContributionsByTheOracle(t *testing.T) {
	joint := strings.Replace(sample(t, "isp"), contributed, contributes003, 1)
	wider := strings.NewReplacer("id: ISP-CPA-0001", "id: ISP-2", "[plan.area.work, plan.area.social, care.critical]", "[plan.goals]", "team: adult-mh}\n    purpose", "team: duty}\n    purpose").Replace(joint)
	draft := strings.NewReplacer("id: ISP-CPA-0001", "id: ISP-3", "status: ASSURED", "status: DRAFT", "[plan.area.work, plan.area.social, care.critical]", "[plan.goals]").Replace(joint)
	all := someDirectives()
	permitted, compared := 0, 0
	for _, r := range []*agreements.Register{register(t, joint), register(t, joint, wider), register(t, joint, draft), register(t, sample(t, "isp"))} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			for _, who := range someCallers {
				for _, purpose := range somePurposes {
					for _, day := range someDays {
						q := Request{Caller: caller(who.org, who.team, purpose), Action: Update, Type: "CarePlan", Register: r, Policy: DefaultPolicy(), Person: annsFacts(), Source: "7A4"}
						q.At, _ = time.Parse(time.DateOnly, day)
						q.Person.Directives = []facts.Directive{grant("council", "LA9A1", "adult-mh", profiles.CareCoordination), all[name]}
						if who.org == q.Source {
							continue
						}
						want, d := mayChange(q, r.Agreements()), Decide(q)
						if d.Items() != want || (d.Outcome() == Permit) == want.Empty() {
							t.Fatalf("%s, %+v on %s: %s of %s by %+v; the oracle lets change %s", name, q.Caller, day, d.Outcome(), d.Items(), d.Deciding(), want)
						}
						if compared++; !want.Empty() {
							permitted++
						}
					}
				}
			}
		}
	}
	if t.Log(permitted, "of", compared); permitted < 100 {
		t.Error("the comparison proves little")
	}
}
