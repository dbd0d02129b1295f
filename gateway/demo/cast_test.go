package demo_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/demo"
	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// household is what the cast's plans make, by NHS number.
type household struct {
	t       *testing.T
	byKey   map[string][]fhir.Value // the person's key -> their resources
	keys    map[string]string       // NHS number -> the person's key
	faults  []mapping.Fault
	report  mapping.Report
	records int
}

func (h *household) Take(made []mapping.Resource) error {
	for _, m := range made {
		value, err := fhir.ParseResource(m.Body)
		if err != nil {
			return err
		}
		h.records += m.Records
		h.byKey[m.Person] = append(h.byKey[m.Person], value)
		if m.Type == "Patient" {
			h.keys[value.Find("identifier", "value").Text()] = m.Person
		}
	}
	return nil
}

func (h *household) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	h.faults = append(h.faults, faults...)
	return nil
}

// bringIn maps the cast as the importer would, at an instant.
func bringIn(t *testing.T, now time.Time) *household {
	t.Helper()
	format, err := ctp.New()
	if err != nil {
		t.Fatal(err)
	}
	h := &household{t: t, byKey: map[string][]fhir.Value{}, keys: map[string]string{}}
	env := mapping.Env{Source: "welsh-ctp", Custodian: "7A4", ID: func(typ, key string) string {
		sum := sha256.Sum256([]byte(typ + "\x00" + key))
		return hex.EncodeToString(sum[:8])
	}}
	for _, extract := range demo.Extracts(now) {
		if extract.Source != "welsh-ctp" {
			continue
		}
		if h.report, err = format.Read(context.Background(), extract.Files, env, h); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// person gathers what is known of somebody; nobody where the number is unknown.
func (h *household) person(number string) facts.Person {
	key, ok := h.keys[number]
	if !ok {
		return facts.Person{}
	}
	var compiled []facts.Compiled
	for _, resource := range h.byKey[key] {
		compiled = append(compiled, facts.Compile("7A4", resource))
	}
	return facts.Compose(profiles.PersonID(key), "7A4", 1, facts.IdentityState{}, compiled, nil)
}

func register(t *testing.T) *agreements.Register {
	t.Helper()
	r, err := agreements.Load(demo.Agreements())
	if err != nil {
		t.Fatalf("loading the agreements: %v", err)
	}
	return r
}

// caller is one of the demo's callers with their own purpose.
func caller(t *testing.T, name string) consent.Caller {
	t.Helper()
	for _, c := range demo.Callers {
		if c.Name == name {
			everything := []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}}
			return consent.Caller{Client: c.Client, Organisation: c.Organisation, Team: c.Team, Person: c.Person, Role: c.Role, Purpose: c.Purposes[0], Scopes: everything}
		}
	}
	t.Fatalf("the demo has no caller %s", name)
	return consent.Caller{}
}

func decide(h *household, r *agreements.Register, c consent.Caller, number string, now time.Time) consent.Decision {
	person := h.person(number)
	return consent.Decide(consent.Request{
		Caller: c, Action: consent.Read, Type: "CarePlan", Wanted: profiles.ItemsOfType("CarePlan"),
		At: now, Register: r, Policy: consent.DefaultPolicy(), Person: &person, Source: "7A4",
	})
}

// times are days on which the demo must answer alike: in the year it was made, at
// the turn of a year, on a leap day, and years from now.
var times = []time.Time{
	time.Date(2026, 7, 31, 23, 30, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 5, 0, 0, time.UTC),
	time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC), time.Date(2035, 10, 1, 9, 0, 0, 0, time.UTC),
}

