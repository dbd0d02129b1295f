package matching_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/gateway/matching"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

type object = map[string]any

var (
	someNames = []string{"Ann", "Siân", "Jane", "John", "Ieuan", "A", "J.", "M", "ap Rhys", "Price", "Jones", "Jôns", "Anne-Marie", "O'Brien", "Pat", "Patricia", "Patrick", "ferch", "Llŷr", "ß", "李", "", " "}
	someDates = []string{"", "1980", "1980-05", "1980-05-07", "1980-07-05", "1980-05-08", "1981-05-07", "1980-01-01", "1999-09-09", "x"}
)

// somebody is a Patient under the one number, as JSON.
func somebody(rt *rapid.T, label string) object {
	p := object{"resourceType": "Patient", "id": "x", "identifier": []any{object{"system": profiles.SystemNHSNumber, "value": "9990000018"}}}
	var names []any
	for range rapid.IntRange(0, 2).Draw(rt, label+" names") {
		name := object{}
		if given := rapid.SliceOfN(rapid.SampledFrom(someNames), 0, 2).Draw(rt, label+" given"); len(given) > 0 {
			name["given"] = given
		}
		name[rapid.SampledFrom([]string{"family", "text"}).Draw(rt, label+" kind")] = rapid.SampledFrom(someNames).Draw(rt, label+" family")
		names = append(names, name)
	}
	if names != nil {
		p["name"] = names
	}
	if date := rapid.SampledFrom(someDates).Draw(rt, label+" date"); date != "" {
		p["birthDate"] = date
	}
	if gender := rapid.SampledFrom([]string{"", "female", "male", "other", "unknown"}).Draw(rt, label+" gender"); gender != "" {
		p["gender"] = gender
	}
	return p
}

func named(p object, more object) object {
	with := object{}
	for name, v := range p {
		with[name] = v
	}
	names, _ := p["name"].([]any)
	with["name"] = append(slices.Clone(names), more)
	return with
}

func TestBesideIsSymmetric(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := read(t, somebody(rt, "a")), read(t, somebody(rt, "b"))
		there, back := matching.Beside(a, b), matching.Beside(b, a)
		if there.Verdict != back.Verdict || !slices.Equal(there.Reasons, back.Reasons) {
			rt.Fatalf("%+v and %+v", there, back)
		}
	})
}

// TestEverybodyIsThemself where a full birth date is known.
func TestEverybodyIsThemself(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := somebody(rt, "a")
		p["birthDate"] = rapid.SampledFrom([]string{"1980-05-07", "1980-01-01"}).Draw(rt, "date")
		if got := matching.Beside(read(t, p), read(t, p)); got.Verdict != matching.Agree {
			rt.Fatalf("%+v is not themself: %+v", p, got)
		}
	})
}

// TestASharedNameNeverParts: what both records say more, and say alike, turns no
// agreement into a conflict; neither does a birth date or a gender they share.
func TestASharedNameNeverParts(t *testing.T) {
	agreed := 0
	rapid.Check(t, func(rt *rapid.T) {
		a, b := somebody(rt, "a"), somebody(rt, "b")
		before := matching.Beside(read(t, a), read(t, b))
		kind := rapid.SampledFrom([]string{"family", "text"}).Draw(rt, "kind")
		name := object{kind: rapid.SampledFrom([]string{"Jones", "Ann", "Llŷr Ddu"}).Draw(rt, "name")}
		if kind == "family" && rapid.Bool().Draw(rt, "given too") {
			name["given"] = []string{"Mair"}
		}
		after := matching.Beside(read(t, named(a, name)), read(t, named(b, name)))
		if after.Verdict < before.Verdict {
			rt.Fatalf("%v before, %v with %v", before, after, name)
		}
		if before.Verdict != matching.Conflict {
			agreed++
		}
	})
	if agreed == 0 {
		t.Error("no two records agreed: nothing was put to the test")
	}
}

// TestAWarningRestsOnLessThanAFullDate and a plain agreement on no less.
func TestAWarningRestsOnLessThanAFullDate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := somebody(rt, "a"), somebody(rt, "b")
		got := matching.Beside(read(t, a), read(t, b))
		date, _ := a["birthDate"].(string)
		same := date == b["birthDate"] && len(date) == len("1980-05-07")
		if got.Verdict == matching.Agree && !same || got.Verdict == matching.AgreeWithWarning && same {
			rt.Fatalf("%v and %v: %+v", a["birthDate"], b["birthDate"], got)
		}
		for _, r := range got.Reasons {
			if strings.ToUpper(string(r)) != string(r) {
				rt.Fatalf("a reason that may tell something: %s", r)
			}
		}
	})
}

// FuzzNames: no name stops the comparison, and it stays symmetric.
func FuzzNames(f *testing.F) {
	for _, seed := range someNames {
		f.Add(seed, "Ann")
	}
	f.Add("\u0301\u0301", "\ufdfa")
	f.Fuzz(func(t *testing.T, one, two string) {
		record := func(name string) matching.Record {
			text := fhir.AppendString(nil, name)
			value, err := fhir.ParseResource([]byte(`{"resourceType":"Patient","id":"x","birthDate":"1980-05-07","identifier":[{"system":"` + profiles.SystemNHSNumber +
				`","value":"9990000018"}],"name":[{"family":` + string(text) + `,"given":[` + string(text) + `]}]}`))
			if err != nil {
				t.Fatal(err)
			}
			return matching.Read(value)
		}
		a, b := record(one), record(two)
		if matching.Beside(a, b).Verdict != matching.Beside(b, a).Verdict {
			t.Errorf("%q and %q", one, two)
		}
		if matching.Beside(a, a).Verdict != matching.Agree {
			t.Errorf("%q is not themself", one)
		}
	})
}
