package mhsds

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
)

// TestDocumentNamesWhatIsLeftBehind holds the table of docs/mhsds.md to the maps.
func TestDocumentNamesWhatIsLeftBehind(t *testing.T) {
	text, err := os.ReadFile("../../docs/mhsds.md")
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) == 5 && strings.HasPrefix(cells[1], " MHS") {
			names := strings.Split(strings.ReplaceAll(cells[3], " ", ""), ",")
			slices.Sort(names)
			said[strings.TrimSpace(cells[1])] = strings.Join(names, " ")
		}
	}
	for _, table := range f.tables {
		left := map[string]bool{}
		for _, column := range table.columns {
			left[column] = column != "" && !f.carried[table.code][column]
		}
		left["EthnicCategory2021"] = table.code == "MHS001" // no rule names it
		maps.DeleteFunc(left, func(_ string, is bool) bool { return !is })
		if want := strings.Join(slices.Sorted(maps.Keys(left)), " "); said[table.name] != want {
			t.Errorf("%s leaves behind\n%s\nand docs/mhsds.md says\n%s", table.name, want, said[table.name])
		}
	}
	if len(said) != len(f.tables) {
		t.Errorf("docs/mhsds.md has %d tables, %d are read", len(said), len(f.tables))
	}
}

// TestDocumentNamesWhatDoesNotReturn holds the list of docs/mhsds.md to the maps.
func TestDocumentNamesWhatDoesNotReturn(t *testing.T) {
	text, err := os.ReadFile("../../docs/mhsds.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "a test holds the list to the maps: ")
	list, _, _ = strings.Cut(list, ".\n")
	said := strings.Split(strings.ReplaceAll(list, ",\n", ", "), ", ")
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	lost, elsewhere, nowhere := map[string]bool{}, 0, 0
	for _, field := range f.program.Check().Fields {
		steps := strings.Split(field.Source[:codeLength]+"."+field.Field, ".")
		switch column := strings.Join(steps[len(steps)-2:], "."); {
		case !f.returns[column]:
			lost[column] = true
			nowhere++
		case field.Verdict == mapping.Lost:
			elsewhere++
		}
	}
	if got := slices.Sorted(maps.Keys(lost)); !slices.Equal(got, said) {
		t.Errorf("does not return\n%s\nand docs/mhsds.md says\n%s", strings.Join(got, ", "), strings.Join(said, ", "))
	}
	if counts := fmt.Sprintf("says of %d that they do not return there: %d are reached from another table, and return with their own; %d are\nways to %d columns",
		elsewhere+nowhere, elsewhere, nowhere, len(lost)); !strings.Contains(string(text), counts) {
		t.Errorf("docs/mhsds.md does not say: it %s", counts)
	}
}
