package recordstest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpagateway/gateway/records"
)

func fault(id, source string, at time.Time) records.Fault {
	return records.Fault{
		ID: id, Source: source, File: "MHS701.csv", Row: 41, Field: "CarePlanTypeMH", Value: "99", Rule: "MHS70109",
		Reason: "not in the list", Raw: []byte("a,b\r\n\x00\xff"), At: at,
	}
}

func list(t *testing.T, store records.Quarantine, filter records.FaultFilter) []records.Fault {
	t.Helper()
	faults, err := store.Faults(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func setAside(t *testing.T, store records.Quarantine, want int, faults ...records.Fault) {
	t.Helper()
	if n, err := store.SetAside(t.Context(), faults); err != nil || n != want {
		t.Fatalf("%d faults were new, want %d, %v", n, want, err)
	}
}

func expectFaults(t *testing.T, got []records.Fault, want ...records.Fault) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func faultsAreKept(t *testing.T, store records.Store) {
	first := fault("f1", "mhsds", start)
	again := first
	again.Reason, again.At = "found again", start.Add(time.Hour)
	setAside(t, store, 2, first, records.Fault{ID: "f2", At: start})
	setAside(t, store, 1, again, fault("f3", "mhsds", start))
	setAside(t, store, 1, fault("f4", "mhsds", start), fault("f4", "mhsds", start))
	setAside(t, store, 0)
	expectFaults(t, list(t, store, records.FaultFilter{ID: "f1"}), first)
	if n := len(list(t, store, records.FaultFilter{})); n != 4 {
		t.Errorf("%d faults are kept", n)
	}
}

func faultsAreListed(t *testing.T, store records.Store) {
	late, early := fault("f1", "mhsds", start.Add(time.Hour)), fault("f2", "ctp", start)
	same := fault("f0", "mhsds", start)
	setAside(t, store, 3, late, early, same)
	expectFaults(t, list(t, store, records.FaultFilter{}), early, same, late)
	expectFaults(t, list(t, store, records.FaultFilter{Source: "mhsds"}), same, late)
	expectFaults(t, list(t, store, records.FaultFilter{ID: "f2"}), early)
	expectFaults(t, list(t, store, records.FaultFilter{Source: "mhsds", ID: "f2"}))
	expectFaults(t, list(t, store, records.FaultFilter{Source: "nobody"}))
}

func faultsAreSettled(t *testing.T, store records.Store) {
	one, two := fault("f1", "mhsds", start), fault("f2", "mhsds", start)
	setAside(t, store, 2, one, two)
	settled := start.Add(time.Hour)
	for _, at := range []time.Time{settled, settled.Add(time.Hour)} { // the second time changes nothing
		if err := store.Settle(t.Context(), at, []string{"f1", "unknown"}); err != nil {
			t.Fatal(err)
		}
	}
	setAside(t, store, 0, one)
	expectFaults(t, list(t, store, records.FaultFilter{}), two)
	one.Settled = settled
	expectFaults(t, list(t, store, records.FaultFilter{Settled: true}), one, two)
}
