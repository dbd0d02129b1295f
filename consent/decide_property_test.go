package consent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// The facts that the enumeration and the properties below are built from. Each
// list holds one of every kind that some gate tells apart.
var (
	someCallers = []struct {
		org  profiles.OrgCode
		team profiles.TeamID
	}{
		{"LA9A1", "adult-mh"}, {"LA9A1", "duty"}, {"W99001", "practice"}, {"7A4", "cmht-north"},
		{"7A4", "cmht-south"}, {"7A4", "crht"}, {"7A4", "night-rota"}, {"7A1", "crht"}, {"LA9Z9", "adult-mh"}, {"", ""},
	}
	somePurposes = []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment, profiles.Treatment, "BTG", "HRESCH", ""}
	someDays     = []string{"2025-01-09", "2026-06-01", "2027-01-11", "2027-04-11"} // before issue, live, in crisis grace, past it
	someWanted   = []profiles.ItemSet{{}, profiles.CrisisSlice, profiles.SetOf(profiles.PlanSummary), profiles.Restricted}
	someScopes   = [][]Scope{
		nil,
		{{Context: "user", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true}},
		{{Context: "user", Type: "CarePlan", Read: true, Search: true, Update: true, Category: profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan}},
	}
	somePolicies = []Policy{{}, DefaultPolicy(), func() Policy {
		p := DefaultPolicy()
		p.CrisisOnRoutineRefusal = On
		return p
	}(), func() Policy { // the cautious: silence gives nothing, words of mouth do not count
		p := DefaultPolicy()
		p.CrisisWithoutConsent, p.Verbal, p.CrisisSlice = Off, Off, Component
		return p
	}()}
	someActions = []Action{Read, Search, Update, Import, NoAction, Create, Delete, Read, Update, Delete + 1}
)

// contributed and contributes003 are what flow 003 of the sample names, and what makes
// it one by which the council contributes to the health board's plans.
const (
	contributed    = "    items: [plan.summary, plan.goals]\n    consentRule: standard\n    relationship: required\n  - ref: \"004\""
	contributes003 = "    items: [plan.area.work, plan.area.social, care.critical]\n    contribute: own\n  - ref: \"004\""
)

// somePeople are the states that a person's identity and life may be in.
func somePeople() map[string]*facts.Person {
	people := map[string]*facts.Person{"known": annsFacts(), "nobody": {}, "missing": nil}
	for name, change := range map[string]func(*facts.Person){
		"unverified": func(p *facts.Person) { p.Unverified = true },
		"deceased":   func(p *facts.Person) { p.Deceased = true },
		"unrelated":  func(p *facts.Person) { p.Relations = nil },
		"child":      func(p *facts.Person) { p.Born = time.Date(2015, 1, 1, 0, 0, 0, 0, profiles.London) },
	} {
		p := annsFacts()
		change(p)
		people[name] = p
	}
	return people
}

