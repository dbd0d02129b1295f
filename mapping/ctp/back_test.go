package ctp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles/fhir"
)

// back is what comes back of what a run made.
func back(t interface{ Fatalf(string, ...any) }, f *ctp.Format, c collected) (extract []byte, account *mapping.Back) {
	var resources []fhir.Value
	for _, r := range c.resources {
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatalf("%v", err)
		}
		resources = append(resources, v)
	}
	files, account := f.Back(env, resources)
	return files[ctp.ExtractFile], account
}

// TestExtractOfAWholePlan compares what comes back of the synthetic plan with what was read
// and approved: go test ./mapping/ctp -run ExtractOf -update, then read the difference.
func TestExtractOfAWholePlan(t *testing.T) {
	const name = "testdata/extract.json"
	f := format(t)
	extract, account := back(t, f, readText(t, f, "a.json", file(t, "testdata/plans/whole.json")))
	for _, fault := range account.Faults {
		if !strings.HasPrefix(fault.Reason, "no map that runs both ways makes") {
			t.Errorf("%+v", fault)
		}
	}
	var out bytes.Buffer
	if err := json.Indent(&out, extract, "", "  "); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := file(t, name); out.String() != want {
		t.Errorf("%s differs; with -update it is written anew. Got:\n%s", name, out.String())
	}
}

// TestNothingIsRequiredOfAnExtract: a plan without the person and the professionals comes
// back as far as it goes.
func TestNothingIsRequiredOfAnExtract(t *testing.T) {
	f := format(t)
	c := readText(t, f, "a.json", file(t, "testdata/plans/whole.json"))
	c.resources = slices.DeleteFunc(c.resources, func(r mapping.Resource) bool { return r.Type != "CarePlan" })
	extract, account := back(t, f, c)
	if account.Refused != 0 || !strings.Contains(string(extract), `"id":"P-100"`) || strings.Contains(string(extract), `"person"`) {
		t.Errorf("%+v: %s", account.Faults, extract)
	}
}

// TestNoImportTakesAnExtract: what an extract lacks must not be taken for what is not so.
func TestNoImportTakesAnExtract(t *testing.T) {
	f := format(t)
	extract, _ := back(t, f, readText(t, f, "a.json", file(t, "testdata/plans/whole.json")))
	c := readText(t, f, ctp.ExtractFile, string(extract))
	refused := c.refusals()
	if len(refused) != 1 || refused[0].Rule != "CTP-007" || c.report.Refused != 1 || len(c.resources)+len(c.consents) > 0 {
		t.Errorf("%+v, %d resources", refused, len(c.resources))
	}
	whole := strings.Replace(file(t, "testdata/plans/whole.json"), "{", `{"complete": true, `, 1)
	if c := readText(t, f, "a.json", whole); c.report.Taken != 1 {
		t.Errorf("a plan that says that it is complete: %+v", c.refusals())
	}
	lacking := strings.Replace(file(t, "testdata/plans/whole.json"), "{", `{"complete": false, `, 1)
	if c := readText(t, f, "a.json", lacking); c.report.Refused != 1 || len(c.consents) > 0 {
		t.Errorf("a plan that says that it is not: %+v", c.report)
	}
}

// TestWhatReturnsOfAPlan holds the verdicts of the maps, and the page to them.
func TestWhatReturnsOfAPlan(t *testing.T) {
	counts := map[mapping.Verdict]int{}
	_, page, _ := strings.Cut(file(t, "../../docs/welsh-plan.md"), "## Back out of FHIR")
	returns, why, ok := strings.Cut(page, "These do not return:")
	why, _, _ = strings.Cut(why, "\n\nOutcomes")
	for _, f := range format(t).Program().Check().Fields {
		counts[f.Verdict]++
		name := "`" + f.Field + "`"
		if lost := f.Verdict == mapping.Lost; strings.Contains(returns, name) == lost || strings.Contains(why, name) != lost {
			t.Errorf("%s %s, and the page says otherwise", f.Field, f.Verdict)
		}
	}
	said := fmt.Sprintf("Of %d fields %d return.", counts[mapping.Returns]+counts[mapping.Conditional]+counts[mapping.Lost], counts[mapping.Returns]+counts[mapping.Conditional])
	if !ok || said != "Of 179 fields 108 return." || !strings.Contains(page, said) {
		t.Errorf("%v, and the page does not say %q", counts, said)
	}
}

