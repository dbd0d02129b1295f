package intake

import (
	"errors"
	"slices"
	"time"

	"cpagateway/consent"
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
	mostResources    = 256
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
	counts  audit.Counts // of resources, and of faults that came right
	own     bool         // something was stored that is of its record alone
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
	if r.again == nil {
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
	whole, atOnce := untried, len(pieces)
	if dependent(pieces) {
		whole, atOnce = tx.Try, 1
	}
	err := whole(func() (err error) {
		var sent sending
		if sent, no, err = r.newest(tx, refused.made.Sent); err == nil && no == nil && r.again != nil && !r.late {
			no, err = r.sentSince(tx, r.again, madeOf(pieces))
		}
		if err != nil || no != nil {
			return errors.Join(err, errSetAside)
		}
		for some := range slices.Chunk(pieces, atOnce) {
			if refused, no, err = r.put(tx, some, about, &part); err != nil || no != nil {
				return errors.Join(err, errSetAside)
			}
		}
		return errors.Join(r.stand(tx, about), sent.keep(tx), r.cameRight(tx, pieces, &part))
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
	done.counts.CameRight += part.counts.CameRight
	r.settled(about, done)
	return nil
}

// untried keeps a record of which everything is looked at before anything is written: a
// savepoint would have nothing to undo, and costs a copy of every page.
func untried(part func() error) error { return part() }

// dependent reports whether a piece of a record may have to be judged by what is kept once
// another one is: by whom a number leads to, or by what the record says twice or replaces.
func dependent(record []pending) bool {
	patients, byNumber := 0, 0
	said := make(map[[2]string]bool, len(record))
	for _, p := range record {
		name := [2]string{p.made.Type, p.made.ID}
		switch {
		case said[name] || p.resource.Get("replaces").Exists():
			return len(record) > 1
		case p.made.Type == "Patient":
			patients++
		case p.made.NHSNumber != "":
			byNumber++
		}
		said[name] = true
	}
	return patients > 1 || patients == 1 && byNumber > 0
}

// errSetAside undoes what was put of a record that is set aside.
var errSetAside = errors.New("the record is set aside")

// change is what is about to be put.
type change struct {
	pending
	standing
	replaced []tasks.Replaced
}

// put puts some pieces of a record, or names the one that is refused and the rule that
// refuses it. Then nothing of them was written.
func (r *run) put(tx store.Tx, pieces []pending, about *record, part *account) (pending, *refusal, error) {
	var changes []change
	var accepted []records.Put
	for _, p := range pieces {
		over, err := overWish(tx, p)
		if err != nil {
			return p, nil, err
		}
		if over {
			about.clashes = append(about.clashes, r.notice(p.made, refusal{ruleOtherWish, otherWish}))
			about.warnings[ruleOtherWish]++
			part.counts.Unchanged++
			part.sum.Unchanged += p.made.Records
			continue
		}
		p, stands, no, err := r.beside(tx, p, about)
		if err != nil || no != nil {
			return p, no, err
		}
		if stands.settled {
			part.counts.Unchanged++
			part.sum.Unchanged += p.made.Records
			continue
		}
		a, no, err := r.accept(tx, p, about)
		if err != nil || no != nil {
			return p, no, err
		}
		replaced, err := tasks.ReplacedBy(tx, a)
		if err != nil {
			return p, nil, err
		}
		changes, accepted = append(changes, change{p, stands, replaced}), append(accepted, records.Put{Accepted: a, Ahead: p.ahead})
	}
	results, err := tx.PutAll(r.Clock(), accepted)
	if records.Refused(err) {
		return changes[len(results)].pending, putRefusal(err), nil
	}
	for i, result := range results {
		if err == nil {
			err = r.putDown(tx, changes[i], accepted[i].Accepted, result, about, part)
		}
	}
	return pending{}, nil, err
}

// putDown puts down what became of a change, and keeps what goes with it.
func (r *run) putDown(tx store.Tx, c change, a consent.Accepted, result records.Result, about *record, part *account) error {
	if c.others {
		if err := errors.Join(tx.KeepImage(c.made.Type, c.made.ID, r.source.Name, c.made.Body), r.ask(tx, c.pending, a.Person(), about)); err != nil {
			return err
		}
	}
	if !result.Stored {
		part.counts.Unchanged++
		part.sum.Unchanged += c.made.Records
		return nil
	}
	part.counts.Stored++
	part.sum.Stored += c.made.Records
	part.own = part.own || c.made.Of != ""
	r.patients = r.patients || c.made.Type == "Patient"
	about.changes(a)
	return r.raise(tx, c.replaced, a.Person())
}

// turnAside sets a record aside in the account of its batch.
func (r *run) turnAside(made []mapping.Resource, m mapping.Resource, no refusal, done *account) {
	done.sum.Quarantined += accounted(made)
	done.refused = append(done.refused, r.aside(made, m, no))
}
