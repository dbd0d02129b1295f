package mapping_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cockroachdb/datadriven"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// TestLanguage runs the files of testdata/language. "map" compiles its input and
// shows its faults, "overlay" compiles the last map with its input laid over it, "run" runs the last map over a JSON record, "back" runs it
// backwards over an array of resources, and "check" shows what it promises.
// go test -rewrite writes the answers anew; then read what changed.
func TestLanguage(t *testing.T) {
	ran := 0
	datadriven.Walk(t, "testdata/language", func(t *testing.T, path string) {
		var program *mapping.Program
		base := ""
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			ran++
			switch d.Cmd {
			case "map":
				var err error
				base = d.Input
				if program, err = compile(d.Input); err != nil {
					return err.Error() + "\n"
				}
				return "ok\n"
			case "overlay":
				var err error
				if program, err = compileVersion(base, d.Input); err != nil {
					return err.Error() + "\n"
				}
				return "ok\n"
			case "run":
				return tell(t, program, d.Input)
			case "check":
				return promises(program)
			case "back":
				return tellBack(t, program, d.Input)
			}
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			return ""
		})
	})
	if ran == 0 {
		t.Fatal("testdata/language holds no case")
	}
}

func compile(text string) (*mapping.Program, error) {
	return mapping.Load(fstest.MapFS{"m.map": {Data: []byte(text + "\n")}}, "", nil)
}

// compileVersion compiles a map with an overlay.
func compileVersion(text, overlay string) (*mapping.Program, error) {
	return mapping.Load(fstest.MapFS{"m.map": {Data: []byte(text + "\n")}, "v2.overlay": {Data: []byte(overlay + "\n")}}, "v2", nil)
}

var testEnv = mapping.Env{Source: "src", Custodian: "7A4", ID: func(typ, key string) string { return key }}

