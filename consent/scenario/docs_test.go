package scenario

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func scenarioPage(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// TestScenarioPageIsTheGrammar compares the words of each table with those the reader knows.
func TestScenarioPageIsTheGrammar(t *testing.T) {
	page := scenarioPage(t)
	for _, table := range []struct {
		heading string
		words   []string
	}{
		{"| statement |", slices.Sorted(maps.Keys(statements))},
		{"| fact |", slices.Sorted(maps.Keys(personFacts))},
		{"| wish |", slices.Sorted(maps.Keys(wishes))},
		{"| qualifier |", slices.Sorted(maps.Keys(qualifiers))},
	} {
		_, rest, found := strings.Cut(page, table.heading)
		if !found {
			t.Fatalf("the page has no table %s", table.heading)
		}
		rest, _, _ = strings.Cut(rest, "\n\n")
		var listed []string
		for _, row := range regexp.MustCompile("(?m)^\\| `([\\w-]+)").FindAllStringSubmatch(rest, -1) {
			listed = append(listed, row[1])
		}
		slices.Sort(listed)
		if !slices.Equal(listed, table.words) {
			t.Errorf("%s lists %v\nthe reader knows %v", table.heading, listed, table.words)
		}
	}
}

// TestScenarioPageExamples carries out the examples of the page.
func TestScenarioPageExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```scenario\n(.*?)```").FindAllStringSubmatch(scenarioPage(t), -1)
	if len(examples) == 0 {
		t.Fatal("the page shows no example")
	}
	for _, example := range examples {
		for _, c := range Read([]byte(example[1])).Run(os.DirFS("../agreements/testdata")) {
			if fault := c.Fault(); fault != nil {
				t.Errorf("case %s, line %d: %s", c.Number, fault.Line, fault.Text)
			}
		}
	}
}

// TestScenarioReaderRefuses: a statement that is not understood stops the
// scenario; it is never passed over.
func TestScenarioReaderRefuses(t *testing.T) {
	for _, line := range []string{
		"grant ann everything", "agreement no-such", "but status = DRAFT", "person ann born 1980", "person ann: tall",
		"directive ann: refuse-all", "held x: plan.gaols", "policy verbal = perhaps", "on tomorrow", "at noon", "read", "read CarePlan of",
	} {
		if err := begin(os.DirFS("../agreements/testdata")).line(line); err == nil {
			t.Errorf("%q was understood", line)
		}
	}
	s := begin(os.DirFS("../agreements/testdata"))
	for _, line := range []string{"agreement isp", "person ann: born 1980-01-01"} {
		if err := s.line(line); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"but flows.999.items = [plan.summary]", "directive ann: share everything", "directive ann: share-plan to 7A4 for COC from", "but kind = MOU\nread CarePlan of ann"} {
		var err error
		for one := range strings.Lines(line) {
			if err == nil {
				err = s.line(one)
			}
		}
		if err == nil {
			t.Errorf("%q was understood", line)
		}
	}
}
