package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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

// batch is a Patient and two plans, in a text that differs by n.
func batch(t testing.TB, n int) []consent.Accepted {
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

// whole makes sure that the file is sound and that the batches in it are there
// whole: every resource at the same version, the epoch the same, and each found
// by its index. It gives that version.
func whole(t testing.TB, s *relational.Store) uint64 {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	for _, pragma := range []string{"PRAGMA integrity_check", "PRAGMA foreign_key_check"} {
		found := read(t, s, func(rows *sql.Rows) (string, error) {
			columns, _ := rows.Columns()
			cells := make([]any, len(columns))
			for i := range cells {
				cells[i] = new(any)
			}
			err := rows.Scan(cells...)
			return fmt.Sprint(*cells[0].(*any)), err
		}, pragma)
		if len(found) > 0 && strings.Join(found, "\n") != "ok" {
			t.Fatalf("%s: %v", pragma, found)
		}
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
	found, err := of(s).Find(ctx, recordstest.Treating(t, person), searchActive(t))
	if err != nil || len(found.Matches) != 2*int(min(number, 1)) {
		t.Fatalf("the index finds %d plans at version %d, %v", len(found.Matches), number, err)
	}
	if _, err := of(s).Person(ctx, "https://fhir.nhs.uk/Id/nhs-number", "9990000018"); (err == nil) != (number > 0) {
		t.Fatalf("the identifier at version %d: %v", number, err)
	}
	return number
}

// TestEveryWriteStepBroken breaks each step of a Put twice (failed; failed
// although it happened) and then looks at the whole: a batch is there or it is
// not, what was acknowledged is, and to store it again makes no second version.
func TestEveryWriteStepBroken(t *testing.T) {
	b, name := newBreaking()
	store, err := open(t.Context(), name, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	stored, steps := uint64(0), 0
	for _, happens := range []bool{false, true} {
		for step, more := 1, true; more; step++ {
			changes := batch(t, int(stored)+1)
			b.arm(step, happens)
			_, err := of(store).Put(t.Context(), start, changes...)
			more = b.disarm()
			if more == (err == nil) {
				t.Fatalf("step %d broke: %v, and Put says %v", step, more, err)
			}
			if got := whole(t, store); got != stored && got != stored+1 || err == nil && got != stored+1 {
				t.Fatalf("step %d: version %d after %d, Put says %v", step, got, stored, err)
			}
			recordstest.Put(t, store, start, changes...)
			if stored++; whole(t, store) != stored {
				t.Fatalf("step %d: storing it again made version %d of %d", step, whole(t, store), stored)
			}
			steps = max(steps, step)
		}
	}
	if steps < 20 {
		t.Errorf("only %d steps were broken", steps)
	}
}

// TestEveryAuditStepBroken does the same to what logs write.
func TestEveryAuditStepBroken(t *testing.T) {
	b, name := newBreaking()
	s, err := open(t.Context(), name, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	audittest.RunBroken[store.Snapshot, store.Tx](t, s, b)
}

// Arm implements audittest.Breaker.
func (b *breaking) Arm(n int, how audittest.Break) { b.arm(n, how == audittest.Happens) }

// Disarm implements audittest.Breaker.
func (b *breaking) Disarm() bool { return b.disarm() }

// TestContextEndsAtAnyMoment: a batch whose caller went away is whole or absent,
// and the one writing connection is fit for the next.
func TestContextEndsAtAnyMoment(t *testing.T) {
	store := fresh(t)
	random := rand.New(rand.NewPCG(3, 4))
	cut := 0
	for n := range 150 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(4000))*time.Microsecond)
		before := newest(t, store, "Patient", "p")
		_, err := of(store).Put(ctx, start, batch(t, n)...)
		cancel()
		if err != nil {
			cut++
		}
		if after := newest(t, store, "Patient", "p"); err == nil && after != before+1 || after > before+1 {
			t.Fatalf("version %d after %d, Put says %v", after, before, err)
		}
	}
	if cut == 0 {
		t.Error("no batch was cut short")
	}
	before := whole(t, store)
	recordstest.Put(t, store, start, batch(t, -1)...)
	if whole(t, store) != before+1 {
		t.Error("nothing can be stored any more")
	}
}

// TestDiskFull: a batch that finds no room is refused whole, what was there
// stays, reading goes on, and with room again so does writing.
func TestDiskFull(t *testing.T) {
	store := fresh(t)
	recordstest.Put(t, store, start, batch(t, 0)...)
	limit := func(pages int) {
		if err := direct(t, store.LendWriter, fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size where it is greater
	large := recordstest.Accept(t, home, person, `{"resourceType":"CarePlan","id":"a","status":"active","description":"`+strings.Repeat("x", 1<<20)+`"}`)
	if _, err := of(store).Put(t.Context(), start, append(batch(t, 1), large)...); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("on a full disk: %v", err)
	}
	if number := whole(t, store); number != 1 {
		t.Errorf("version %d is there", number)
	}
	limit(1 << 20)
	recordstest.Put(t, store, start, batch(t, 1)...)
	if number := whole(t, store); number != 2 {
		t.Errorf("version %d is there", number)
	}
}

// TestAnotherProcessWrites: while another holds the lock, readers read, and the
// writer waits; when its busy timeout is over it gives up with an error.
func TestAnotherProcessWrites(t *testing.T) {
	dir := t.TempDir()
	store, other := reopen(t, dir), reopen(t, dir)
	recordstest.Put(t, store, start, batch(t, 0)...)
	if err := direct(t, other.LendWriter, "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := of(store).Put(ctx, start, batch(t, 1)...); err == nil {
		t.Error("two processes wrote at once")
	}
	if number := whole(t, store); number != 1 {
		t.Errorf("version %d is there", number)
	}
	done := make(chan error)
	go func() {
		_, err := of(store).Put(context.WithoutCancel(t.Context()), start, batch(t, 1)...)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := direct(t, other.LendWriter, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after the lock was given back: %v", err)
	}
	recordstest.Put(t, other, start, batch(t, 2)...)
	if a, b := whole(t, store), whole(t, other); a != 3 || b != 3 {
		t.Errorf("one process sees version %d, the other %d", a, b)
	}
}

// TestAConnectionThatCannotBeSetUpIsGivenUp: it once stayed taken, and whoever
// came next waited for it for ever.
func TestAConnectionThatCannotBeSetUpIsGivenUp(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	useless := relational.Connections{DB: db, Size: 1, Begin: "BEGIN", SetUp: "no such statement"}
	store := relational.New(relational.Dialect{Locked: locked}, useless, useless)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		if _, err := of(store).Put(ctx, start, batch(t, 0)...); err == nil || ctx.Err() != nil {
			t.Fatalf("through a connection that is not set up: %v", err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
