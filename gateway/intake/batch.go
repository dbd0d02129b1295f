package intake

import (
	"slices"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
)

// A batch holds the store's lock, which every answer needs to be recorded, so it
// is bounded by its work: to some milliseconds. Between two batches is a pause in
// which others of this process, who wait in a line, and of other processes, who
// ask again every millisecond, have their turn.
const (
	batchResources = 64
	batchBytes     = 256 << 10
	pause          = 3 * time.Millisecond
)

// batch is what is to be kept in one transaction.
type batch struct {
	records   [][]pending // each taken whole or set aside whole
	faults    []quarantine.Fault
	resources int
	bytes     int
}

func (b *batch) add(record []pending) {
	b.records = append(b.records, record)
	b.resources += len(record)
	for _, p := range record {
		b.bytes += len(p.made.Body)
	}
}

// holds reports whether a resource of this id is already in the batch.
func (b *batch) holds(id string) bool {
	return slices.ContainsFunc(b.records, func(record []pending) bool {
		return slices.ContainsFunc(record, func(p pending) bool { return p.made.ID == id })
	})
}

func (b *batch) setAside(faults []quarantine.Fault) {
	b.faults = append(b.faults, faults...)
	b.resources += len(faults)
	for _, f := range faults {
		b.bytes += len(f.Raw)
	}
}

// flushFull keeps the batch where no more may be added to it.
func (r *run) flushFull() error {
	if r.batch.resources < batchResources && r.batch.bytes < batchBytes {
		return nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	select {
	case <-time.After(pause):
	case <-r.ctx.Done():
	}
	return nil
}

// flush keeps what is pending and records that it was brought in, in one transaction.
func (r *run) flush() error {
	b := r.batch
	r.batch = batch{}
	if r.mode == DryRun {
		for _, record := range b.records {
			for _, p := range record {
				r.sum.Unchanged += p.made.Records
			}
		}
		r.tell()
		return nil
	}
	if b.resources == 0 {
		return nil
	}
	var done account
	err := r.recorded(func(tx store.Tx) (_ audit.Counts, err error) {
		done, err = r.keepBatch(tx, b)
		return done.counts, err
	})
	if err != nil {
		return err
	}
	r.sum = r.sum.Plus(done.sum)
	r.refused = append(r.refused, done.refused...)
	r.tell()
	return nil
}

// account is what became of a batch.
type account struct {
	sum     Summary
	counts  audit.Counts // of resources
	refused []quarantine.Fault
}

func (r *run) keepBatch(tx store.Tx, b batch) (done account, err error) {
	for _, record := range b.records {
		if err := r.keepRecord(tx, record, &done); err != nil {
			return done, err
		}
	}
	if r.mode == Store {
		done.sum.NewFaults, err = tx.SetAside(append(b.faults, done.refused...))
	}
	return done, err
}

// keepRecord puts a source record whole. Where something of it belongs to
// another, it is set aside whole.
func (r *run) keepRecord(tx store.Tx, record []pending, done *account) error {
	done.counts.Read += len(record)
	var refused pending
	var part account
	err := tx.Try(func() error {
		for _, p := range record {
			result, err := tx.Put(r.Clock(), p.accepted, records.Precondition{})
			if err != nil {
				refused = p
				return err
			}
			if result.Stored {
				part.counts.Stored++
				part.sum.Stored += p.made.Records
			} else {
				part.counts.Unchanged++
				part.sum.Unchanged += p.made.Records
			}
		}
		return nil
	})
	switch {
	case records.Refused(err):
		made := madeOf(record)
		done.counts.Quarantined += len(record)
		done.sum.Quarantined += accounted(made)
		done.refused = append(done.refused, r.refusal(made, refused.made, putRule(err), err.Error()))
		return nil
	case err != nil:
		return err
	}
	if part.counts.Stored > 0 && part.sum.Stored == 0 { // a part of the record that counts for none: the record changed
		part.sum.Stored, part.sum.Unchanged = part.sum.Unchanged, 0
	}
	part.sum.Resources = part.counts.Stored
	done.sum = done.sum.Plus(part.sum)
	done.counts.Stored += part.counts.Stored
	done.counts.Unchanged += part.counts.Unchanged
	return nil
}
