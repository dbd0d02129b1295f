package intake

import (
	"os"
	"strings"
	"testing"
)

// TestThePageListsTheWarnings holds docs/import.md to the rules that the account counts.
func TestThePageListsTheWarnings(t *testing.T) {
	page, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{ruleNHSNumber, warnMatched, ruleNoAuthority, warnLeaflet, warnUnmarked, warnUnlabelled} {
		if !strings.Contains(string(page), "\n| `"+rule+"` | ") {
			t.Errorf("the page does not list %s", rule)
		}
	}
}
