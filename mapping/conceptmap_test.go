package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/codes"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// again is a ConceptMap after it was a table.
func again(t interface{ Fatalf(string, ...any) }, program *mapping.Program, name string) (was, is, table string) {
	was = string(program.Table(name).ConceptMap())
	v, err := fhir.ParseResource([]byte(was))
	if err != nil {
		t.Fatalf("%v: %s", err, was)
	}
	if issues := profiles.Check(v); profiles.Fatal(issues) {
		t.Fatalf("%s is not valid: %v", was, issues)
	}
	text, err := codes.TableOf(v)
	if err != nil {
		t.Fatalf("%v: %s", err, was)
	}
	read, err := mapping.Load(fstest.MapFS{"t.map": {Data: text}}, "", nil)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return was, string(read.Table(name).ConceptMap()), string(text)
}

// TestConceptMapsReturn: a table that is a ConceptMap and a table again is the same table.
func TestConceptMapsReturn(t *testing.T) {
	words := []string{"a", "b", "none", "else", "same", `"q" \`, "x|y", "$a", "#1", "two words", "Ŵyn", "->", "35"}
	rapid.Check(t, func(rt *rapid.T) {
		word := func() string { return rapid.SampledFrom(words).Draw(rt, "word") }
		quote := func(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
		display := func() string {
			return rapid.SampledFrom([]string{"", "  " + quote(word()), `  "two\nlines"`}).Draw(rt, "display")
		}
		target := rapid.SampledFrom([]string{"https://s/a", "https://t/b", `"urn:x y"`}).Draw(rt, "target")
		text := "table T  https://s/a -> " + target + "\n"
		for _, code := range rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 6, rapid.ID).Draw(rt, "codes") {
			to := rapid.SampledFrom([]string{"plain", "plain", "none", "same", "other"}).Draw(rt, "to")
			switch to {
			case "plain":
				to = quote(word())
			case "other":
				to = "https://o/c|z"
			}
			text += "  " + quote(code) + " -> " + to + display() + "\n"
		}
		if rapid.Bool().Draw(rt, "home") {
			text += "  home -> home\n"
			for range rapid.IntRange(0, 2).Draw(rt, "nones") {
				text += "  none -> " + quote(word()) + display() + "\n"
			}
		}
		if rapid.Bool().Draw(rt, "else") {
			text += "  else -> " + rapid.SampledFrom([]string{"z", `"none"`, "https://o/c|q"}).Draw(rt, "else to") + display() + "\n"
		}
		program, err := mapping.Load(fstest.MapFS{"t.map": {Data: []byte(text)}}, "", nil)
		if err != nil {
			return // "same" beside a code that is written twice, say
		}
		if was, is, table := again(rt, program, "T"); was != is {
			rt.Fatalf("%s\nbecame\n%s\nand\n%s\nis\n%s", text, table, was, is)
		}
	})
}

// What is said of each code.
func TestConceptMapSaysWhatHasNoEquivalent(t *testing.T) {
	program, err := compile("table T  https://s/a -> https://t/b\n  1 -> x \"X\"\n  2 -> y\n  3 -> y\n  4 -> none \"four\"\n  5 -> same\n  none -> z\n  else -> o")
	if err != nil {
		t.Fatal(err)
	}
	v, err := fhir.ParseResource(program.Table("T").ConceptMap())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for g := range v.Get("group").Each() {
		for e := range g.Get("element").Each() {
			to := e.Get("target").At(0)
			got = append(got, fmt.Sprintf("%s %s %s", e.Get("code").Text(), to.Get("equivalence").Text(), to.Get("code").Text()))
		}
		if u := g.Get("unmapped"); u.Exists() {
			got = append(got, "unmapped "+u.Get("mode").Text()+" "+u.Get("code").Text())
		}
	}
	want := []string{"1 equivalent x", "2 wider y", "3 wider y", "4 unmatched ", "unmapped fixed o", "5 equal 5", "z unmatched "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if program.Table("U") != nil || !slices.Equal(program.Tables(), []string{"T"}) {
		t.Error("there is one table")
	}
}

// A ConceptMap of others says no more as a table than it did, and is refused where it would be another.
func TestTableOfAConceptMapOfOthers(t *testing.T) {
	group := func(elements string) string {
		return `{"source":"https://s/a","target":"https://t/b","element":[` + elements + `]}`
	}
	row := func(code, target string) string { return `{"code":"` + code + `","target":[` + target + `]}` }
	for _, c := range []struct{ groups, want string }{
		{group(row("1", `{"code":"x","equivalence":"narrower","comment":"c"}`)), "# 1: its target says more than it does\ntable M  https://s/a -> https://t/b\n  1 -> none\n"},
		{group(row("1", `{"code":"x","equivalence":"equivalent"},{"code":"y","equivalence":"equivalent"}`)), "# 1: it has several targets\ntable M  https://s/a -> https://t/b\n  1 -> none\n"},
		{group(row("1", `{"code":"x","equivalence":"equivalent","dependsOn":[{"property":"p","value":"v"}]}`)), "# 1: what it becomes depends on something else\ntable M  https://s/a -> https://t/b\n  1 -> none\n"},
		{group(`{"code":"1"}`), "table M  https://s/a -> https://t/b\n  1 -> none\n"},
		{group(row("1", `{"code":"x y","display":"X"}`)), "table M  https://s/a -> https://t/b\n  1 -> \"x y\"  \"X\"\n"},
		{group(row("1", `{"code":"x"}`)) + `,{"source":"https://s/c","target":"https://t/b","element":[{"code":"2"}]}`, "several systems"},
		{group(row("1", `{"code":"x"}`) + "," + row("1", `{"code":"y"}`)), "stands twice"},
		{`{"element":[]}`, "each group names the systems"},
		{group(""), "maps no code"},
	} {
		v, err := fhir.ParseResource([]byte(`{"resourceType":"ConceptMap","name":"M","status":"active","group":[` + c.groups + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		text, err := codes.TableOf(v)
		if got := string(text); got != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s:\n%s%v", c.groups, got, err)
		}
	}
}

// FuzzTableOf: a ConceptMap is refused, or is a table that can be read.
func FuzzTableOf(f *testing.F) {
	f.Add(`{"resourceType":"ConceptMap","group":[{"source":"a:b","target":"c:d","element":[{"code":"1","target":[{"code":"x"}]}],"unmapped":{"mode":"fixed","code":"same"}}]}`)
	f.Add(`{"resourceType":"ConceptMap","id":"x","group":[{"source":"a:b","target":"c:d","element":[{"code":"#\n","display":"\"\\"},{"code":"none","target":[{"code":"-> x"}]}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := fhir.ParseResource([]byte(text))
		if err != nil {
			return
		}
		table, err := codes.TableOf(v)
		if err != nil || len(table) > 1<<20 {
			return
		}
		if _, err := mapping.Load(fstest.MapFS{"t.map": {Data: table}}, "", nil); err != nil {
			t.Errorf("%s\nis read as %v", table, err)
		}
	})
}
