package ctp_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
)

func TestFormsOfAFile(t *testing.T) {
	f := format(t)
	one := write(t, whole(t))
	other := strings.NewReplacer(`"P-100"`, `"P-101"`, `"key":"100"`, `"key":"101"`, `"E-100"`, `"E-101"`).Replace(one)
	for name, c := range map[string]struct {
		file, text     string
		taken, refused int
		row            int // of the first fault
	}{
		"one plan":                         {"a.json", one, 1, 0, 0},
		"one plan on many lines":           {"a.JSON", strings.ReplaceAll(one, `,"`, ",\n\""), 1, 0, 0},
		"with a byte order mark":           {"a.json", "\ufeff" + one, 1, 0, 0},
		"an array":                         {"a.json", "[" + one + ",\n" + other + "]", 2, 0, 0},
		"an empty array":                   {"a.json", " [ ] ", 0, 0, 0},
		"lines":                            {"a.ndjson", one + "\r\n\r\n" + other + "\n", 2, 0, 0},
		"lines by their content":           {"a.json", one + "\n" + other, 2, 0, 0},
		"no lines":                         {"a.jsonl", "", 0, 0, 0},
		"nothing at all":                   {"a.json", "", 0, 0, 0}, // the file is told by name
		"no object":                        {"a.json", `"plan"`, 0, 1, 0},
		"a broken line":                    {"a.ndjson", one + "\n{\"version\":\n" + other, 2, 1, 2},
		"a broken first line":              {"a.ndjson", "{\n" + other, 1, 1, 1},
		"bytes that are no text":           {"a.ndjson", "\xff\xfe\n" + other, 1, 1, 1},
		"a broken element":                 {"a.json", "[" + one + `, {"id": 01}, ` + other + "]", 2, 1, 2},
		"a member twice":                   {"a.json", `[{"id":"1","id":"2"},` + one + "]", 1, 1, 1},
		"a quotation mark left open":       {"a.json", "[" + one + `, {"id": "1}, ` + other + "]", 1, 1, 2},
		"an array that does not end":       {"a.json", "[" + one + "," + other[:40], 1, 1, 2},
		"something after the array":        {"a.json", "[" + one + "] and so on", 1, 1, 2},
		"brackets and quotes inside words": {"a.json", "[" + strings.Replace(one, "Dim ward gymysg", `a ] , \\\" {`, 1) + "," + other + "]", 2, 0, 0},
		"too deep":                         {"a.ndjson", strings.Repeat("[", 70) + strings.Repeat("]", 70) + "\n" + one, 1, 1, 1},
		"an array for a plan":              {"a.ndjson", "[" + one + "]", 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, f, c.file, c.text)
			if got.report.Taken != c.taken || got.report.Refused != c.refused || got.report.Read != c.taken+c.refused {
				t.Fatalf("%+v, want %d taken and %d refused; %+v", got.report, c.taken, c.refused, got.faults)
			}
			if refused := got.refusals(); c.refused > 0 && refused[0].At.Row != c.row {
				t.Errorf("the fault is at %+v, want row %d", refused[0].At, c.row)
			}
		})
	}
}

func TestFoldersAndOtherFiles(t *testing.T) {
	got := read(t, format(t), fstest.MapFS{
		"2026/a.json": {Data: []byte(write(t, whole(t)))},
		"notes.txt":   {Data: []byte("hello")},
	})
	if got.report.Taken != 1 || len(got.report.NotRead) != 1 || got.report.NotRead[0].File != "notes.txt" {
		t.Errorf("%+v", got.report)
	}
}

// TestRerunIsByteIdentical: a second run makes the same bytes under the same ids.
func TestRerunIsByteIdentical(t *testing.T) {
	f := format(t)
	first, second := read(t, f, os.DirFS("testdata/plans")), read(t, f, os.DirFS("testdata/plans"))
	same := slices.EqualFunc(first.resources, second.resources, func(a, b mapping.Resource) bool {
		return a.Type == b.Type && a.ID == b.ID && a.Person == b.Person && string(a.Body) == string(b.Body)
	})
	if len(first.resources) == 0 || !same {
		t.Error("the second run made something else")
	}
	made := map[string]bool{}
	for _, r := range first.resources {
		if made[r.Type+r.ID] {
			t.Errorf("%s %s is made twice in one run", r.Type, r.Key)
		}
		made[r.Type+r.ID] = true
	}
}

