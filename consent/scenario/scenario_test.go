package scenario_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/consent/scenario"
)

// samples are the agreements that scenarios may name.
var samples = os.DirFS("../agreements/testdata")

// TestScenarios carries out every scenario of the folder. Where an answer should be
// another: cpa-gateway scenario run --rewrite, and read what changed.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario file (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range scenario.Read(text).Run(samples) {
			if fault := c.Fault(); fault != nil {
				t.Errorf("%s:%d: case %s: %s", file, fault.Line, c.Number, fault.Text)
			}
		}
	}
}

// caseAnswer is one case of the scenario files: what its comment says, and the first
// lines of its answers.
type caseAnswer struct{ number, facts, answers string }

// cases reads the numbered cases from the scenario files, in their order.
func cases(t *testing.T) []caseAnswer {
	t.Helper()
	var list []caseAnswer
	for _, name := range []string{"case-agreement", "case-consent", "case-capacity", "case-crisis", "case-glass", "case-write"} {
		body, err := os.ReadFile("../testdata/scenarios/" + name + ".txt")
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
	page, err := os.ReadFile("../../docs/deciding.md")
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

// file is a scenario whose answer is wrong, between two that are right, with blank
// lines and comments as people write them.
const file = `# The first.

case one
read CarePlan
----
deny: A1 REQ_UNKNOWN
  also failing: A3 NO_AGREEMENT, A8 PURPOSE_MISSING, SC SCOPE_EXCEEDED, P1 IDENTITY_UNRESOLVED, P2 IDENTITY_UNRESOLVED, P3 IDENTITY_UNRESOLVED, P4 IDENTITY_UNRESOLVED

   # The second says what is not so.
case two
agreement isp
read CarePlan
----
permit: P3 CONSENT_GIVEN
  also failing: nothing


case three
grant everything
read CarePlan
----
deny: as it stands`

func faults(text string) (list []string) {
	for _, c := range scenario.Read([]byte(text)).Run(samples) {
		if fault := c.Fault(); fault != nil {
			list = append(list, fmt.Sprintf("%d %s", fault.Line, c.Number))
		}
	}
	return list
}

// A fault is told with the line of the file in which it stands.
func TestFaultsAreToldInTheirLine(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"as it is":            {file, []string{"14 two", "19 three"}},
		"no divider":          {"case one\nread CarePlan\n", []string{"1 one"}},
		"nothing asked":       {"\n# x\ncase one\n----\n", []string{"3 one"}},
		"no case":             {"read CarePlan\nx\n\ncase one\nagreement none\n----\n", []string{"1 ?", "5 one"}},
		"a case in another":   {"case one\nread CarePlan\n\ncase two\nread CarePlan\n----\n", []string{"4 one"}},
		"an answer too long":  {strings.Split(file, "\n\n   #")[0] + "\n  and: more\n", []string{"8 one"}},
		"an answer too short": {strings.Split(file, "  also")[0], []string{"7 one"}},
		"no answer":           {"case one\nread CarePlan\n----", []string{"4 one"}},
		"a switch too far":    {"case one\npolicy capacityDays = 1000\nread CarePlan\n----\n", []string{"2 one"}},
		"nothing":             {"", nil},
	} {
		if got := faults(c.text); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Only the answers that differ are written anew: what stands beside them stays, and
// so does a case that cannot be carried out.
func TestRewritingTouchesTheAnswersThatDifferAndNothingElse(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll(file, "\n", end)
		f := scenario.Read([]byte(text))
		again := string(f.Rewritten(f.Run(samples)))
		before, rest, _ := strings.Cut(text, "permit: P3 CONSENT_GIVEN"+end+"  also failing: nothing"+end)
		if !strings.HasPrefix(again, before+"deny: A1 REQ_UNKNOWN"+end) || !strings.HasSuffix(again, rest) {
			t.Errorf("%q became %q", text, again)
		}
		if got := faults(again); len(got) != 1 || !strings.HasSuffix(got[0], " three") {
			t.Errorf("afterwards: %v", got)
		}
	}
	whole := scenario.Read([]byte("case one\nread CarePlan\n----"))
	again := whole.Rewritten(whole.Run(samples))
	if got := faults(string(again)); got != nil {
		t.Errorf("a first answer: %v in %q", got, again)
	}
}

// A scenario is text that anybody may write: whatever it says, it is answered or told.
func FuzzScenario(f *testing.F) {
	f.Add(file)
	f.Add("case one\nagreement isp\nbut flows = 1\nperson a: team, born, merged\ndirective a: nested-twice yes; share-plan\non 2026-99-99\nread CarePlan of a\n----\n")
	f.Add("case one\nagreement ../isp\nagreement isp\nbut a.b.c = [\nas @/ purpose and\nperson p at x: episode, practice\ndirective p: exclude ; carer\nread X wanting  of p at y\n----\n")
	f.Fuzz(func(t *testing.T, text string) {
		read := scenario.Read([]byte(text))
		cases := read.Run(samples)
		if again := read.Rewritten(cases); !strings.Contains(string(again), "case") && strings.Contains(text, "case") {
			t.Errorf("%q became %q", text, again)
		}
	})
}
