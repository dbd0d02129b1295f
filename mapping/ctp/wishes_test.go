package ctp_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// withWishes is the whole plan with these wishes and no others.
func withWishes(t testing.TB, wishes ...any) object {
	t.Helper()
	plan := whole(t)
	plan["directives"] = append([]any{}, wishes...)
	return plan
}

// breakElsewhere makes a plan that the schema refuses in a place far from its wishes.
func breakElsewhere(plan object) object {
	plan["made"] = "2026-02-30"
	return plan
}

// TestARefusedPlanHandsItsConsentsOn: each as the mended plan would make it, with the
// plan to feed in again, and accounting for nothing.
func TestARefusedPlanHandsItsConsentsOn(t *testing.T) {
	f := format(t)
	plan := whole(t)
	sound := readText(t, f, "a.json", write(t, plan))
	want := slices.DeleteFunc(sound.resources, func(r mapping.Resource) bool { return r.Type != "Consent" })
	got := readText(t, f, "a.json", write(t, breakElsewhere(plan)))
	if len(want) == 0 || len(got.consents) != len(want) || len(got.resources) != 0 || got.report.Refused != 1 {
		t.Fatalf("%d Consents of %d: %+v", len(got.consents), len(want), got.report)
	}
	for i, c := range got.consents {
		if string(c.Body) != string(want[i].Body) || c.ID != want[i].ID || c.Key != want[i].Key || c.Person != want[i].Person {
			t.Errorf("the mended plan would make another Consent:\n%s\n%s", c.Body, want[i].Body)
		}
		if c.Records != 0 || string(c.Fragment()) != string(got.refusals()[0].Raw) {
			t.Errorf("it accounts for %d records, or its fragment is not the plan", c.Records)
		}
	}
}

// TestWhatCannotBeReadOfAWishIsLeftOut: and the rest of it is handed on.
func TestWhatCannotBeReadOfAWishIsLeftOut(t *testing.T) {
	f := format(t)
	const gone = "\x00gone"
	for name, c := range map[string]struct {
		member string
		value  any
		absent string // path that the Consent lacks then
		handed int
	}{
		"a status that is none":       {"status", "Given", "status", 1},
		"no status":                   {"status", gone, "status", 1},
		"a day that is none":          {"recorded", "2026-02-30", "dateTime", 1},
		"an end that is none":         {"until", "2026-02-30", "provision.period", 1},
		"evidence that is none":       {"spoken", object{"date": "yesterday"}, "extension.extension.valueDateTime", 1},
		"an unknown member":           {"purpose", "ETREAT", "provision.purpose", 1},
		"a template that is none":     {"template", "T7", "provision", 1},
		"no template":                 {"template", gone, "provision", 1},
		"a key that is a number":      {"key", 7, "x", 1},
		"a key with blanks around it": {"key", " w1", "x", 1},
		"a key of 64 strokes":         {"key", strings.Repeat("|", 64), "x", 1},
		"a key too long":              {"key", strings.Repeat("k", 65), "", 0},
		"no key":                      {"key", gone, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			wish := object{"key": "w1", "template": "T2", "status": "given", "recorded": "2026-01-01", "givenBy": "person"}
			if wish[c.member] = c.value; c.value == gone {
				delete(wish, c.member)
			}
			got := readText(t, f, "a.json", write(t, breakElsewhere(withWishes(t, wish))))
			if len(got.consents) != c.handed || got.report.Refused != 1 {
				t.Fatalf("%d Consents, want %d: %+v", len(got.consents), c.handed, got.report)
			}
			for _, r := range got.consents {
				value, err := fhir.ParseResource(r.Body)
				if err != nil || value.Find(strings.Split(c.absent, ".")...).Exists() {
					t.Errorf("%s says %s (%v)", r.Body, c.absent, err)
				}
			}
		})
	}
}

// A T1 whose recipients cannot be read looked like a T2, which refuses.
func TestAGrantToNobodyIsNotMadeARefusal(t *testing.T) {
	f := format(t)
	for _, template := range []string{"T1", "T5"} {
		got := readText(t, f, "a.json", write(t, breakElsewhere(withWishes(t, object{"key": "w1", "template": template, "status": "given"}))))
		if len(got.consents) != 1 {
			t.Fatalf("%s: %d Consents", template, len(got.consents))
		}
		value, err := fhir.ParseResource(got.consents[0].Body)
		if err != nil || !value.Find("provision", "provision", "type").Is("permit") {
			t.Errorf("%s: %s", template, got.consents[0].Body)
		}
	}
}

