package mhsds_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var update = flag.Bool("update", false, "write the golden files anew; then read what changed")

// book is an Output that keeps what it is given.
type book struct {
	taken []mapping.Resource
	aside []mapping.Fault
}

func (b *book) Take(resources []mapping.Resource) error {
	b.taken = append(b.taken, resources...)
	return nil
}

func (b *book) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	b.aside = append(b.aside, faults...)
	return nil
}

var notID = regexp.MustCompile(`[^A-Za-z0-9.-]`)

var env = mapping.Env{
	Source: "mhsds-v6", Custodian: "7A4",
	ID: func(typ, key string) string {
		id := strings.ToLower(typ[:2]) + "-" + notID.ReplaceAllString(key, "-")
		return id[:min(len(id), 64)]
	},
}

func format(t testing.TB) *mhsds.Format {
	t.Helper()
	f, err := mhsds.New(mhsds.V6)
	if err != nil {
		t.Fatalf("compiling the format: %v", err)
	}
	return f
}

// read runs an extract and holds what must be true of every run.
func read(t testing.TB, fsys fs.FS) (*book, mapping.Report) {
	t.Helper()
	env, expected := env, 0
	env.Expect = func(records int) { expected = records }
	b := &book{}
	report, err := format(t).Read(context.Background(), fsys, env, b)
	if err != nil {
		t.Fatalf("reading the extract: %v", err)
	}
	holds(t, b, report)
	if expected != report.Read && expected != 0 { // none is expected of an extract without a sound header
		t.Errorf("%d rows were expected, and %d read", expected, report.Read)
	}
	version := format(t).Program().Version()
	for _, r := range b.taken {
		if r.Maps != version {
			t.Fatalf("%s %s was made by maps %q", r.Type, r.Key, r.Maps)
		}
	}
	return b, report
}

func holds(t testing.TB, b *book, report mapping.Report) {
	t.Helper()
	if report.Read != report.Taken+report.Refused {
		t.Errorf("read %d rows, taken %d and refused %d", report.Read, report.Taken, report.Refused)
	}
	accounted := 0
	for _, r := range b.taken {
		accounted += r.Records
		if r.Fragment == nil || len(r.Fragment()) == 0 {
			t.Errorf("%s %s has no fragment", r.Type, r.Key)
		}
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatalf("%s %s is no resource: %v", r.Type, r.Key, err)
		}
		if issues := profiles.Check(v); profiles.Fatal(issues) {
			t.Errorf("%s %s: %v\n%s", r.Type, r.Key, issues, r.Body)
		}
		if v.ID() != r.ID || v.Type() != r.Type {
			t.Errorf("the body of %s %s says it is %s %s", r.Type, r.ID, v.Type(), v.ID())
		}
	}
	if accounted != report.Taken {
		t.Errorf("the resources account for %d rows, %d were taken", accounted, report.Taken)
	}
	for _, f := range b.aside {
		if f.Rule == "" || f.Reason == "" || f.At.File == "" || !f.Warning && f.Raw == nil && f.Rule != "MHS000" && !strings.Contains(f.Reason, "without a sound header") {
			t.Errorf("a fault without rule, reason, file or fragment: %+v", f)
		}
		if f.Value != "" && len(f.Value) > 3 && strings.Contains(f.Reason, f.Value) {
			t.Errorf("%s: the reason holds the value", f.Rule)
		}
	}
}

// story is a run as a golden file tells it.
func story(b *book, report mapping.Report) string {
	var s strings.Builder
	fmt.Fprintf(&s, "read %d, taken %d, refused %d\n", report.Read, report.Taken, report.Refused)
	for _, path := range slices.Sorted(maps.Keys(report.LeftBehind)) {
		fmt.Fprintf(&s, "left behind %s %d\n", path, report.LeftBehind[path])
	}
	for _, f := range report.NotRead {
		fmt.Fprintf(&s, "not read %s: %s\n", f.File, f.Reason)
	}
	for _, f := range b.aside {
		effect := "refused"
		if f.Warning {
			effect = "warning"
		}
		fmt.Fprintf(&s, "%s %s %s:%d %s %q: %s\n", effect, f.Rule, f.At.File, f.At.Row, f.At.Field, f.Value, f.Reason)
	}
	for _, r := range b.taken {
		fmt.Fprintf(&s, "%s:%d %s key %s person %s\n  %s\n", r.From.File, r.From.Row, r.Type, r.Key, r.Person, r.Body)
	}
	return s.String()
}

func TestGoldenExtracts(t *testing.T) {
	for _, name := range []string{"sound", "faulty"} {
		t.Run(name, func(t *testing.T) {
			folder := os.DirFS("testdata/" + name)
			b, report := read(t, folder)
			got := story(b, report)
			golden := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the run differs from %s; look at the difference, then run with -update\n%s", golden, got)
			}
			if again, report := read(t, folder); story(again, report) != got {
				t.Error("a second run made something else")
			}
		})
	}
}