// TestCast is the first acceptance table: who gets what of whom.
func TestCast(t *testing.T) {
	callers := []string{"gp", "ooh", "social-care", "social-care-b", "ooh-unlisted", "cmht"}
	table := map[string][]consent.Outcome{
		"9990000018": {consent.Permit, consent.Slice, consent.Permit, consent.Deny, consent.Deny, consent.Permit}, // Ann
		"9990000026": {consent.Deny, consent.Slice, consent.Deny, consent.Deny, consent.Deny, consent.Permit},     // Bryn
		"9990000034": {consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Permit},      // Carys
		"9990000042": {consent.Deny, consent.Slice, consent.Deny, consent.Deny, consent.Deny, consent.Permit},     // Dewi
		"9990000050": {consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Permit},      // Elin
		"9990000069": {consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Permit},      // Ffion
		"9990000077": {consent.Deny, consent.Slice, consent.Deny, consent.Deny, consent.Deny, consent.Permit},     // Gwyn
		"9990000085": {consent.Deny, consent.Slice, consent.Permit, consent.Deny, consent.Deny, consent.Permit},   // Huw
		"9990000093": {consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Deny, consent.Deny},        // nobody
	}
	r := register(t)
	for _, now := range times {
		h := bringIn(t, now)
		if len(h.keys) != 8 {
			t.Fatalf("%d people were brought in, want eight", len(h.keys))
		}
		for number, row := range table {
			for i, name := range callers {
				d := decide(h, r, caller(t, name), number, now)
				if d.Outcome() != row[i] {
					t.Errorf("%s, %s asks for %s: %v because of %+v, want %v", now.Format(time.DateOnly), name, number, d.Outcome(), d.Deciding(), row[i])
				}
			}
		}
	}
}

// TestWhoOfTheCastWrites: the council's system changes parts of Ann's plan, the care
// coordinator all of it, and nobody else anything.
func TestWhoOfTheCastWrites(t *testing.T) {
	now := times[0]
	h, r := bringIn(t, now), register(t)
	areas := profiles.SetOf(profiles.AreaAccommodation, profiles.AreaWork)
	for _, c := range []struct {
		name, number string
		out          consent.Outcome
		items        profiles.ItemSet
	}{
		{"social-care", "9990000018", consent.Permit, areas},
		{"cmht", "9990000018", consent.Permit, profiles.AllItems},
		{"social-care", "9990000026", consent.Deny, profiles.ItemSet{}}, // Bryn
		{"gp", "9990000018", consent.Deny, profiles.ItemSet{}},
		{"ooh", "9990000018", consent.Deny, profiles.ItemSet{}},
		{"social-care-b", "9990000018", consent.Deny, profiles.ItemSet{}},
		{"ig-lead", "9990000018", consent.Deny, profiles.ItemSet{}},
	} {
		person, asks := h.person(c.number), caller(t, c.name)
		asks.Scopes[0].Update = true
		d := consent.Decide(consent.Request{
			Caller: asks, Action: consent.Update, Type: "CarePlan", At: now, Register: r, Policy: consent.DefaultPolicy(),
		}.For("7A4", &person))
		if d.Outcome() != c.out || d.Items() != c.items || d.Custodial() != (c.name == "cmht") {
			t.Errorf("%s of %s: %s of %s by %+v", c.name, c.number, d.Outcome(), d.Items(), d.Deciding())
		}
	}
}

func TestWhatTheCastReleases(t *testing.T) {
	now := times[0]
	h, r := bringIn(t, now), register(t)
	ann := "9990000018"
	gp := decide(h, r, caller(t, "gp"), ann, now)
	for _, item := range []profiles.Item{profiles.PlanCrisis, profiles.PlanContingency, profiles.PlanFreshness, profiles.CrisisContacts, profiles.TeamCoordinator} {
		if !gp.Items().Has(item) {
			t.Errorf("the practice is not granted %v of Ann", item)
		}
	}
	council := decide(h, r, caller(t, "social-care"), ann, now)
	if want := profiles.Areas.Minus(profiles.SetOf(profiles.AreaFinance)); council.Items().Intersect(profiles.Areas) != want {
		t.Errorf("the council is granted %v of Ann, want the areas without finance", council.Items())
	}
	if council.Items().Has(profiles.PlanCrisis) || !council.Withheld().Has(profiles.AreaFinance) {
		t.Errorf("the council is granted %v and refused %v of Ann", council.Items(), council.Withheld())
	}
	if ooh := decide(h, r, caller(t, "ooh"), ann, now); !profiles.CrisisSlice.Covers(ooh.Items()) {
		t.Errorf("the crisis team is granted %v of Ann, more than the slice", ooh.Items())
	}
	dewi := decide(h, r, caller(t, "ooh"), "9990000042", now)
	if !slices.Contains(dewi.Obligations(), consent.NotifyCoordinator) {
		t.Errorf("Dewi's coordinator is not told: %v", dewi.Obligations())
	}
}

