package consent

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/profiles"
)

// What is said of a flow by itself is what every decision under it says.
func TestFlowStandsAsItsDecisionsSay(t *testing.T) {
	isp, err := os.ReadFile("agreements/testdata/isp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, changed, day, code string }{
		"live":         {"", "", "2026-06-01", ""},
		"expired":      {"", "", "2027-01-11", "AGREEMENT_REVIEW_OVERDUE"},
		"by grace":     {"reviewGraceDays: 0", "reviewGraceDays: 30", "2027-01-11", "REVIEW_GRACE"},
		"after grace":  {"reviewGraceDays: 0", "reviewGraceDays: 30", "2027-02-10", "AGREEMENT_REVIEW_OVERDUE"},
		"a draft":      {"status: ASSURED", "status: DRAFT", "2026-06-01", "AGREEMENT_NOT_ASSURED"},
		"suspended":    {"status: ASSURED", "status: SUSPENDED", "2026-06-01", "AGREEMENT_NOT_IN_FORCE"},
		"not yet":      {"", "", "2025-01-09", "AGREEMENT_NOT_IN_FORCE"},
		"the last day": {"", "", "2027-01-10", ""},
	} {
		text := strings.Replace(string(isp), c.old, c.changed, 1)
		if c.old != "" && text == string(isp) {
			t.Fatalf("%s: nothing was changed", name)
		}
		register, err := agreements.Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		at, _ := time.ParseInLocation(time.DateOnly, c.day, profiles.London)
		for _, row := range register.Matrix() {
			if row.ConsentRule == agreements.Crisis {
				continue // has the policy's days of grace beside its own
			}
			stands := FlowStands(row.Flow, DefaultPolicy(), at)
			asked := Decide(Request{
				Caller: Caller{Client: "c", Organisation: row.Recipient, Team: row.Team, Person: "p", Purpose: row.Purpose},
				Action: Read, Type: "CarePlan", At: at, Register: register, Policy: DefaultPolicy(), Source: row.Source,
			})
			if stands.Code != c.code && stands.Code != "PARTY_NOT_SIGNED" && stands.Code != "ACCORD_NOT_SIGNED" {
				t.Errorf("%s: %s stands by %q", name, row.Agreement, stands.Code)
			}
			if !slices.Contains(asked.Rules(), stands) {
				t.Errorf("%s: %s stands as %+v, a decision says %+v", name, row.Agreement, stands, asked.Rules())
			}
		}
	}
}
