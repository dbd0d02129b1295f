package mapping_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

func TestLoadReadsEveryFileOfTheFolder(t *testing.T) {
	program, err := mapping.Load(fstest.MapFS{
		"a.map":      {Data: []byte("map S -> Basic\n  key id\n  a -> x concept T\n")},
		"b.map":      {Data: []byte("\r\ntable T $Own -> $SystemSNOMED\r\n  1 -> 2\r\n\r\nmap Other -> Basic\r\n  key id\r\n  group.b -> y\r\n")},
		"notes.txt":  {Data: []byte("no map")},
		"sub/c.map":  {Data: []byte("nor this")},
		"sub/d/.map": {Data: []byte("nor this")},
	}, "", mapping.Names{"Own": "https://own"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(program.Sources(), " "); got != "Other S" {
		t.Errorf("sources %q", got)
	}
	if got := strings.Join(program.Reads("S"), " ") + "; " + strings.Join(program.Reads("Other"), " "); got != "a id; group.b id" {
		t.Errorf("reads %q", got)
	}
}

func TestLoadReportsEveryFaultWithItsPlace(t *testing.T) {
	_, err := mapping.Load(fstest.MapFS{
		"a.map": {Data: []byte("map S -> Basic\n  key id\n  a => x\n")},
		"b.map": {Data: []byte("map S -> Basic\n  a -> x\n\ttab\n")},
	}, "", nil)
	for _, want := range []string{"a.map:3:3: ", "b.map:1:1: ", "b.map:3:1: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not hold %s: %v", want, err)
		}
	}
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		t.Errorf("the fault is no *Error: %v", err)
	}
}

func TestLoadRefusesAFolderWithoutMaps(t *testing.T) {
	if _, err := mapping.Load(fstest.MapFS{"readme.md": {}}, "", nil); err == nil {
		t.Error("a folder without a map was taken")
	}
}

func TestLoadRefusesWhatWouldCostTooMuch(t *testing.T) {
	deep := strings.Builder{}
	deep.WriteString("map S -> Basic\n  key id\n")
	for i := range 40 {
		deep.WriteString(strings.Repeat(" ", i+2) + "in x\n")
	}
	for name, text := range map[string]string{"nesting": deep.String(), "size": strings.Repeat("# long\n", 1<<18)} {
		if _, err := compile(text); err == nil {
			t.Errorf("%s without a limit", name)
		}
	}
}

// Sections that use one another double with each; a limit ends it.
func TestSectionsDoNotGrowWithoutEnd(t *testing.T) {
	var s strings.Builder
	for i := range 40 {
		fmt.Fprintf(&s, "section s%d\n  use s%d\n  use s%d\n", i, i+1, i+1)
	}
	s.WriteString("section s40\n  a -> x\nmap S -> Basic\n  key id\n  use s0\n")
	if _, err := compile(s.String()); err == nil || !strings.Contains(err.Error(), "with their sections the maps have more than 65536 lines") {
		t.Errorf("says %.200v", err)
	}
	deep := strings.Builder{}
	for i := range 40 {
		fmt.Fprintf(&deep, "section s%d\n  in x\n    use s%d\n", i, i+1)
	}
	deep.WriteString("section s40\n  a -> x\nmap S -> Basic\n  key id\n  use s0\n")
	if _, err := compile(deep.String()); err == nil || !strings.Contains(err.Error(), "nested deeper than 16 blocks") {
		t.Errorf("says %.200v", err)
	}
}

func TestRunnersOfOneProgramDoNotMeet(t *testing.T) {
	program, err := compile("map S -> Basic\n  key id\n  a -> x\n  \"none\" -> x\n")
	if err != nil {
		t.Fatal(err)
	}
	v, _ := fhir.Parse([]byte(`{"id":"1"}`))
	done := make(chan int)
	for range 4 {
		go func() {
			var report mapping.Report
			runner := program.Runner(testEnv, &report)
			for range 200 {
				runner.Run("S", mapping.NewObject(v, "in.json", 1))
			}
			done <- report.Defaulted["x"]
		}()
	}
	for range 4 {
		if n := <-done; n != 200 {
			t.Errorf("counted %d defaults, want 200", n)
		}
	}
}

