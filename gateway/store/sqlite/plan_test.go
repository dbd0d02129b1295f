package sqlite

import (
	"database/sql"
	"strings"
	"testing"

	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// explain is SQLite's plan for a statement, one step on a line.
func explain(t *testing.T, s *relational.Store, text string, args []any) string {
	t.Helper()
	steps := relationaltest.Read(t, s, scanStep, "EXPLAIN QUERY PLAN "+text, args...)
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
		if strings.HasPrefix(step, "SCAN ") && !strings.HasPrefix(step, "SCAN CONSTANT ROW") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.HasPrefix(step, "SCAN scope") && !strings.HasPrefix(step, "SCAN g\n") && !strings.HasPrefix(step, "SCAN c\n") {
			return true
		}
	}
	return false
}

// TestNoSearchScans: a step that scans a table takes longer with everybody who
// is added to it.
func TestNoSearchScans(t *testing.T) {
	s := fresh(t)
	for i, walks := range []string{
		"INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)",
		"INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)",
		"INDEX resources_of_person (person=? AND custodian=? AND type=? AND place>?)",
		"INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)",
		"INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=?)",
		"INDEX resources_of_person (person=? AND custodian=? AND type=? AND place>?)",
		"(type=? AND id=?)",
		"INDEX terms_by_value (person=? AND custodian=? AND type=? AND param=? AND kind=? AND value=?)",
	} {
		c := relationaltest.Searches[i]
		plan := ""
		for _, text := range sqliteDatabase.Asked(t, func(now store.Snapshot) error { return c.Run(t, now) }) {
			plan += explain(t, s, text, relationaltest.Unset(text))
		}
		if scans(plan) || !strings.Contains(plan, walks) {
			t.Errorf("%+v does not walk %s:\n%s", c, walks, plan)
		}
	}
}

func TestNoReadScans(t *testing.T) {
	s := fresh(t)
	for name, read := range relationaltest.Reads() {
		texts := sqliteDatabase.Asked(t, read)
		if len(texts) == 0 {
			t.Errorf("%s asks nothing", name)
		}
		for _, text := range texts {
			if plan := explain(t, s, text, relationaltest.Unset(text)); scans(plan) {
				t.Errorf("%s scans or sorts:\n%s", name, plan)
			}
		}
	}
}

// TestAHistoryIsWalkedFromItsEnd: sorted, it would be read whole however much of it is given.
func TestAHistoryIsWalkedFromItsEnd(t *testing.T) {
	texts := sqliteDatabase.Asked(t, relationaltest.Reads()["Versions"])
	if len(texts) != 1 {
		t.Fatalf("%d statements", len(texts))
	}
	plan := explain(t, fresh(t), texts[0], relationaltest.Unset(texts[0]))
	_, walk, found := strings.Cut(plan, "SEARCH v USING INDEX sqlite_autoindex_versions_1 (resource=? AND number>? AND number<?)")
	if !found || strings.Contains(walk, "ORDER BY") {
		t.Errorf("it is not walked:\n%s", plan)
	}
}

// TestOpenFaultsAreCountedByThemselves: each reading of the metrics counts them, and those that
// are settled become ever more.
func TestOpenFaultsAreCountedByThemselves(t *testing.T) {
	texts := sqliteDatabase.Asked(t, func(now store.Snapshot) error { _, err := now.CountOpen(); return err })
	if len(texts) != 1 {
		t.Fatalf("%d statements", len(texts))
	}
	if plan := explain(t, fresh(t), texts[0], relationaltest.Unset(texts[0])); plan != "SCAN faults USING COVERING INDEX faults_open" {
		t.Errorf("it reads others too:\n%s", plan)
	}
}

// TestWhatAsksForNothingIsNotReadToTellIt: each entry of the audit log was read, and most of
// them parsed, to find those that ask for something to be told: a seventh of what a crisis read
// took.
func TestWhatAsksForNothingIsNotReadToTellIt(t *testing.T) {
	texts := sqliteDatabase.Asked(t, relationaltest.Reads()["Duties"])
	if len(texts) != 1 {
		t.Fatalf("%d statements", len(texts))
	}
	if plan := explain(t, fresh(t), texts[0], relationaltest.Unset(texts[0])); plan != "SEARCH audit USING INDEX audit_of_duty (slot=? AND seq>?)" {
		t.Errorf("it reads others too:\n%s", plan)
	}
}
