package search_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

func parse(t testing.TB, src string) fhir.Value {
	t.Helper()
	v, err := fhir.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSearchParams holds the closed list to what the surface promises.
func TestSearchParams(t *testing.T) {
	common := "_id _lastUpdated _profile _security _tag identifier"
	for typ, own := range map[string]string{
		"Patient":          "",
		"Practitioner":     "",
		"Organization":     "",
		"PractitionerRole": "organization practitioner",
		"CarePlan":         "activity-date care-team category date goal intent part-of patient replaces status subject",
		"CareTeam":         "category date participant patient status subject",
		"EpisodeOfCare":    "care-manager care-manager-role date organization patient status subject type",
		"Flag":             "date flag-code flag-status patient subject",
		"RiskAssessment":   "date patient status subject",
		"Goal":             "category lifecycle-status patient subject target-date",
		"Consent":          "-",
		"AuditEvent":       "-",
		"":                 "-",
	} {
		var names []string
		for _, p := range search.Definitions(typ) {
			names = append(names, p.Name)
			if p.Doc == "" || p.Kind == 0 {
				t.Errorf("%s %s lacks its doc or kind", typ, p.Name)
			}
			if slices.Contains(p.Modifiers, "not") && !slices.Contains([]string{"status", "flag-status", "intent", "lifecycle-status"}, p.Name) {
				t.Errorf("%s %s takes :not, which tells of what is hidden", typ, p.Name)
			}
		}
		want := strings.Fields(common + " " + own)
		slices.Sort(want)
		if own == "-" {
			want = nil
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: %v\nwant %v", typ, names, want)
		}
	}
}

func TestParseParam(t *testing.T) {
	zone := profiles.London
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, zone) }
	march := day(2025, 3, 1)
	for _, tt := range []struct {
		typ, name, value string
		want             search.Param
	}{
		{"CarePlan", "status", "active", tokenParam("status", search.Operand{Code: "active", AnySystem: true})},
		{"CarePlan", "status", "active,on-hold", tokenParam("status",
			search.Operand{Code: "active", AnySystem: true}, search.Operand{Code: "on-hold", AnySystem: true})},
		{"CarePlan", "status:not", "active", search.Param{Name: "status", Kind: search.Token, Modifier: "not",
			Values: []search.Operand{{Code: "active", AnySystem: true}}}},
		{"CarePlan", "category", "http://snomed.info/sct|736253002", tokenParam("category", search.Operand{System: "http://snomed.info/sct", Code: "736253002"})},
		{"CarePlan", "category", "|736253002", tokenParam("category", search.Operand{Code: "736253002", NoSystem: true})},
		{"CarePlan", "category", "http://snomed.info/sct|", tokenParam("category", search.Operand{System: "http://snomed.info/sct", AnyCode: true})},
		{"CarePlan", "category", `a\,b\|c\$d\\e`, tokenParam("category", search.Operand{Code: `a,b|c$d\e`, AnySystem: true})},
		{"Patient", "identifier", profiles.SystemNHSNumber + "|999 000-0018", tokenParam("identifier", search.Operand{System: profiles.SystemNHSNumber, Code: "9990000018"})},
		{"Patient", "identifier", profiles.SystemNHSNumber + "|9990000019", tokenParam("identifier", search.Operand{System: profiles.SystemNHSNumber, Code: "9990000019"})},
		{"Patient", "identifier", " urn:x|1", tokenParam("identifier", search.Operand{System: "urn:x", Code: "1"})},
		{"Patient", "_id", "a,b", search.Param{Name: "_id", Kind: search.ID, Values: []search.Operand{{Text: "a"}, {Text: "b"}}}},
		{"CarePlan", "_profile", "http://x.example/p", search.Param{Name: "_profile", Kind: search.URI, Values: []search.Operand{{Text: "http://x.example/p"}}}},

		{"CarePlan", "patient", "p1", refParam("patient", "Patient/p1")},
		{"CarePlan", "patient", "Patient/p1,p2", refParam("patient", "Patient/p1", "Patient/p2")},
		{"CarePlan", "subject:Patient", "p1", refParam("subject", "Patient/p1")},
		{"CareTeam", "participant", "x", refParam("participant", "Practitioner/x", "PractitionerRole/x", "Organization/x", "RelatedPerson/x", "Patient/x", "CareTeam/x")},
		{"CareTeam", "participant:PractitionerRole", "x", refParam("participant", "PractitionerRole/x")},
		{"CareTeam", "participant", "Practitioner/x", refParam("participant", "Practitioner/x")},
		{"CarePlan", "patient:identifier", "urn:x|1", patientToken("patient")},
		{"CarePlan", "patient.identifier", "urn:x|1", patientToken("patient")},
		{"CarePlan", "patient:Patient.identifier", "urn:x|1", patientToken("patient")},
		{"Goal", "subject.identifier", "urn:x|1", patientToken("subject")},

		{"CarePlan", "date", "2025-03-01", dateParam("date", "eq", march, day(2025, 3, 2))},
		{"CarePlan", "date", "ge2025-03", dateParam("date", "ge", march, day(2025, 4, 1))},
		{"CarePlan", "date", "lt2025", dateParam("date", "lt", day(2025, 1, 1), day(2026, 1, 1))},
		{"CarePlan", "date", "ap2025-03-01", dateParam("date", "ap", day(2025, 2, 28), day(2025, 3, 3))},
		{"CarePlan", "date", "eq2025-03-30", dateParam("date", "eq", day(2025, 3, 30), day(2025, 3, 31))}, // a day of 23 hours
		{"CarePlan", "date", "2025-07-01T09:30", dateParam("date", "eq", time.Date(2025, 7, 1, 9, 30, 0, 0, zone), time.Date(2025, 7, 1, 9, 31, 0, 0, zone))},
		{"CarePlan", "date", "2025-07-01T09:30Z", dateParam("date", "eq", time.Date(2025, 7, 1, 10, 30, 0, 0, zone), time.Date(2025, 7, 1, 10, 31, 0, 0, zone))},
		// In the night in which the clocks go back this hour comes twice: it was the second, and a ge lost the changes of the first.
		{"Patient", "_lastUpdated", "ge2026-10-25T01:30", dateParam("_lastUpdated", "ge", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(zone), time.Date(2026, 10, 25, 1, 31, 0, 0, time.UTC).In(zone))},
		{"Patient", "_lastUpdated", "ge2026-10-25T01:30:00", dateParam("_lastUpdated", "ge", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(zone), time.Date(2026, 10, 25, 1, 30, 1, 0, time.UTC).In(zone))},
		{"Patient", "_lastUpdated", "ge2026-10-25T00:59", dateParam("_lastUpdated", "ge", time.Date(2026, 10, 24, 23, 59, 0, 0, time.UTC).In(zone), time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC).In(zone))},
		{"Patient", "_lastUpdated", "ge2026-10-25T02:00", dateParam("_lastUpdated", "ge", time.Date(2026, 10, 25, 2, 0, 0, 0, time.UTC).In(zone), time.Date(2026, 10, 25, 2, 1, 0, 0, time.UTC).In(zone))},
		{"Patient", "_lastUpdated", "ge2026-10-25T01:30Z", dateParam("_lastUpdated", "ge", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(zone), time.Date(2026, 10, 25, 1, 31, 0, 0, time.UTC).In(zone))},
		{"CarePlan", "date", "sa2025-07-01T09:30:00", dateParam("date", "sa", time.Date(2025, 7, 1, 9, 30, 0, 0, zone), time.Date(2025, 7, 1, 9, 30, 1, 0, zone))},
		{"Patient", "_lastUpdated", "gt2025-07-01T09:30:00.5+01:00", dateParam("_lastUpdated", "gt",
			time.Date(2025, 7, 1, 9, 30, 0, 5e8, zone), time.Date(2025, 7, 1, 9, 30, 0, 6e8, zone))},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			got, err := search.Parse(tt.typ, tt.name, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if !sameParam(got, tt.want) {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func sameParam(a, b search.Param) bool {
	return a.Name == b.Name && a.Kind == b.Kind && a.Modifier == b.Modifier &&
		slices.EqualFunc(a.Values, b.Values, func(x, y search.Operand) bool {
			same := x.From.Equal(y.From) && x.Until.Equal(y.Until)
			x.From, x.Until, y.From, y.Until = time.Time{}, time.Time{}, time.Time{}, time.Time{}
			return same && x == y
		})
}

func tokenParam(name string, values ...search.Operand) search.Param {
	return search.Param{Name: name, Kind: search.Token, Values: values}
}

func patientToken(name string) search.Param {
	p := tokenParam(name, search.Operand{System: "urn:x", Code: "1"})
	p.Modifier = "identifier"
	return p
}

func refParam(name string, refs ...string) search.Param {
	p := search.Param{Name: name, Kind: search.Reference}
	for _, r := range refs {
		p.Values = append(p.Values, search.Operand{Ref: r})
	}
	return p
}

func dateParam(name, prefix string, from, until time.Time) search.Param {
	return search.Param{Name: name, Kind: search.Date, Values: []search.Operand{{Prefix: prefix, From: from, Until: until}}}
}

// TestParseParamRefuses: everything that is not listed, named and never echoed.
func TestParseParamRefuses(t *testing.T) {
	const unknown, modifier, value = texts.UnknownParameter, texts.UnknownModifier, texts.ParameterValue
	for _, tt := range []struct {
		typ, name, value string
		code             texts.Key
	}{
		// The ways round a closed list (predicates over what is hidden).
		{"CarePlan", "_has:Goal:subject:category", "finance", unknown},
		{"CarePlan", "_filter", "status eq active", unknown},
		{"CarePlan", "_query", "all", unknown},
		{"CarePlan", "_text", "suicide", unknown},
		{"CarePlan", "_content", "suicide", unknown},
		{"CarePlan", "_list", "1", unknown},
		{"CarePlan", "_type", "Goal", unknown},
		{"CarePlan", "activity-code", "1", unknown},
		{"CarePlan", "condition", "Condition/1", unknown},
		{"CarePlan", "performer", "Practitioner/1", unknown},
		{"CarePlan", "PATIENT", "p1", unknown},
		{"CarePlan", "patient ", "p1", unknown},
		{"CarePlan", "", "p1", unknown},
		{"Patient", "family", "Evans", unknown},
		{"Patient", "given", "Ann", unknown},
		{"Patient", "name", "Ann", unknown},
		{"Patient", "birthdate", "1980", unknown},
		{"Organization", "name", "Ely", unknown},
		{"Consent", "patient", "p1", unknown},
		{"Consent", "_id", "p1", unknown},
		{"CarePlan", "patient.name", "Ann", modifier},
		{"CarePlan", "patient.identifier.value", "1", modifier},
		{"CarePlan", "patient:Group", "1", modifier},
		{"CarePlan", "patient:Group.identifier", "1", modifier},
		{"CarePlan", "patient:identifier.identifier", "urn:x|1", modifier},
		{"CarePlan", "patient:missing", "true", modifier},
		{"CarePlan", "category:not", "a", modifier},
		{"CarePlan", "category:in", "http://x.example", modifier},
		{"CarePlan", "category:text", "crisis", modifier},
		{"CarePlan", "status:missing", "true", modifier},
		{"CarePlan", "status:", "active", modifier},
		{"CarePlan", "date:missing", "true", modifier},
		{"CarePlan", "care-team.participant", "Practitioner/1", modifier},
		{"CareTeam", "participant.identifier", "1", modifier},

		{"CarePlan", "status", "", value},
		{"CarePlan", "status", "active,", value},
		{"CarePlan", "status", "|", value},
		{"CarePlan", "category", "a|b|c", value},
		{"CarePlan", "category", `a\`, value},
		{"CarePlan", "category", `a\n`, value},
		{"CarePlan", "status", strings.Repeat("a,", 100) + "a", value},
		{"CarePlan", "patient", "Practitioner/1", value},
		{"CarePlan", "patient", "Patient/", value},
		{"CarePlan", "patient", "Patient/1/2", value},
		{"CarePlan", "patient", "https://elsewhere.example/Patient/1", value},
		{"CarePlan", "patient", "*", value},
		{"CareTeam", "participant:Patient", "Practitioner/1", value},
		{"CarePlan", "_id", "../1", value},
		{"CarePlan", "_id", "", value},
		{"CarePlan", "date", "", value},
		{"CarePlan", "date", "ge", value},
		{"CarePlan", "date", "xx2025", value},
		{"CarePlan", "date", "01/03/2025", value},
		{"CarePlan", "date", "2025-02-29", value},
		{"CarePlan", "date", "2025-03-01T24:00", value},
		{"CarePlan", "date", "2025-03-01T09", value},
		{"CarePlan", "date", "2025-03-01T09:30:00 01:00", value},
		{"CarePlan", "date", "2025-03-01T09:30:00,5", value},
	} {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			_, err := search.Parse(tt.typ, tt.name, tt.value)
			var refused *search.Error
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, want a *ParamError", err)
			}
			if refused.Code != tt.code {
				t.Errorf("code %s, want %s", refused.Code, tt.code)
			}
			if refused.Param != tt.name && !strings.ContainsAny(tt.name, " ") && tt.name != "" {
				t.Errorf("it names %q", refused.Param)
			}
			if len(refused.Allowed) == 0 && len(search.Definitions(tt.typ)) > 0 {
				t.Error("it does not say what is allowed")
			}
		})
	}
}

// TestParamErrorHoldsNoPersonalData: neither the value nor a name that is one.
func TestParamErrorHoldsNoPersonalData(t *testing.T) {
	for _, pair := range [][2]string{
		{"9990000018", "x"}, {"patient.9990000018", "x"}, {"patient:9990000018", "x"},
		{"identifier", "9990000018|9990000018|9990000018"}, {"date", "9990000018"}, {"patient", "Patient/9990000018/9990000018"},
		{strings.Repeat("x", 80) + "9990000018", "x"}, {"<b>9990000018", "x"},
	} {
		_, err := search.Parse("CarePlan", pair[0], pair[1])
		if err == nil || strings.Contains(err.Error(), "9990000018") {
			t.Errorf("%q=%q: %v", pair[0], pair[1], err)
		}
	}
}

func TestParseSort(t *testing.T) {
	keys, err := search.ParseSort("CarePlan", "-date,_lastUpdated")
	want := []search.SortKey{{Param: "date", Descending: search.Descending}, {Param: "_lastUpdated", Descending: search.Ascending}}
	if err != nil || !slices.Equal(keys, want) {
		t.Errorf("%v, %v; want %v", keys, err, want)
	}
	for _, raw := range []string{"", "-", "status", "category", "--date", "date,date", "date,-date", "date ", "date,", "family", "patient", "activity-date"} {
		var refused *search.Error
		if _, err := search.ParseSort("CarePlan", raw); !errors.As(err, &refused) || refused.Code != texts.UnknownSort {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if _, err := search.ParseSort("Consent", "_id"); err == nil {
		t.Error("a type that cannot be searched can be sorted")
	}
}

// TestParseParamTotal: no name and no value makes it panic, and what it accepts
// it can match with.
func TestParseParamTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]string{"CarePlan", "CareTeam", "EpisodeOfCare", "Goal", "Patient", "Consent"}).Draw(t, "type")
		name := rapid.OneOf(rapid.StringMatching(`(patient|status|date|_id|category|participant)([:.](not|identifier|Patient))?`), rapid.String()).Draw(t, "name")
		value := rapid.OneOf(rapid.StringMatching(`((eq|ne|lt|ap)?2025(-0[1-9])?|[a-z]*\|[a-z]*|Patient/[a-z]+|\\?[,|$\\])`), rapid.String()).Draw(t, "value")
		p, err := search.Parse(typ, name, value)
		if err != nil {
			var refused *search.Error
			if !errors.As(err, &refused) || len(p.Values) != 0 {
				t.Fatalf("%v with %+v", err, p)
			}
			return
		}
		if len(p.Values) == 0 {
			t.Fatal("accepted without a value")
		}
		if p.Match(nil) != (p.Modifier == "not") {
			t.Fatalf("%+v matches nothing at all", p)
		}
	})
}
