package ctp_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/mapping/ctp"
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

// shown is what each of the askers would be shown of the person under a policy.
func shown(register *agreements.Register, policy consent.Policy, wishes map[string]fhir.Value) []profiles.ItemSet {
	person := facts.Person{ID: "p", Epoch: 1, Custodian: "7A4", Born: time.Date(1980, 5, 1, 0, 0, 0, 0, time.UTC), Relations: []facts.Relation{
		{Organisation: "W99001", Kind: facts.RegisteredPractice}, {Organisation: "LA9A1", Team: "adult-mh", Kind: facts.CareTeamMember}, {Organisation: "7A1", Team: "crht", Kind: facts.CareTeamMember},
	}}
	for _, value := range wishes {
		person.Directives = append(person.Directives, facts.ReadDirective(value))
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

// TestRefusedPlanNeverWidens: whatever wishes are recorded, and whatever becomes of
// them in a plan that is refused, nobody is shown more than before. A wish keeps its
// template, what it is about and what it replaces, for which its key stands; and what
// is recorded of it later bears no earlier date.
func TestRefusedPlanNeverWidens(t *testing.T) {
	isp, err := os.ReadFile("../../consent/agreements/testdata/isp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	register, err := agreements.Load(fstest.MapFS{"isp.yaml": {Data: isp}})
	if err != nil {
		t.Fatal(err)
	}
	f := format(t)
	narrower, showing := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		templates := rapid.SliceOfN(rapid.SampledFrom([]string{"T1", "T1", "T2", "T3", "T4", "T5", "T6"}), 1, 3).Draw(rt, "templates")
		statuses := rapid.SampledFrom([]string{"given", "given", "proposed", "refused", "withdrawn", "entered-in-error"})
		days := map[string]*rapid.Generator[string]{
			"before": rapid.SampledFrom([]string{"2026-01-01", "2026-02-01"}), "after": rapid.SampledFrom([]string{"2026-02-01", "2026-03-01"}),
		}
		replaces := rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(rt, "replaces")
		tell := func(label string, damaged bool) object {
			var wishes []any
			for i, template := range templates {
				w := given(fmt.Sprint("w", i), template)
				w["recorded"] = days[label].Draw(rt, label+" day")
				w["status"] = statuses.Draw(rt, label+" status")
				if template == "T6" && label == "before" && w["status"] == "refused" {
					w["status"] = "given" // nobody refuses an exclusion; it would be read as refusing all
				}
				if i > 0 && replaces[i] {
					w["replaces"] = "w0"
				}
				if damaged && rapid.Bool().Draw(rt, "damaged") {
					member := rapid.SampledFrom([]string{"status", "recorded", "givenBy", "form", "leaflet", "until", "from", "spoken", "purpose"}).Draw(rt, "member")
					w[member] = damage(rt, "x")
					if text, ok := w[member].(string); ok && member == "recorded" && text < "2026-02-01" {
						w[member] = "soon" // unreadable, but no earlier date: see above
					}
				}
				wishes = append(wishes, w)
			}
			return withWishes(t, wishes...)
		}
		sound := readOne(rt, f, write(t, tell("before", false)))
		if sound.report.Taken != 1 {
			rt.Fatalf("refused before: %+v", sound.faults)
		}
		before := consents(nil, sound.resources)
		refused := readOne(rt, f, write(t, breakElsewhere(tell("after", true))))
		if refused.report.Refused != 1 || !takesAway(refused.resources) {
			rt.Fatalf("%+v gave what does not take away", refused.report)
		}
		// With this switch a refusal alone gives a crisis team more than one that conflicts
		// with a grant, so that a refusal may widen by replacing the grant: a rule of consent.
		policy := consent.DefaultPolicy()
		if !slices.Contains(replaces, true) && rapid.Bool().Draw(rt, "crisis on routine refusal") {
			policy.CrisisOnRoutineRefusal = consent.On
		}
		was, is := shown(register, policy, before), shown(register, policy, consents(before, refused.resources))
		for i := range was {
			if is[i]&^was[i] != 0 {
				rt.Fatalf("asker %d is shown %v more", i, is[i]&^was[i])
			}
			if was[i] != 0 {
				showing++
			}
			if is[i] != was[i] {
				narrower++
			}
		}
	})
	if showing == 0 || narrower == 0 {
		t.Errorf("nothing was put to the test: shown %d times, narrower %d times", showing, narrower)
	}
}

func readOne(rt *rapid.T, f *ctp.Format, text string) collected {
	var c collected
	var err error
	if c.report, err = f.Reread(rt.Context(), []byte(text), env, &c); err != nil {
		rt.Fatal(err)
	}
	return c
}
