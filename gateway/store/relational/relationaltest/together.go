package relationaltest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// bringIn is what an import does with a batch: versions, what is set aside, and the
// record of it.
func bringIn(t testing.TB, log *audit.Log[store.Tx], n int) error {
	t.Helper()
	changes := Batch(t, n)
	_, err := log.Update(t.Context(), audit.Event{At: start, Interaction: "import"}, "source", consent.Decision{}, func(tx store.Tx) (audit.Counts, error) {
		for _, a := range changes {
			if _, err := tx.Put(start, a, records.Precondition{}); err != nil {
				return audit.Counts{}, err
			}
		}
		_, err := tx.SetAside([]quarantine.Fault{{ID: fmt.Sprint(n), Source: "source", Rule: "R", At: start}})
		return audit.Counts{Read: n}, err
	})
	return err
}

// together makes sure that what is set aside, recorded and kept belongs together,
// and that the log is whole. It gives the number of imports.
func (d Database) together(t testing.TB, s *relational.Store) uint64 {
	t.Helper()
	number := d.Whole(t, s)
	ctx := context.WithoutCancel(t.Context())
	var faults []quarantine.Fault
	imports := uint64(0)
	err := s.View(ctx, func(sn store.Snapshot) (err error) {
		if faults, err = sn.Faults(quarantine.Filter{}); err != nil {
			return err
		}
		slots, err := sn.Slots()
		if err != nil {
			return err
		}
		for _, slot := range slots {
			rows, err := sn.Chain(slot.Number, 1, 1<<20)
			if err != nil {
				return err
			}
			entries, err := audit.Entries(rows)
			if err != nil {
				return err
			}
			for _, e := range entries {
				imports = max(imports, uint64(e.Counts.Read))
				if e.Kind != audit.KindImport {
					t.Errorf("an entry of kind %s", e.Kind)
				}
			}
			number -= min(number, uint64(len(entries)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if number != 0 || uint64(len(faults)) != imports {
		t.Errorf("%d versions are not recorded; %d imports, %d faults", number, imports, len(faults))
	}
	report, err := audit.Verify(ctx, s, audittest.Keys.Listed)
	if err != nil || report.Break != nil {
		t.Errorf("the log: %+v, %v", report, err)
	}
	return imports
}

// killedAtStep names the database that the child of killedAtEachStep writes to.
const killedAtStep = "RELATIONAL_TEST_KILLED_AT_STEP"

// killedAtEachStep kills a process that brings batches in before each step of
// its writing: records, epoch, what is set aside and the audit entry are there
// together or not at all, and those that were acknowledged are.
func (d Database) killedAtEachStep(t *testing.T) {
	if place := os.Getenv(killedAtStep); place != "" {
		d.bringInUntilKilled(t, place)
		return
	}
	place := d.Place(t)
	var found uint64
	steps := 0
	for step := 1; ; step += max(d.Strides, 1) {
		acknowledged, killed := child(t, func(*os.Process) {}, killedAtStep+"="+place, killedAtStep+"_NUMBER="+strconv.Itoa(step))
		s, err := d.Open(t.Context(), place, nil)
		if err != nil {
			t.Fatal(err)
		}
		now := d.together(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if now < found || now > found+2 || acknowledged > now {
			t.Errorf("killed at step %d: %d imports after %d, %d acknowledged", step, now, found, acknowledged)
		}
		found = now
		if !killed {
			break
		}
		steps = step
	}
	if steps < 10 {
		t.Errorf("it was killed at %d steps", steps)
	}
}

func (d Database) bringInUntilKilled(t *testing.T, place string) {
	step, err := strconv.Atoi(os.Getenv(killedAtStep + "_NUMBER"))
	if err != nil {
		t.Fatal(err)
	}
	b := &Breaking{}
	s, err := d.Open(t.Context(), place, b.Wrap)
	if err != nil {
		t.Fatal(err)
	}
	log := OpenLog(t, s)
	n := newest(t, s, "Patient", "p")
	b.killAt(step)
	for range 2 {
		n++
		if err := bringIn(t, log, int(n)); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
	b.Disarm()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
