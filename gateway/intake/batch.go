package intake

import (
	"errors"
	"slices"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/tasks"
	"cpagateway/mapping"
	"cpagateway/profiles"
)

// A batch holds the store's lock, which every answer needs to be recorded, so it is
// bounded by its work. While others record something, in this process or another, it is
// of some milliseconds; while nobody does, each is twice the one before, up to a bound,
// because each costs a flush of the disk. Between two batches is a pause in which
// others of this process, who wait in a line, and of other processes, who ask again
// every millisecond, have their turn. The next batch is read and mapped meanwhile, so
// that the pause is seldom time lost.
const (
	fewResources     = 8
	mostResources    = 128
	bytesPerResource = 4 << 10 // on average
	pause            = 3 * time.Millisecond
)

// pace is how large a batch may be.
type pace struct {
	resources int
	recorded  uint64 // entries of the audit log when the last batch was brought in, with its own; 0 before the first
}

// next sets the pace after a batch that found the log with so many entries.
func (p pace) next(found uint64) pace {
	if p.recorded > 0 && p.recorded == found {
		return pace{min(2*p.resources, mostResources), found + 1}
	}
	return pace{fewResources, found + 1}
}

// entries is how many entries the audit log has.
func entries(now store.Snapshot) (n uint64, err error) {
	slots, err := now.Slots()
	for _, slot := range slots {
		n += slot.Seq
	}
	return n, err
}

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
		b.bytes += len(p.made.Body) + p.made.Held
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
	if r.batch.resources < r.pace.resources && r.batch.bytes < r.pace.resources*bytesPerResource {
		return nil
	}
	return r.flush()
}

// flush keeps what is pending and records that it was brought in, in one transaction.
func (r *run) flush() error {
	b := r.batch
	r.batch = batch{}
	if b.resources == 0 {
		return nil
	}
	done := account{changed: map[profiles.PersonID]bool{}}
	r.rest()
	var found uint64
	err := r.recorded(func(tx store.Tx) (_ audit.Counts, err error) {
		if found, err = entries(tx); err == nil {
			err = r.keepBatch(tx, b, &done)
		}
		return done.counts, err
	})
	if err != nil {
		return err
	}
	r.pace = r.pace.next(found)
	r.rested = time.After(pause)
	r.sum = r.sum.Plus(done.sum)
	r.sum.list(r.lines(done.refused))
	r.tell()
	return nil
}

// rest waits until the pause after the last batch is over.
func (r *run) rest() {
	if r.rested == nil {
		return
	}
	select {
	case <-r.rested:
	case <-r.ctx.Done():
	}
}

// account is what became of a batch.
type account struct {
	sum     Summary
	counts  audit.Counts // of resources
	refused []quarantine.Fault
	notices []quarantine.Fault // of records that were taken all the same
	changed map[profiles.PersonID]bool
}

func (r *run) keepBatch(tx store.Tx, b batch, done *account) (err error) {
	for _, record := range b.records {
		if err := r.keepRecord(tx, record, done); err != nil {
			return err
		}
	}
	if err := errors.Join(r.look(tx, done.changed), r.Err()); err != nil {
		return err
	}
	if !r.again {
		done.sum.NewFaults, err = tx.SetAside(slices.Concat(b.faults, done.refused, done.notices))
	}
	return err
}

// keepRecord puts a source record whole. Where something of it is refused, it is set
// aside whole.
func (r *run) keepRecord(tx store.Tx, pieces []pending, done *account) error {
	if len(pieces) == 0 { // all of it waits for the authority to grant
		return nil
	}
	done.counts.Read += len(pieces)
	var part account
	var no *refusal
	refused, about := pieces[0], newRecord()
	whole := tx.Try
	if len(pieces) == 1 {
		whole = alone
	}
	err := whole(func() (err error) {
		var sent sending
		if sent, no, err = r.newest(tx, refused.made.Sent); err != nil || no != nil {
			return errors.Join(err, errSetAside)
		}
		for _, p := range pieces {
			if no, err = r.put(tx, p, about, &part); err != nil || no != nil {
				refused = p
				return errors.Join(err, errSetAside)
			}
		}
		return errors.Join(r.stand(tx, about), sent.keep(tx))
	})
	switch {
	case no != nil:
		made := madeOf(pieces)
		done.counts.Quarantined += len(pieces)
		r.turnAside(made, refused.made, *no, done)
		about.setAside()
		r.settled(about, done)
		return nil
	case err != nil:
		return err
	}
	r.settledSending = pieces[0].made.Sent
	if part.counts.Stored > 0 && part.sum.Stored == 0 { // a part of the record that counts for none: the record changed
		part.sum.Stored, part.sum.Unchanged = part.sum.Unchanged, 0
	}
	part.sum.Resources = part.counts.Stored
	done.sum = done.sum.Plus(part.sum)
	done.counts.Stored += part.counts.Stored
	done.counts.Unchanged += part.counts.Unchanged
	r.settled(about, done)
	return nil
}

// alone keeps a record of one piece, which is refused before anything of it is
// written: a savepoint would have nothing to undo, and costs a copy of every page.
func alone(part func() error) error { return part() }

// errSetAside undoes what was put of a record that is set aside.
var errSetAside = errors.New("the record is set aside")

// put puts one resource, or names the rule that refuses it.
func (r *run) put(tx store.Tx, p pending, about *record, part *account) (*refusal, error) {
	p, stands, no, err := r.beside(tx, p, about)
	if err != nil || no != nil {
		return no, err
	}
	if stands.settled {
		part.counts.Unchanged++
		part.sum.Unchanged += p.made.Records
		return nil, nil
	}
	accepted, no, err := r.accept(tx, p, about)
	if err != nil || no != nil {
		return no, err
	}
	replaced, err := tasks.ReplacedBy(tx, accepted)
	if err != nil {
		return nil, err
	}
	result, err := tx.Put(r.Clock(), accepted, records.Precondition{})
	if err == nil && result.Stored {
		err = r.raise(tx, replaced, accepted.Person())
	}
	if err == nil && stands.others {
		err = errors.Join(tx.KeepImage(p.made.Type, p.made.ID, r.source.Name, p.made.Body), r.ask(tx, p, accepted.Person(), about))
	}
	switch {
	case records.Refused(err):
		return putRefusal(err), nil
	case err != nil:
		return nil, err
	case result.Stored:
		part.counts.Stored++
		part.sum.Stored += p.made.Records
		about.changes(accepted)
	default:
		part.counts.Unchanged++
		part.sum.Unchanged += p.made.Records
	}
	return nil, nil
}

// turnAside sets a record aside in the account of its batch.
func (r *run) turnAside(made []mapping.Resource, m mapping.Resource, no refusal, done *account) {
	done.sum.Quarantined += accounted(made)
	done.refused = append(done.refused, r.aside(made, m, no))
}
