package relationaltest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// derived is everything that is worked out from the versions, and what it is worked out from.
func derived(t testing.TB, s *relational.Store) map[string][]string {
	t.Helper()
	tables := make(map[string][]string)
	for _, table := range []string{"labels", "changes", "sort_values", "terms", "identifiers", "compiled", "resources", "versions", "refs", "standings"} {
		tables[table] = Read(t, s, func(rows *sql.Rows) (string, error) {
			columns, _ := rows.Columns()
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			err := rows.Scan(cells...)
			var row []string
			for _, cell := range cells {
				row = append(row, fmt.Sprint(*cell.(*any)))
			}
			return strings.Join(row, " "), err
		}, "SELECT * FROM "+table)
		slices.Sort(tables[table])
	}
	return tables
}

// reindexRenewsWhatOtherRulesMade: whatever other rules had made of the versions,
// and they may be older or those of a newer program, comes out as if they had been
// stored today, in batches of any size.
func (d Database) reindexRenewsWhatOtherRulesMade(t *testing.T) {
	for _, rules := range []int{records.Rules - 1, records.Rules + 1} {
		s := d.fresh(t)
		for n := range 3 {
			recordstest.Put(t, s, start, Batch(t, n)...)
		}
		recordstest.Put(t, s, start, recordstest.Remove(t, home, person, "CarePlan", "b"))
		before, generation := derived(t, s), recordstest.Generation(t, s, person)
		for _, text := range []string{
			fmt.Sprintf(`UPDATE labels SET rules = %d, need = 1, "any" = 2`, rules), `UPDATE resources SET need = 1, "any" = 2, status = 'x'`,
			`DELETE FROM changes`, `DELETE FROM sort_values`, `DELETE FROM identifiers`, `UPDATE terms SET value = 'x'`, `UPDATE compiled SET body = '{}'`,
		} {
			if err := Direct(t, s.LendWriter, text); err != nil {
				t.Fatal(err)
			}
		}
		const versions = 10
		if n := recordstest.View(t, s, store.Snapshot.Outdated); n != versions {
			t.Errorf("%d versions are outdated", n)
		}
		for left := versions; left > 0; {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				n, err := tx.Reindex(3)
				if want := min(3, left); n != want {
					t.Errorf("%d were reindexed of %d", n, left)
				}
				left -= 3
				return err
			})
			if n := recordstest.View(t, s, store.Snapshot.Outdated); err != nil || n != max(0, left) {
				t.Fatalf("%d versions are outdated, %v", n, err)
			}
		}
		if diff := cmp.Diff(before, derived(t, s)); diff != "" {
			t.Errorf("as it was (-) and as it is (+):\n%s", diff)
		}
		if after := recordstest.Generation(t, s, person); after <= generation {
			t.Errorf("the person's generation goes from %d to %d", generation, after)
		}
		whole := newest(t, s, "Patient", "p")
		if err := s.Update(t.Context(), func(tx store.Tx) error { _, err := tx.Reindex(3); return err }); err != nil || whole != 3 {
			t.Errorf("with nothing to do: %v; version %d", err, whole)
		}
	}
}

// transactionLeavesToReindexWhatIsMuch: what more versions refer to than one
// transaction reindexes of itself.
func (d Database) transactionLeavesToReindexWhatIsMuch(t *testing.T) {
	s := d.fresh(t)
	const ownRenewals = 256 // of one transaction
	const plans = ownRenewals + 20
	for i := range plans {
		recordstest.Put(t, s, start, recordstest.Accept(t, home, person, fmt.Sprintf(
			`{"resourceType":"CarePlan","id":"c%d","status":"active","subject":{"reference":"Patient/p"},"author":{"reference":"Practitioner/w"}}`, i)))
	}
	recordstest.Put(t, s, start, recordstest.Accept(t, home, "", `{"resourceType":"Practitioner","id":"w"}`))
	if n := recordstest.View(t, s, store.Snapshot.Outdated); n != plans-ownRenewals {
		t.Errorf("%d versions are outdated", n)
	}
	recordstest.Put(t, s, start, recordstest.Accept(t, home, "", `{"resourceType":"Practitioner","id":"another"}`))
	if n := recordstest.View(t, s, store.Snapshot.Outdated); n != plans-ownRenewals {
		t.Errorf("%d versions are outdated after another's transaction", n)
	}
}
