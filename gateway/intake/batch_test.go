package intake_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
)

// What belonged to somebody else was set aside by itself, and the rest of the
// record was stored without it.
func TestARecordIsTakenWholeOrSetAsideWhole(t *testing.T) {
	before, d := openDesk(t), openDesk(t)
	source, files := annsPlan(t, before, ann)
	before.bring(source, files)
	staff, err := recordstest.Of(before.store).Find(t.Context(), recordstest.Staff(t, "7A4"), "Practitioner", records.Query{Count: 1})
	if err != nil || len(staff.Matches) != 1 {
		t.Fatalf("the plan brings %d practitioners, %v", len(staff.Matches), err)
	}
	recordstest.Put(t, d.store, d.now, recordstest.Accept(t, "LA9A1", "", string(staff.Matches[0].Body)))
	sum := d.bring(source, files)
	if sum.Stored != 0 || sum.Resources != 0 || sum.Quarantined != 1 || len(d.faults()["OTHER-CUSTODIAN"]) != 1 || d.person(ann) != "" {
		t.Errorf("a record was taken in part: %+v, %v", sum, d.faults())
	}
}

// watched is a store that tells of each update what it did, at its end.
type watched struct {
	store.Store
	ends func(puts, bytes int)
}

func (w watched) Update(ctx context.Context, change func(store.Tx) error) error {
	return w.Store.Update(ctx, func(tx store.Tx) error {
		seen := &watchedTx{Tx: tx}
		err := change(seen)
		w.ends(seen.puts, seen.bytes)
		return err
	})
}

type watchedTx struct {
	store.Tx
	puts, bytes int
}

func (w *watchedTx) PutAll(at time.Time, changes []records.Put) ([]records.Result, error) {
	w.puts += len(changes)
	for _, a := range changes {
		w.bytes += len(a.Resource().Raw())
	}
	return w.Tx.PutAll(at, changes)
}

// TestAnAnswerWaitsForOneBatchAtMost: while an import runs, every batch is bounded
// by its work, and what somebody wants to record meanwhile comes before the next.
func TestAnAnswerWaitsForOneBatchAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t)
		var log *audit.Log[store.Tx]
		var order strings.Builder
		answered := 0
		s := watched{Store: d.store, ends: func(puts, bytes int) {
			if puts == 0 {
				order.WriteString("a")
				return
			}
			order.WriteString("b")
			if puts > 8 || bytes > 8*4<<10+6<<10 {
				t.Errorf("a batch of %d resources and %d bytes", puts, bytes)
			}
			go func() {
				if _, err := log.Refuse(context.Background(), audit.Event{}, consent.Caller{}, "REQ_UNKNOWN"); err != nil {
					t.Error(err)
				}
				answered++
			}()
			synctest.Wait() // until it waits to be recorded
		}}
		keys, err := audit.FolderKeys(t.TempDir())
		must(t, err)
		log, err = audit.Open[store.Tx](t.Context(), s, keys, nil, d.Clock)
		must(t, err)
		defer log.Close()
		d.Store, d.Audit = s, log
		resources := []string{patient("a", ann)}
		for i := range 500 {
			resources = append(resources, strings.Replace(plan(fmt.Sprint("p", i), "a"), `"intent"`, fmt.Sprintf(`"description":%q,"intent"`, strings.Repeat("x", i*10)), 1))
		}
		d.bring(bundles(t, "clinic"), collection(resources...))
		synctest.Wait()
		batches := strings.Count(order.String(), "b")
		if batches < 64 || answered != batches || strings.Contains(order.String(), "bb") {
			t.Errorf("batches and answers came as %s, %d were answered", &order, answered)
		}
	})
}

// TestBatchesGrowWhileNobodyElseRecords: each costs a flush of the disk.
func TestBatchesGrowWhileNobodyElseRecords(t *testing.T) {
	d := openDesk(t)
	var log *audit.Log[store.Tx]
	var sizes []int
	s := watched{Store: d.store, ends: func(puts, _ int) {
		if puts > 0 {
			sizes = append(sizes, puts)
		}
	}}
	keys, err := audit.FolderKeys(t.TempDir())
	must(t, err)
	log, err = audit.Open[store.Tx](t.Context(), s, keys, nil, d.Clock)
	must(t, err)
	defer log.Close()
	d.Store, d.Audit = s, log
	resources := []string{patient("a", ann)}
	for i := range 500 {
		resources = append(resources, plan(fmt.Sprint("p", i), "a"))
	}
	d.bring(bundles(t, "clinic"), collection(resources...))
	most, sum := slices.Max(sizes), 0
	for _, n := range sizes {
		sum += n
	}
	if most != 256 || sum != 501 || len(sizes) > 12 {
		t.Errorf("batches of %v resources", sizes)
	}
}