// someDirectives is one directive of every kind: each template, with purposes and
// recipients of its own, in every status, before, in and after its period and that
// of its clause, and each thing that a grant may lack.
func someDirectives() map[string]facts.Directive {
	list := map[string]facts.Directive{
		"T1":          grant("t1", "LA9A1", "adult-mh", profiles.CareCoordination),
		"T1 practice": grant("t1p", "W99001", "", profiles.CareCoordination),
		"T1 crisis":   grant("t1c", "7A4", "crht", profiles.EmergencyTreatment),
		"T1 both":     grant("t1b", "7A4", "crht", profiles.CareCoordination, profiles.EmergencyTreatment),
		"T2":          refusal("t2", facts.RefuseAll),
		"T3":          refusal("t3", facts.CrisisOnly),
		"T4":          refusal("t4", facts.RefuseCrisis),
		"T5":          {ID: "t5", Template: facts.CarerCopy, Status: facts.Active, Clauses: []facts.Clause{{Recipients: []facts.Recipient{{Related: "RelatedPerson/r"}}, Items: profiles.AllItems}}},
		"T6":          {ID: "t6", Template: facts.ExcludeItem, Status: facts.Active, Clauses: []facts.Clause{{Items: profiles.SetOf(profiles.PlanSummary, profiles.PlanCrisis)}}},
		"T0":          {ID: "t0", Status: facts.Active},
	}
	variant := func(name, of string, change func(*facts.Directive)) {
		d := list[of]
		d.Clauses = slices.Clone(d.Clauses)
		d.ID += " " + name
		change(&d)
		list[of+" "+name] = d
	}
	templates := []string{"T1", "T1 crisis", "T2", "T3", "T4", "T5", "T6", "T0"}
	past, future := time.Date(2025, 1, 2, 0, 0, 0, 0, profiles.London), time.Date(2028, 1, 1, 0, 0, 0, 0, profiles.London)
	for _, of := range templates {
		for name, status := range map[string]facts.Status{"silent": facts.Silent, "rejected": facts.Rejected, "withdrawn": facts.Withdrawn, "unknown": facts.Unknown} {
			variant(name, of, func(d *facts.Directive) { d.Status = status })
		}
		variant("elsewhere", of, func(d *facts.Directive) { d.Custodian = "LA9A1" })
		variant("expired", of, func(d *facts.Directive) { d.Until = past })
		variant("not yet", of, func(d *facts.Directive) { d.From = future })
		if len(list[of].Clauses) > 0 {
			variant("clause expired", of, func(d *facts.Directive) { d.Clauses[0].Until = past })
			variant("clause not yet", of, func(d *facts.Directive) { d.Clauses[0].From = future })
		}
	}
	for _, of := range []string{"T1", "T1 crisis", "T3"} {
		variant("bare", of, func(d *facts.Directive) { d.Evidence = facts.NoEvidence })
		variant("spoken", of, func(d *facts.Directive) { d.Evidence = facts.Spoken })
		variant("of an old leaflet", of, func(d *facts.Directive) { d.PolicyURI = "old" })
		variant("of another", of, func(d *facts.Directive) { d.OwnWish = false })
	}
	assessed := time.Date(2026, 3, 2, 0, 0, 0, 0, profiles.London)
	decided := func(by facts.Authority, change func(*facts.Directive)) func(*facts.Directive) {
		return func(d *facts.Directive) {
			d.OwnWish, d.Performer, d.Authority, d.Assessed, d.Recorded, d.Said = false, "RelatedPerson/decides", by, assessed, assessed, assessed.AddDate(0, 0, 1)
			change(d)
		}
	}
	as := func(*facts.Directive) {}
	for _, of := range []string{"T1", "T1 crisis"} {
		variant("by an attorney", of, decided(facts.Attorney, as))
		variant("in best interests", of, decided(facts.BestInterests, as))
		for _, refused := range []string{"t1", "t2", "t4", "t2 unknown"} {
			variant("in best interests, weighing "+refused, of, decided(facts.BestInterests, func(d *facts.Directive) { d.Weighed = []string{refused} }))
		}
	}
	variant("by a deputy, long ago", "T1", decided(facts.Deputy, func(d *facts.Directive) { d.Assessed = past }))
	variant("by an attorney, weighing t2", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.Weighed = []string{"t2"} }))
	variant("by an attorney, whose authority ended", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.AuthorityUntil = past }))
	variant("by an attorney, later", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.Recorded = assessed.AddDate(0, 1, 0) }))
	variant("by an attorney, refused", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.Status = facts.Rejected }))
	variant("by an attorney, back", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.Status = facts.Withdrawn }))
	variant("by an attorney, in error", "T1", decided(facts.Attorney, func(d *facts.Directive) { d.Status = facts.Silent }))
	variant("in best interests, bare", "T1", decided(facts.Unrecorded, as))
	variant("by an attorney", "T2", decided(facts.Attorney, as))
	for _, purpose := range somePurposes[:4] {
		for _, status := range []facts.Status{facts.Active, facts.Rejected} {
			variant(fmt.Sprintf("for %s, %d", purpose, status), "T2", func(d *facts.Directive) { d.Purposes, d.Status = []profiles.Purpose{purpose}, status })
		}
	}
	for _, party := range []facts.Recipient{{Organisation: "LA9A1"}, {Organisation: "LA9A1", Team: "duty"}, {Organisation: "7A4", Team: "crht"}} {
		variant(fmt.Sprintf("for %v", party), "T6", func(d *facts.Directive) { d.Clauses[0].Recipients = []facts.Recipient{party} })
	}
	return list
}

