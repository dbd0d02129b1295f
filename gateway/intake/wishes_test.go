package intake_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

type object = map[string]any

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

// withWishes is the Welsh plan with every field, with these wishes and no others.
func withWishes(t testing.TB, wishes ...any) object {
	t.Helper()
	text, err := os.ReadFile("../../mapping/ctp/testdata/plans/whole.json")
	if err != nil {
		t.Fatal(err)
	}
	var plan object
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	plan["directives"] = append([]any{}, wishes...)
	return plan
}

// breakElsewhere makes a plan that is refused for something far from its wishes.
func breakElsewhere(plan object) object {
	plan["made"] = "2026-02-30"
	return plan
}

var welshPlans = sync.OnceValues(ctp.New)

// plans is a source of Welsh plans.
func plans(t testing.TB) intake.Source {
	t.Helper()
	format, err := welshPlans()
	if err != nil {
		t.Fatal(err)
	}
	return intake.Source{Name: "welsh-ctp", Format: format, Grants: consent.On}
}

// extract is a file with a plan on each line.
func extract(t testing.TB, plans ...object) fstest.MapFS {
	t.Helper()
	var lines []string
	for _, plan := range plans {
		line, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return fstest.MapFS{"plans.ndjson": {Data: []byte(strings.Join(lines, "\n"))}}
}

// found is all that is kept of a type of everybody under an NHS number.
func (d *desk) found(number, typ string) []records.Visible {
	d.t.Helper()
	all := []records.Scope{{Person: d.person(number), Custodian: "7A4", Type: typ, Items: profiles.AllItems}}
	page, err := recordstest.Of(d.store).FindIn(context.Background(), all, records.Query{Count: 100})
	must(d.t, err)
	return page.Matches
}

// consents are the Consents kept of everybody under an NHS number, by id.
func (d *desk) consents(number string) map[string]fhir.Value {
	d.t.Helper()
	found := map[string]fhir.Value{}
	for _, v := range d.found(number, "Consent") {
		resource, err := fhir.ParseResource(v.Body)
		must(d.t, err)
		found[v.ID] = resource
	}
	return found
}

// reads are the wishes kept of somebody, as whoever decides reads them.
func (d *desk) reads(number string) string {
	d.t.Helper()
	var all []string
	for _, c := range d.consents(number) {
		read := facts.ReadDirective(c)
		all = append(all, read.Template.String()+" "+c.Get("status").Text())
		if read.Status == facts.Active && read.Recorded.IsZero() && read.Performer != "" {
			d.t.Errorf("it may be lifted by any grant that replaces it: %+v", read)
		}
		if profiles.Fatal(profiles.Check(c)) {
			d.t.Errorf("what was taken is not valid: %v", profiles.Check(c))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// wholesNumber is the NHS number of the plan with every field.
func wholesNumber(t testing.TB) string {
	t.Helper()
	number, _ := withWishes(t)["person"].(object)["nhsNumber"].(string)
	normal, _ := profiles.NHSNumber(number)
	return normal
}

// TestWhichWishesAreTaken is the whole table: what is recorded of a person who is
// known, and of whom nothing else was recorded or the same wish was given, after a
// refused plan said this of it. "" means that the plan's word waits.
func TestWhichWishesAreTaken(t *testing.T) {
	columns := []string{"given", "proposed", "refused", "withdrawn", "entered-in-error", "Given", ""}
	for template, want := range map[string][][2]string{ // in the place of nothing, of the same in force
		"T1": {{}, {}, {"T1 rejected", "T1 rejected"}, {"T1 inactive", "T1 inactive"}, {"", "T0 inactive"}, {}, {}},
		"T2": {{"T2 active", "T2 active"}, {}, {"T2 rejected", "T2 rejected"}, {}, {}, {"T0 active", "T0 active"}, {"T0 active", "T0 active"}},
		"T3": {{}, {}, {"T3 rejected", "T3 rejected"}, {"T3 inactive", "T0 inactive"}, {"", "T0 inactive"}, {}, {}},
		"T4": {{"T4 active", "T4 active"}, {}, {"T4 rejected", "T4 rejected"}, {}, {}, {"T0 active", "T0 active"}, {"T0 active", "T0 active"}},
		"T5": {{}, {}, {"T5 rejected", "T5 rejected"}, {"T5 inactive", "T5 inactive"}, {"", "T0 inactive"}, {}, {}},
		"T6": {{"T6 active", "T6 active"}, {}, {}, {}, {}, {"T0 active", "T0 active"}, {"T0 active", "T0 active"}},
		"T7": {{}, {}, {"T0 rejected"}, {"T0 inactive"}, {}, {}, {}},
		"":   {{}, {}, {"T0 rejected"}, {"T0 inactive"}, {}, {}, {}},
	} {
		known := []string{"nothing"}
		if strings.HasPrefix(template, "T") && template != "T7" {
			known = append(known, "the same, in force")
		}
		for i, status := range columns {
			for j, before := range known {
				d := openDesk(t)
				var recorded []any
				standing := ""
				if j == 1 {
					recorded, standing = []any{given("w1", template)}, template+" active"
				}
				if sum := d.bring(plans(t), extract(t, withWishes(t, recorded...))); sum.Stored != 1 {
					t.Fatalf("%+v", sum)
				}
				wish := given("w1", template)
				wish["status"], wish["recorded"] = status, "2026-02-01"
				refused := extract(t, breakElsewhere(withWishes(t, wish)))
				d.bring(plans(t), refused)
				if want[i][j] != "" {
					standing = want[i][j]
				}
				if reads := d.reads(wholesNumber(t)); reads != standing {
					t.Errorf("%s %q in the place of %s reads %q, want %q", template, status, before, reads, standing)
				}
				if sum := d.bring(plans(t), refused); sum.Resources != 0 {
					t.Errorf("%s %q in the place of %s: a second run writes %d versions", template, status, before, sum.Resources)
				}
			}
		}
	}
}

// TestMalformedWishesThatTakeAway: nothing that is wrong in the wish itself keeps it out.
func TestMalformedWishesThatTakeAway(t *testing.T) {
	const gone = "\x00gone"
	for name, c := range map[string]struct {
		template, status, member string
		value                    any
		want                     string // beside a T1 that names it, where it is a T1
	}{
		"an unknown member":                  {"T2", "given", "purpose", "ETREAT", "T2 active"},
		"a T2 to somebody":                   {"T2", "given", "recipients", []any{object{"organisation": "W99001"}}, "T2 active"},
		"a T2 with no such last day":         {"T2", "given", "until", "2026-02-30", "T2 active"},
		"a T2 in place of a T4":              {"T2", "given", "replaces", "w0", "T0 active"},
		"a T4 without a giver":               {"T4", "given", "givenBy", gone, "T4 active"},
		"a T4 on no day":                     {"T4", "given", "recorded", "2026-02-30", "T0 active"},
		"a T6 of an unknown item":            {"T6", "given", "items", []any{"plan.crisis", "plan.all"}, "T0 active"},
		"a T6 of nothing":                    {"T6", "given", "items", gone, "T0 active"},
		"a T6 to somebody unreadable":        {"T6", "given", "recipients", []any{"LA9A1"}, "T0 active"},
		"a withdrawal without form":          {"T1", "withdrawn", "form", gone, "T1 inactive"},
		"a withdrawal spoken to nobody":      {"T1", "withdrawn", "spoken", object{"date": "yesterday"}, "T1 inactive"},
		"a withdrawal on no day":             {"T1", "withdrawn", "recorded", "2026-02-30", "T0 inactive"},
		"a withdrawal from nobody":           {"T1", "withdrawn", "recipients", gone, "T0 inactive"},
		"a withdrawal from somebody unknown": {"T1", "withdrawn", "recipients", []any{object{"organisation": "W99001", "purposes": []any{"COC"}}, object{"carer": "x"}}, "T0 inactive"},
		"a withdrawal for no purpose":        {"T1", "withdrawn", "recipients", []any{object{"organisation": "W99001"}}, "T0 inactive"},
		"a key that is a number":             {"T2", "given", "key", 7, "T1 active, T2 active"},
		"no key":                             {"T2", "given", "key", gone, "T1 active"},
		"a key too long":                     {"T2", "given", "key", strings.Repeat("k", 65), "T1 active"},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			d.bring(plans(t), extract(t, withWishes(t, given("w1", "T1"))))
			wish := given("w1", c.template)
			wish["status"] = c.status
			if wish[c.member] = c.value; c.value == gone {
				delete(wish, c.member)
			}
			sum := d.bring(plans(t), extract(t, breakElsewhere(withWishes(t, wish))))
			if reads := d.reads(wholesNumber(t)); reads != c.want || sum.Quarantined != 1 {
				t.Errorf("reads %q, want %q; %+v", reads, c.want, sum)
			}
		})
	}
}

// TestTheReasonSaysWhatIsTakenAllTheSame and of a plan that only grants, nothing.
// A refusal that is recorded with a date in the future is not replaced by a grant of today.
// An older word of the same wish took its place, as it was, and the grant was older no more.
func TestAnOlderRefusalLetsNoGrantReplaceIt(t *testing.T) {
	d := openDesk(t)
	wish := func(key, template, recorded, replaces string) object {
		w := given(key, template)
		w["recorded"], w["replaces"] = recorded, replaces
		if replaces == "" {
			delete(w, "replaces")
		}
		return w
	}
	d.bring(plans(t), extract(t, withWishes(t, wish("w1", "T2", "2099-01-01", ""), wish("w2", "T1", "2026-03-01", "w1"))))
	shownTo := func() []profiles.ItemSet {
		return shown(liveAgreement(t), consent.DefaultPolicy(), d.consents(wholesNumber(t)))
	}
	was := shownTo()
	for range 2 { // the second time what is recorded is the older word
		d.bring(plans(t), extract(t, breakElsewhere(withWishes(t, wish("w1", "T2", "2026-01-01", "")))))
		for i, is := range shownTo() {
			if !was[i].Covers(is) {
				t.Errorf("asker %d is shown %v more", i, is.Minus(was[i]))
			}
		}
	}
}

func TestTheReasonSaysWhatIsTakenAllTheSame(t *testing.T) {
	for template, want := range map[string]bool{"T1": false, "T2": true} {
		d := openDesk(t)
		d.bring(plans(t), extract(t, breakElsewhere(withWishes(t, given("w1", template)))))
		said := 0
		for _, faults := range d.faults() {
			for _, f := range faults {
				if said++; strings.Contains(f.Reason, "taken all the same") != want {
					t.Errorf("%s: %q", template, f.Reason)
				}
			}
		}
		if said == 0 {
			t.Errorf("%s: nothing was set aside", template)
		}
	}
}

// TestTwoWordsOfOneWish: the word that takes away stands unless a sound plan's is later.
func TestTwoWordsOfOneWish(t *testing.T) {
	told := func(template, status, recorded string) object {
		w := given("w1", template)
		w["status"], w["recorded"] = status, recorded
		return w
	}
	plan := func(id, status string, broken bool, wish object) object {
		p := withWishes(t, wish)
		if p["id"], p["status"] = id, status; broken {
			breakElsewhere(p)
		}
		return p
	}
	for name, c := range map[string]struct {
		plans []object
		want  string
	}{
		"a refused draft withdraws later":           {[]object{plan("1", "active", false, told("T1", "given", "2026-01-01")), plan("2", "draft", true, told("T1", "withdrawn", "2026-02-01"))}, "T1 inactive"},
		"the withdrawal stands before the grant":    {[]object{plan("2", "draft", true, told("T1", "withdrawn", "2026-02-01")), plan("1", "active", false, told("T1", "given", "2026-01-01"))}, "T1 inactive"},
		"on the same day":                           {[]object{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "given", "2026-01-01"))}, "T1 inactive"},
		"the sound plan grants again":               {[]object{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "given", "2026-02-01"))}, "T1 active"},
		"the sound plan grants in the future":       {[]object{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "given", "2099-01-01"))}, "T1 inactive"},
		"both withdraw alike":                       {[]object{plan("2", "draft", true, told("T1", "withdrawn", "2026-01-01")), plan("1", "active", false, told("T1", "withdrawn", "2026-01-01"))}, "T1 inactive"},
		"a sound draft that differs (CTP-042)":      {[]object{plan("1", "active", false, told("T1", "given", "2026-01-01")), plan("2", "draft", false, told("T1", "withdrawn", "2026-02-01"))}, "T1 inactive"},
		"two refused plans that differ in the wish": {[]object{plan("0", "active", false, told("T1", "given", "2026-01-01")), plan("1", "draft", true, told("T2", "given", "2026-01-01")), plan("2", "draft", true, told("T4", "given", "2026-01-01"))}, "T4 active"},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			d.bring(plans(t), extract(t, c.plans...))
			if reads := d.reads(wholesNumber(t)); reads != c.want {
				t.Errorf("reads %q, want %q", reads, c.want)
			}
		})
	}
}

// The Consents of every format are kept from being lost: here one that came twice.
func TestAWithdrawalThatComesAsADuplicateIsTaken(t *testing.T) {
	d := openDesk(t)
	source := bundles(t, "clinic")
	source.Grants = consent.On
	d.bring(source, collection(patient("a", ann), shareWith("c", "a", "active"), shareWith("c", "a", "inactive")))
	if reads := d.reads(ann); reads != "T1 inactive" {
		t.Errorf("reads %q", reads)
	}
}

// shareWith is a T1 that lets a council have the plan.
func shareWith(id, patient, status string) string {
	return `{"resourceType":"Consent","id":"` + id + `","status":"` + status + `","scope":{"coding":[{"system":"` + profiles.SystemConsentScope + `","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/` + patient + `"},"dateTime":"2026-01-01",
		"provision":{"type":"deny","provision":[{"type":"permit","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},
		"reference":{"identifier":{"system":"` + profiles.SystemODS + `","value":"LA9A1"}}}],"purpose":[{"system":"` + profiles.SystemActReason + `","code":"COC"}]}]}}`
}
