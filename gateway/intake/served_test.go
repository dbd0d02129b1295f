package intake_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

// TestReadsGoOnDuringAnImportOfAnotherProcess holds what docs/decisions says of an
// import into a folder that is served: no answer fails for it, they are recorded all
// through it, and each batch that they wait for is small.
func TestReadsGoOnDuringAnImportOfAnotherProcess(t *testing.T) {
	dir, d := t.TempDir(), openDesk(t)
	keys, err := audit.FolderKeys(dir)
	must(t, err)
	open := func() *relational.Store {
		s, err := sqlite.Open(t.Context(), dir)
		must(t, err)
		t.Cleanup(func() { must(t, s.Close()) })
		return s
	}
	logOn := func(s store.Store) *audit.Log[store.Tx] {
		log, err := audit.Open[store.Tx](t.Context(), s, keys, nil, d.Clock)
		must(t, err)
		t.Cleanup(func() { must(t, log.Close()) })
		return log
	}
	serving, importing := open(), open()
	answers := logOn(serving)
	var batches, large, answered atomic.Int32
	s := watched{Store: importing, ends: func(puts, _ int) {
		if puts > 0 {
			batches.Add(1)
		}
		if puts > 8 {
			large.Add(1)
		}
	}}
	d.Store, d.Audit = s, logOn(s)

	over, answer := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for over.Err() == nil {
				err := serving.View(t.Context(), func(now store.Snapshot) error {
					_, _ = now.Person(profiles.SystemNHSNumber, ann)
					return now.Context().Err()
				})
				if err == nil {
					_, err = answers.Refuse(t.Context(), audit.Event{}, consent.Caller{}, "REQ_UNKNOWN")
				}
				if err != nil {
					t.Errorf("a read during an import: %v", err)
				}
				answered.Add(1)
			}
		})
	}
	resources := []string{patient("a", ann)}
	for i := range 1000 {
		resources = append(resources, plan(fmt.Sprint("p", i), "a"))
	}
	d.bring(bundles(t, "clinic"), collection(resources...))
	answer()
	readers.Wait()
	if answered.Load() < batches.Load()/4 {
		t.Errorf("%d answers were recorded during %d batches", answered.Load(), batches.Load())
	}
	if large.Load() > batches.Load()/2 {
		t.Errorf("%d of %d batches were large, although others recorded", large.Load(), batches.Load())
	}
}
