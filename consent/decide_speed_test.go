package consent

import (
	"testing"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestDecideAllocatesNothing: a count, not a time, so it may be a test.
func TestDecideAllocatesNothing(t *testing.T) {
	q := world(t)
	q.Person.Directives = []facts.Directive{refusal("2", facts.RefuseAll), grant("g", "LA9A1", "adult-mh", profiles.CareCoordination), refusal("3", facts.CrisisOnly)}
	var d Decision
	for _, c := range []Caller{
		q.Caller, caller("7A4", "crht", profiles.EmergencyTreatment), caller("7A4", "cmht-north", profiles.Treatment), caller("LA9Z9", "x", profiles.CareCoordination), {},
	} {
		q.Caller = c
		if n := testing.AllocsPerRun(100, func() { d = Decide(q) }); n != 0 {
			t.Errorf("%s/%s: %.0f allocations (%s)", c.Organisation, c.Team, n, d.Outcome())
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	q := world(b)
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination), grant("h", "7A4", "crht", profiles.EmergencyTreatment)}
	q.Wanted = profiles.SetOf(profiles.PlanSummary)
	for name, c := range map[string]Caller{
		"permit": q.Caller, "slice": caller("7A4", "crht", profiles.EmergencyTreatment),
		"treating": caller("7A4", "cmht-north", profiles.Treatment), "deny": caller("LA9Z9", "x", profiles.CareCoordination),
	} {
		b.Run(name, func(b *testing.B) {
			q.Caller = c
			b.ReportAllocs()
			for b.Loop() {
				if d := Decide(q); d.at.IsZero() {
					b.Fatal("no answer")
				}
			}
		})
	}
}
