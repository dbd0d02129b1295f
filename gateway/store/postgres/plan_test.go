package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// explain is PostgreSQL's plan for a statement with any arguments, a line for each step,
// where it scans a table only if there is no other way.
func explain(t *testing.T, s *relational.Store, of string) []string {
	t.Helper()
	ctx := t.Context()
	var steps []string
	err := s.LendReader(ctx, func(c relational.Connection) error {
		values := strings.TrimSuffix(strings.Repeat("NULL, ", len(relationaltest.Unset(strings.ReplaceAll(of, "$", "?")))), ", ")
		if values != "" {
			values = "(" + values + ")"
		}
		if _, err := c.ExecContext(ctx, "SET plan_cache_mode = force_generic_plan; PREPARE explained AS "+of); err != nil {
			return err
		}
		rows, err := c.QueryContext(ctx, "EXPLAIN (COSTS OFF) EXECUTE explained"+values)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var step string
			if err := rows.Scan(&step); err != nil {
				return err
			}
			steps = append(steps, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(step), "->")))
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
		_, err = c.ExecContext(ctx, "DEALLOCATE explained; RESET plan_cache_mode")
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", of, err)
	}
	return steps
}

// written are the statements that the writing connection has prepared, as the server
// lists them: those that are sent together are among them.
func written(t *testing.T, s *relational.Store) (texts []string) {
	t.Helper()
	return relationaltest.Query(t, s.LendWriter, func(rows *sql.Rows) (of string, err error) {
		err = rows.Scan(&of)
		return of, err
	}, "SELECT statement FROM pg_prepared_statements")
}

// scans reports whether a table is walked from end to end: by itself, or by an index
// without a condition on it.
func scans(steps []string) bool {
	for i, step := range steps {
		switch {
		case strings.HasPrefix(step, "Seq Scan"):
			return true
		case strings.HasPrefix(step, "Index Scan"), strings.HasPrefix(step, "Index Only Scan"), strings.HasPrefix(step, "Bitmap Index Scan"):
			if i+1 == len(steps) || !strings.HasPrefix(steps[i+1], "Index Cond:") {
				return true
			}
		}
	}
	return false
}

// TestNothingScans: a step that scans a table takes longer with everybody who is added
// to it.
func TestNothingScans(t *testing.T) {
	address := startServer(t).Database(t)
	d := relationaltest.Database{
		Place: func(t testing.TB) string { return address },
		Open: func(ctx context.Context, place string, wrap relationaltest.Wrap) (*relational.Store, error) {
			return open(ctx, place, wrap)
		},
	}
	s := reopen(t, address)
	asked := map[string][]string{}
	reads := relationaltest.Reads()
	for _, c := range relationaltest.Searches {
		reads[fmt.Sprint(c)] = func(now store.Snapshot) error { return c.Run(t, now) }
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) { asked[name] = d.Asked(t, read) }) // which closes its connections
	}
	if !scans(explain(t, s, "SELECT body FROM versions WHERE body = $1")) {
		t.Error("nobody would see a scan")
	}
	relationaltest.Fill(t, s)
	asked["writing"] = written(t, s)
	asked["Sequence"] = append(asked["Sequence"], last, lastLocked) // it is asked for as a transaction begins
	if len(asked["writing"]) < 20 {
		t.Errorf("%d statements write: the test looked at little", len(asked["writing"]))
	}
	for name, texts := range asked {
		if len(texts) == 0 {
			t.Errorf("%s asks nothing", name)
		}
		for _, of := range texts {
			if word, _, _ := strings.Cut(of, " "); slices.Contains([]string{"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SHOW"}, word) {
				continue
			}
			if steps := explain(t, s, text(of)); scans(steps) {
				t.Errorf("%s scans: %s\n%s", name, of, strings.Join(steps, "\n"))
			}
		}
	}
}