// TestAnEarlierPlanReturnsBesideTheOneInForce: what the two have in common, a care team with one
// coordinator above all, is told apart, and the alerts are of the plan in force.
func TestAnEarlierPlanReturnsBesideTheOneInForce(t *testing.T) {
	f := format(t)
	whole := file(t, "testdata/plans/whole.json")
	var earlier object
	if err := json.Unmarshal([]byte(whole), &earlier); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"replaces", "crisis", "contingency"} {
		delete(earlier, name)
	}
	earlier["id"], earlier["status"], earlier["made"], earlier["ended"], earlier["level"] = "P-099", "superseded", "2025-03-01", "2026-03-01", "standard"
	earlier["directives"] = []any{}
	earlier["coordinator"].(object)["from"] = "2020-01-01"
	second, err := json.Marshal(earlier)
	if err != nil {
		t.Fatal(err)
	}
	extract, account := back(t, f, readText(t, f, "a.json", "["+whole+","+string(second)+"]"))
	got, err := fhir.Parse(extract)
	if err != nil || got.Len() != 2 {
		t.Fatalf("%v: %+v\n%s", err, account.Faults, extract)
	}
	for i, want := range []struct{ id, level, from, alert string }{{"P-100", "enhanced", "2024-03-10", "Dau ymweliad gyda'i gilydd"}, {"P-099", "standard", "2020-01-01", ""}} {
		plan := got.At(i)
		said := []string{plan.Get("id").Text(), plan.Get("level").Text(), plan.Find("coordinator", "from").Text(), strings.Join(values(plan, []string{"alerts", "text"}), "")}
		if !slices.Equal(said, []string{want.id, want.level, want.from, want.alert}) || plan.Find("team", "name").Text() != "Tîm gofal Mair" {
			t.Errorf("%q, want %+v", said, want)
		}
	}
}

// TestAPartOfWhichNothingReturnsCostsNoPlan: of a contingency plan of arrangements and contacts
// nothing returns, and that there was one is held against nothing.
func TestAPartOfWhichNothingReturnsCostsNoPlan(t *testing.T) {
	f := format(t)
	var whole object
	if err := json.Unmarshal([]byte(file(t, "testdata/plans/whole.json")), &whole); err != nil {
		t.Fatal(err)
	}
	whole["contingency"] = object{"arrangements": []any{object{"what": "Her sister takes the children"}}}
	whole["crisis"] = object{"actions": []any{object{"what": "See her the same day"}}}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	extract, account := back(t, f, readText(t, f, "a.json", string(text)))
	for _, fault := range account.Faults {
		if !strings.HasPrefix(fault.Reason, "no map that runs both ways makes") {
			t.Errorf("%+v", fault)
		}
	}
	if !strings.Contains(string(extract), `"id":"P-100"`) {
		t.Errorf("came back as %s", extract)
	}
}

// less leaves out one member or element of a plan, or says another word in its place.
func less(rt *rapid.T, v any) any {
	switch v := v.(type) {
	case object:
		if len(v) == 0 {
			return v
		}
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(v))).Draw(rt, "member")
		if rapid.IntRange(0, 2).Draw(rt, "drop") == 0 {
			delete(v, name)
			return v
		}
		v[name] = less(rt, v[name])
	case []any:
		if len(v) == 0 {
			return v
		}
		i := rapid.IntRange(0, len(v)-1).Draw(rt, "element")
		if rapid.Bool().Draw(rt, "drop") {
			return slices.Delete(v, i, i+1)
		}
		v[i] = less(rt, v[i])
	case string:
		return rapid.SampledFrom([]string{"a|b", "50%", "ended", "draft", "on-hold", "Ŵyn", "2026-07-07", "Contingency plan", v + " "}).Draw(rt, "word")
	}
	return v
}

