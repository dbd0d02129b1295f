package sqlite

import (
	"database/sql"
	"strings"
	"testing"

	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// explain is SQLite's plan for a statement, one step on a line.
func explain(t *testing.T, s *Store, text string, args []any) string {
	t.Helper()
	steps := read(t, s, scanStep, "EXPLAIN QUERY PLAN "+text, args...)
	if len(steps) == 0 {
		t.Fatal("there is no plan")
	}
	return strings.Join(steps, "\n")
}

func scanStep(rows *sql.Rows) (step string, err error) {
	var id, parent, unused int
	err = rows.Scan(&id, &parent, &unused, &step)
	return step, err
}

// scans reports whether a table is walked from end to end, other than the list that
// a statement is given, or the scopes made of it, and the custodians of one person.
func scans(plan string) bool {
	for step := range strings.Lines(plan) {
		if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.HasPrefix(step, "SCAN scope") && !strings.HasPrefix(step, "SCAN g\n") && !strings.HasPrefix(step, "SCAN c\n") {
			return true
		}
	}
	return false
}

// TestNoSearchScans: a step that scans a table takes longer with everybody who
// is added to it.
func TestNoSearchScans(t *testing.T) {
	store := fresh(t)
	for _, c := range []struct{ typ, sort, name, value, walks string }{
		{"CarePlan", "", "category", profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan, "COVERING INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=? AND system=?)"},
		{"CarePlan", "", "category", profiles.CodeCrisisPlan + "," + profiles.CodeContingencyPlan, "COVERING INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)"},
		{"CarePlan", "-date,_id", "status:not", "active", "INDEX resources_of_person (person=? AND custodian=? AND type=? AND place>?)"},
		{"CarePlan", "_lastUpdated", "care-team", "CareTeam/t1", "COVERING INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)"},
		{"CarePlan", "", "date", "ge2026", "INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=?)"},
		{"CarePlan", "", "_lastUpdated", "ge2026", "INDEX resources_of_person (person=? AND custodian=? AND type=? AND place>?)"},
		{"Practitioner", "", "_id", "p1,p2", "(type=? AND id=?)"},
		{"PractitionerRole", "", "practitioner", "p1", "COVERING INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)"},
	} {
		q := records.Query{Type: c.typ, Count: 10}
		p, err := search.Parse(c.typ, c.name, c.value)
		if err != nil {
			t.Fatal(err)
		}
		q.Params = []search.Param{p}
		if c.sort != "" {
			if q.Sort, err = search.ParseSort(c.typ, c.sort); err != nil {
				t.Fatal(err)
			}
		}
		args, err := scopeArgs(c.typ, []records.Scope{{Person: "person", Custodian: "7A4"}})
		if err != nil {
			t.Fatal(err)
		}
		text, args := searchText(q, args, records.Position{})
		plan := explain(t, store, text, args)
		if scans(plan) || !strings.Contains(plan, c.walks) {
			t.Errorf("%s?%s=%s sorted by %q does not walk %s:\n%s", c.typ, c.name, c.value, c.sort, c.walks, plan)
		}
	}
}

func TestNoReadScans(t *testing.T) {
	store := fresh(t)
	for name, c := range map[string]struct {
		text string
		args int
	}{
		"Read": {selectOne, 3}, "ReadVersion": {selectOld, 4}, "Person": {selectPersons, 2}, "PersonOf": {selectPersonOf, 2}, "CustodianOf": {selectCustodianOf, 2},
		"Standing": {selectStanding, 1}, "Unresolved": {selectUnresolved, 0}, "CountUnresolved": {countUnresolved, 0}, "CountMoves": {countMoves, 0},
		"Custodians": {selectCustodians, 1}, "Compiled": {selectCompiled, 1}, "Directory": {selectDirectory, 1}, "Generation": {selectGeneration, 1},
		"Targets": {selectTargets, 2},
		"Slots":   {selectSlots, 0}, "Chain": {selectChain, 3}, "Checkpoints": {selectCheckpoints, 2}, "NewestCheckpoint": {selectNewest, 0},
		"Entries by person": {selectByPerson, 5}, "by request": {selectByRequest, 5}, "by agreement": {selectByAgreement, 5}, "by client": {selectByClient, 5},
	} {
		if plan := explain(t, store, c.text, make([]any, c.args)); scans(plan) {
			t.Errorf("%s scans or sorts:\n%s", name, plan)
		}
	}
}
