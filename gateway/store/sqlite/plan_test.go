package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
	"cpagateway/profiles"
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
		if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.HasPrefix(step, "SCAN scope") && !strings.HasPrefix(step, "SCAN g\n") && !strings.HasPrefix(step, "SCAN c\n") {
			return true
		}
	}
	return false
}

// prepared are the statements that a connection has prepared: ask for it alone, or for
// each of those that read.
func prepared(t *testing.T, lend func(context.Context, func(relational.Connection) error) error) (texts []string) {
	t.Helper()
	err := lend(t.Context(), func(c relational.Connection) error {
		texts = c.Prepared
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// asked are the statements that a view runs.
func asked(t *testing.T, read func(store.Snapshot) error) []string {
	t.Helper()
	s := fresh(t)
	if err := s.View(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range readers {
		texts = append(texts, prepared(t, s.LendReader)...)
	}
	return slices.DeleteFunc(texts, func(text string) bool { return text == "BEGIN" || text == "COMMIT" })
}

var placeholder = regexp.MustCompile(`\?\d*`)

// unset is no value for each of a statement's arguments.
func unset(text string) []any {
	n := 0
	for _, p := range placeholder.FindAllString(text, -1) {
		number, err := strconv.Atoi(p[1:])
		if err != nil { // the next one
			number = n + 1
		}
		n = max(n, number)
	}
	return make([]any, n)
}

// TestNoSearchScans: a step that scans a table takes longer with everybody who
// is added to it.
func TestNoSearchScans(t *testing.T) {
	s := fresh(t)
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
		texts := asked(t, func(now store.Snapshot) error {
			_, err := now.Find([]records.Scope{{Person: "person", Custodian: "7A4"}}, q)
			return err
		})
		plan := ""
		for _, text := range texts {
			plan += explain(t, s, text, unset(text))
		}
		if scans(plan) || !strings.Contains(plan, c.walks) {
			t.Errorf("%s?%s=%s sorted by %q does not walk %s:\n%s", c.typ, c.name, c.value, c.sort, c.walks, plan)
		}
	}
}

func TestNoReadScans(t *testing.T) {
	s := fresh(t)
	scope := []records.Scope{{Person: "person", Custodian: home}}
	refs := []records.Reference{{Custodian: home, Text: "Practitioner/w"}}
	absent := func(err error) error {
		if errors.Is(err, records.ErrNothing) {
			return nil
		}
		return err
	}
	reads := map[string]func(now store.Snapshot) error{
		"Read": func(now store.Snapshot) error { _, err := now.Read(scope, "CarePlan", "a"); return absent(err) },
		"ReadVersion": func(now store.Snapshot) error {
			_, err := now.ReadVersion(scope, "CarePlan", "a", 1)
			return absent(err)
		},
		"Person":           func(now store.Snapshot) error { _, err := now.Person("urn:x", "1"); return absent(err) },
		"PersonOf":         func(now store.Snapshot) error { _, err := now.PersonOf("CarePlan", "a"); return absent(err) },
		"CustodianOf":      func(now store.Snapshot) error { _, err := now.CustodianOf("CarePlan", "a"); return absent(err) },
		"Current":          func(now store.Snapshot) error { _, err := now.Current("CarePlan", "a"); return absent(err) },
		"Standing":         func(now store.Snapshot) error { _, err := now.Standing(person); return err },
		"Unresolved":       func(now store.Snapshot) error { _, err := now.Unresolved(); return err },
		"CountUnresolved":  func(now store.Snapshot) error { _, err := now.CountUnresolved(); return err },
		"CountMoves":       func(now store.Snapshot) error { _, err := now.CountMoves(); return err },
		"Holdings":         func(now store.Snapshot) error { _, err := now.Holdings(person); return err },
		"Generation":       func(now store.Snapshot) error { _, err := now.Generation(person); return err },
		"Sequence":         func(now store.Snapshot) error { _, err := now.Sequence(); return err },
		"Editions":         func(now store.Snapshot) error { _, err := now.Editions(refs); return err },
		"Targets":          func(now store.Snapshot) error { _, err := now.Targets(home, []string{"Patient/p"}); return err },
		"Slots":            func(now store.Snapshot) error { _, err := now.Slots(); return err },
		"Chain":            func(now store.Snapshot) error { _, err := now.Chain(1, 1, 10); return err },
		"Checkpoints":      func(now store.Snapshot) error { _, err := now.Checkpoints(1, 10); return err },
		"NewestCheckpoint": func(now store.Snapshot) error { _, err := now.NewestCheckpoint(); return err },
	}
	for name, q := range map[string]audit.Query{"by person": {Person: "p"}, "by request": {Request: "r"}, "by agreement": {Agreement: "a"}, "by client": {Client: "c"}} {
		q.Limit = 10
		reads["Entries "+name] = func(now store.Snapshot) error { _, err := now.Entries(q); return err }
	}
	for name, read := range reads {
		texts := asked(t, read)
		if len(texts) == 0 {
			t.Errorf("%s asks nothing", name)
		}
		for _, text := range texts {
			if plan := explain(t, s, text, unset(text)); scans(plan) {
				t.Errorf("%s scans or sorts:\n%s", name, plan)
			}
		}
	}
}
