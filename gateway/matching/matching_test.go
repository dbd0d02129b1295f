package matching_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/matching"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// patient reads "GIVEN FAMILY, DATE, GENDER" as a Patient: the last word is the family
// name, a slash parts several names, "-" is nothing.
func patient(t testing.TB, written string) matching.Record {
	t.Helper()
	parts := strings.Split(written, ", ")
	if len(parts) != 3 {
		t.Fatalf("%q is not NAMES, DATE, GENDER", written)
	}
	resource := map[string]any{
		"resourceType": "Patient", "id": "x",
		"identifier": []any{map[string]any{"system": profiles.SystemNHSNumber, "value": "9990000018"}},
	}
	var names []any
	for name := range strings.SplitSeq(parts[0], "/") {
		if name == "-" {
			continue
		}
		words := strings.Fields(strings.TrimSpace(name))
		human := map[string]any{"family": strings.ReplaceAll(words[len(words)-1], "_", " ")}
		if given := words[:len(words)-1]; len(given) > 0 && given[0] != "-" {
			human["given"] = given
		}
		names = append(names, human)
	}
	if names != nil {
		resource["name"] = names
	}
	if parts[1] != "-" {
		resource["birthDate"] = parts[1]
	}
	if parts[2] != "-" {
		resource["gender"] = map[string]string{"f": "female", "m": "male", "o": "other", "u": "unknown"}[parts[2]]
	}
	return read(t, resource)
}

func read(t testing.TB, resource map[string]any) matching.Record {
	t.Helper()
	text, err := json.Marshal(resource)
	if err != nil {
		t.Fatal(err)
	}
	value, err := fhir.ParseResource(text)
	if err != nil {
		t.Fatal(err)
	}
	return matching.Read(value)
}

func TestBeside(t *testing.T) {
	const agree, warn, conflict = matching.Agree, matching.AgreeWithWarning, matching.Conflict
	for _, c := range []struct {
		a, b   string
		want   matching.Verdict
		reason matching.Reason
	}{
		// One full birth date.
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-05-17, f", agree, matching.SharedName},
		{"Ann Jones, 1980-05-17, f", "Ann Price, 1980-05-17, f", agree, matching.SharedName},               // married
		{"Ann Jones, 1980-05-17, f", "Beth Jones, 1980-05-17, f", agree, matching.SharedName},              // a twin, or a name in use: cannot be told
		{"Ann Jones, 1980-05-17, f", "Alun Jones, 1980-05-17, m", conflict, matching.GivenAndGender},       // a twin
		{"Ann Jones, 1980-05-17, f", "Alun Jones, 1980-05-17, u", agree, matching.SharedName},              // a gender that is not known differs from none
		{"Ann Jones, 1980-05-17, f", "Alun Jones, 1980-05-17, -", agree, matching.SharedName},              //
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-05-17, m", agree, matching.SharedName},               // a slip, or a change
		{"Ann Jones, 1980-05-17, f", "Ceri Price, 1980-05-17, f", conflict, matching.NamesDisjoint},        //
		{"Ann Jones, 1980-05-17, f", "Jones Ann, 1980-05-17, m", agree, matching.SharedName},               // exchanged
		{"Ann Jones, 1980-05-17, f", "-, 1980-05-17, m", agree, matching.NoNames},                          // MHSDS
		{"-, 1980-05-17, f", "-, 1980-05-17, f", agree, matching.NoNames},                                  //
		{"Ann Price/Ann Jones, 1980-05-17, f", "A Jones, 1980-05-17, f", agree, matching.SharedName},       // of any use
		{"Ann Price, 1980-05-17, f", "A Jones, 1980-05-17, f", agree, matching.SharedName},                 // an initial contradicts nothing
		{"Ann M Jones, 1980-05-17, f", "Mark Jones, 1980-05-17, m", conflict, matching.GivenAndGender},     // but beside a name it says nothing
		{"Siân Llwyd, 1980-05-17, f", "Jane Lloyd, 1980-05-17, f", agree, matching.SharedName},             //
		{"Ieuan ap_Rhys, 1980-05-17, m", "John Price, 1980-05-17, m", agree, matching.SharedName},          //
		{"Ieuan ap_Huw, 1980-05-17, m", "Dafydd ap_Rhys, 1980-05-17, m", conflict, matching.NamesDisjoint}, // "ap" is no name in common
		{"Mary Griffiths, 1980-05-17, f", "Mair Gruffudd, 1980-05-17, f", agree, matching.SharedName},      //
		{"Pat Owen, 1980-05-17, f", "Patricia Rees, 1980-05-17, f", agree, matching.SharedName},            //
		{"Patrick Owen, 1980-05-17, m", "Patricia Rees, 1980-05-17, m", conflict, matching.NamesDisjoint},  // what is short for both joins them not
		{"Anne-Marie O'Brien, 1980-05-17, f", "Annemarie OBRIEN, 1980-05-17, f", agree, matching.SharedName},
		{"Zoë Llewellyn-Hughes, 1980-05-17, f", "Zoe Hughes, 1980-05-17, f", agree, matching.SharedName},
		// A birth date by which alone nobody is known.
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-05-18, f", warn, matching.BirthDateOneOff},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-06-17, f", warn, matching.BirthDateOneOff},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1908-05-17, f", warn, matching.BirthDateOneOff},
		{"Ann Jones, 1980-05-07, f", "Ann Jones, 1980-07-05, f", warn, matching.BirthDateOneOff}, // exchanged
		{"Ann Jones, 1980-05-07, f", "Ann Jones, 1981-07-05, f", conflict, matching.BirthDateDiffers},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-06-18, f", conflict, matching.BirthDateDiffers},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-01-01, f", warn, matching.BirthDateFirstDay},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980, f", warn, matching.BirthDatePartial},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-05, f", warn, matching.BirthDatePartial},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-06, f", conflict, matching.BirthDateDiffers},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1981, f", conflict, matching.BirthDateDiffers},
		{"Ann Jones, 1980, f", "Ann Jones, 1980, f", warn, matching.BirthDatePartial},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, -, f", warn, matching.BirthDateMissing},
		{"Ann Jones, -, f", "Ann Jones, -, f", warn, matching.BirthDateMissing},
		{"Ann Jones, 1980-05-17, f", "Ann Jones, 1980-05-99, f", warn, matching.BirthDateMissing},
		{"Ann Jones, 1980-05-17, f", "Ann Price, 1980-05-18, f", warn, matching.SharedName},
		{"Ann Jones, 1980-05-17, f", "Beth Price, 1980-05-18, f", conflict, matching.NoSharedName},
		{"Ann Jones, 1980-05-17, f", "Alun Jones, 1980-05-18, m", conflict, matching.GivenAndGender}, // born on both sides of midnight
		{"Ann Jones, 1980-05-17, f", "A Price, 1980-05-18, f", conflict, matching.NoSharedName},
		{"Ann Jones, 1980-05-17, f", "-, 1980-05-18, f", conflict, matching.NoSharedName},
		{"One, 1970-01-01, f", "Two, 1999-09-09, m", conflict, matching.NoSharedName},
	} {
		for _, way := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			got := matching.Beside(patient(t, way[0]), patient(t, way[1]))
			if got.Verdict != c.want || !slices.Contains(got.Reasons, c.reason) {
				t.Errorf("%s | %s: %v %v, want %v with %s", way[0], way[1], got.Verdict, got.Reasons, c.want, c.reason)
			}
		}
	}
}

