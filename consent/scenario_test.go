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

// casesWanted is the table of consent.md §9 as far as this project answers it
// so far: 17, 31, 40, 41 and 44 to 59 wait for later work.
func casesWanted() []string {
	var wanted []string
	for n := 1; n <= 43; n++ {
		if n != 17 && n != 31 && n != 40 && n != 41 {
			wanted = append(wanted, fmt.Sprint(n))
		}
	}
	for n := 60; n <= 70; n++ {
		wanted = append(wanted, fmt.Sprint(n))
	}
	return append(wanted, "60a")
}

// TestEveryCaseHasAScenario keeps a case from being dropped: each number stands
// once, in one file.
func TestEveryCaseHasAScenario(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/case*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case file (%v)", err)
	}
	seen := map[string]int{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			if number, found := strings.CutPrefix(strings.TrimSpace(line), "case "); found {
				seen[number]++
			}
		}
	}
	for _, number := range casesWanted() {
		if seen[number] != 1 {
			t.Errorf("case %s has %d scenarios, want 1", number, seen[number])
		}
		delete(seen, number)
	}
	for number := range seen {
		t.Errorf("case %s is not in the table", number)
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
