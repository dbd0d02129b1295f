package ctp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// damage does something to one place of a plan, chosen by chance.
func damage(rt *rapid.T, v any) any {
	switch v := v.(type) {
	case object:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		if len(names) == 0 {
			return nil
		}
		name := rapid.SampledFrom(names).Draw(rt, "member")
		if rapid.IntRange(0, 5).Draw(rt, "drop") == 0 {
			delete(v, name)
			return v
		}
		v[name] = damage(rt, v[name])
		return v
	case []any:
		if len(v) == 0 {
			return "x"
		}
		i := rapid.IntRange(0, len(v)-1).Draw(rt, "element")
		if rapid.IntRange(0, 5).Draw(rt, "twice") == 0 {
			return append(v, v[i])
		}
		v[i] = damage(rt, v[i])
		return v
	}
	return rapid.SampledFrom([]any{"", "x", "2026-02-30", "2026-13", "2001-01-01", 7, true, nil, []any{}, object{}, "given", "T2", "\u0000", "|%"}).Draw(rt, "value")
}

// TestAccountAddsUp: whatever stands in a file, every plan is taken or refused,
// once; what is taken is valid, whole, and accounted for by one resource.
func TestAccountAddsUp(t *testing.T) {
	f := format(t)
	good := file(t, "testdata/plans/whole.json")
	rapid.Check(t, func(rt *rapid.T) {
		var lines []string
		for n := range rapid.IntRange(0, 4).Draw(rt, "plans") {
			var plan any
			if err := json.Unmarshal([]byte(good), &plan); err != nil {
				rt.Fatal(err)
			}
			plan.(object)["id"] = fmt.Sprint("P", n)
			for range rapid.IntRange(0, 3).Draw(rt, "damages") {
				plan = damage(rt, plan)
			}
			text, err := json.Marshal(plan)
			if err != nil {
				rt.Fatal(err)
			}
			if cut := rapid.IntRange(0, 9).Draw(rt, "cut"); cut == 0 {
				text = text[:rapid.IntRange(1, len(text)).Draw(rt, "at")]
			}
			lines = append(lines, string(text))
		}
		var c collected
		var err error
		fsys := fstest.MapFS{"a.ndjson": {Data: []byte(strings.Join(lines, "\n"))}}
		if c.report, err = f.Read(context.Background(), fsys, env, &c); err != nil {
			rt.Fatal(err)
		}
		accounted(rt, c, len(lines))
	})
}

func accounted(rt *rapid.T, c collected, plans int) {
	records := 0
	for _, r := range c.resources {
		records += r.Records
		value, err := fhir.ParseResource(r.Body)
		if err != nil || profiles.Fatal(profiles.Check(value)) {
			rt.Fatalf("%s is not valid: %v %v", r.Type, err, profiles.Check(value))
		}
		if r.Person == "" && !profiles.DirectoryType(r.Type) {
			rt.Fatalf("%s is about nobody", r.Type)
		}
	}
	for _, r := range c.consents {
		value, err := fhir.ParseResource(r.Body)
		if err != nil || value.Type() != "Consent" || value.ID() != r.ID || r.Person == "" || r.Records != 0 {
			rt.Fatalf("a refused plan handed on %+v: %v", r, err)
		}
	}
	if c.report.Read != plans || c.report.Read != c.report.Taken+c.report.Refused || records != c.report.Taken {
		rt.Fatalf("%d plans: %+v with %d records", plans, c.report, records)
	}
	set := map[string]bool{}
	for _, f := range c.refusals() {
		set[fmt.Sprint(f.At.Row)] = true
		if len(f.Raw) == 0 || f.Rule == "" || f.Reason == "" {
			rt.Fatalf("a fault without fragment, rule or reason: %+v", mapping.Fault{At: f.At, Rule: f.Rule})
		}
	}
	if len(set) != c.report.Refused {
		rt.Fatalf("%d plans refused, faults of %d", c.report.Refused, len(set))
	}
}

// FuzzFile: no bytes stop a run, and every entry cut from them is accounted for.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{"[]", `[{"a":"\"]"},{]`, "{}\n{}", "\ufeff[", `["\`, `[1]]`, "[}{,]"} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(file(f, "testdata/plans/whole.json")))
	reader := format(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		var c collected
		var err error
		if c.report, err = reader.Read(context.Background(), fstest.MapFS{"a.json": {Data: content}, "a.ndjson": {Data: content}}, env, &c); err != nil {
			t.Fatal(err)
		}
		records := 0
		for _, r := range c.resources {
			records += r.Records
		}
		if c.report.Read != c.report.Taken+c.report.Refused || records != c.report.Taken {
			t.Fatalf("%+v with %d records", c.report, records)
		}
	})
}