func TestNumbersThatDifferOrAreMissingAreNoMatch(t *testing.T) {
	ann := patient(t, "Ann Jones, 1980-05-17, f")
	other := ann
	other.InUse = []string{"9990000026"}
	for _, b := range []matching.Record{other, {}} {
		if matching.ShareNumber(ann, b) || matching.ShareNumber(b, ann) || matching.ShareNumber(b, matching.Record{}) {
			t.Errorf("%+v", b)
		}
	}
	if !matching.ShareNumber(ann, ann) {
		t.Error("a record shares no number with itself")
	}
}

func TestRead(t *testing.T) {
	type object = map[string]any
	status := func(system, code string) []any {
		return []any{object{"url": profiles.ExtNHSNumberStatus, "valueCodeableConcept": object{"coding": []any{object{"system": system, "code": code}}}}}
	}
	nhs := func(value string, more object) object {
		id := object{"system": profiles.SystemNHSNumber, "value": value}
		for name, v := range more {
			id[name] = v
		}
		return id
	}
	for name, c := range map[string]struct {
		identifiers []any
		number      string
		superseded  int
		verified    bool
	}{
		"one":                        {[]any{nhs("999 000 0018", nil)}, "9990000018", 0, false},
		"none":                       {[]any{object{"system": "x", "value": "9990000018"}}, "", 0, false},
		"a placeholder":              {[]any{nhs("0000000000", nil)}, "", 0, false},
		"two":                        {[]any{nhs("9990000018", nil), nhs("9990000026", nil)}, "", 0, false},
		"the same twice":             {[]any{nhs("9990000018", nil), nhs("999-000-0018", nil)}, "9990000018", 0, false},
		"an old one":                 {[]any{nhs("9990000026", object{"use": "old"}), nhs("9990000018", nil)}, "9990000018", 1, false},
		"only an old one":            {[]any{nhs("9990000026", object{"period": object{"end": "2020-01-01"}})}, "", 1, false},
		"traced":                     {[]any{nhs("9990000018", object{"extension": status(profiles.SystemNHSNumberStatusEngland, "01")})}, "9990000018", 0, true},
		"traced in Wales":            {[]any{nhs("9990000018", object{"extension": status(profiles.SystemNHSNumberStatusWales, "nn")})}, "9990000018", 0, true},
		"verified, in words":         {[]any{nhs("9990000018", object{"extension": status("x", "number-present-and-verified")})}, "9990000018", 0, true},
		"present, not traced":        {[]any{nhs("9990000018", object{"extension": status(profiles.SystemNHSNumberStatusEngland, "02")})}, "9990000018", 0, false},
		"an old one that was traced": {[]any{nhs("9990000026", object{"use": "old", "extension": status(profiles.SystemNHSNumberStatusWales, "01")}), nhs("9990000018", nil)}, "9990000018", 1, false},
	} {
		r := read(t, object{"resourceType": "Patient", "id": "x", "identifier": c.identifiers, "link": []any{
			object{"other": object{"reference": "Patient/a"}, "type": "replaces"}, object{"other": object{"reference": "RelatedPerson/b"}, "type": "seealso"}}})
		if r.Number != c.number || len(r.Superseded) != c.superseded || r.Verified != c.verified || !slices.Equal(r.Links, []string{"Patient/a"}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
