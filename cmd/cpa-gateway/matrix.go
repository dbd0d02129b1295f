package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
)

// flowRow is a flow of the matrix and whether it lets anything through.
type flowRow struct {
	agreements.Row
	State  string `json:"state"` // one of states
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"` // why it is not simply live
	rank   int
}

// noReader is the state of a flow that stands and names no team that reads by it.
const noReader = "NO_READER"

// states are what a flow may be, by the code of the gate that says so, in the order
// in which they are told. What lets something through comes first.
var states = []struct{ code, name string }{
	{"", "live"}, {"REVIEW_GRACE", "live, by grace"}, {noReader, "only contributes"}, {"AGREEMENT_NOT_ASSURED", "draft"}, {"AGREEMENT_NOT_IN_FORCE", "not in force"},
	{"AGREEMENT_REVIEW_OVERDUE", "expired"}, {"PARTY_NOT_SIGNED", "unsigned"}, {"ACCORD_NOT_SIGNED", "unsigned"},
	{"NOT_A_DISCLOSURE_BASIS", "no ground"}, {"TEAM_NOT_NAMED", "team not named"},
}

// flowsAt are the flows of a register with what they are at an instant, live ones first.
func flowsAt(register *agreements.Register, policy consent.Policy, at time.Time) []flowRow {
	var rows []flowRow
	for _, row := range register.Matrix() {
		stands := consent.FlowStands(row.Flow, policy, at)
		state := stands.Code
		if state == "" && row.Team == "" {
			state = noReader
		}
		r := flowRow{Row: row, State: states[rank(state)].name, Code: stands.Code, rank: rank(state)}
		if stands.Code != "" {
			r.Reason = stands.Text
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b flowRow) int { return a.rank - b.rank })
	return rows
}

func rank(code string) int {
	for i, s := range states {
		if s.code == code {
			return i
		}
	}
	panic("a flow stands by " + code)
}

// printMatrix prints who may ask whom for what, what lets nothing through, and which
// agreements need attention.
func printMatrix(out io.Writer, register *agreements.Register, rows []flowRow, at time.Time) error {
	fmt.Fprintf(out, "%d flows on %s: %s\n\n", len(rows), agreements.DayOf(at), countStates(rows))
	err := printAll(out, rows, false, "state\tasks\tteam\tof\tfor\tconsent\tcontributes\tagreement\tstatus\tissued\treview\titems", func(row flowRow) []any {
		return []any{row.State, row.Recipient, cmp.Or(row.Team, "-"), row.Source, row.Purpose, row.ConsentRule,
			cmp.Or(row.Contribute, "-"), row.Agreement, row.Status, row.IssueDate, row.ReviewDate, strings.Join(row.Items, " ")}
	})
	if err != nil {
		return err
	}
	for _, warning := range register.Warnings(at) {
		fmt.Fprintf(out, "warning: %s: %s\n", warning.Agreement, warning.Text)
	}
	return nil
}

// countStates counts the flows of each state, in the order of the table.
func countStates(rows []flowRow) string {
	var counts []string
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r flowRow) bool { return r.State != rows[0].State })
		if n < 0 {
			n = len(rows)
		}
		counts = append(counts, fmt.Sprintf("%d %s", n, rows[0].State))
		rows = rows[n:]
	}
	if len(counts) == 0 {
		return "none"
	}
	return strings.Join(counts, ", ")
}
