package consent

import (
	"slices"
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestARecordKeptApartOnlyRefusesRoutineSharing: whatever wish stands in a record that
// claims the person's NHS number and is not theirs, nobody is given more by it, an
// emergency is answered as without it, routine sharing as if another custodian had
// recorded it, and what it takes away raises an alert.
func TestARecordKeptApartOnlyRefusesRoutineSharing(t *testing.T) {
	register := registers(t)["live"]
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London)
	narrower, all := 0, directivesInTime()
	for name, d := range all {
		for _, custodian := range []profiles.OrgCode{"7A4", "LA9A1"} {
			apart, foreign := d, d
			apart.ID, apart.Custodian, apart.Apart = "apart", custodian, true
			foreign.ID, foreign.Custodian, foreign.Replaces = "apart", "LA9A1", "" // nor does it silence what it replaces
			for _, beside := range [][]facts.Directive{nil, {all["T1"]}, {all["T1"], all["T1 crisis"]}, {all["T3"]}, {all["T2"]}} {
				for _, who := range someCallers {
					for _, purpose := range []profiles.Purpose{profiles.CareCoordination, profiles.EmergencyTreatment} {
						ask := func(more ...facts.Directive) Decision {
							person := annsFacts()
							person.Directives = append(slices.Clone(beside), more...)
							return Decide(Request{Caller: caller(who.org, who.team, purpose), Action: Read, Type: "CarePlan", At: at,
								Register: register, Policy: DefaultPolicy(), Person: person, Source: "7A4"})
						}
						without, with := ask(), ask(apart)
						alerted := slices.Contains(with.Obligations(), Alert)
						switch {
						case purpose == profiles.EmergencyTreatment && (with.Items() != without.Items() || !slices.Equal(with.Obligations(), without.Obligations())):
							t.Errorf("%s apart: an emergency is answered with %v, without it with %v", name, with.Items(), without.Items())
						case purpose != profiles.EmergencyTreatment && with.Items() != ask(foreign).Items():
							t.Errorf("%s apart: %v, of another custodian %v", name, with.Items(), ask(foreign).Items())
						case !with.Items().Minus(without.Items()).Empty():
							t.Errorf("%s apart gives %v more", name, with.Items().Minus(without.Items()))
						case with.Items() != without.Items() && !alerted:
							t.Errorf("%s apart takes away and raises no alert", name)
						case with.Items() != without.Items():
							narrower++
						}
					}
				}
			}
		}
	}
	if narrower == 0 {
		t.Error("no record that is kept apart refused anything: nothing was put to the test")
	}
}
