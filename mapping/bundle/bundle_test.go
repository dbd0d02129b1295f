package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/bundle"
	"cpagateway/profiles/fhir"
)

var update = flag.Bool("update", false, "write the golden files anew; then read what changed")

// book is an Output that keeps what it is given.
type book struct {
	taken    []mapping.Resource
	aside    []mapping.Fault
	consents []mapping.Resource // of refused records
}

func (b *book) Take(resources []mapping.Resource) error {
	b.taken = append(b.taken, resources...)
	return nil
}

func (b *book) SetAside(faults []mapping.Fault, consents []mapping.Resource) error {
	b.aside = append(b.aside, faults...)
	b.consents = append(b.consents, consents...)
	return nil
}

func (b *book) refused() []mapping.Fault {
	return slices.DeleteFunc(slices.Clone(b.aside), func(f mapping.Fault) bool { return f.Warning })
}

// env gives ids that say whose they are; the same key always gives the same.
var env = mapping.Env{Source: "fhir-bundle", Custodian: "7A4", ID: func(typ, key string) string {
	if len(key) > 8 {
		key = key[len(key)-4:]
	}
	return "our-" + strings.ToLower(typ) + "-" + key
}}

type fataler interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

var format = &bundle.Format{}

// read brings an extract in and holds what must be true of every run.
func read(t fataler, fsys fs.FS) (*book, mapping.Report) {
	t.Helper()
	b := &book{}
	expected := 0
	env := env
	env.Expect = func(records int) { expected = records }
	report, err := format.Read(context.Background(), fsys, env, b)
	if err != nil {
		t.Fatalf("reading the extract: %v", err)
	}
	if report.Read != expected {
		t.Errorf("read %d, where %d were expected", report.Read, expected)
	}
	holds(t, b, report)
	return b, report
}

func readText(t fataler, text string) (*book, mapping.Report) {
	t.Helper()
	return read(t, fstest.MapFS{"extract.json": {Data: []byte(text)}})
}

func reread(t fataler, raw []byte) (*book, mapping.Report) {
	t.Helper()
	b := &book{}
	report, err := format.Reread(context.Background(), raw, env, b)
	if err != nil {
		t.Fatalf("reading a fragment: %v", err)
	}
	return b, report
}

// holds is the account, the bytes, and that quarantine loses nothing: a fragment
// that nobody mended is refused again by the same rule with the same fragment, and the fragment of a
// record that was taken makes the very same resource.
func holds(t fataler, b *book, report mapping.Report) {
	t.Helper()
	records, refused := 0, b.refused()
	for _, r := range b.taken {
		records += r.Records
		onlyOurs(t, r)
		again, _ := reread(t, r.Fragment())
		if len(again.taken) != 1 || !same(again.taken[0], r) {
			t.Errorf("the fragment of %s %s makes something else:\n%s\n%+v", r.Type, r.Key, r.Fragment(), again)
		}
	}
	for _, f := range refused {
		if f.Rule == "" || f.Reason == "" || f.At.File == "" || f.Raw == nil {
			t.Errorf("a fault without rule, reason, file or fragment: %+v", f)
		}
		again, report := reread(t, f.Raw)
		if len(again.taken) != 0 || report.Refused == 0 || again.refused()[0].Rule != f.Rule || !bytes.Equal(again.refused()[0].Raw, f.Raw) {
			t.Errorf("%s: unmended, it is not refused again:\n%s\n%+v", f.Rule, f.Raw, again)
		}
	}
	if report.Read != report.Taken+report.Refused || records != report.Taken || len(refused) != report.Refused {
		t.Errorf("the account does not add up: %+v, %d records taken, %d set aside", report, records, len(refused))
	}
}

func same(a, b mapping.Resource) bool {
	return a.Type == b.Type && a.ID == b.ID && a.Key == b.Key && a.Person == b.Person && bytes.Equal(a.Body, b.Body)
}

// onlyOurs holds that a body is the source's bytes but for id and references.
func onlyOurs(t fataler, r mapping.Resource) {
	t.Helper()
	body, err := fhir.ParseResource(r.Body)
	if err != nil {
		t.Fatalf("%s %s is no resource: %v", r.Type, r.Key, err)
	}
	if body.ID() != r.ID || body.Type() != r.Type {
		t.Errorf("the body of %s %s says it is %s %s", r.Type, r.ID, body.Type(), body.ID())
	}
	source, err := fhir.Parse(trimmed(r.Fragment()))
	if err != nil {
		t.Fatalf("the fragment of %s %s: %v", r.Type, r.Key, err)
	}
	if source.Type() == "Bundle" {
		source = source.Find("entry", "resource")
	}
	got := masked(t, body)
	if !source.Get("id").Exists() {
		got = bytes.Replace(got, []byte(`,"id":"*"`), nil, 1)
	}
	if want := masked(t, source); !bytes.Equal(got, want) {
		t.Errorf("%s %s: more than id and references differ:\n%s\n%s", r.Type, r.Key, got, want)
	}
}

func masked(t fataler, v fhir.Value) []byte {
	t.Helper()
	star := []byte(`"*"`)
	var edits []fhir.Edit
	if v.Get("id").Exists() {
		edits = append(edits, fhir.Edit{At: v.Get("id"), With: star})
	}
	for ref := range fhir.References(v) {
		if !strings.HasPrefix(ref.Text(), "#") {
			edits = append(edits, fhir.Edit{At: ref, With: star})
		}
	}
	out, err := fhir.Splice(v, edits...)
	if err != nil {
		t.Fatalf("masking: %v", err)
	}
	return out
}

func trimmed(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }

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
		if !f.Warning {
			fmt.Fprintf(&s, "  %s\n", f.Raw)
		}
	}
	for _, r := range b.taken {
		fmt.Fprintf(&s, "%s:%d %s key %s person %s\n  %s\n", r.From.File, r.From.Row, r.Type, r.Key, r.Person, r.Body)
	}
	return s.String()
}

func TestGoldenExtracts(t *testing.T) {
	for _, name := range []string{"transaction", "server", "faulty"} {
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

// failing is an Output that fails.
type failing struct{ book }

var errFull = errors.New("disk full")

func (f *failing) Take([]mapping.Resource) error { return errFull }

func TestErrorsStopTheRun(t *testing.T) {
	f, fsys := format, os.DirFS("testdata/transaction")
	if _, err := f.Read(context.Background(), fsys, env, &failing{}); !errors.Is(err, errFull) {
		t.Errorf("the output's error became %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Read(cancelled, fsys, env, &book{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled run ended with %v", err)
	}
	if _, err := f.Read(context.Background(), os.DirFS("testdata/nowhere"), env, &book{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gave %v", err)
	}
}
