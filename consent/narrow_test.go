package consent

import (
	"slices"
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
	all := directivesInTime()
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London)
	beside := [][]facts.Directive{nil, {all["T1"]}, {all["T1 crisis"]}, {all["T3"]}, {all["T1"], all["T6"]}, {all["T2"]}, {all["T2"], all["T1 crisis"]}, {all["T1 both"]}, {all["T1 withdrawn"]}, {all["T2 for COC, 1"]}, {all["T1 in best interests"]}, {all["T1 crisis in best interests"]}}
	said, narrower := 0, 0
	befores := map[string]*facts.Directive{"nothing": nil}
	for name, d := range all {
		befores[name] = &d
	}
	given := map[string][]profiles.ItemSet{}
	for name, d := range befores {
		for _, others := range beside {
			for _, policy := range somePolicies {
				if policy.CrisisOnRoutineRefusal != On {
					given[name] = append(given[name], whatIsGiven(register, at, policy, d, others)...)
				}
			}
		}
	}
	for was, before := range befores {
		for is, after := range all {
			if !after.NeverWidens(before) {
				continue
			}
			said++
			for i, now := range given[is] {
				if more := now.Minus(given[was][i]); !more.Empty() {
					t.Errorf("%s in the place of %s, asker %d is given %s more", is, was, i, more)
				}
				if now != given[was][i] {
					narrower++
				}
			}
		}
	}
	if said < 10 || narrower == 0 {
		t.Fatalf("%d directives said so, %d answers narrower: the test looked at nothing", said, narrower)
	}
}

// directivesInTime are all directives, each also with an end that is past, and each
// in the place of a refusal or of a grant that stand beside it.
func directivesInTime() map[string]facts.Directive {
	all := someDirectives()
	for name, d := range someDirectives() {
		lapsed := d
		lapsed.Until = time.Date(2026, 5, 1, 0, 0, 0, 0, profiles.London)
		all[name+", lapsed"] = lapsed
		lapsed = d
		lapsed.Clauses = slices.Clone(d.Clauses)
		for i := range lapsed.Clauses {
			lapsed.Clauses[i].Until = time.Date(2026, 5, 1, 0, 0, 0, 0, profiles.London)
		}
		all[name+", its clauses lapsed"] = lapsed
		for _, other := range []string{"t1", "t1c", "t2"} {
			replacing := d
			replacing.Replaces, replacing.Recorded = other, time.Date(2026, 5, 2, 0, 0, 0, 0, profiles.London)
			all[name+" in the place of "+other] = replacing
		}
	}
	return all
}

func TestWhatCouldWidenSaysSo(t *testing.T) {
	all := someDirectives()
	lapsing, replacing := all["T4"], all["T4"]
	lapsing.Until = time.Date(2030, 1, 1, 0, 0, 0, 0, profiles.London)
	replacing.Replaces = "t2"
	lapsingClause := all["T4"]
	lapsingClause.Clauses = []facts.Clause{{Purposes: []profiles.Purpose{profiles.EmergencyTreatment}, Until: lapsing.Until}}
	for name, c := range map[string]struct {
		d      facts.Directive
		before string
	}{
		"a grant":                {all["T1"], "T1"},
		"crisis only":            {all["T3"], "T2"},
		"a lifted refusal":       {all["T2 withdrawn"], "T2"},
		"a lifted exclusion":     {all["T6 withdrawn"], "T6"},
		"a lapsing refusal":      {lapsing, "T4"},
		"crisis use for a while": {lapsingClause, "T4"},
		"one that replaces":      {replacing, "T1"},
		"a draft":                {all["T2 silent"], "T2"},
		"silence on crisis":      {all["T2"], "T4"},
		"a refusal taken out":    {all["T1 withdrawn"], "T3"},
	} {
		before := all[c.before]
		if c.d.NeverWidens(&before) {
			t.Errorf("%s in the place of %s says that it never widens", name, c.before)
		}
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
			given = append(given, Decide(Request{Caller: c, Action: Read, Type: "CarePlan", At: at,
				Register: register, Policy: policy, Person: person, Source: "7A4"}).Items())
		}
	}
	return given
}
