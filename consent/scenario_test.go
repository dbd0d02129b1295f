package consent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// The scenario files are read by clinicians and information-governance leads;
// docs/scenarios.md is their grammar. `go test ./consent -run TestScenarios
// -rewrite` writes what the code says now: read the difference before keeping it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario file (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			datadriven.RunTest(t, file, carryOut)
		})
	}
}

// carryOut reads one scenario line by line and gives back its answers.
func carryOut(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd != "case" || len(d.CmdArgs) != 1 {
		d.Fatalf(t, "a scenario begins with: case NUMBER")
	}
	s := newScenario()
	for n, line := range strings.Split(d.Input, "\n") {
		if err := s.line(line); err != nil {
			d.Fatalf(t, "line %d of the case: %v", n+1, err)
		}
	}
	if s.out.Len() == 0 {
		d.Fatalf(t, "a scenario asks for something")
	}
	return s.out.String()
}

// caseAnswer is one case of the scenario files: what its comment says, and the first
// lines of its answers.
type caseAnswer struct{ number, facts, answers string }

// cases reads the numbered cases from the scenario files, in their order.
func cases(t *testing.T) []caseAnswer {
	t.Helper()
	var list []caseAnswer
	for _, name := range []string{"case-agreement", "case-consent", "case-crisis"} {
		body, err := os.ReadFile("testdata/scenarios/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(body), "\n\n# ")[1:] {
			number, facts, _ := strings.Cut(block, ": ")
			facts, rest, _ := strings.Cut(facts, "\n")
			if !strings.HasPrefix(rest, "case "+number+"\n") {
				t.Fatalf("%s: the case under %q has another number", name, number)
			}
			_, answers, _ := strings.Cut(rest, "\n----\n")
			var first []string
			for line := range strings.Lines(answers) {
				if line = strings.TrimRight(line, "\n"); line != "" && line[0] != ' ' {
					first = append(first, line)
				}
			}
			list = append(list, caseAnswer{number, facts, strings.Join(first, "; ")})
		}
	}
	return list
}

// TestCasesPage holds docs/deciding.md to the scenarios: it lists every numbered
// case once, with what is so and what the answers are.
func TestCasesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/deciding.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| case | what is so | answers |\n|---|---|---|\n")
	var want strings.Builder
	for _, c := range cases(t) {
		fmt.Fprintf(&want, "| %s | %s | %s |\n", c.number, c.facts, c.answers)
	}
	if table != want.String() || table == "" {
		t.Errorf("the table of cases should read\n%s", want.String())
	}
}

// show writes a decision as a scenario expects it.
func show(d consent.Decision, held map[string]profiles.Label, names []string) string {
	var b strings.Builder
	deciding := d.Deciding()
	fmt.Fprintf(&b, "%s: %s\n", d.Outcome(), strings.TrimSpace(deciding.ID+" "+deciding.Code))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	var failing, noted []string
	for _, r := range d.Rules() {
		switch {
		case r.ID == deciding.ID || r.Code == "":
		case r.Outcome == consent.Fail:
			failing = append(failing, r.ID+" "+r.Code)
		default:
			noted = append(noted, r.ID+" "+r.Code)
		}
	}
	line("also failing", strings.Join(failing, ", "))
	line("noted", strings.Join(noted, ", "))
	line("items", words(d.Items()))
	if d.Outcome() != consent.Deny {
		line("withheld", words(d.Withheld()))
	}
	line("agreement", d.Agreement().String())
	line("directive", d.Directive())
	var must []string
	for _, o := range d.Obligations() {
		must = append(must, string(o))
	}
	line("obligations", strings.Join(must, ", "))
	if len(names) > 0 {
		line("sees", sees(d, held, names))
	}
	return b.String()
}

// words lists items as an agreement would, with the words for whole sets.
func words(items profiles.ItemSet) string {
	var list []string
	for _, group := range []string{"crisis-slice", "plan.goals"} {
		if whole, err := profiles.ParseItem(group); err == nil && items.Covers(whole) {
			list = append(list, group)
			items = items.Minus(whole)
		}
	}
	return strings.Join(append(list, items.Codes()...), ", ")
}

// sees lists what of the held records the caller gets.
func sees(d consent.Decision, held map[string]profiles.Label, names []string) string {
	var visible []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d.Outcome() != consent.Deny && held[name].Within(d.Items()) {
			visible = append(visible, name)
		}
	}
	if len(visible) == 0 {
		return "nothing"
	}
	return strings.Join(visible, ", ")
}
