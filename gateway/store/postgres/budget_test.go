package postgres

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The budgets of docs/running.md are those of this package.
func TestTheBudgetsAreThoseOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, value := range map[string]string{
		"connections of a gateway":              fmt.Sprint(Connections),
		"a gateway that is cut off":             fmt.Sprint(cutOffTime.Seconds(), " s"),
		"a gateway that hangs in a transaction": settings["idle_in_transaction_session_timeout"][:2] + " s",
		"a connection to the database":          fmt.Sprint(connectTime.Seconds(), " s"),
		"a statement":                           fmt.Sprint(statementTime.Seconds(), " s"),
		"the answer to a statement":             fmt.Sprint(answerTime.Seconds(), " s"),
	} {
		if row := "| " + what + " | " + value + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/running.md does not say %q", row)
		}
	}
	for name, least := range map[string]time.Duration{"tcp_user_timeout": 3 * time.Second, "idle_in_transaction_session_timeout": 15 * time.Second} {
		if settings[name] != fmt.Sprint(least.Milliseconds()) {
			t.Errorf("%s is %s", name, settings[name])
		}
	}
}
