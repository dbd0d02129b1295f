package consent

import (
	"testing"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestNeverWidensNeverWidens puts every directive that says so in the place of
// every other, beside what else may be recorded, and asks as everybody: nobody
// may be given more than before. The switch crisisOnRoutineRefusal is left off:
// with it a plain refusal gives a crisis team more than a conflict does, which is
// what the switch is for.
func TestNeverWidensNeverWidens(t *testing.T) {
	register := registers(t)["live"]
	all := someDirectives()
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London)
	beside := [][]facts.Directive{nil, {all["T1"]}, {all["T1 crisis"]}, {all["T1"], all["T6"]}, {all["T2"]}}
	said, narrower := 0, 0
	befores := map[string]*facts.Directive{"nothing": nil}
	for name, d := range all {
		befores[name] = &d
	}
	for was, before := range befores {
		for is, after := range all {
			if !after.NeverWidens(before) {
				continue
			}
			said++
			for _, others := range beside {
				for _, policy := range somePolicies {
					if policy.CrisisOnRoutineRefusal == On {
						continue
					}
					then := whatIsGiven(register, at, policy, before, others)
					now := whatIsGiven(register, at, policy, &after, others)
					for i := range then {
						if now[i]&^then[i] != 0 {
							t.Errorf("%s in the place of %s, policy %+v: asker %d is given %s more", is, was, policy, i, now[i]&^then[i])
						}
						if now[i] != then[i] {
							narrower++
						}
					}
				}
			}
		}
	}
	if said < 10 || narrower == 0 {
		t.Fatalf("%d directives said so, %d answers narrower: the test looked at nothing", said, narrower)
	}
}

func TestWhatMustWaitDoesNotSayItNeverWidens(t *testing.T) {
	all := someDirectives()
	t4 := all["T4"]
	lapsing, replacing := all["T4"], all["T4"]
	lapsing.Until = time.Date(2030, 1, 1, 0, 0, 0, 0, profiles.London)
	replacing.Replaces = "t2"
	for name, d := range map[string]facts.Directive{"a grant": all["T1"], "crisis only": all["T3"], "a lifted refusal": all["T2 withdrawn"], "a lapsing refusal": lapsing, "one that replaces": replacing, "a draft": all["T2 silent"]} {
		if d.NeverWidens(nil) {
			t.Errorf("%s says that it never widens", name)
		}
	}
	if all["T2"].NeverWidens(&t4) {
		t.Error("a refusal that is silent on crisis takes the place of one that is not")
	}
}

// whatIsGiven asks as every caller for both purposes, with one directive beside others.
func whatIsGiven(register *agreements.Register, at time.Time, policy Policy, one *facts.Directive, others []facts.Directive) []profiles.ItemSet {
	person := annsFacts()
	person.Directives = append([]facts.Directive{}, others...)
	if one != nil {
		person.Directives = append(person.Directives, *one)
	}
	var given []profiles.ItemSet
	for _, who := range someCallers {
		for _, purpose := range []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment} {
			c := caller(who.org, who.team, purpose)
			given = append(given, Decide(Request{Caller: c, Action: Read, Type: "CarePlan", Wanted: profiles.CrisisSlice, At: at,
				Register: register, Policy: policy, Person: person, Source: "7A4"}).Items())
		}
	}
	return given
}