// TestFragmentIsFedInAgain: as it was it is refused again; mended it is taken, and
// makes what it would have made at first.
func TestFragmentIsFedInAgain(t *testing.T) {
	f := format(t)
	plan := whole(t)
	plan["made"] = "2026-02-30"
	refused := readText(t, f, "a.ndjson", write(t, plan)).refusals()
	if len(refused) == 0 {
		t.Fatal("nothing was refused")
	}
	again := func(raw []byte) collected {
		var c collected
		var err error
		if c.report, err = f.Reread(context.Background(), raw, env, &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := again(refused[0].Raw); c.report.Refused != 1 || len(c.resources) != 0 {
		t.Errorf("unmended: %+v", c.report)
	}
	mended := again([]byte(strings.Replace(string(refused[0].Raw), "2026-02-30", "2026-03-02", 1)))
	want := readText(t, f, "a.json", write(t, whole(t)))
	if mended.report.Taken != 1 || len(mended.resources) != len(want.resources) {
		t.Fatalf("mended: %+v", mended.report)
	}
	for i, r := range mended.resources {
		if string(r.Body) != string(want.resources[i].Body) {
			t.Errorf("%s %s differs", r.Type, r.Key)
		}
		if string(r.Fragment()) == "" {
			t.Errorf("%s %s has no fragment", r.Type, r.Key)
		}
	}
}

func TestPlansThatTellTheSameThing(t *testing.T) {
	one := write(t, whole(t))
	old := whole(t)
	old["id"], old["status"], old["directives"] = "P-090", "superseded", []any{}
	old["person"].(object)["telephone"] = "01632 960199"
	draft := whole(t)
	draft["id"], draft["status"] = "P-110", "draft"
	draft["directives"].([]any)[0].(object)["status"] = "withdrawn"
	stranger := whole(t)
	stranger["id"], stranger["status"], stranger["directives"] = "P-091", "superseded", []any{}
	stranger["person"].(object)["nhsNumber"] = "9990000026"
	twin := whole(t)
	twin["id"], twin["status"] = "P-092", "draft"
	twin["person"].(object)["birthDate"] = "1981-05-01"
	moved := whole(t)
	moved["id"] = "P-111"
	moved["person"].(object)["telephone"] = "01632 960199"
	f := format(t)
	for name, c := range map[string]struct {
		texts          []string
		taken, refused int
		rule           string
	}{
		"the same id twice":                            {[]string{one, one}, 1, 1, "CTP-040"},
		"an old plan with an old telephone, and first": {[]string{write(t, old), one}, 2, 0, "CTP-042"},
		"a draft that takes a wish back":               {[]string{one, write(t, draft)}, 1, 1, "CTP-042"},
		"an old plan of another NHS number":            {[]string{one, write(t, stranger)}, 1, 1, "CTP-042"},
		"a draft of another birth date":                {[]string{one, write(t, twin)}, 1, 1, "CTP-042"},
		"two plans in force with two telephones":       {[]string{one, write(t, moved)}, 1, 1, "CTP-042"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, f, "a.ndjson", strings.Join(c.texts, "\n"))
			if got.report.Taken != c.taken || got.report.Refused != c.refused || len(got.faults) == 0 {
				t.Fatalf("%+v, want %d taken and %d refused", got.report, c.taken, c.refused)
			}
			if !slices.ContainsFunc(got.faults, func(f mapping.Fault) bool { return f.Rule == c.rule && f.Warning == (c.refused == 0) }) {
				t.Errorf("faults %+v, want %s", got.faults, c.rule)
			}
			for _, r := range got.resources {
				if r.Type == "Patient" && !strings.Contains(string(r.Body), "01632 960101") {
					t.Error("the current plan's telephone did not stand")
				}
			}
		})
	}
}

// stopping refuses to go on.
type stopping struct{ collected }

var errStop = errors.New("enough")

func (stopping) Take([]mapping.Resource) error { return errStop }

func TestReadStops(t *testing.T) {
	f := format(t)
	if _, err := f.Read(context.Background(), os.DirFS("testdata/plans"), env, &stopping{}); !errors.Is(err, errStop) {
		t.Errorf("went on after %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Read(ctx, os.DirFS("testdata/plans"), env, &collected{}); !errors.Is(err, context.Canceled) {
		t.Errorf("went on with %v", err)
	}
}
