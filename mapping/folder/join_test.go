package folder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles/fhir"
)

const joinMaps = `csv Plans
  plan "Plan"
  says "Says"
csv Steps of Plans by plan
  plan "Plan"
  no   "No"
  what "What"
map Plans <-> CarePlan
  key plan
  in identifier[]
    "https://s/plan" -> system
    plan <-> value   required
  says <-> description
  each Steps by no <-> activity[]
    no   <-> id
    what <-> detail.description
`

func joins(t testing.TB) *folder.Format {
	t.Helper()
	f, err := folder.New(fstest.MapFS{"m.map": {Data: []byte(joinMaps)}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func files(texts map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range texts {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

// told is what became of a run: the steps of each plan, and where what was set aside stood.
func told(b *book) (plans, aside []string) {
	for _, r := range b.taken {
		v, _ := fhir.ParseResource(r.Body)
		said := r.Key + ":"
		for activity := range v.Get("activity").Each() {
			said += " " + activity.Get("id").Text() + activity.Get("detail").Get("description").Text()
		}
		plans = append(plans, said)
	}
	for _, f := range b.aside {
		aside = append(aside, fmt.Sprintf("%s %d %s", f.At.File, f.At.Row, f.Rule))
	}
	return plans, aside
}

// A row has the rows of another table that are its own, in their order, whichever file is
// read first; a row that is nobody's, or could be somebody else's, is set aside.
func TestRowsFindTheirHome(t *testing.T) {
	for name, c := range map[string]struct {
		plans, steps, taken, aside string
	}{
		"in their order":      {"P2,b\nP1,a\nP3,c\n", "P1,2,x\nP2,1,y\nP1,1,z\n", "P2: 1y, P1: 2x 1z, P3:", ""},
		"a blank aside":       {" P1,a\n", "P1 ,1,x\n", "P1: 1x", ""},
		"without a home":      {"P1,a\n", "P9,1,x\nP1,1,y\n", "P1: 1y", "Steps.csv 1 JOIN"},
		"a home twice":        {"P1,a\nP1,b\nP2,c\n", "P1,1,x\nP2,1,y\n", "P2: 1y", "Plans.csv 1 DUPLICATE, Plans.csv 2 DUPLICATE, Steps.csv 1 JOIN"},
		"twice without rows":  {"P1,a\nP1,b\n", "P2,1,y\n", "", "Plans.csv 1 DUPLICATE, Plans.csv 2 DUPLICATE, Steps.csv 1 JOIN"},
		"a column blank":      {"P1,a\n", ",1,x\n", "P1:", "Steps.csv 1 JOIN"},
		"a home that is cut":  {"P1\nP2,b\n", "P1,1,x\n", "P2:", "Plans.csv 1 FILE, Steps.csv 1 JOIN"},
		"one key in one home": {"P1,a\n", "P1,1,x\nP1,1,y\n", "P1: 1x 1y", ""},

		// A row without one of its own that cannot be read would be half a record.
		"a row that is cut":         {"P1,a\nP2,b\n", "P1,1\nP1,2,y\nP2,1,z\n", "P2: 1z", "Plans.csv 1 JOIN, Steps.csv 1 FILE"},
		"a row that is no UTF-8":    {"P1,a\nP2,b\n", "P1,1,\xff\n", "P2:", "Plans.csv 1 JOIN, Steps.csv 1 FILE"},
		"a quote within a text":     {"P1,a\nP2,b\n", "P1,1,so \"it\" is\nP2,1,z\n", "P2: 1z", "Plans.csv 1 JOIN, Steps.csv 1 FILE"},
		"a quote that never ends":   {"P1,a\nP2,b\n", "P1,1,\"x\nP2,1,z\n", "", "Plans.csv 1 JOIN, Plans.csv 2 JOIN, Steps.csv 1 FILE"},
		"nobody knows whose":        {"P1,a\nP2,b\n", "so,P1,1,x\n", "", "Plans.csv 1 JOIN, Plans.csv 2 JOIN, Steps.csv 1 FILE"},
		"it may be that of a blank": {"P1,a\n", ",1\n", "", "Plans.csv 1 JOIN, Steps.csv 1 FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			b, report := read(t, joins(t), files(map[string]string{"Plans.csv": "Plan,Says\n" + c.plans, "Steps.csv": "Plan,No,What\n" + c.steps}))
			plans, aside := told(b)
			if got := strings.Join(plans, ", "); got != c.taken {
				t.Errorf("taken %q, want %q", got, c.taken)
			}
			slices.Sort(aside)
			if got := strings.Join(aside, ", "); got != c.aside {
				t.Errorf("set aside %q, want %q", got, c.aside)
			}
			if report.Read != report.Taken+report.Refused || report.Taken != len(plans) {
				t.Errorf("the account %+v does not add up", report)
			}
			for _, f := range b.aside {
				if len(f.Raw) == 0 {
					t.Errorf("what was set aside is lost: %+v", f)
				}
			}
		})
	}
}

// An export without one of its tables does not say that the other has none of its rows.
func TestATableThatIsMissingSaysNothing(t *testing.T) {
	b, _ := read(t, joins(t), files(map[string]string{"Plans.csv": "Plan,Says\nP1,a\n"}))
	if _, aside := told(b); len(b.taken) > 0 || fmt.Sprint(aside) != "[Plans.csv 1 JOIN]" || !strings.Contains(b.aside[0].Reason, "Steps.csv") {
		t.Errorf("taken %v, set aside %+v", b.taken, b.aside)
	}
	b, _ = read(t, joins(t), files(map[string]string{"Plans.csv": "Plan,Says\nP1,a\n", "Steps.csv": "Plan,No,What\n"}))
	if plans, _ := told(b); fmt.Sprint(plans) != "[P1:]" {
		t.Errorf("with its headers alone: %v %v", plans, b.aside)
	}
	b, report := read(t, joins(t), files(map[string]string{"Plans.csv": "Plan,Says\nP1,a\n", "Steps.csv": "Plan,No,What\n", "Steps.json": `{"plan": "P1"}`}))
	if len(b.taken) != 1 || len(report.NotRead) != 1 || report.NotRead[0].File != "Steps.json" {
		t.Errorf("as a document: %+v", report)
	}
}

// A table that was refused as a whole, or that ended before its end, left every plan without
// its steps.
func TestATableThatIsNotReadAsAWholeSaysNothing(t *testing.T) {
	for name, steps := range map[string]string{
		"a column missing":  "Plan,No\nP1,1\n",
		"no commas":         "Plan;No;What\nP1;1;x\n",
		"a row without end": "Plan,No,What\nP1,1,x\nP1,2,\"" + strings.Repeat("y", mapping.MaxDocument+1<<20) + "\n",
	} {
		b, report := read(t, joins(t), files(map[string]string{"Plans.csv": "Plan,Says\nP1,a\n", "Steps.csv": steps}))
		plans, aside := told(b)
		if len(plans) > 0 || !slices.Contains(aside, "Plans.csv 1 JOIN") {
			t.Errorf("%s: taken %v, set aside %v, %+v", name, plans, aside, report)
		}
	}
}

// Of how many rows it is remembered whose they are is bounded: of more nobody knows it.
func TestOfManyRowsThatCannotBeReadNobodyKnowsWhoseTheyAre(t *testing.T) {
	plans, steps := "Plan,Says\nP,a\n", "Plan,No,What\n"
	for i := range 1001 {
		plans, steps = plans+fmt.Sprintf("P%d,a\n", i), steps+fmt.Sprintf("P%d,1\n", i)
	}
	b, _ := read(t, joins(t), files(map[string]string{"Plans.csv": plans, "Steps.csv": steps}))
	if taken, aside := told(b); len(taken) > 0 || len(aside) != 1002+1001 {
		t.Errorf("taken %v, set aside %d", taken, len(aside))
	}
}

// What is fed in again of a row has its rows with it, and what comes back is both tables.
func TestRowsAndTheirsReturn(t *testing.T) {
	f := joins(t)
	given := map[string]string{"Plans.csv": "Plan,Says\nP1,a\nP2,\n", "Steps.csv": "Plan,No,What\nP1,1,x\nP1,2,\"y, z\"\nP2,1,w\n"}
	b, _ := read(t, f, files(given))
	var resources []fhir.Value
	again := &book{}
	for _, r := range b.taken {
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		resources = append(resources, v)
		if _, err := f.Reread(t.Context(), r.Fragment(), env, again); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range again.taken {
		if string(r.Body) != string(b.taken[i].Body) {
			t.Errorf("fed in again it is %s, and was %s", r.Body, b.taken[i].Body)
		}
	}
	if len(again.taken) != 2 {
		t.Errorf("fed in again: %d", len(again.taken))
	}
	back, account := f.Back(env, resources)
	if account.Refused > 0 || string(back["Plans.csv"]) != given["Plans.csv"] || string(back["Steps.csv"]) != given["Steps.csv"] {
		t.Errorf("%s%s%+v", back["Plans.csv"], back["Steps.csv"], account)
	}
}

// TestManyRowsFindTheirHome does it with more rows than stay in memory.
func TestManyRowsFindTheirHome(t *testing.T) {
	opened := 0
	spilled := env
	spilled.Scratch = func() (scratch.File, error) {
		opened++
		file, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
		t.Cleanup(func() { _ = file.Close() })
		return file, err
	}
	var plans, steps strings.Builder
	plans.WriteString("Plan,Says\n")
	steps.WriteString("Plan,No,What\n")
	const n = 20_000
	for i := range n {
		fmt.Fprintf(&plans, "P%d,a\n", i)
	}
	for no := range 3 {
		for i := range n {
			fmt.Fprintf(&steps, "P%d,%d,%s\n", n-1-i, no, strings.Repeat("x", 40))
		}
	}
	expected := 0
	spilled.Expect = func(records int) { expected = records }
	b := &book{}
	report, err := joins(t).Read(t.Context(), files(map[string]string{"Plans.csv": plans.String(), "Steps.csv": steps.String()}), spilled, b)
	if err != nil || report.Taken != n || len(b.aside) > 0 || opened < 2 || expected != n {
		t.Fatalf("%v %+v, %d files, %d expected", err, report, opened, expected)
	}
	for i, r := range b.taken {
		v, _ := fhir.ParseResource(r.Body)
		if ids := fmt.Sprint(v.Get("activity").Len()); r.Key != fmt.Sprint("P", i) || ids != "3" {
			t.Fatalf("%s has %s", r.Key, ids)
		}
	}
	broken := env
	broken.Scratch = func() (scratch.File, error) { return nil, os.ErrPermission }
	if _, err := joins(t).Read(t.Context(), files(map[string]string{"Plans.csv": plans.String(), "Steps.csv": steps.String()}), broken, &book{}); err == nil {
		t.Error("nothing could be kept, and the run went on")
	}
}

// TestPeopleAreReadFirst: a file with people that stands behind the others by its name left
// these as of unknown people.
func TestPeopleAreReadFirst(t *testing.T) {
	f, err := folder.New(fstest.MapFS{"m.map": {Data: []byte("map Plans -> CarePlan\n  key id\n  person who\nmap Users -> Patient\n  key id\n")}}, "")
	if err != nil {
		t.Fatal(err)
	}
	b, report := read(t, f, files(map[string]string{"Plans.csv": "id,who\nP1,1\n", "Users.csv": "id\n1\n", "other.txt": "x"}))
	if len(b.taken) != 2 || b.taken[0].Type != "Patient" {
		t.Errorf("%+v", b.taken)
	}
	if want := []mapping.NotRead{{File: "other.txt", Reason: "its name ends in none of .csv, .json, .ndjson, .jsonl"}}; !slices.Equal(report.NotRead, want) {
		t.Errorf("not read: %+v", report.NotRead)
	}
}