func TestBodiesDoNotShareTheRunnersMemory(t *testing.T) {
	program, err := compile("map S -> Basic\n  key id\n  a -> x\n")
	if err != nil {
		t.Fatal(err)
	}
	var report mapping.Report
	runner := program.Runner(testEnv, &report)
	var bodies [][]byte
	for _, record := range []string{`{"id":"1","a":"aaaa"}`, `{"id":"2","a":"bbbb"}`} {
		v, err := fhir.Parse([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		resources, _ := runner.Run("S", mapping.NewObject(v, "in.json", 1))
		bodies = append(bodies, resources[0].Body)
	}
	if !strings.Contains(string(bodies[0]), "aaaa") {
		t.Errorf("the first body became %s", bodies[0])
	}
}

func TestResourceSaysWhereItComesFrom(t *testing.T) {
	program, err := compile("map S each parts -> Basic\n  key \"{^id}|{no}\"\n  person ^who\n")
	if err != nil {
		t.Fatal(err)
	}
	v, _ := fhir.Parse([]byte(`{"id":"d","who":"P|1","parts":[{"no":"1"},{"no":"2"}]}`))
	var report mapping.Report
	resources, _ := program.Runner(testEnv, &report).Run("S", mapping.NewObject(v, "in.json", 7))
	if len(resources) != 2 {
		t.Fatalf("made %d", len(resources))
	}
	r := resources[1]
	if want := (mapping.Position{File: "in.json", Row: 7, Field: "parts[1]"}); r.From != want || r.Key != "d|2" || r.Person != "P%7C1" {
		t.Errorf("from %+v key %q person %q", r.From, r.Key, r.Person)
	}
}

func TestConditionByItself(t *testing.T) {
	v, _ := fhir.Parse([]byte(`{"a":"2024-01-02","b":"2024-01-03"}`))
	record := mapping.NewObject(v, "in.json", 1)
	var asker mapping.Asker
	for text, want := range map[string]bool{
		"a < b": true, "a > b": false, "a present and c blank": true, "c < b": false, "c != b": false, "b > c": false, `a = "2024-01-02"`: true,
	} {
		c, err := new(mapping.Program).Condition(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if asker.Holds(c, record) != want {
			t.Errorf("%s is %t", text, !want)
		}
	}
	for _, text := range []string{"", "a", "a <", "a\nb", "^a present", "a ~ b", `a = "x`} {
		if _, err := new(mapping.Program).Condition(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if !asker.Holds(mapping.Condition{}, record) {
		t.Error("the zero condition does not hold")
	}
}

// Time must grow with the input and not with its square: a list ten times as
// long may take at most, generously, forty times as long.
func TestTimeGrowsWithTheRecord(t *testing.T) {
	program, err := compile("map S -> Basic\n  key id\n  each parts -> part[]\n    no -> no\n    ^id -> of\nmap S each parts -> Basic\n  key \"{^id}|{no}\"\n  no -> no date when no = \"x\"\n")
	if err != nil {
		t.Fatal(err)
	}
	cost := func(n int) int64 {
		var s strings.Builder
		s.WriteString(`{"id":"1","parts":[{"no":"first"}`)
		for i := range n {
			s.WriteString(`,{"no":"` + strings.Repeat("n", 1+i%3) + string(rune('a'+i%26)) + `"}`)
		}
		s.WriteString("]}")
		v, err := fhir.Parse([]byte(s.String()))
		if err != nil {
			t.Fatal(err)
		}
		return testing.Benchmark(func(b *testing.B) {
			for range b.N {
				var report mapping.Report
				program.Runner(testEnv, &report).Run("S", mapping.NewObject(v, "in.json", 1))
			}
		}).NsPerOp()
	}
	if small, large := cost(1000), cost(10000); large > 40*small {
		t.Errorf("1,000 parts took %d ns, 10,000 took %d ns", small, large)
	}
}

// TestTimeGrowsWithWhatComesBack: the records of a list that a field tells apart, and those of
// which a part is that does not say whose it is, were each looked for among all.
func TestTimeGrowsWithWhatComesBack(t *testing.T) {
	const head = "map S <-> Basic\n  key id\n  in identifier[]\n    \"https://s/id\" -> system\n    id <-> value\n"
	identified := func(system string, value int) string {
		return fmt.Sprintf(`"identifier":[{"system":"https://s/%s","value":"%d"}]`, system, value)
	}
	for name, c := range map[string]struct {
		maps string
		give func(n int) []string
	}{
		"a list": {head + "  each parts by no <-> extension[]\n    \"https://s/part\" -> url\n    no <-> valueString\n", func(n int) []string {
			parts := make([]string, n)
			for i := range parts {
				parts[i] = fmt.Sprintf(`{"url":"https://s/part","valueString":"%d"}`, i)
			}
			return []string{`{"resourceType":"Basic","id":"1",` + identified("id", 1) + `,"extension":[` + strings.Join(parts, ",") + "]}"}
		}},
		"parts": {head + "  who <-> subject.display\nmap S each parts by no <-> Goal\n  key \"{^id}|{no}\"\n  in identifier[]\n    \"https://s/no\" -> system\n    no <-> value\n  ^who <-> subject.display\n", func(n int) (resources []string) {
			for i := range n {
				resources = append(resources, fmt.Sprintf(`{"resourceType":"Basic","id":"b%d",%s,"subject":{"display":"%d"}}`, i, identified("id", i), i),
					fmt.Sprintf(`{"resourceType":"Goal","id":"g%d",%s,"subject":{"display":"%d"}}`, i, identified("no", 1), i))
			}
			return resources
		}},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := compile(c.maps)
			if err != nil {
				t.Fatal(err)
			}
			cost := func(n int) int64 {
				var given []fhir.Value
				for _, text := range c.give(n) {
					v, err := fhir.ParseResource([]byte(text))
					if err != nil {
						t.Fatal(err)
					}
					given = append(given, v)
				}
				return testing.Benchmark(func(b *testing.B) {
					for range b.N {
						back, parts := program.Back(testEnv, given), 0
						for _, record := range back.Records {
							parts += len(record.Each("parts"))
						}
						if parts != n || back.Refused > 0 {
							b.Fatal(parts, back.Faults)
						}
					}
				}).NsPerOp()
			}
			if small, large := cost(500), cost(5000); large > 40*small {
				t.Errorf("500 parts took %d ns, 5,000 took %d ns", small, large)
			}
		})
	}
}

// A compiled map is data, so that more than one reading of it is possible: no
// type that a Program holds has a function in it.
func TestAMapIsData(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		if seen[typ] || !strings.HasPrefix(path, "Program") || typ.PkgPath() == "time" {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Func:
			t.Errorf("%s is a function", path)
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(typ.Elem(), path)
		case reflect.Struct:
			for i := range typ.NumField() {
				walk(typ.Field(i).Type, path+"."+typ.Field(i).Name)
			}
		}
	}
	walk(reflect.TypeFor[mapping.Program](), "Program")
	if len(seen) < 15 {
		t.Errorf("walked only %d types", len(seen))
	}
}
