package consent

import (
	"maps"
	"slices"
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// glassOracle is a second reading, from docs/deciding.md, of what wishes mean to somebody
// who broke the glass.
func glassOracle(q Request) (bool, profiles.ItemSet) {
	q.Caller.Purpose = profiles.EmergencyTreatment
	w := together(q)
	for _, d := range q.Person.Directives {
		live := d.Status == facts.Active && open(d.From, d.Until, q.At) || d.Status == facts.Rejected
		w.refusesCrisis = w.refusesCrisis || live && d.Template == facts.RefuseAll && slices.Contains(d.Purposes, "BTG")
	}
	above := map[GlassReason]bool{"incapacity-best-interests": true, "statute": true, "court-order": true, "public-interest": q.Policy.BreakGlass.PublicInterest == On}
	return !w.unreadable && (!w.refusesCrisis || above[q.Glass.Reason]), w.without
}

// TestBreakingTheGlassByTheOracle puts every pair of directives before somebody who broke
// the glass, for every reason.
func TestBreakingTheGlassByTheOracle(t *testing.T) {
	all, live := someDirectives(), registers(t)["live"]
	names := slices.Sorted(maps.Keys(all))
	at, opened, closed := time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC), 0, 0
	for _, a := range names {
		for _, b := range names {
			person := annsFacts()
			person.Directives = []facts.Directive{all[a], all[b]}
			for n, reason := range GlassReasons {
				policy := somePolicies[n%len(somePolicies)]
				policy.BreakGlass = GlassPolicy{Roles: []string{"nurse"}, PublicInterest: Switch(opened % 2)} //nolint:gosec // 0 or 1
				q := Request{Caller: caller("7A4", "crht", profiles.BreakGlass), Action: Read, Type: "CarePlan", At: at, Register: live,
					Policy: policy, Person: person, Source: "7A4", Glass: Glass{Reason: reason, Person: "ann", At: at}}
				q.Caller.Role = "nurse"
				d := Decide(q)
				offered := policy.CrisisSlice.Items()
				allow, without := glassOracle(q)
				switch allow = allow && !without.Covers(offered); {
				case allow != (d.Outcome() == Slice):
					t.Fatalf("%s and %s, for %s under %+v: %s by %+v", a, b, reason, policy, d.Outcome(), d.Rules()[gateP3])
				case allow && d.Items() != offered.Minus(without):
					t.Fatalf("%s and %s: %s", a, b, d.Items())
				case allow:
					opened++
				default:
					closed++
				}
			}
		}
	}
	if opened < 1000 || closed < 1000 {
		t.Errorf("%d opened, %d closed: the comparison proves little", opened, closed)
	}
}

// TestWholeGlassChangesNothing: what is decided for everybody else does not depend on how
// breaking the glass is set up.
func TestWholeGlassChangesNothing(t *testing.T) {
	live, at := registers(t)["live"], time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)
	for _, d := range someDirectives() {
		for _, purpose := range somePurposes {
			person := annsFacts()
			person.Directives = []facts.Directive{d}
			q := Request{Caller: caller("7A4", "crht", purpose), Action: Read, Type: "CarePlan", At: at, Register: live, Policy: DefaultPolicy(), Person: person, Source: "7A4"}
			q.Caller.Role = "nurse"
			before := Decide(q)
			q.Policy.BreakGlass = GlassPolicy{Roles: []string{"nurse"}, PublicInterest: On}
			if after := Decide(q); after.Outcome() != before.Outcome() || after.reasons != before.reasons || after.Items() != before.Items() {
				t.Errorf("%s for %s: %s before, %s after", d.ID, purpose, before.Outcome(), after.Outcome())
			}
		}
	}
}

// TestNobodyBreaksTheGlassForNobody: nobody is told of one who is not known, and a role that
// is not named is none.
func TestNobodyBreaksTheGlassForNobody(t *testing.T) {
	q := Request{Caller: caller("7A4", "crht", profiles.BreakGlass), Action: Read, Type: "CarePlan", At: time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC),
		Register: registers(t)["live"], Policy: DefaultPolicy(), Person: &facts.Person{Custodian: "7A4"}, Source: "7A4"}
	q.Caller.Role, q.Policy.BreakGlass.Roles = "nurse", []string{"nurse", ""}
	q.Glass = Glass{Reason: emergency, At: q.At}
	if d := Decide(q); d.Outcome() != Deny || d.Obligations() != nil {
		t.Errorf("of nobody: %s %v", d.Outcome(), d.Obligations())
	}
	q.Person, q.Glass.Person = annsFacts(), "ann"
	if d := Decide(q); d.Outcome() != Slice {
		t.Errorf("of Ann: %+v", d.Deciding())
	}
	q.Caller.Role = ""
	if d := Decide(q); d.Outcome() != Deny {
		t.Error("a professional without a role broke the glass")
	}
}

// TestDecidingThroughBrokenGlassAllocatesNothing: P6 holds of it too.
func TestDecidingThroughBrokenGlassAllocatesNothing(t *testing.T) {
	q := Request{Caller: caller("7A4", "crht", profiles.BreakGlass), Action: Read, Type: "CarePlan", At: time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC),
		Register: registers(t)["live"], Policy: DefaultPolicy(), Person: annsFacts(), Source: "7A4"}
	q.Caller.Role, q.Policy.BreakGlass = "nurse", GlassPolicy{Roles: []string{"nurse"}, Suspended: []string{"7A4/another"}}
	q.Glass = Glass{Reason: emergency, Person: "ann", At: q.At}
	if d := Decide(q); d.Outcome() != Slice {
		t.Fatal(d.Deciding())
	}
	if n := testing.AllocsPerRun(100, func() { Decide(q) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