// wishLists is nothing, each directive alone, and each beside an active grant
// and a crisis grant; the oracle looks at every pair.
func wishLists() [][]facts.Directive {
	lists := [][]facts.Directive{nil}
	all := someDirectives()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d := all[name]
		lists = append(lists, []facts.Directive{d}, []facts.Directive{all["T1 crisis"], d, all["T1"]})
	}
	return lists
}

// registers are the agreement facts: none, live, not assured, not signed, without the Accord.
func registers(t testing.TB) map[string]*agreements.Register {
	list := map[string]*agreements.Register{"none": nil}
	for name, change := range map[string][2]string{
		"live":       {"", ""},
		"draft":      {"status: ASSURED", "status: DRAFT"},
		"unsigned":   {"agreementSigned: 2025-01-09", "accordWithdrawn: 2030-01-01"},
		"no accord":  {"accordSigned: 2018-12-01", "accordWithdrawn: 2019-01-01"},
		"suspended":  {"status: ASSURED", "status: SUSPENDED"},
		"unrelating": {"relationship: required", "relationship: none"},
		"implied":    {"consentRule: standard", "confidentiality: implied-direct-care"},
		"joint":      {contributed, contributes003},
	} {
		list[name] = register(t, strings.ReplaceAll(sample(t, "isp"), change[0], change[1]))
	}
	return list
}

