package intake_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// askers are callers for whom the agreement has a flow, with whoever they belong to.
var askers = []consent.Caller{
	{Organisation: "W99001", Team: "practice", Purpose: profiles.CareCoordination},
	{Organisation: "LA9A1", Team: "adult-mh", Purpose: profiles.CareCoordination},
	{Organisation: "7A4", Team: "crht", Purpose: profiles.EmergencyTreatment},
	{Organisation: "7A1", Team: "crht", Purpose: profiles.EmergencyTreatment},
}

// shown is what each of the askers would be shown of somebody with these wishes.
func shown(register *agreements.Register, policy consent.Policy, wishes map[string]fhir.Value) []profiles.ItemSet {
	person := facts.Person{ID: "p", Epoch: 1, Custodian: "7A4", Born: time.Date(1980, 5, 1, 0, 0, 0, 0, time.UTC), Relations: []facts.Relation{
		{Organisation: "W99001", Kind: facts.RegisteredPractice}, {Organisation: "LA9A1", Team: "adult-mh", Kind: facts.CareTeamMember}, {Organisation: "7A1", Team: "crht", Kind: facts.CareTeamMember},
	}}
	for _, value := range wishes {
		person.Directives = append(person.Directives, *facts.Compile("7A4", value).Directive)
	}
	var sets []profiles.ItemSet
	for _, caller := range askers {
		caller.Client, caller.Person, caller.Scopes = "client", "somebody", []consent.Scope{{Context: "user", Type: "*", Read: true, Search: true}}
		sets = append(sets, consent.Decide(consent.Request{
			Caller: caller, Action: consent.Read, Type: "CarePlan", At: time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC),
			Register: register, Policy: policy, Person: &person, Source: "7A4",
		}).Items())
	}
	return sets
}

// liveAgreement is a register under which each of the askers has a flow.
func liveAgreement(t *testing.T) *agreements.Register {
	t.Helper()
	isp, err := os.ReadFile("../../consent/agreements/testdata/isp.yaml")
	must(t, err)
	register, err := agreements.Load(fstest.MapFS{"isp.yaml": {Data: isp}})
	must(t, err)
	return register
}

// wishesOfAPlan are up to three wishes of any kind and status, one of them perhaps
// damaged.
func wishesOfAPlan(rt *rapid.T, label string, damaged bool) []any {
	var wishes []any
	keys := rapid.Permutation([]string{"w0", "w1", "w2"}).Draw(rt, label+" keys")
	for _, key := range keys[:rapid.IntRange(1, 3).Draw(rt, label+" wishes")] {
		w := given(key, rapid.SampledFrom([]string{"T1", "T1", "T2", "T3", "T4", "T5", "T6"}).Draw(rt, label+" template"))
		w["recorded"] = rapid.SampledFrom([]string{"2026-01-01", "2026-02-01", "2026-03-01", "2099-01-01"}).Draw(rt, label+" day")
		w["status"] = rapid.SampledFrom([]string{"given", "given", "proposed", "refused", "withdrawn", "entered-in-error"}).Draw(rt, label+" status")
		if other := rapid.SampledFrom([]string{"", "", "w0", "w1"}).Draw(rt, label+" replaces"); other != "" && other != key {
			w["replaces"] = other
		}
		if damaged && rapid.Bool().Draw(rt, "damaged") {
			member := rapid.SampledFrom([]string{"status", "recorded", "givenBy", "form", "leaflet", "until", "from", "spoken", "purpose", "template", "recipients", "items"}).Draw(rt, "member")
			w[member] = rapid.SampledFrom([]any{"x", 7, nil, "", []any{"x"}, object{"x": "y"}, "2026-05-01"}).Draw(rt, "value")
		}
		wishes = append(wishes, w)
	}
	return wishes
}

// TestRefusedPlanNeverWidens: whatever wishes are recorded, and whatever a plan that
// is refused says of them, nobody is shown more than before.
func TestRefusedPlanNeverWidens(t *testing.T) {
	register := liveAgreement(t)
	narrower, showing := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := openDesk(t)
		d.bring(plans(t), extract(t, withWishes(t, wishesOfAPlan(rt, "before", false)...)))
		number := wholesNumber(t)
		was := shown(register, consent.DefaultPolicy(), d.consents(number))
		refused := extract(t, breakElsewhere(withWishes(t, wishesOfAPlan(rt, "after", true)...)))
		if sum := d.bring(plans(t), refused); sum.Stored != 0 {
			rt.Fatalf("the plan was taken: %+v", sum)
		}
		is := shown(register, consent.DefaultPolicy(), d.consents(number))
		for i := range was {
			if !was[i].Covers(is[i]) {
				rt.Fatalf("asker %d is shown %v more", i, is[i].Minus(was[i]))
			}
			if !was[i].Empty() {
				showing++
			}
			if is[i] != was[i] {
				narrower++
			}
		}
		if sum := d.bring(plans(t), refused); sum.Resources != 0 {
			again := shown(register, consent.DefaultPolicy(), d.consents(number))
			if !slices.Equal(is, again) {
				rt.Fatalf("a second run shows %v, the first %v", again, is)
			}
		}
	})
	if showing == 0 || narrower == 0 {
		t.Errorf("nothing was put to the test: shown %d times, narrower %d times", showing, narrower)
	}
}
