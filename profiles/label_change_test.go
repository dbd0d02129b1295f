package profiles_test

import (
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

func TestChanged(t *testing.T) {
	const head = `{"resourceType":"CarePlan","id":"x","status":"active","category":[{"coding":[{"system":"$sct","code":"736253002"}]}]`
	act := func(part, words string) string {
		return `{"extension":[{"url":"@part","valueCode":"` + part + `"}],"detail":{"description":"` + words + `"}}`
	}
	acts := func(list string) string { return head + `,"activity":[` + list + `]}` }
	restricted := `{"extension":[{"url":"@part","valueCode":"action"},{"url":"@restrict","valueCode":"third-party"}],"detail":{"description":"%"}}`
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":                 {head + `}`, head + `}`, ""},
		"white space":             {head + `}`, head + ` , "activity" : [ ] }`, ""},
		"meta and narrative":      {head + `}`, head + `,"meta":{"versionId":"2"},"text":{"div":"x"}}`, ""},
		"the frame":               {head + `}`, head + `,"title":"x"}`, "plan.crisis"},
		"a part came":             {acts(act("contact", "a")), acts(act("contact", "a") + "," + act("dependants", "b")), "person.dependants"},
		"a part went":             {acts(act("contact", "a") + "," + act("dependants", "b")), acts(act("contact", "a")), "person.dependants"},
		"a part changed":          {acts(act("contact", "a") + "," + act("dependants", "b")), acts(act("contact", "z") + "," + act("dependants", "b")), "crisis.contacts"},
		"order within an item":    {acts(act("contact", "a") + "," + act("contact", "b")), acts(act("contact", "b") + "," + act("contact", "a")), "crisis.contacts"},
		"order between items":     {acts(act("contact", "a") + "," + act("dependants", "b")), acts(act("dependants", "b") + "," + act("contact", "a")), ""},
		"a part of several items": {acts(restricted), acts(restricted + "," + restricted), "restricted.third-party"},
		"what is never copied":    {head + `}`, head + `,"contained":[{}]}`, "unlabelled"},
		"the kind":                {head + `}`, `{"resourceType":"CarePlan","id":"x","status":"active","category":[{"coding":[{"system":"$sct","code":"718347000"}]}]}`, "plan.summary, plan.crisis"},
		"the label":               {head + `}`, head + `,"meta":{"security":[{"code":"V"}]}}`, "plan.crisis, restricted.very"},
		"the first version":       {``, acts(act("contact", "a")), "plan.crisis, crisis.contacts"},
		"a person's address": {`{"resourceType":"Patient","birthDate":"1980"}`, `{"resourceType":"Patient","birthDate":"1980","address":[{"city":"x"}]}`,
			"person.contact"},
		"a person's name": {`{"resourceType":"Patient"}`, `{"resourceType":"Patient","name":[{"family":"x"}]}`, "person.identity, person.contact, person.support"},
		"sibling of a primitive": {`{"resourceType":"Patient","birthDate":"1980"}`, `{"resourceType":"Patient","birthDate":"1980","_birthDate":{"extension":[{"url":"x"}]}}`,
			"person.identity, person.contact, person.support"},
	} {
		t.Run(name, func(t *testing.T) {
			var before fhir.Value
			if c.before != "" {
				before = expanded(t, c.before)
			}
			if got := profiles.Changed(before, expanded(t, c.after)).String(); got != c.want {
				t.Errorf("changed %q, want %q", got, c.want)
			}
		})
	}
}

// A version changes something exactly where it differs from the one before it, and the
// same in both directions.
func TestChangedIsSymmetric(t *testing.T) {
	kinds := []string{"contact", "action", "review", "rumour"}
	rapid.Check(t, func(t *rapid.T) {
		made := func(name string) fhir.Value {
			src := `{"resourceType":"CarePlan","activity":[`
			for i, kind := range rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 4).Draw(t, name) {
				if i > 0 {
					src += ","
				}
				src += `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + kind + `"}]}`
			}
			v, err := fhir.Parse([]byte(src + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		a, b := made("a"), made("b")
		if profiles.Changed(a, b) != profiles.Changed(b, a) {
			t.Fatalf("%v there and %v back", profiles.Changed(a, b), profiles.Changed(b, a))
		}
		if profiles.Changed(a, a) != 0 {
			t.Fatal("the same is a change")
		}
	})
}

// What withholds a resource whole once counted only for the restriction that it
// carried itself, so that its going away changed an answer behind an ETag.
func TestChangedCountsWhatWithholdsTheWhole(t *testing.T) {
	before := expanded(t, `{"resourceType":"RiskAssessment","status":"active","implicitRules":"x","_implicitRules":{"extension":[{"url":"@restrict","valueCode":"third-party"}]}}`)
	after := expanded(t, `{"resourceType":"RiskAssessment","status":"active"}`)
	if changed := profiles.Changed(before, after); !changed.Has(profiles.Unlabelled) {
		t.Errorf("changed %s, and not what the label needs", changed)
	}
}

// A list without elements was no difference from no list, though a Consent whose
// provision is such a list is withheld.
func TestChangedSeesAnEmptyList(t *testing.T) {
	before := expanded(t, `{"resourceType":"Consent","status":"active","provision":[]}`)
	after := expanded(t, `{"resourceType":"Consent","status":"active"}`)
	if changed := profiles.Changed(before, after); !changed.Has(profiles.ConsentRecord) {
		t.Errorf("changed %s", changed)
	}
}