// TestEnumeration walks the whole product of the facts above and holds every
// decision to the laws of docs/deciding.md.
func TestEnumeration(t *testing.T) {
	lists, people, count := wishLists(), somePeople(), 0
	some := map[string]bool{"unrelating": true, "implied": true, "joint": true} // agreements that let something through
	outcomes, broken := map[Outcome]int{}, 0
	for agreements, register := range registers(t) {
		for _, day := range someDays {
			at, _ := time.Parse(time.DateOnly, day)
			for state, person := range people {
				wishes := lists
				if state != "known" || !some[agreements] { // then wishes can only take away
					wishes = lists[:9]
				}
				for _, directives := range wishes {
					if person != nil {
						person.Directives = directives
					}
					for _, who := range someCallers {
						for _, purpose := range somePurposes {
							c := caller(who.org, who.team, purpose)
							for i := range 12 { // every wanted set, with the policies, scopes and actions in turn
								q := Request{Caller: c, Action: someActions[count%10], Type: "CarePlan", Wanted: someWanted[i%4], At: at,
									Register: register, Policy: somePolicies[(i/4+count)%4], Person: person, Source: "7A4"}
								q.Caller.Scopes = someScopes[(i+count)%3]
								if purpose == profiles.BreakGlass && count%2 == 0 {
									q.Policy.BreakGlass, q.Caller.Role = GlassPolicy{Roles: []string{"nurse"}}, []string{"nurse", "porter"}[count/2%2]
									q.Glass = Glass{Reason: append(GlassReasons, "other")[count/4%6], Person: []profiles.PersonID{"ann", "bryn"}[count/8%2], At: at.Add(-time.Duration(count/16%3) * 40 * time.Minute)}
								}
								if count%7 == 0 {
									q.Caller.Person, q.Caller.Custody = "", On
								}
								d := Decide(q)
								if law := invariants(&q, &d); law != "" {
									t.Fatalf("%s\nagreements %s, %s, person %s, directives %+v\ncaller %+v wanted %s: %s by %+v", law,
										agreements, day, state, directives, q.Caller, q.Wanted, d.Outcome(), d.Deciding())
								}
								outcomes[d.outcome]++
								if d.outcome == Slice && d.reasons[gateA8] == glassBroken {
									broken++
								}
								count++
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d decisions: %d deny, %d slice, %d permit", count, outcomes[Deny], outcomes[Slice], outcomes[Permit])
	if len(outcomes) != 3 || broken < 100 {
		t.Error("some outcome never came up: the enumeration proves nothing about it")
	}
}

// invariants names the first that a decision breaks; "" for none.
func invariants(q *Request, d *Decision) string {
	failing, unanswered := 0, 0
	for g := range gateW { // it has no part in a read
		switch d.reasons[g].outcome() {
		case Fail:
			failing++
		case NotApplicable:
			unanswered++
		}
	}
	if q.Action == Import {
		if (d.outcome == Permit) != (q.Caller.Organisation == q.Source) || !d.granted.Empty() {
			return "an import is the custodian's own, and discloses nothing"
		}
		return ""
	}
	if q.Action.writes() {
		return writeInvariants(q, d, failing)
	}
	own := q.Caller.Organisation == q.Source && d.deciding == gateP1 && d.outcome != Deny
	glass := d.reasons[gateA8] == glassBroken && d.outcome != Deny
	known := q.Person != nil && q.Person.ID != "" && !q.Person.Unverified
	switch {
	case (d.outcome == Deny) != (failing > 0):
		return "I6: the outcome does not follow from the gates"
	case (d.outcome == Deny) != (d.reasons[d.deciding].outcome() == Fail):
		return "I6: the deciding rule does not say what the outcome is"
	case d.outcome != Deny && q.Action != Read && q.Action != Search:
		return "I1: let through without an action"
	case d.outcome == Deny && !d.granted.Empty() || d.outcome != Deny && d.granted.Empty():
		return "items and outcome disagree"
	case glass && (d.outcome != Slice || q.Caller.Purpose != profiles.BreakGlass || q.Caller.Person == "" || !slices.Contains(q.Policy.BreakGlass.Roles, q.Caller.Role)):
		return "I12: somebody broke the glass who may not"
	case glass && (!slices.Contains(GlassReasons, q.Glass.Reason) || q.Glass.Person != q.Person.ID || q.At.Before(q.Glass.At) || q.At.Sub(q.Glass.At) >= time.Hour):
		return "I12: the glass was broken for nothing that counts, for somebody else, or too long ago"
	case glass && !slices.Contains(d.Obligations(), Alert):
		return "I12: nobody is told that the glass was broken"
	case d.outcome != Deny && !own && !glass && unanswered > 0:
		return "I1: let through although a gate did not answer"
	case d.outcome != Deny && own && d.reasons[gateP1] != ownTeam && !(d.reasons[gateP1] == keptRecord && q.Caller.Custody == On && q.Caller.Person == ""):
		return "I1: let through without agreement, and neither the treating team nor the system that keeps the record"
	case d.outcome != Deny && (!known || q.Caller.Organisation == "" || q.Caller.Scopes == nil):
		return "I2: let through although something is not known"
	case d.outcome != Deny && !own && (q.Person.Deceased || d.reasons[gateP3].outcome() != Pass):
		return "I1: let through without consent"
	case d.outcome != Deny && !glass && (q.Caller.Purpose == "BTG" || q.Caller.Purpose == "HRESCH" || q.Caller.Purpose == ""):
		return "I5: a purpose that no flow serves was served"
	case !agreements.Releasable.Covers(d.granted) && !own:
		return "P4: what is restricted left the treating team"
	case d.outcome == Slice && !profiles.CrisisSlice.Covers(d.granted):
		return "the slice is wider than the slice"
	case d.outcome == Permit && !own && q.Caller.Purpose == profiles.EmergencyTreatment:
		return "a crisis team got more than the slice"
	case d.granted.Meets(d.withheld):
		return "an item is granted and withheld"
	case d.outcome != Deny && !own && !glass && d.agreement.ID == "":
		return "an agreement let it through and is not named"
	}
	for i := range q.personDirectives() {
		if x := &q.Person.Directives[i]; x.Status == facts.Unknown && d.outcome != Deny && !own {
			return "I2: let through past a directive of unknown status"
		}
	}
	return ""
}

// writeInvariants names the first law of a write that a decision breaks.
func writeInvariants(q *Request, d *Decision, failing int) string {
	read := *q
	read.Action, read.Caller.Scopes = Read, nil
	for _, s := range q.Caller.Scopes {
		s.Read = s.Update
		read.Caller.Scopes = append(read.Caller.Scopes, s)
	}
	seen := Decide(read)
	home, custody := q.Caller.Organisation == q.Source, q.Caller.Custody == On && q.Caller.Person == ""
	switch w := d.reasons[gateW].outcome(); {
	case w == NotApplicable:
		return "I6: the gate of writes did not answer"
	case (d.outcome == Deny) != (failing > 0 || w == Fail):
		return "I6: the outcome does not follow from the gates"
	case d.outcome == Deny && (!d.granted.Empty() || d.Custodial()):
		return "a refusal carries something"
	case d.outcome == Slice:
		return "I5: a crisis slice lets somebody write"
	case d.outcome != Deny && (q.Caller.Organisation == "" || q.Caller.Scopes == nil || q.Person == nil || q.Person.ID == ""):
		return "I2: written although something is not known"
	case d.outcome != Deny && d.Custodial() != home:
		return "a contribution is taken for the custodian's own, or the other way round"
	case d.outcome != Deny && (!home || !custody) && q.Person.Unverified:
		return "I2: written to a record that may be another person's"
	case d.outcome != Deny && home && !custody && d.reasons[gateP1] != ownTeam:
		return "I1: written by neither the system that keeps the record nor the treating team"
	case d.outcome != Deny && !home && (q.Action != Update || q.Type != "CarePlan" || q.Person.Deceased):
		return "I1: a partner wrote what no partner writes"
	case d.outcome != Deny && !custody && (seen.outcome != Permit || !seen.granted.Covers(d.granted)):
		return "I8: somebody writes what they may not see"
	}
	return ""
}

func (q *Request) personDirectives() []facts.Directive {
	if q.Person == nil {
		return nil
	}
	return q.Person.Directives
}

// anyRequest draws a request from the same facts, with up to three directives
// and a register of one to three agreements.
func anyRequest(rt *rapid.T, isp string) (Request, []string) {
	who := rapid.SampledFrom(someCallers).Draw(rt, "caller")
	at, _ := time.Parse(time.DateOnly, rapid.SampledFrom(someDays).Draw(rt, "day"))
	p := annsFacts()
	all := someDirectives()
	names := slices.Sorted(maps.Keys(all))
	for range rapid.IntRange(0, 3).Draw(rt, "directives") {
		p.Directives = append(p.Directives, all[rapid.SampledFrom(names).Draw(rt, "directive")])
	}
	if rapid.IntRange(0, 3).Draw(rt, "related") == 0 {
		p.Relations = nil
	}
	var files []string
	for n := range rapid.IntRange(1, 3).Draw(rt, "agreements") {
		changes := []string{"id: ISP-CPA-0001", fmt.Sprintf("id: ISP-%d", n)}
		for _, change := range [][2]string{
			{"status: ASSURED", "status: DRAFT"}, {"relationship: required", "relationship: none"},
			{"items: [person.identity, plan.summary, plan.goals, team.coordinator, episode.summary]", "items: [plan.summary, plan.crisis]"},
			{"consentRule: standard", "confidentiality: implied-direct-care"}, {"items: [crisis-slice]", "items: [plan.crisis]"},
			{contributed, contributes003},
		} {
			if rapid.IntRange(0, 3).Draw(rt, "change") == 0 {
				changes = append(changes, change[0], change[1])
			}
		}
		files = append(files, strings.NewReplacer(changes...).Replace(isp))
	}
	return Request{
		Caller: caller(who.org, who.team, rapid.SampledFrom(somePurposes).Draw(rt, "purpose")),
		Action: Read, Type: "CarePlan", At: at, Source: "7A4", Person: p,
		Wanted:   rapid.SampledFrom(append(someWanted, profiles.AllItems)).Draw(rt, "wanted"),
		Policy:   rapid.SampledFrom(somePolicies).Draw(rt, "policy"),
		Register: register(rt, files...),
	}, files
}

// served is how much of what was wanted a decision gives; where nothing in
// particular was wanted, how much it gives at all.
func served(q *Request, d *Decision) int {
	if q.Wanted.Empty() {
		return min(d.granted.Len(), 1)
	}
	return d.granted.Intersect(q.Wanted).Len()
}

// TestARefusalNeverWidens is I3: whatever else is on record, one more refusal,
// exclusion or withdrawal leaves no more outcome and no more of what is wanted;
// and where there is one flow only, no item that was not there before.
func TestARefusalNeverWidens(t *testing.T) {
	isp := sample(t, "isp")
	all := someDirectives()
	refusals := []string{"T2", "T4", "T6", "T0", "T1 rejected", "T2 rejected", "T1 withdrawn", "T3 withdrawn", "T0 withdrawn", "T2 unknown"}
	rapid.Check(t, func(rt *rapid.T) {
		q, files := anyRequest(rt, isp)
		before := Decide(q)
		added := all[rapid.SampledFrom(refusals).Draw(rt, "refusal")]
		added.ID, added.Recorded = "added", q.At.AddDate(0, rapid.IntRange(-20, 0).Draw(rt, "age"), 0)
		more := *q.Person
		more.Directives = append(slices.Clone(q.Person.Directives), added)
		q.Person = &more
		after := Decide(q)
		if after.outcome > before.outcome || served(&q, &after) > served(&q, &before) {
			rt.Fatalf("%s of %s became %s of %s", before.Outcome(), before.Items(), after.Outcome(), after.Items())
		}
		if len(files) == 1 && !before.granted.Covers(after.granted) {
			rt.Fatalf("%s appeared", after.granted.Minus(before.granted))
		}
	})
}

// TestAnotherCustodiansWishNeverWidens: whatever another custodian records, be it a
// grant or a wish that names one of this custodian's as replaced, nobody gets more of
// this custodian's records.
func TestAnotherCustodiansWishNeverWidens(t *testing.T) {
	isp := sample(t, "isp")
	all := someDirectives()
	rapid.Check(t, func(rt *rapid.T) {
		q, files := anyRequest(rt, isp)
		before := Decide(q)
		added := all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(rt, "wish")]
		added.ID, added.Custodian, added.Performer = "added", "LA9A1", "Patient/ann"
		added.Recorded = q.At.AddDate(0, rapid.IntRange(-20, 1).Draw(rt, "age"), 0)
		if own := q.Person.Directives; len(own) > 0 {
			added.Replaces = rapid.SampledFrom(own).Draw(rt, "replaced").ID
		}
		more := *q.Person
		more.Directives = append(slices.Clone(q.Person.Directives), added)
		q.Person = &more
		after := Decide(q)
		if after.outcome > before.outcome || served(&q, &after) > served(&q, &before) || len(files) == 1 && !before.granted.Covers(after.granted) {
			rt.Fatalf("%+v\n%s of %s became %s of %s", added, before.Outcome(), before.Items(), after.Outcome(), after.Items())
		}
	})
}

// TestRemovingAnAgreementNeverWidens is I4. By case 16 one flow is chosen and
// never a union, so it is counted in what is wanted: without one agreement the
// next best serves no more of it.
func TestRemovingAnAgreementNeverWidens(t *testing.T) {
	isp := sample(t, "isp")
	rapid.Check(t, func(rt *rapid.T) {
		q, files := anyRequest(rt, isp)
		before := Decide(q)
		gone := rapid.IntRange(0, len(files)-1).Draw(rt, "gone")
		q.Register = register(rt, slices.Delete(slices.Clone(files), gone, gone+1)...)
		after := Decide(q)
		if after.outcome > before.outcome || served(&q, &after) > served(&q, &before) {
			rt.Fatalf("%s of %s became %s of %s", before.Outcome(), before.Items(), after.Outcome(), after.Items())
		}
	})
}

// TestNeverAUnion is case 16: what is granted lies within one flow.
func TestNeverAUnion(t *testing.T) {
	isp := sample(t, "isp")
	rapid.Check(t, func(rt *rapid.T) {
		q, _ := anyRequest(rt, isp)
		d := Decide(q)
		if d.outcome == Deny || d.reasons[gateP1] == ownTeam {
			return
		}
		for _, a := range q.Register.Agreements() {
			for _, f := range a.Flows {
				if a.ID == d.agreement.ID && f.Ref == d.agreement.Flow && f.Items.Covers(d.granted) {
					return
				}
			}
		}
		rt.Fatalf("%s is more than the flow %s names", d.Items(), d.Agreement())
	})
}

// TestDecideIsPure: the same request has the same answer, and nothing it was
// given is changed.
func TestDecideIsPure(t *testing.T) {
	isp := sample(t, "isp")
	rapid.Check(t, func(rt *rapid.T) {
		q, _ := anyRequest(rt, isp)
		before := fmt.Sprintf("%+v %+v", *q.Person, q.Caller)
		a, b := Decide(q), Decide(q)
		if fmt.Sprintf("%+v", a.Explain(texts.English)) != fmt.Sprintf("%+v", b.Explain(texts.English)) || a.PolicyHash() != b.PolicyHash() {
			rt.Fatal("two answers to one request")
		}
		if before != fmt.Sprintf("%+v %+v", *q.Person, q.Caller) {
			rt.Fatal("the request was changed")
		}
	})
}
