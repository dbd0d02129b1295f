package mapping_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// seeds are the maps of the language's own tests.
func seeds(f *testing.F) []string {
	f.Helper()
	files, err := filepath.Glob("testdata/language/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	var maps []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range strings.Split(string(text), "\nmap\n")[1:] {
			m, _, _ := strings.Cut(c, "\n----")
			maps = append(maps, m)
		}
	}
	return maps
}

// FuzzMap: no map makes the parser or a run panic, and what a map makes is JSON.
func FuzzMap(f *testing.F) {
	for _, m := range seeds(f) {
		f.Add(m, `{"id":"1","a":"x","b":[{"c":1},"s"],"goals":[{"no":"1","text":"t","notes":["n"]}],"kind":"99"}`)
	}
	f.Fuzz(func(t *testing.T, text, record string) {
		program, err := compile(text)
		if err != nil {
			return
		}
		v, err := fhir.Parse([]byte(record))
		if err != nil {
			return
		}
		var report mapping.Report
		for _, source := range program.Sources() {
			program.Runner(testEnv, &report).LeftBehind(source, mapping.NewObject(v, "in.json", 1), v)
			program.Date(source, record)
			resources, faults := program.Runner(testEnv, &report).Run(source, mapping.NewObject(v, "in.json", 1))
			if mapping.Refused(faults) && len(resources) > 0 {
				t.Error("a refused record made something")
			}
			var made []fhir.Value
			for _, r := range resources {
				if v, err := fhir.ParseResource(r.Body); err == nil {
					made = append(made, v)
				}
			}
			goesBack(t, program, append(made, v))
			for _, r := range resources {
				if _, err := fhir.ParseResource(r.Body); err != nil && utf8.ValidString(text) {
					t.Errorf("made what is no resource: %v\n%s", err, r.Body)
				}
			}
		}
	})
}

// FuzzOverlay: no overlay makes the parser panic or take longer than the limits let it,
// and its faults have a place.
func FuzzOverlay(f *testing.F) {
	text, err := os.ReadFile("testdata/language/sections")
	if err != nil {
		f.Fatal(err)
	}
	base := ""
	for _, c := range strings.Split("\n"+string(text), "\n\n") {
		for _, command := range []string{"map\n", "overlay\n"} {
			_, input, found := strings.Cut("\n"+c, "\n"+command)
			if input, _, _ = strings.Cut(input, "\n----"); found && command == "map\n" {
				base = input
				f.Add(base, "")
			} else if found {
				f.Add(base, input)
			}
		}
	}
	f.Add("section a\n  use b\n  use b\nsection b\n  use c\n  use c\nsection c\n  x -> y\nmap S -> Basic\n  key id\n  use a\n", "remove section c\n")
	f.Fuzz(func(t *testing.T, text, overlay string) {
		program, err := compileVersion(text, overlay)
		if err == nil {
			program.Check()
			return
		}
		for _, line := range strings.Split(err.Error(), "\n") {
			if !strings.HasPrefix(line, "m.map:") && !strings.HasPrefix(line, "v2.overlay:") && utf8.ValidString(text+overlay) {
				t.Errorf("a fault without a place: %s", line)
			}
		}
	})
}

// goesBack: whatever is given, each resource is in a record or in a fault, and no
// record is given that would say otherwise.
func goesBack(t *testing.T, program *mapping.Program, resources []fhir.Value) {
	t.Helper()
	program.Check()
	back := program.Back(testEnv, resources)
	back.ProveWith(program)
	if back.Read != len(resources) || back.Refused > back.Read || len(back.Faults) != back.Refused {
		t.Errorf("read %d of %d, refused %d with %d faults", back.Read, len(resources), back.Refused, len(back.Faults))
	}
	for _, r := range back.Records {
		if _, err := fhir.Parse(r.JSON()); err != nil {
			t.Errorf("a record is no JSON: %v: %s", err, r.JSON())
		}
	}
}
