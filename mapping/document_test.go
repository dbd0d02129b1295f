package mapping_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// fenced is the content of every fenced block of one language in the language's document.
func fenced(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/map-language.md")
	if err != nil {
		t.Fatalf("reading the document: %v", err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

func TestDocumentExampleRuns(t *testing.T) {
	maps, records, wants := fenced(t, "map"), fenced(t, "json"), fenced(t, "fhir")
	if len(maps) != 2 || len(records) != 2 || len(wants) != 2 {
		t.Fatalf("the document has %d maps, %d records and %d results, want two each", len(maps), len(records), len(wants))
	}
	var report mapping.Report
	for i := range maps {
		resources, faults := runMap(t, maps[i], "Plan", records[i], &report)
		want := strings.Split(strings.TrimSpace(wants[i]), "\n{")
		if len(resources) != len(want) || len(faults) != 0 {
			t.Fatalf("made %d resources and %v, want %d", len(resources), faults, len(want))
		}
		for j, w := range want {
			if j > 0 {
				w = "{" + w
			}
			sameJSON(t, string(resources[j].Body), w)
		}
	}
	if report.LeftBehind["colour"] != 1 || len(report.LeftBehind) != 1 {
		t.Errorf("left behind %v, want one colour", report.LeftBehind)
	}
}

// runMap compiles one map and runs it over one JSON record.
func runMap(t *testing.T, text, source, record string, report *mapping.Report) ([]mapping.Resource, []mapping.Fault) {
	t.Helper()
	program, err := mapping.Load(fstest.MapFS{"test.map": {Data: []byte(text)}}, "", nil)
	if err != nil {
		t.Fatalf("loading the map: %v", err)
	}
	v, err := fhir.Parse([]byte(record))
	if err != nil {
		t.Fatalf("parsing the record: %v", err)
	}
	env := mapping.Env{Source: "src", Custodian: "7A4", ID: func(typ, key string) string { return typ + "-" + key }}
	runner, read := program.Runner(env, report), mapping.NewObject(v, "in.json", 1)
	runner.LeftBehind(source, read, v)
	return runner.Run(source, read)
}

// sameJSON compares by meaning and, so that a member's place is tested too, by its bytes without blanks.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	if _, err := fhir.Parse([]byte(got)); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	if flat := regexp.MustCompile(`\n\s*`).ReplaceAllString(want, ""); got != flat {
		t.Errorf("made\n%s\nwant\n%s", got, flat)
	}
}

func TestDocumentExampleRunsBack(t *testing.T) {
	sources, given, want := fenced(t, "both"), fenced(t, "resources"), fenced(t, "returned")
	if len(sources) != 2 || len(given) != 2 || len(want) != 2 {
		t.Fatalf("the document has %d maps, %d resources and %d results, want two each", len(sources), len(given), len(want))
	}
	for i := range sources {
		runsBack(t, sources[i], given[i], want[i])
	}
}

func runsBack(t *testing.T, source, given, want string) {
	t.Helper()
	program, err := compile(source)
	if err != nil {
		t.Fatal(err)
	}
	v, err := fhir.Parse([]byte(given))
	if err != nil {
		t.Fatal(err)
	}
	back := program.Back(testEnv, slices.Collect(v.Each()))
	back.ProveWith(program)
	var got strings.Builder
	for _, r := range back.Records {
		fmt.Fprintf(&got, "%s\n", r.JSON())
	}
	for _, path := range slices.Sorted(maps.Keys(back.Dropped)) {
		fmt.Fprintf(&got, "dropped %s %d\n", path, back.Dropped[path])
	}
	for _, f := range back.Faults {
		fmt.Fprintf(&got, "refused %s %d %s: %s\n", f.At.File, f.At.Row, f.At.Field, f.Reason)
	}
	for _, path := range slices.Sorted(maps.Keys(back.Minted)) {
		fmt.Fprintf(&got, "minted %s %d\n", path, back.Minted[path])
	}
	if got.String() != want {
		t.Errorf("came back as\n%s\nwant\n%s", got.String(), want)
	}
}

func TestDocumentOverlay(t *testing.T) {
	overlays := fenced(t, "overlay")
	if len(overlays) != 1 {
		t.Fatalf("the document has %d overlays, want one", len(overlays))
	}
	program, err := compileVersion(fenced(t, "both")[0], overlays[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(program.Reads("Plan"), " "); got != "closed goals.no goals.text owner planId state" {
		t.Errorf("the version reads %s", got)
	}
}
