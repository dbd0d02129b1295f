package linkage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestUndoTakesWhatCameSince: a plan of the Patient that was moved, and another Patient
// under the number that only the moved one had.
func TestUndoTakesWhatCameSince(t *testing.T) {
	d := twoRecords(t)
	id, err := d.join("p1", "p2")
	must(t, err)
	d.bring(board, "p2", plan("later", "a"), patient("a2", one, ""), plan("pa2", "a2"))
	d.bring(council, "p2", plan("theirs", "b"))
	must(t, d.undo(id))
	after := d.picture()
	if !strings.Contains(after, "Patient/a CarePlan/pa CarePlan/later Patient/a2 CarePlan/pa2 7A4=false") || !strings.Contains(after, "Patient/b CarePlan/pb CarePlan/theirs LA9A1=true") || !strings.Contains(after, one+" -> p1 <nil>") {
		t.Error(after)
	}
}

// TestUndoLeavesNobodyApartFromTheWrongOne: what came after the join claims the number of
// the one that is itself again, so that its refusals are this one's once more.
func TestUndoLeavesNobodyApartFromTheWrongOne(t *testing.T) {
	d := openDesk(t)
	d.bring(board, "p1", patient("a", one, ""))
	d.bring(council, "p2", patient("b", two, ""))
	id, err := d.join("p1", "p2")
	must(t, err)
	for person, number := range map[profiles.PersonID]string{"p3": one, "own-7A4-c": two} {
		d.bring(board, person, patient("late"+number, number, ""))
		d.stand(persons.Standing{Person: person, Apart: "p2", Doubts: []persons.Doubt{persons.Contradicts}, Since: start.AddDate(0, 1, 0)})
	}
	must(t, d.undo(id))
	after := d.picture()
	if !strings.Contains(after, "p3 {Person:p3 Custodian: Source: Patient: Apart:p1 ") || !strings.Contains(after, "own-7A4-c {Person:own-7A4-c Custodian: Source: Patient: Apart:p2 ") {
		t.Error(after)
	}
}

// TestUndoDoesNotHideWhoCameSince: a number that two open persons had would lead to neither.
func TestUndoDoesNotHideWhoCameSince(t *testing.T) {
	d := openDesk(t)
	d.bring(board, "p1", patient("a", one, ""))
	d.bring(council, "p2", patient("b", two, ""))
	_, err := d.join("p1", "p2")
	must(t, err)
	id, err := d.part("a")
	must(t, err)
	d.bring(board, "p3", patient("c", one, ""))
	before := d.picture()
	if err := d.undo(id); !errors.Is(err, linkage.ErrClaimed) || d.picture() != before {
		t.Errorf("%v\n%s", err, d.picture())
	}
	if _, err := d.join("own-7A4-a", "p3"); err != nil || !strings.Contains(d.picture(), one+" -> p3 <nil>") {
		t.Errorf("%v\n%s", err, d.picture())
	}
}

// TestUndoIsExact: whatever was settled in whatever order, taken back in the opposite
// order nothing is different from before.
func TestUndoIsExact(t *testing.T) {
	everybody := []profiles.PersonID{"p1", "p2", "p3", "own-7A4-a", "own-LA9A1-b", "own-7A4-c"}
	undone := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := twoRecords(t)
		if rapid.Bool().Draw(rt, "removed") {
			recordstest.Put(t, d.store, start, recordstest.Remove(t, board, "p1", "CarePlan", "pa"))
		}
		var pictures, ids []string
		for range rapid.IntRange(1, 5).Draw(rt, "steps") {
			before := d.picture()
			var id string
			var err error
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				id, err = d.part(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "patient"))
			case 1:
				id, err = d.confirm(rapid.SampledFrom(everybody).Draw(rt, "person"))
			default:
				id, err = d.join(rapid.SampledFrom(everybody).Draw(rt, "from"), rapid.SampledFrom(everybody).Draw(rt, "into"))
			}
			if err != nil {
				if after := d.picture(); after != before {
					rt.Fatalf("%v changed something:\n%s\nbefore:\n%s", err, after, before)
				}
				continue
			}
			pictures, ids = append(pictures, before), append(ids, id)
			d.nobodyHides(everybody)
		}
		for i, id := range slices.Backward(ids) {
			if err := d.undo(id); err != nil {
				rt.Fatalf("taking %s back: %v", id, err)
			}
			undone++
			if after := d.picture(); after != pictures[i] {
				rt.Fatalf("taken back:\n%s\nbefore:\n%s", after, pictures[i])
			}
		}
		must(t, d.store.View(t.Context(), func(now store.Snapshot) error { // nothing was lost on the way
			total := 0
			for _, person := range everybody {
				held, err := now.Held(person, "")
				if err != nil {
					return err
				}
				total += len(held)
			}
			if total != 6 {
				rt.Fatalf("%d resources are held, want 6", total)
			}
			return nil
		}))
	})
	if undone == 0 {
		t.Error("nothing was settled: nothing was put to the test")
	}
}

