package ctp_test

import (
	"slices"
	"strings"
	"testing"

	"cpagateway/consent/facts"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// takesAway reports whether resources are such as a refused plan may give: Consents
// that account for nothing, each read as no grant in force and as no refusal lifted.
func takesAway(made []mapping.Resource) bool {
	for _, r := range made {
		value, err := fhir.ParseResource(r.Body)
		if err != nil || r.Type != "Consent" || r.Records != 0 || r.Person == "" || profiles.Fatal(profiles.Check(value)) {
			return false
		}
		d := facts.ReadDirective(value)
		grants := d.Template == facts.SharePlan || d.Template == facts.CrisisOnly || d.Template == facts.CarerCopy
		switch d.Status {
		case facts.Active:
			if grants {
				return false
			}
		case facts.Withdrawn:
			if !grants && d.Template != facts.Uninterpretable {
				return false
			}
		case facts.Rejected:
			if d.Template == facts.ExcludeItem {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// given is a sound wish of a template, in force.
func given(key, template string) object {
	w := object{"key": key, "template": template, "status": "given", "recorded": "2026-01-01T09:00:00Z", "givenBy": "person", "form": "x", "leaflet": "1"}
	switch template {
	case "T1":
		w["recipients"] = []any{
			object{"organisation": "W99001", "purposes": []any{"COC"}},
			object{"organisation": "LA9A1", "team": "adult-mh", "purposes": []any{"COC"}},
			object{"organisation": "7A4", "team": "crht", "purposes": []any{"ETREAT"}},
		}
	case "T5":
		w["recipients"], w["items"] = []any{object{"carer": "chwaer"}}, []any{"plan.crisis"}
	case "T6":
		w["items"] = []any{"plan.crisis", "plan.summary"}
	}
	return w
}

// withWishes is the whole plan with other wishes.
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

// consents are what a reader gave out as Consents, by id, over what was there before.
func consents(before map[string]fhir.Value, made []mapping.Resource) map[string]fhir.Value {
	after := map[string]fhir.Value{}
	for id, value := range before {
		after[id] = value
	}
	for _, r := range made {
		if r.Type == "Consent" {
			after[r.ID], _ = fhir.ParseResource(r.Body)
		}
	}
	return after
}

// onlyOne is the one Consent of a map, as it is read.
func onlyOne(t *testing.T, all map[string]fhir.Value) facts.Directive {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d wishes, want one", len(all))
	}
	for _, value := range all {
		return facts.ReadDirective(value)
	}
	return facts.Directive{}
}

// TestRefusedPlanTookAWithdrawalWithIt: a plan gave a T1; the next one withdraws it,
// and is broken in another place. The grant must not outlive that.
func TestRefusedPlanTookAWithdrawalWithIt(t *testing.T) {
	f := format(t)
	before := consents(nil, readText(t, f, "a.json", write(t, withWishes(t, given("w1", "T1")))).resources)
	if d := onlyOne(t, before); d.Status != facts.Active {
		t.Fatalf("no grant to begin with: %+v", d)
	}
	wish := given("w1", "T1")
	wish["status"], wish["recorded"] = "withdrawn", "2026-02-01"
	sound := withWishes(t, wish)
	got := readText(t, f, "a.json", write(t, breakElsewhere(sound)))
	if got.report.Read != 1 || got.report.Refused != 1 || got.report.Taken != 0 || !takesAway(got.resources) {
		t.Fatalf("%+v with %+v", got.report, got.resources)
	}
	if d := onlyOne(t, consents(before, got.resources)); d.Status != facts.Withdrawn || d.Template != facts.SharePlan {
		t.Errorf("what is stored then reads %+v", d)
	}
	if reason := got.refusals()[0].Reason; !strings.Contains(reason, "are taken all the same") {
		t.Errorf("the reason %q does not say so", reason)
	}
	if fragment := got.resources[0].Fragment(); string(fragment) != string(got.refusals()[0].Raw) {
		t.Errorf("the fragment is not the plan")
	}
	mended := readText(t, f, "a.json", strings.Replace(write(t, sound), "2026-02-30", "2026-03-02", 1))
	i := slices.IndexFunc(mended.resources, func(r mapping.Resource) bool { return r.Type == "Consent" })
	if i < 0 || string(mended.resources[i].Body) != string(got.resources[0].Body) || mended.resources[i].ID != got.resources[0].ID {
		t.Error("the mended plan would store it anew")
	}
}

// TestWhichWishesAreTaken is the whole table: what a stored Consent reads as after a
// refused plan said this of it. "" means that the plan's word waits.
func TestWhichWishesAreTaken(t *testing.T) {
	f := format(t)
	columns := []string{"given", "proposed", "refused", "withdrawn", "entered-in-error", "Given", ""}
	for template, want := range map[string][]string{
		"T1": {"", "", "T1 rejected", "T1 inactive", "T1 inactive", "", ""},
		"T2": {"T2 active", "", "T2 rejected", "", "", "T2 active", "T2 active"},
		"T3": {"", "", "T3 rejected", "T0 inactive", "T0 inactive", "", ""},
		"T4": {"T4 active", "", "T4 rejected", "", "", "T4 active", "T4 active"},
		"T5": {"", "", "T5 rejected", "T5 inactive", "T5 inactive", "", ""},
		"T6": {"T6 active", "", "", "", "", "T6 active", "T6 active"},
		"T7": {"", "", "T0 inactive", "T0 inactive", "", "", ""},
		"":   {"", "", "T0 inactive", "T0 inactive", "", "", ""},
	} {
		for i, status := range columns {
			wish := given("w1", template)
			wish["status"] = status
			got := readText(t, f, "a.json", write(t, breakElsewhere(withWishes(t, wish))))
			var reads string
			if len(got.resources) > 0 {
				value, _ := fhir.ParseResource(got.resources[0].Body)
				reads = facts.ReadDirective(value).Template.String() + " " + value.Get("status").Text()
			}
			if reads != want[i] || !takesAway(got.resources) || got.report.Refused != 1 {
				t.Errorf("%s %s reads %q, want %q", template, status, reads, want[i])
			}
			if says := strings.Contains(got.refusals()[0].Reason, "all the same"); says != (want[i] != "") {
				t.Errorf("%s %s: the reason says that wishes are taken: %v", template, status, says)
			}
		}
	}
}

// TestMalformedWishesThatTakeAway: nothing that is wrong in the wish itself keeps it out.
func TestMalformedWishesThatTakeAway(t *testing.T) {
	f := format(t)
	const gone = "\x00gone"
	for name, c := range map[string]struct {
		template, status, member string
		value                    any
		want                     string // "" for a wish that cannot be taken
	}{
		"an unknown member":                  {"T2", "given", "purpose", "ETREAT", "T2 active"},
		"a T2 to somebody":                   {"T2", "given", "recipients", []any{object{"organisation": "W99001"}}, "T2 active"},
		"a T2 that ended by mistake":         {"T2", "given", "until", "2001-01-01", "T2 active"},
		"a T2 with no such last day":         {"T2", "given", "until", "2026-02-30", "T2 active"},
		"a T2 in place of a T4":              {"T2", "given", "replaces", "w0", "T2 active"},
		"a T4 without a giver":               {"T4", "given", "givenBy", gone, "T4 active"},
		"a T6 of an unknown item":            {"T6", "given", "items", []any{"plan.crisis", "plan.all"}, "T0 active"},
		"a T6 of nothing":                    {"T6", "given", "items", gone, "T0 active"},
		"a T6 to somebody unreadable":        {"T6", "given", "recipients", []any{"LA9A1"}, "T0 active"},
		"a withdrawal without form":          {"T1", "withdrawn", "form", gone, "T1 inactive"},
		"a withdrawal spoken to nobody":      {"T1", "withdrawn", "spoken", object{"date": "yesterday"}, "T1 inactive"},
		"a withdrawal on no day":             {"T1", "withdrawn", "recorded", "2026-02-30", "T1 inactive"},
		"a withdrawal without a day":         {"T1", "withdrawn", "recorded", gone, "T1 inactive"},
		"a withdrawal from nobody":           {"T1", "withdrawn", "recipients", gone, "T0 inactive"},
		"a withdrawal from somebody unknown": {"T1", "withdrawn", "recipients", []any{object{"organisation": "W99001", "purposes": []any{"COC"}}, object{"carer": "x"}}, "T0 inactive"},
		"a withdrawal for no purpose":        {"T1", "withdrawn", "recipients", []any{object{"organisation": "W99001"}}, "T0 inactive"},
		"a key that is a number":             {"T2", "given", "key", 7, "T2 active"},
		"no key":                             {"T2", "given", "key", gone, ""},
		"a key with blanks":                  {"T2", "given", "key", " w1", ""},
		"a key too long":                     {"T2", "given", "key", strings.Repeat("k", 65), ""},
	} {
		t.Run(name, func(t *testing.T) {
			wish := given("w1", c.template)
			wish["status"] = c.status
			if wish[c.member] = c.value; c.value == gone {
				delete(wish, c.member)
			}
			got := readText(t, f, "a.json", write(t, breakElsewhere(withWishes(t, wish))))
			if !takesAway(got.resources) || got.report.Refused != 1 || len(got.resources) > 1 {
				t.Fatalf("%+v gave %d resources", got.report, len(got.resources))
			}
			var reads string
			for _, d := range consents(nil, got.resources) {
				read := facts.ReadDirective(d)
				reads = read.Template.String() + " " + d.Get("status").Text()
				if read.Status == facts.Active && (read.PolicyURI != "" || !read.Until.IsZero()) || read.Recorded.IsZero() && read.Performer != "" {
					t.Errorf("it may lift another refusal, or be lifted: %+v", read)
				}
			}
			if reads != c.want {
				t.Errorf("reads %q, want %q", reads, c.want)
			}
		})
	}
}

// TestPlansOfWhichTheWishesAreTaken: what else may be wrong in the plan.
func TestPlansOfWhichTheWishesAreTaken(t *testing.T) {
	f := format(t)
	withdrawal := given("w1", "T1")
	withdrawal["status"] = "withdrawn"
	for name, c := range map[string]struct {
		spoil func(plan object)
		taken int
	}{
		"a text that is a number":          {func(p object) { p["language"] = 7 }, 1},
		"a key of the person as a number":  {func(p object) { p["person"].(object)["key"] = 100 }, 1},
		"an NHS number of nine digits":     {func(p object) { p["person"].(object)["nhsNumber"] = "999000001" }, 1},
		"a person without a name":          {func(p object) { delete(p["person"].(object), "name") }, 1},
		"hardly anything else":             {func(p object) { delete(p, "outcomes"); delete(p, "episode"); delete(p, "id") }, 1},
		"a plan that is over":              {func(p object) { p["status"] = "ended" }, 1},
		"a period that ends before it has": {func(p object) { p["episode"].(object)["end"] = "2001-01-01" }, 1},
		"the same wish twice":              {func(p object) { p["directives"] = []any{withdrawal, withdrawal} }, 1},
		"one key, a grant and its end":     {func(p object) { p["directives"] = []any{given("w1", "T1"), withdrawal} }, 1},
		"no key of the person":             {func(p object) { p["person"] = object{} }, 0},
		"no provider":                      {func(p object) { delete(p, "provider") }, 0},
		"wishes that are no list of them":  {func(p object) { p["directives"] = []any{"T2", nil, 7, []any{}} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			plan := withWishes(t, withdrawal)
			c.spoil(plan)
			got := readText(t, f, "a.json", write(t, plan))
			if got.report.Refused != 1 || len(got.resources) != c.taken || !takesAway(got.resources) {
				t.Errorf("%+v gave %d resources, want %d", got.report, len(got.resources), c.taken)
			}
		})
	}
	if got := readText(t, f, "a.json", write(t, withWishes(t, withdrawal))[1:]); len(got.resources) != 0 || got.report.Refused != 1 {
		t.Errorf("of what is no JSON something was taken: %+v", got.report)
	}
}

// TestTwoWordsOfOneWish: what an extract says twice is given once, and the word that
// takes away stands unless a sound plan's is later.
func TestTwoWordsOfOneWish(t *testing.T) {
	f := format(t)
	told := func(template, status, recorded string) object {
		w := given("w1", template)
		w["status"], w["recorded"] = status, recorded
		return w
	}
	plan := func(id, status string, broken bool, wish object) string {
		p := withWishes(t, wish)
		if p["id"], p["status"] = id, status; broken {
			breakElsewhere(p)
		}
		return write(t, p)
	}
	for name, c := range map[string]struct {
		texts []string
		want  string // of the last Consent given out
		given int    // how many there are
	}{
		"a refused draft withdraws later":           {[]string{plan("1", "active", false, told("T1", "given", "2026-01-01")), plan("2", "draft", true, told("T1", "withdrawn", "2026-02-01"))}, "T1 inactive", 2},
		"the withdrawal stands before the grant":    {[]string{plan("2", "draft", true, told("T1", "withdrawn", "2026-02-01")), plan("1", "active", false, told("T1", "given", "2026-01-01"))}, "T1 inactive", 2},
		"on the same day":                           {[]string{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "given", "2026-01-01"))}, "T1 inactive", 2},
		"the sound plan grants again":               {[]string{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "given", "2026-02-01"))}, "T1 active", 1},
		"both withdraw alike":                       {[]string{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "withdrawn", "2026-01-01"))}, "T1 inactive", 1},
		"a sound draft that differs (CTP-042)":      {[]string{plan("1", "active", false, told("T1", "given", "2026-01-01")), plan("2", "draft", false, told("T1", "withdrawn", "2026-02-01"))}, "T1 inactive", 2},
		"two refused plans that differ in the wish": {[]string{plan("1", "active", true, told("T2", "given", "2026-01-01")), plan("2", "active", true, told("T4", "given", "2026-01-01"))}, "T0 active", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, f, "a.ndjson", strings.Join(c.texts, "\n"))
			var reads []string
			for _, r := range got.resources {
				if r.Type == "Consent" {
					value, _ := fhir.ParseResource(r.Body)
					reads = append(reads, facts.ReadDirective(value).Template.String()+" "+value.Get("status").Text())
				}
			}
			if len(reads) != c.given || reads[len(reads)-1] != c.want {
				t.Errorf("given out %v, want %d, the last %s", reads, c.given, c.want)
			}
		})
	}
}
