package workbench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/workbench"
	"cpagateway/profiles/fhir"
)

const supportPlan = "../folder/support-plan"

func TestSupportPlanCases(t *testing.T) {
	f, err := folder.SupportPlan()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := workbench.Cases(os.DirFS(supportPlan), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, differs := range c.Run(f) {
			t.Errorf("%s: %s", c.Title(), differs)
		}
	}
}

// Every field of the plan returns, without a condition, and stands in its page.
func TestSupportPlanLosesNothing(t *testing.T) {
	f, err := folder.SupportPlan()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/care-and-support-plan.md")
	if err != nil {
		t.Fatal(err)
	}
	fields := f.Program().Check().Fields
	for _, field := range fields {
		if field.Verdict != mapping.Returns {
			t.Errorf("%s.%s: %s", field.Source, field.Field, workbench.Says(field))
		}
		if !strings.Contains(string(page), "`"+field.Field+"`") {
			t.Errorf("the page does not name %s", field.Field)
		}
	}
	if len(fields) < 40 {
		t.Errorf("only %d fields", len(fields))
	}
}

// TestSupportPlanIsHeldToItsSchema: what is no such document is refused with its place, and nothing
// comes back that would be none.
func TestSupportPlanIsHeldToItsSchema(t *testing.T) {
	f, err := folder.SupportPlan()
	if err != nil {
		t.Fatal(err)
	}
	for document, path := range map[string]string{
		`{"ref": "1", "person": {"ref": "2"}}`:                                                                "status",
		`{"ref": "1", "status": "active"}`:                                                                    "person",
		`{"ref": "1", "status": "active", "person": {}}`:                                                      "person.ref",
		`{"ref": "1", "status": "active", "person": {"ref": "2"}, "title": null}`:                             "title",
		`{"ref": "1", "status": "active", "person": {"ref": "2"}, "made": "29/03/2026"}`:                      "made",
		`{"ref": "1", "status": "active", "person": {"ref": "2"}, "reviews": [{"ref": "r", "outcome": "x"}]}`: "reviews[0].outcome",
		`{"ref": "1", "status": "active", "person": {"ref": "2"}, "copies": [" "]}`:                           "copies[0]",
	} {
		made, err := workbench.Forward(t.Context(), f, fstest.MapFS{"Plan.json": {Data: []byte(document)}}, workbench.Env("s", "7A4"))
		if err != nil || len(made.Resources) > 0 || made.Report.Refused != 1 || len(made.Faults) != 1 || made.Faults[0].Rule != "SCHEMA" || made.Faults[0].At.Field != path || made.Faults[0].At.File != "Plan.json" {
			t.Errorf("%s: %v, %+v", document, err, made.Faults)
		}
	}
	made, err := workbench.Forward(t.Context(), f, fstest.MapFS{"Plan.json": {Data: []byte(`{"ref": "1", "status": "active", "person": {"ref": "2"}}`)}}, workbench.Env("s", "7A4"))
	if err != nil || len(made.Resources) != 1 {
		t.Fatalf("%v %+v", err, made)
	}
	unknown, err := fhir.Parse(bytes.Replace(made.Resources[0].Body, []byte(`"status":"active"`), []byte(`"status":"unknown"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	files, back := f.Back(workbench.Env("s", "7A4"), []fhir.Value{unknown})
	if len(files) > 0 || len(back.Faults) != 1 {
		t.Errorf("%s, %+v", files, back.Faults)
	}
}

// TestSupportPlanSchemaIsWhatTheMapsRead: each leaf of the schemas is read, each field read is in
// them, and each says in Welsh what it is.
func TestSupportPlanSchemaIsWhatTheMapsRead(t *testing.T) {
	f, err := folder.SupportPlan()
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range f.Program().Sources() {
		text, err := os.ReadFile(supportPlan + "/" + source + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		var leaves []string
		var walk func(path string, node map[string]any)
		walk = func(path string, node map[string]any) {
			if items, ok := node["items"].(map[string]any); ok {
				node = items
			}
			members, _ := node["properties"].(map[string]any)
			if len(members) == 0 {
				leaves = append(leaves, path)
			}
			for name, member := range members {
				said, _ := member.(map[string]any)["description"].(string)
				if !strings.HasSuffix(said, ")") {
					t.Errorf("%s.%s does not say in Welsh what it is: %q", path, name, said)
				}
				walk(strings.TrimPrefix(path+"."+name, "."), member.(map[string]any))
			}
		}
		walk("", root)
		slices.Sort(leaves)
		if read := f.Program().Reads(source); !slices.Equal(leaves, read) {
			t.Errorf("%s: the schema has %q, the maps read %q", source, leaves, read)
		}
	}
}

// TestSupportPlanRoundTrip holds the two laws for plans that are drawn by chance.
func TestSupportPlanRoundTrip(t *testing.T) {
	f, err := folder.SupportPlan()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var plans []any
		for i := range rapid.IntRange(1, 3).Draw(rt, "plans") {
			plans = append(plans, drawPlan(rt, i))
		}
		text, err := json.Marshal(plans)
		if err != nil {
			rt.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(roundTrip(rt, f, "Plan.json", string(text))["Plan.json"], &got); err != nil {
			rt.Fatal(err)
		}
		if err := json.Unmarshal(text, &want); err != nil || !reflect.DeepEqual(got, want) {
			rt.Fatalf("came back as\n%v\nwant\n%v", got, want)
		}
	})
}

// drawPlan draws the members of a plan, each of them there or not.
func drawPlan(rt *rapid.T, i int) map[string]any {
	one := func(texts ...string) string { return rapid.SampledFrom(texts).Draw(rt, "one") }
	plan := map[string]any{"ref": fmt.Sprint("CSP|", i), "person": map[string]any{"ref": one("1", "2%")}}
	maybe := func(in map[string]any, name string, value any) {
		if rapid.Bool().Draw(rt, name) {
			in[name] = value
		}
	}
	plan["status"] = one("draft", "active", "suspended", "closed", "withdrawn", "entered-in-error")
	maybe(plan, "title", words.Draw(rt, "title"))
	maybe(plan, "language", one("cy", "en"))
	maybe(plan, "started", "2026-04-01")
	maybe(plan, "ended", "2026-05-31")
	maybe(plan, "monitoring", words.Draw(rt, "monitoring"))
	maybe(plan, "coordinator", map[string]any{"ref": "S9", "name": words.Draw(rt, "coordinator")})
	maybe(plan, "closure", map[string]any{"reasons": words.Draw(rt, "reasons")})
	maybe(plan, "copies", []any{"Ann", words.Draw(rt, "copy")})
	maybe(plan, "needs", rows(rt, func(n int) map[string]any {
		return map[string]any{"key": fmt.Sprint("n", n), "text": words.Draw(rt, "need")}
	}))
	maybe(plan, "outcomes", rows(rt, func(n int) map[string]any {
		o := map[string]any{"key": fmt.Sprint("o", n), "text": words.Draw(rt, "outcome")}
		maybe(o, "score", rapid.IntRange(0, 10).Draw(rt, "score"))
		maybe(o, "status", one("proposed", "active", "achieved", "dropped"))
		return o
	}))
	maybe(plan, "actions", rows(rt, func(int) map[string]any {
		a := map[string]any{"what": words.Draw(rt, "action")}
		maybe(a, "responsible", one("authority", "other"))
		maybe(a, "who", words.Draw(rt, "who"))
		maybe(a, "outcome", "o0")
		return a
	}))
	maybe(plan, "directPayments", rows(rt, func(n int) map[string]any { return map[string]any{"amount": n, "frequency": "weekly"} }))
	maybe(plan, "reviews", rows(rt, func(n int) map[string]any {
		return map[string]any{"ref": fmt.Sprint("r", n), "date": "2026-06-30", "outcome": one("confirm", "revise", "close")}
	}))
	return plan
}

func rows(rt *rapid.T, draw func(n int) map[string]any) []any {
	var all []any
	for n := range rapid.IntRange(1, 3).Draw(rt, "rows") {
		all = append(all, draw(n))
	}
	return all
}
