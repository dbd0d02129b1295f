package relationaltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/register"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/subscriptions"
)

// Fill writes something into every table of a store.
func Fill(t testing.TB, s *relational.Store) {
	t.Helper()
	if _, err := s.KeepFirst(t.Context(), "name", []byte{0, 1}); err != nil {
		t.Fatal(err)
	}
	log := OpenLog(t, s)
	for n := range 3 {
		if err := bringIn(t, log, n); err != nil {
			t.Fatal(err)
		}
	}
	var many []consent.Accepted
	for i := range 300 { // more than are copied at once
		many = append(many, recordstest.Accept(t, home, person, fmt.Sprintf(
			`{"resourceType":"CarePlan","id":"c%d","status":"completed","subject":{"reference":"Patient/p"},"period":{"start":"2026-01-01"}}`, i)))
	}
	recordstest.Put(t, s, start, many...)
	recordstest.Put(t, s, start, recordstest.Remove(t, home, person, "CarePlan", "b"))
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(
			tx.Stand(persons.Standing{Person: person, Apart: "other", Doubts: []persons.Doubt{persons.Traced}, Custodian: home, Since: start}),
			tx.Subscribe(subscriptions.Subscription{ID: "s"}),
			tx.AddEvents(map[string][]subscriptions.Event{"s": {{Number: 1, At: start}}}),
			tx.SetOutbox(subscriptions.Outbox{Through: 1}),
			tx.KeepImage("CarePlan", "c1", "source", []byte("{}")),
			tx.KeepEdit("CarePlan", "c1", records.Edit{1}),
			tx.KeepSent("s1", "2026-01-01"),
			tx.Move(persons.Move{ID: "m", Kind: persons.Join, At: start, From: person, To: "other", Resources: []string{"CarePlan/c1"}}),
			tx.Try(func() error {
				_, err := tx.PutRegister(register.Version{At: start, Hash: "h", Files: map[string][]byte{"a.yaml": []byte("id: a")}})
				return err
			}))
	})
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
}

// Same makes sure that a store is a copy of another: byte for byte, and that its log verifies.
func Same(t testing.TB, from, to *relational.Store) {
	t.Helper()
	if diff := cmp.Diff(derived(t, from), derived(t, to)); diff != "" {
		t.Errorf("as it was (-) and as it was copied (+):\n%s", diff)
	}
	var sequences [2]uint64
	var reports [2]audit.Report
	for i, s := range []*relational.Store{from, to} {
		sequences[i] = recordstest.View(t, s, store.Snapshot.Sequence)
		report, err := audit.Verify(t.Context(), s, audittest.Keys.Listed)
		if err != nil || report.Break != nil || report.Entries == 0 {
			t.Errorf("%+v, %v", report, err)
		}
		reports[i] = report
	}
	if sequences[0] != sequences[1] || cmp.Diff(reports[0], reports[1]) != "" {
		t.Errorf("the last change is %v; the logs are %+v", sequences, reports)
	}
}

func scanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

// everythingIsCopied: to another database of the same kind; and never over anything.
func (d Database) everythingIsCopied(t *testing.T) {
	from, to := d.fresh(t), d.fresh(t)
	Fill(t, from)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := relational.Copy(ctx, from, to); err == nil {
		t.Error("a copy was made under an ended context")
	}
	copied, err := relational.Copy(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	for table, n := range copied {
		if n == 0 {
			t.Errorf("nothing of %s was copied: the test looked at nothing", table)
		}
	}
	for _, column := range Read(t, from, scanText, d.Columns) {
		table, _, _ := strings.Cut(column, ".")
		if _, known := copied[table]; !known && table != "changed" { // which is a number
			t.Errorf("%s is not copied", column)
		}
	}
	if copied["versions"] != 310 || len(copied) < 15 {
		t.Errorf("copied: %v", copied)
	}
	Same(t, from, to)
	if _, err := relational.Copy(t.Context(), from, to); !errors.Is(err, relational.ErrInUse) {
		t.Errorf("a copy over a copy: %v", err)
	}
	if err := bringIn(t, OpenLog(t, to), 9); err != nil {
		t.Errorf("the copy takes nothing: %v", err)
	}
}
