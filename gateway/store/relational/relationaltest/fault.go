package relationaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/profiles"
)

const (
	home   profiles.OrgCode  = "7A4"
	person profiles.PersonID = "person-1"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Batch is a Patient and two plans, in a text that differs by n.
func Batch(t testing.TB, n int) []consent.Accepted {
	t.Helper()
	note := fmt.Sprintf(`"language":"x-%d"`, n)
	return []consent.Accepted{
		recordstest.Accept(t, home, person, `{"resourceType":"Patient","id":"p",`+note+`,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}`),
		recordstest.Accept(t, home, person, `{"resourceType":"CarePlan","id":"a",`+note+`,"status":"active","period":{"start":"2026-01-01"}}`),
		recordstest.Accept(t, home, person, `{"resourceType":"CarePlan","id":"b",`+note+`,"status":"active"}`),
	}
}

// newest is the number of a resource's newest version, 0 if it is not there.
func newest(t testing.TB, s *relational.Store, typ, id string) uint64 {
	t.Helper()
	v, err := of(s).Read(context.WithoutCancel(t.Context()), recordstest.Treating(t, person), typ, id)
	if err != nil && !errors.Is(err, records.ErrNothing) {
		t.Fatal(err)
	}
	return v.Number
}

// Whole makes sure that the database is sound and that the batches in it are there
// whole: every resource at the same version, the epoch the same, and each found
// by its index. It gives that version.
func (d Database) Whole(t testing.TB, s *relational.Store) uint64 {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if d.Sound != nil {
		d.Sound(t, s)
	}
	number := newest(t, s, "Patient", "p")
	held, err := of(s).Holdings(ctx, person)
	if err != nil || (held.Generation > 0) != (number > 0) || len(held.Facts) != int(min(number, 1)) {
		t.Fatalf("version %d at generation %d with %d facts, %v", number, held.Generation, len(held.Facts), err)
	}
	for _, id := range []string{"a", "b"} {
		if n := newest(t, s, "CarePlan", id); n != number {
			t.Fatalf("a batch was torn: plan %s at version %d, the Patient at %d", id, n, number)
		}
	}
	found, err := of(s).Find(ctx, recordstest.Treating(t, person), "CarePlan", SearchActive(t))
	if err != nil || len(found.Matches) != 2*int(min(number, 1)) {
		t.Fatalf("the index finds %d plans at version %d, %v", len(found.Matches), number, err)
	}
	if _, err := of(s).Person(ctx, "https://fhir.nhs.uk/Id/nhs-number", "9990000018"); (err == nil) != (number > 0) {
		t.Fatalf("the identifier at version %d: %v", number, err)
	}
	return number
}

// everyWriteStepBroken breaks each step of a Put twice (failed; failed
// although it happened) and then looks at the whole: a batch is there or it is
// not, what was acknowledged is, and to store it again makes no second version.
func (d Database) everyWriteStepBroken(t *testing.T) {
	b := &Breaking{}
	store := d.open(t, d.Place(t), b.Wrap)
	stored, steps := uint64(0), 0
	for _, happens := range []bool{false, true} {
		for step, more := 1, true; more; step++ {
			changes := Batch(t, int(stored)+1)
			b.arm(step, happens)
			_, err := of(store).Put(t.Context(), start, changes...)
			more = b.Disarm() // a transaction that has not begun may begin again
			if !more && err != nil {
				t.Fatalf("step %d broke: %v, and Put says %v", step, more, err)
			}
			if got := d.Whole(t, store); got != stored && got != stored+1 || err == nil && got != stored+1 {
				t.Fatalf("step %d: version %d after %d, Put says %v", step, got, stored, err)
			}
			recordstest.Put(t, store, start, changes...)
			if stored++; d.Whole(t, store) != stored {
				t.Fatalf("step %d: storing it again made version %d of %d", step, d.Whole(t, store), stored)
			}
			steps = max(steps, step)
		}
	}
	if steps < d.Steps {
		t.Errorf("only %d steps were broken", steps)
	}
}

// everyAuditStepBroken does the same to what logs write.
func (d Database) everyAuditStepBroken(t *testing.T) {
	b := &Breaking{}
	audittest.RunBroken[store.Snapshot, store.Tx](t, d.open(t, d.Place(t), b.Wrap), b)
}

// contextEndsAtAnyMoment: a batch whose caller went away, at any step, is whole or absent,
// and the one writing connection is fit for the next.
func (d Database) contextEndsAtAnyMoment(t *testing.T) {
	b := &Breaking{}
	store := d.open(t, d.Place(t), b.Wrap)
	steps, cut := 0, 0
	for more := true; more; steps++ {
		for _, meanwhile := range []bool{false, true} { // it ends before the step, or while that is under way
			before := newest(t, store, "Patient", "p")
			ctx, cancel := context.WithCancel(t.Context())
			b.doAt(steps+1, func() {
				if meanwhile {
					go cancel()
				} else {
					cancel()
				}
			})
			_, err := of(store).Put(ctx, start, Batch(t, int(before)+1)...)
			more = b.Disarm()
			cancel()
			if err != nil {
				cut++
			}
			if after := newest(t, store, "Patient", "p"); err == nil && after != before+1 || after > before+1 {
				t.Fatalf("step %d: version %d after %d, Put says %v", steps, after, before, err)
			}
		}
	}
	t.Logf("%d batches were cut short, in %d steps", cut, steps)
	if steps < d.Steps || cut == 0 {
		t.Errorf("%d batches were cut short, in %d steps", cut, steps)
	}
	before := d.Whole(t, store)
	recordstest.Put(t, store, start, Batch(t, -1)...)
	if d.Whole(t, store) != before+1 {
		t.Error("nothing can be stored any more")
	}
}