// TestExtractSaysOnlyWhatThePlanSaid: whatever plan is taken, each value of its extract is
// the plan's own, what returns without a condition is there, no list is empty, and
// nothing is said of wishes.
func TestExtractSaysOnlyWhatThePlanSaid(t *testing.T) {
	f := format(t)
	var always []string
	for _, field := range f.Program().Check().Fields {
		if field.Verdict == mapping.Returns && field.Field != "replaces" { // it comes with the plan that it names
			always = append(always, field.Field)
		}
	}
	whole, returned := file(t, "testdata/plans/whole.json"), 0
	rapid.Check(t, func(rt *rapid.T) {
		var plan any
		if err := json.Unmarshal([]byte(whole), &plan); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(0, 6).Draw(rt, "changes") {
			plan = less(rt, plan)
		}
		text, err := json.Marshal(plan)
		if err != nil {
			rt.Fatal(err)
		}
		c := readText(t, f, "a.json", string(text))
		if c.report.Taken == 0 {
			return
		}
		extract, account := back(rt, f, c)
		for _, fault := range account.Faults {
			if !strings.HasPrefix(fault.Reason, "no map that runs both ways makes") {
				rt.Fatalf("%+v\nof %s", fault, text)
			}
		}
		returned++
		given, err := fhir.Parse(text)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := fhir.Parse(extract)
		if err != nil || got.Len() != 1 || !got.At(0).Get("complete").Exists() || got.At(0).Get("complete").Bool() {
			rt.Fatalf("%v: %s", err, extract)
		}
		for _, name := range always {
			path := strings.Split(name, ".")
			if was, is := values(given, path), values(got.At(0), path); !slices.Equal(was, is) {
				rt.Fatalf("%s was %q, and came back as %q\nof %s", name, was, is, text)
			}
		}
		for _, fact := range facts {
			was, is := values(given, fact), values(got.At(0), fact)
			if !inForce(given) || fact[0] != "decisions" && !given.Get(fact[0]).Get("status").Is("current") {
				was = nil
			}
			if !slices.Equal(was, is) {
				rt.Fatalf("%v was %q, and came back as %q\nof %s", fact, was, is, text)
			}
		}
		for _, list := range []string{"risks", "alerts"} {
			if was, is := current(given, list), values(got.At(0), []string{list, "text"}); !slices.Equal(was, is) {
				rt.Fatalf("current %s were %q, and came back as %q\nof %s", list, was, is, text)
			}
		}
		if got.At(0).Get("directives").Exists() || strings.Contains(string(extract), "[]") {
			rt.Fatalf("states what it does not know: %s", extract)
		}
	})
	if returned < 10 {
		t.Errorf("only %d plans came back", returned)
	}
}

// facts return of a plan in force.
var facts = [][]string{
	{"legalStatus", "nation"}, {"legalStatus", "code"}, {"legalStatus", "from"}, {"legalStatus", "until"}, {"section117", "from"},
	{"decisions", "advanceDecision", "text"}, {"decisions", "lpa", "kind"}, {"decisions", "lpa", "name"}, {"decisions", "deputy", "date"},
}

func inForce(plan fhir.Value) bool {
	return slices.Contains([]string{"draft", "active", "on-hold"}, plan.Get("status").Text())
}

// current are the texts of the risks or alerts that hold: of a plan in force.
func current(plan fhir.Value, list string) (texts []string) {
	if !inForce(plan) {
		return nil
	}
	for fact := range plan.Get(list).Each() {
		if fact.Get("status").Is("current") {
			texts = append(texts, strings.TrimSpace(fact.Get("text").Text()))
		}
	}
	return texts
}

// TestWhatIsWithheldIsMissing: whichever resources are not given, what comes back of a list
// is a part of it, each with what was said of it, and with the same key as when all are given.
func TestWhatIsWithheldIsMissing(t *testing.T) {
	f := format(t)
	whole := readText(t, f, "a.json", file(t, "testdata/plans/whole.json"))
	all, _ := back(t, f, whole)
	rapid.Check(t, func(rt *rapid.T) {
		part := whole
		part.resources = nil
		for _, r := range rapid.Permutation(whole.resources).Draw(rt, "order") {
			if rapid.IntRange(0, 3).Draw(rt, "withheld") > 0 {
				part.resources = append(part.resources, r)
			}
		}
		extract, account := back(rt, f, part)
		if account.Read != len(part.resources) {
			rt.Fatalf("%+v", account)
		}
		if len(extract) == 0 {
			return // the plan itself is withheld
		}
		got, err := fhir.Parse(extract)
		if err != nil {
			rt.Fatal(err)
		}
		for _, list := range []string{"outcomes", "needs", "unmetNeeds", "risks", "alerts", "reviews"} {
			for element := range got.At(0).Get(list).Each() {
				if text := strings.Join(strings.Fields(string(element.Raw())), ""); !strings.Contains(strings.Join(strings.Fields(string(all)), ""), text) {
					rt.Fatalf("%s has %s, which the whole does not", list, text)
				}
			}
		}
	})
}

// values are the texts at a path, in their normal form.
func values(v fhir.Value, path []string) (all []string) {
	for found := range v.All(path...) {
		if text := strings.TrimSpace(found.Text()); text != "" {
			switch path[len(path)-1] {
			case "postalCode":
				text = strings.ToUpper(text)
			case "nhsNumber":
				text = strings.ReplaceAll(text, " ", "")
			}
			all = append(all, text)
		}
	}
	return all
}