// TestAStoreThatFailsSettlesNothing: whichever call fails, the transaction keeps nothing.
func TestAStoreThatFailsSettlesNothing(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, do := range map[string]func(l linkage.Linker, tx store.Tx) (persons.Move, error){
		"join":    func(l linkage.Linker, tx store.Tx) (persons.Move, error) { return l.Join(tx, "p3", "p1", "ticket-1") },
		"part":    func(l linkage.Linker, tx store.Tx) (persons.Move, error) { return l.Part(tx, "a", "ticket-1") },
		"confirm": func(l linkage.Linker, tx store.Tx) (persons.Move, error) { return l.Confirm(tx, "p2", "ticket-1") },
		"undo":    func(l linkage.Linker, tx store.Tx) (persons.Move, error) { return l.Undo(tx, "m1", "ticket-1") },
	} {
		t.Run(name, func(t *testing.T) {
			for fails := range 100 {
				d := twoRecords(t)
				d.bring(board, "p1", patient("a2", one, ""))
				if name == "undo" {
					_, err := d.join("p1", "p2")
					must(t, err)
				}
				before := d.picture()
				left := fails
				err := d.do(func(l linkage.Linker, tx store.Tx) error {
					_, err := do(l, &brittle{tx, &left, broken})
					return err
				})
				if left >= 0 {
					if err != nil || fails < 5 {
						t.Fatalf("%v after fewer than %d calls", err, fails)
					}
					return
				}
				if !errors.Is(err, broken) || d.picture() != before || fails == 99 {
					t.Fatalf("call %d: %v\n%s", fails, err, d.picture())
				}
			}
		})
	}
}

// brittle fails at the call whose turn it is.
type brittle struct {
	store.Tx
	left *int
	err  error
}

// turn makes a call, unless it is the one that fails.
func turn[T any](b *brittle, call func() (T, error)) (result T, err error) {
	if *b.left--; *b.left == -1 {
		return result, b.err
	}
	return call()
}

func (b *brittle) Held(person profiles.PersonID, typ string) ([]records.Version, error) {
	return turn(b, func() ([]records.Version, error) { return b.Tx.Held(person, typ) })
}

func (b *brittle) Holdings(person profiles.PersonID) (records.Holdings, error) {
	return turn(b, func() (records.Holdings, error) { return b.Tx.Holdings(person) })
}

func (b *brittle) Person(system, value string) (profiles.PersonID, error) {
	return turn(b, func() (profiles.PersonID, error) { return b.Tx.Person(system, value) })
}

func (b *brittle) PersonOf(typ, id string) (profiles.PersonID, error) {
	return turn(b, func() (profiles.PersonID, error) { return b.Tx.PersonOf(typ, id) })
}

func (b *brittle) Standing(person profiles.PersonID) (persons.Standing, error) {
	return turn(b, func() (persons.Standing, error) { return b.Tx.Standing(person) })
}

func (b *brittle) Unresolved() ([]persons.Standing, error) {
	return turn(b, func() ([]persons.Standing, error) { return b.Tx.Unresolved() })
}

func (b *brittle) CountMoves() (int, error) {
	return turn(b, func() (int, error) { return b.Tx.CountMoves() })
}

func (b *brittle) Moves() ([]persons.Move, error) {
	return turn(b, func() ([]persons.Move, error) { return b.Tx.Moves() })
}

func (b *brittle) Stand(s persons.Standing) error {
	_, err := turn(b, func() (struct{}, error) { return struct{}{}, b.Tx.Stand(s) })
	return err
}

func (b *brittle) Move(m persons.Move) error {
	_, err := turn(b, func() (struct{}, error) { return struct{}{}, b.Tx.Move(m) })
	return err
}

// TestUndoBringsNobodyTogetherWhoDiffer: what was parted has become another human's record.
func TestUndoBringsNobodyTogetherWhoDiffer(t *testing.T) {
	d := openDesk(t)
	nameless := func(id string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q}],"birthDate":"1980-05-17"}`, id, profiles.SystemNHSNumber, one)
	}
	d.bring(board, "p1", nameless("a"), nameless("b"))
	id, err := d.part("b")
	must(t, err)
	d.bring(board, "own-7A4-b", strings.Replace(nameless("b"), "1980-05-17", "1999-09-09", 1))
	before := d.picture()
	if err := d.undo(id); !errors.Is(err, linkage.ErrDiffer) || d.picture() != before {
		t.Errorf("%v\n%s", err, d.picture())
	}
	d.bring(board, "own-7A4-b", nameless("b"))
	d.bring(board, "p1", strings.Replace(nameless("a"), `"birthDate":"1980-05-17"`, `"gender":"female"`, 1))
	_, err = d.join("own-7A4-b", "p1")
	must(t, err)
}