func tell(t *testing.T, program *mapping.Program, record string) string {
	t.Helper()
	v, err := fhir.Parse([]byte(record))
	if err != nil {
		t.Fatalf("parsing the record: %v", err)
	}
	var report mapping.Report
	source := program.Sources()[0]
	runner, read := program.Runner(testEnv, &report), mapping.NewObject(v, "in.json", 1)
	runner.LeftBehind(source, read, v)
	resources, faults := runner.Run(source, read)
	var s strings.Builder
	for _, r := range resources {
		if _, err := fhir.Parse(r.Body); err != nil {
			t.Errorf("%s is not JSON: %v", r.Body, err)
		}
		fmt.Fprintf(&s, "%s\n", r.Body)
	}
	for _, f := range faults {
		effect := "refused"
		if f.Warning {
			effect = "warning"
		}
		fmt.Fprintf(&s, "%s %s at %s = %q: %s\n", effect, f.Rule, f.At.Field, f.Value, f.Reason)
		if f.Value != "" && strings.Contains(f.Reason, f.Value) {
			t.Errorf("the reason %q holds the value", f.Reason)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(report.LeftBehind)) {
		fmt.Fprintf(&s, "left behind %s %d\n", path, report.LeftBehind[path])
	}
	for _, path := range slices.Sorted(maps.Keys(report.Defaulted)) {
		fmt.Fprintf(&s, "defaulted %s %d\n", path, report.Defaulted[path])
	}
	if s.Len() == 0 {
		return "nothing\n"
	}
	return s.String()
}

func promises(program *mapping.Program) string {
	var s strings.Builder
	check := program.Check()
	for _, f := range check.Fields {
		fmt.Fprintf(&s, "%s %s", f.Field, f.Verdict)
		if f.Verdict == mapping.Conditional {
			fmt.Fprintf(&s, ": %s", strings.Join(f.When, "; or "))
		}
		if f.Reason != "" {
			fmt.Fprintf(&s, ": %s", f.Reason)
		}
		if len(f.Forms) > 0 {
			fmt.Fprintf(&s, " (%s)", strings.Join(f.Forms, ", "))
		}
		s.WriteByte('\n')
	}
	for _, t := range check.Tables {
		fmt.Fprintf(&s, "table %s: merged %v, else %q, no equivalent %v, no source %v, false friends %v\n", t.Name, t.Merged, t.Else, t.NoEquivalent, t.NoSource, t.FalseFriends)
	}
	return s.String()
}

func tellBack(t *testing.T, program *mapping.Program, resources string) string {
	t.Helper()
	v, err := fhir.Parse([]byte(resources))
	if err != nil {
		t.Fatalf("parsing the resources: %v", err)
	}
	back := program.Back(testEnv, slices.Collect(v.Each()))
	back.ProveWith(program)
	var s strings.Builder
	for _, r := range back.Records {
		fmt.Fprintf(&s, "%s %s\n", r.Source, r.JSON())
	}
	for _, f := range back.Faults {
		fmt.Fprintf(&s, "refused %s %d at %q: %s\n", f.At.File, f.At.Row, f.At.Field, f.Reason)
	}
	for _, path := range slices.Sorted(maps.Keys(back.Dropped)) {
		fmt.Fprintf(&s, "dropped %s %d\n", path, back.Dropped[path])
	}
	for _, path := range slices.Sorted(maps.Keys(back.Minted)) {
		fmt.Fprintf(&s, "minted %s %d\n", path, back.Minted[path])
	}
	for _, path := range slices.Sorted(maps.Keys(back.Added)) {
		fmt.Fprintf(&s, "added %s %d\n", path, back.Added[path])
	}
	return s.String()
}

// A field that stood in an element that no answer has in it returned, and nobody who read the
// plan through the gateway ever saw it.
func TestTheCheckSaysWhatNobodyIsShown(t *testing.T) {
	const base = "https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-"
	program, err := compile(`map S <-> Patient
  key id
  id      <-> identifier[0].value
  marital <-> maritalStatus.text
  born    <-> birthDate
  chief   <-> contact[0].name.text
  ward    <-> extension(https://council.example/ward).valueString

map S -> CarePlan
  key plan
  person  id
  kind    -> category[0].text
  cause   -> extension(` + base + `LastReviewed).valueDate
  wrong   -> extension(` + base + `LastReviewed).valueString
  who     -> author.display
  in _title
    in extension[]
      "http://hl7.org/fhir/StructureDefinition/translation" -> url
      in extension[]
        "content" -> url
        cymraeg   -> valueString
  in extension[]
    "` + base + `UnmetNeed" -> url
    in extension[]
      "reason" -> url
      why      -> valueString
    in extension[]
      "mood" -> url
      mood   -> valueString
  in extension[]
    "https://council.example/own" -> url
    own                           -> valueString
  in subject
    nhs     -> identifier.value
    subject -> display
    sort    -> type
  helper  -> contributor[].display
  in contributor[]
    in identifier
      $SystemODS -> system
      body       -> value
      issuer     -> assigner.display
  in careTeam[]
    in identifier
      "https://council.example/Id/team" -> system
      own                               -> value
      unit                              -> type.text
  in careTeam[]
    in identifier
      system -> system
      team   -> value
  in activity[]
    call   -> detail.performer[].display
    where  -> detail.location.display

map S -> Flag
  key plan
  signed -> author.display

map S -> Provenance
  key of
  of -> target[0].display`)
	if err != nil {
		t.Fatal(err)
	}
	hidden := map[string]bool{"marital": true, "ward": true, "wrong": true, "mood": true, "own": true,
		"subject": true, "sort": true, "helper": true, "issuer": true, "unit": true, "where": true, "signed": true}
	for _, f := range program.Check().Fields {
		for _, target := range f.Targets {
			if strings.Contains(target, "shown to nobody") != hidden[f.Field] {
				t.Errorf("%s: %s", f.Field, target)
			}
		}
		delete(hidden, f.Field)
	}
	if len(hidden) > 0 {
		t.Errorf("not checked: %v", hidden)
	}
}
