package consent

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	answerLine = regexp.MustCompile(`(?m)^(permit|slice|deny): (.*)$`)
	otherLine  = regexp.MustCompile(`(?m)^  (also failing|noted): (.*)$`)
	gateAndWhy = regexp.MustCompile(`\b(?:A\d+|SC|P\d|W) ([A-Z_]+)`)
)

// shownReasons is every code that a scenario answers with, and the outcomes of the gates that do.
func shownReasons(t *testing.T) map[string]map[RuleOutcome]bool {
	t.Helper()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario file (%v)", err)
	}
	shown := map[string]map[RuleOutcome]bool{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(answerLine.FindAllStringSubmatch(string(body), -1), otherLine.FindAllStringSubmatch(string(body), -1)...) {
			outcome := Pass
			if m[1] == "deny" || m[1] == "also failing" {
				outcome = Fail
			}
			for _, why := range gateAndWhy.FindAllStringSubmatch(m[2], -1) {
				if shown[why[1]] == nil {
					shown[why[1]] = map[RuleOutcome]bool{}
				}
				shown[why[1]][outcome] = true
			}
		}
	}
	return shown
}

// TestScenariosShowEveryReason: every code is the answer of some scenario, with
// the outcome that the table of reasons gives it; what only an import is told is
// shown here.
func TestScenariosShowEveryReason(t *testing.T) {
	shown := shownReasons(t)
	for _, rule := range Decide(Request{Action: Import, Source: "7A4"}).Rules() {
		if rule.Code == notTheCustodian.code() {
			shown[rule.Code] = map[RuleOutcome]bool{rule.Outcome: true}
		}
	}
	for r := plainPass + 1; r < reasonCount; r++ {
		if !shown[r.code()][r.outcome()] {
			t.Errorf("no scenario shows %s (%s)", r.code(), r.outcome())
		}
		delete(shown[r.code()], r.outcome())
	}
	for code, left := range shown {
		for outcome := range left {
			t.Errorf("a scenario shows %s (%s), which no reason is", code, outcome)
		}
	}
}