// TestPlansThatHandTheirConsentsOn: what else may be wrong in the plan.
func TestPlansThatHandTheirConsentsOn(t *testing.T) {
	f := format(t)
	withdrawal := object{"key": "w1", "template": "T1", "status": "withdrawn", "recorded": "2026-02-01"}
	for name, c := range map[string]struct {
		spoil  func(plan object)
		handed int
	}{
		"a text that is a number":          {func(p object) { p["language"] = 7 }, 1},
		"a key of the person as a number":  {func(p object) { p["person"].(object)["key"] = 100 }, 1},
		"an NHS number of nine digits":     {func(p object) { p["person"].(object)["nhsNumber"] = "999000001" }, 1},
		"a person without a name":          {func(p object) { delete(p["person"].(object), "name") }, 1},
		"hardly anything else":             {func(p object) { delete(p, "outcomes"); delete(p, "episode"); delete(p, "id") }, 1},
		"a plan that is over":              {func(p object) { p["status"] = "ended" }, 1},
		"a period that ends before it has": {func(p object) { p["episode"].(object)["end"] = "2001-01-01" }, 1},
		"the same wish twice":              {func(p object) { p["directives"] = []any{withdrawal, withdrawal} }, 2},
		"no key of the person":             {func(p object) { p["person"] = object{} }, 0},
		"no provider":                      {func(p object) { delete(p, "provider") }, 0},
		"wishes that are no list of them":  {func(p object) { p["directives"] = []any{"T2", nil, 7, []any{}} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			plan := withWishes(t, withdrawal)
			c.spoil(plan)
			got := readText(t, f, "a.json", write(t, plan))
			if got.report.Refused != 1 || len(got.consents) != c.handed || len(got.resources) != 0 {
				t.Errorf("%+v handed %d Consents on, want %d", got.report, len(got.consents), c.handed)
			}
		})
	}
	if got := readText(t, f, "a.json", write(t, withWishes(t, withdrawal))[1:]); len(got.consents) != 0 || got.report.Refused != 1 {
		t.Errorf("of what is no JSON something was handed on: %+v", got.report)
	}
}

// TestTheDecisionOnThePageShowsItsAuthority: the example of docs/welsh-plan.md is taken
// as it stands there, without a warning.
func TestTheDecisionOnThePageShowsItsAuthority(t *testing.T) {
	_, page, _ := strings.Cut(file(t, "../../docs/welsh-plan.md"), "```json\n")
	text, _, _ := strings.Cut(page, "```")
	var wish object
	if err := json.Unmarshal([]byte(text), &wish); err != nil || wish["decidedFor"] == nil {
		t.Fatalf("%v: %s", err, text)
	}
	got := readText(t, format(t), "a.json", write(t, withWishes(t, wish)))
	if got.report.Taken != 1 || len(got.faults) > 0 || len(got.report.LeftBehind) > 0 {
		t.Errorf("%+v, %+v", got.report, got.faults)
	}
}

// A decision for the person under the key of what they had refused took its place, and the refusal was gone.
func TestADecisionTakesNoWishesPlace(t *testing.T) {
	f := format(t)
	id := func(wish object) string {
		for _, r := range readText(t, f, "a.json", write(t, withWishes(t, wish))).resources {
			if r.Type == "Consent" {
				return r.ID
			}
		}
		t.Fatalf("no Consent of %v", wish)
		return ""
	}
	refusal := object{"key": "sharing", "template": "T2", "status": "given", "recorded": "2026-01-01", "givenBy": "person"}
	decision := func(status string) object {
		return object{"key": "sharing", "template": "T1", "status": status, "recorded": "2026-03-03", "givenBy": "representative", "representative": "Nia Prawf", "form": "x", "leaflet": "1",
			"decidedFor": object{"authority": "welfare-attorney", "assessed": "2026-03-02", "assessor": "S-1", "reference": "7000"},
			"recipients": []any{object{"organisation": "LA9A1", "team": "adult-mh", "purposes": []any{"COC"}}}}
	}
	if id(decision("given")) == id(refusal) || id(decision("given")) != id(decision("withdrawn")) {
		t.Error("a decision has the id of a wish, or another one when it is withdrawn")
	}
}