// TestNarrativeOfCast reads a crisis plan as the out-of-hours nurse does: every
// section that Ann's plan fills is there, the 24-hour number before any other.
func TestNarrativeOfCast(t *testing.T) {
	now := times[0]
	h, r := bringIn(t, now), register(t)
	d := decide(h, r, caller(t, "ooh"), "9990000018", now)
	text := ""
	for _, value := range h.byKey[h.keys["9990000018"]] {
		if fhir.HasCode(value.Get("category"), profiles.SystemSNOMED, profiles.CodeCrisisPlan) {
			x := disclosure.TermsOf(d).Copy(disclosure.Held{Resource: value, Person: d.Person(), Custodian: d.Source(), Label: profiles.Items(value), Tag: func(profiles.ItemSet, disclosure.Digest) string { return "1" }, Updated: now}, nil).Under(d)
			body, err := fhir.ParseResource(x.Body())
			if err != nil {
				t.Fatalf("the crisis plan is not disclosed: %v", err)
			}
			text = body.Find("text", "div").Text()
		}
	}
	at := -1
	for _, want := range []string{
		demo.DutyLine, "Beth Evans", "Tomos Lewis", "Rings people late", "A walk with her sister", "Daily visits", "Anyone may ask",
		"Ifan", "Lithium", "mixed ward", "1 May 2026", "1 May 2027",
	} {
		i := strings.Index(text, want)
		if i < at {
			t.Errorf("%q stands at %d, want it after %d, in:\n%s", want, i, at, text)
		}
		at = max(at, i)
	}
}

func TestCastIsTakenWhole(t *testing.T) {
	for _, now := range times {
		h := bringIn(t, now)
		if h.report.Read != 8 || h.report.Taken != 8 || h.records != 8 || len(h.report.LeftBehind) != 0 {
			t.Errorf("the account is %+v with %d records", h.report, h.records)
		}
		for _, f := range h.faults {
			t.Errorf("%+v", f)
		}
	}
}

// TestRerunOfCast: between a Monday and the Sunday after it, and within a quarter, a
// data folder takes in nothing new.
func TestRerunOfCast(t *testing.T) {
	monday := time.Date(2026, 8, 3, 0, 0, 0, 0, time.UTC)
	first := bodies(bringIn(t, monday))
	if !slices.Equal(first, bodies(bringIn(t, monday.Add(7*24*time.Hour-time.Second)))) {
		t.Error("the cast differs within a week")
	}
	changed := 0
	for _, body := range bodies(bringIn(t, monday.AddDate(0, 0, 7))) {
		if !slices.Contains(first, body) {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d resources changed with the week, want Ffion's withdrawal alone", changed)
	}
}

func bodies(h *household) []string {
	var all []string
	for _, values := range h.byKey {
		for _, v := range values {
			all = append(all, string(v.Raw()))
		}
	}
	slices.Sort(all)
	return all
}

// TestCastIsSynthetic: numbers of the 999 range, telephones of the range kept for drama.
func TestCastIsSynthetic(t *testing.T) {
	for _, values := range bringIn(t, times[0]).byKey {
		for _, v := range values {
			for id := range v.All("identifier") {
				if number := id.Get("value").Text(); id.Get("system").Is(profiles.SystemNHSNumber) && !strings.HasPrefix(number, "999") {
					t.Errorf("%s is not of the test range", number)
				}
			}
			for telephone := range v.All("telecom", "value") {
				if !strings.HasPrefix(telephone.Text(), "01632 960") {
					t.Errorf("%s could be somebody's telephone", telephone.Text())
				}
			}
		}
	}
}
