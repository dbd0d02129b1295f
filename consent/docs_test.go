package consent

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func docPage(t *testing.T, name string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// TestDecidingPage: docs/deciding.md lists every gate, in order, in the words of its pass.
func TestDecidingPage(t *testing.T) {
	_, table, _ := strings.Cut(docPage(t, "deciding.md"), "| gate | passes when |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for g := range gates {
		want = append(want, "| "+gateIDs[g]+" | "+gatePasses[g]+" |")
	}
	if table != strings.Join(want, "\n") {
		t.Errorf("the table of gates should read\n%s", strings.Join(want, "\n"))
	}
}

// TestReasonsPage: docs/scenarios.md lists every reason code and obligation, once for each text, and no other.
func TestReasonsPage(t *testing.T) {
	var want []string
	for r := plainPass + 1; r < reasonCount; r++ {
		want = append(want, "| `"+r.code()+"` | "+reasons[r].text+" |")
	}
	for _, o := range obligationOrder {
		want = append(want, "| `"+string(o)+"` |")
	}
	listed := regexp.MustCompile("(?m)^\\| `[A-Z_]+` \\|.*$").FindAllString(docPage(t, "scenarios.md"), -1)
	if len(listed) != len(want) {
		t.Errorf("%d codes listed, want %d", len(listed), len(want))
	}
	for i, line := range want {
		if i < len(listed) && !strings.HasPrefix(listed[i], line) {
			t.Errorf("line %d is %s\nwant %s", i+1, listed[i], line)
		}
	}
}

// TestReasonsSpeakPlainly: every gate and reason has words, every failure a
// code, and a reader needs no abbreviation of ours to understand them.
func TestReasonsSpeakPlainly(t *testing.T) {
	codes := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	for r := plainPass + 1; r < reasonCount; r++ {
		row := reasons[r]
		if !codes.MatchString(row.code) || !strings.HasSuffix(row.text, ".") || row.outcome == NotApplicable {
			t.Errorf("reason %d: %+v", r, row)
		}
		for _, word := range []string{"ISP", "directive", "epoch", "gate", "NULL", "null"} {
			if regexp.MustCompile(`\b` + word + `\b`).MatchString(row.text) {
				t.Errorf("%s says %q to a care coordinator", row.code, word)
			}
		}
	}
	for g := range gates {
		if gateIDs[g] == "" || !strings.HasSuffix(gatePasses[g], ".") {
			t.Errorf("gate %d has no words", g)
		}
	}
}
