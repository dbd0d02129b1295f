package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// ErrClosed is the answer of a Log after Close: nothing was recorded.
var ErrClosed = errors.New("the audit log is closed")

// Log is a writer of the audit log: it appends to one chain, under a lease, and
// signs all of them. Its methods are safe for concurrent use. Each waits until
// what it records is durable; when ctx ends first, or the commit fails, the caller
// gets an error and may release nothing, although the entry may be in the log all
// the same.
//
// What calls record at about the same time is committed together. T is the
// transaction of the store, which a call may look at before it is recorded
// (Record) or change together with its record (Update).
type Log[T Tx] struct {
	store   Updater[T]
	keys    Keys
	clock   func() time.Time
	witness Witness // nil where there is none

	recordJobs chan *job[T] // that only record, and are committed together
	changeJobs chan *job[T] // that change the store, and are committed alone
	end        sync.Once
	closing    chan struct{}
	closed     chan struct{}   // when the writer has ended
	ctx        context.Context // of the commits
	abort      context.CancelFunc

	// Only the writer goroutine touches these.
	lease
	unsigned int        // entries of ours after our last checkpoint
	since    time.Time  // when the first of them was recorded
	newest   uint64     // number of that checkpoint
	bringing chan error // of a checkpoint that the witness has not answered to; nil where there is none

	mu         sync.Mutex // guards the rest
	failure    error      // of the last commit, but for what failed for one caller's own work
	witnessErr error      // of the newest checkpoint
}

// Open starts a writer on the log in the store. A witness, if there is one, gets
// every checkpoint. A log is refused that does not hold its witness's checkpoint, or
// whose witness has lost it: going on would cover that up. ctx is for opening only;
// Close ends the writer.
func Open[T Tx](ctx context.Context, store Updater[T], keys Keys, witness Witness, clock func() time.Time) (*Log[T], error) {
	l := &Log[T]{
		store: store, keys: keys, clock: clock, witness: witness,
		recordJobs: make(chan *job[T]), changeJobs: make(chan *job[T]), closing: make(chan struct{}), closed: make(chan struct{}),
		lease: lease{writer: rand.Text()},
	}
	err := keys.check()
	if err == nil {
		err = l.compare(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	l.ctx, l.abort = context.WithCancel(context.WithoutCancel(ctx))
	go l.write()
	return l, nil
}

var (
	errWitnessLost = errors.New("its witness holds no checkpoint: put back the one that was kept, or run audit checkpoint")
	errNotWitness  = errors.New("it does not hold the witness's checkpoint: run audit verify")
)

// compare looks for the witness's checkpoint in the log. The first checkpoint may
// be missing there: the writer may have died before it was brought.
func (l *Log[T]) compare(ctx context.Context) error {
	if l.witness == nil {
		return nil
	}
	note, err := l.witness.Newest()
	if err != nil {
		return err
	}
	var newest Checkpoint
	err = l.store.Update(ctx, func(tx T) (err error) {
		if newest, err = tx.NewestCheckpoint(); err != nil || note == "" {
			return err
		}
		return holds(tx, note, l.keys.Listed)
	})
	switch {
	case err != nil || note != "" || newest.Number == 0:
		return err
	case newest.Number > 1:
		return errWitnessLost
	}
	return l.witness.Keep(newest.Note)
}

// holds finds out whether the log holds a checkpoint and what it covers.
func holds(log Snapshot, note string, keys []ed25519.PublicKey) error {
	kept, err := openNote(note, keys)
	if err != nil {
		return fmt.Errorf("reading the witness's checkpoint: %w", err)
	}
	found, err := log.Checkpoints(kept.number, 1)
	if err != nil {
		return err
	}
	slots, err := log.Slots()
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].Note != note || kept.lostIn(headsOf(slots)) {
		return errNotWitness
	}
	return nil
}

// Record keeps the decisions on a request, one for each custodian asked, and what
// each of them releases: one entry per decision, whether or not it released
// something. check looks, in the transaction that records, at what the decisions
// rest on: with its error nothing is recorded, and nothing may be released. It may
// run again, and after Record has given up on its ctx. Disclosures that carry
// nothing are left out; one that rests on none of the decisions is an error.
func (l *Log[T]) Record(ctx context.Context, e Event, decisions []consent.Decision, released []disclosure.Disclosure, check func(T) error) (Recorded, error) {
	entries, err := decidedEntries(e, decisions)
	if err != nil {
		return Recorded{}, fmt.Errorf("recording: %w", err)
	}
	carrying, err := disclose(entries, decisions, released)
	if err != nil {
		return Recorded{}, fmt.Errorf("recording a disclosure: %w", err)
	}
	records := recordsOf(entries)
	recorded, err := l.submit(ctx, l.recordJobs, &job[T]{prepare: func(tx T) ([]record, error) { return records, check(tx) }})
	if err == nil {
		recorded.released = carrying
	}
	return recorded, err
}

// Refuse keeps a request that came to no decision, and why: an unknown caller,
// an unlisted interaction, a bad request, a failure. The code is one of ours.
func (l *Log[T]) Refuse(ctx context.Context, e Event, caller consent.Caller, code string) (Recorded, error) {
	entry := asked(KindRequest, e, caller)
	entry.Outcome, entry.Code = OutcomeRefused, code
	return l.recordEntry(ctx, entry)
}

// Public keeps a request for something that is about nobody.
func (l *Log[T]) Public(ctx context.Context, e Event) (Recorded, error) {
	entry := asked(KindRequest, e, consent.Caller{})
	entry.Outcome = OutcomePublic
	return l.recordEntry(ctx, entry)
}

// Manage does what a caller asks of what is its own here and about nobody, such as its
// subscriptions, and keeps the request. work says what becomes of it, and is as Write's.
func (l *Log[T]) Manage(ctx context.Context, caller consent.Caller, work func(T) (Event, error)) (Recorded, error) {
	return l.submit(ctx, l.changeJobs, &job[T]{changesStore: true, prepare: func(tx T) ([]record, error) {
		e, err := work(tx)
		if err != nil {
			return nil, err
		}
		entry := asked(KindRequest, e, caller)
		entry.Outcome = OutcomeOwn
		return recordsOf([]Entry{entry}), nil
	}})
}

// Tell keeps that somebody is told that a record has changed, and nothing of what it
// holds: the decision on it, and the record as "Type/id". Beside that it is as Record.
func (l *Log[T]) Tell(ctx context.Context, e Event, d consent.Decision, reference string, check func(T) error) (Recorded, error) {
	entries, err := decidedEntries(e, []consent.Decision{d})
	if err != nil {
		return Recorded{}, fmt.Errorf("recording what is told: %w", err)
	}
	entries[0].Released = []Release{{Ref: reference}}
	records := recordsOf(entries)
	return l.submit(ctx, l.recordJobs, &job[T]{prepare: func(tx T) ([]record, error) { return records, check(tx) }})
}

func (l *Log[T]) recordEntry(ctx context.Context, entry Entry) (Recorded, error) {
	records := recordsOf([]Entry{entry})
	return l.submit(ctx, l.recordJobs, &job[T]{prepare: func(T) ([]record, error) { return records, nil }})
}

// Written is what became of a request to change something, for the log.
type Written struct {
	Event     Event
	Decisions []consent.Decision      // on the request, at least one
	Released  []disclosure.Disclosure // each under one of them
	Stored    []Stored
}

// Stored is one version that was put under a decision.
type Stored struct {
	Accepted consent.Accepted
	Number   uint64 // of the version
	Decision consent.Decision
}

// Write does what a caller asked to be changed, all of it or nothing, and keeps for each
// request the decisions on it, what was put under each of them and what it releases, in
// one transaction that holds nothing else. Where work fails, nothing of it is kept and
// nothing may be released. Beside that it is as Update and Record.
func (l *Log[T]) Write(ctx context.Context, work func(T) ([]Written, error)) (Recorded, error) {
	var released []disclosure.Disclosure
	recorded, err := l.submit(ctx, l.changeJobs, &job[T]{changesStore: true, prepare: func(tx T) (records []record, err error) {
		written, err := work(tx)
		if err == nil && len(written) == 0 {
			err = errUndecided
		}
		for _, w := range written {
			var carrying []disclosure.Disclosure
			if err == nil {
				records, carrying, err = w.addTo(records)
			}
			released = append(released, carrying...)
		}
		return records, err
	}})
	if err == nil {
		recorded.released = released
	}
	return recorded, err
}

// addTo adds what is recorded of a request, and gives what it releases.
func (w Written) addTo(records []record) ([]record, []disclosure.Disclosure, error) {
	entries, err := decidedEntries(w.Event, w.Decisions)
	if err != nil {
		return nil, nil, err
	}
	released, err := disclose(entries, w.Decisions, w.Released)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range w.Stored {
		i := indexOf(w.Decisions, s.Decision)
		if i < 0 {
			return nil, nil, errNoDecision
		}
		a := s.Accepted
		entries[i].Stored = append(entries[i].Stored, fmt.Sprintf("%s/%s/%d", a.Type(), a.ID(), s.Number))
	}
	return append(records, recordsOf(entries)...), released, nil
}

// Update changes the store and keeps that it was changed, in one transaction that
// holds nothing else: a source's batch is brought in under the decision that
// accepted it. Where work fails, nothing of it is kept, and nobody else's record
// fails with it. work runs once at most, and not after Update has returned.
func (l *Log[T]) Update(ctx context.Context, e Event, source string, d consent.Decision, work func(T) (Counts, error)) (Recorded, error) {
	entry := decided(KindImport, e, d)
	entry.Source = source
	return l.submit(ctx, l.changeJobs, &job[T]{changesStore: true, prepare: func(tx T) (_ []record, err error) {
		if entry.Counts, err = work(tx); err != nil {
			return nil, err
		}
		return recordsOf([]Entry{entry}), nil
	}})
}

// Operation is what somebody at the command line did.
type Operation struct {
	Persons   []profiles.PersonID // whom it concerns
	Move      string              // id of the move of records that it made, if any
	Reference string              // what was named as its ground, if anything
}

// Operate does something to persons' records for somebody at the command line, and
// keeps that it was done, one entry for each person, in one transaction that holds
// nothing else. What concerns nobody is an error. Beside that it is as Update.
func (l *Log[T]) Operate(ctx context.Context, e Event, by consent.Caller, work func(T) (Operation, error)) (Recorded, error) {
	return l.submit(ctx, l.changeJobs, &job[T]{changesStore: true, prepare: func(tx T) ([]record, error) {
		done, err := work(tx)
		if err != nil {
			return nil, err
		}
		if len(done.Persons) == 0 {
			return nil, errNobody
		}
		var entries []Entry
		for _, person := range done.Persons {
			entry := asked(KindOperator, e, by)
			entry.Person, entry.Move, entry.Reference = person, done.Move, done.Reference
			entries = append(entries, entry)
		}
		return recordsOf(entries), nil
	}})
}

// Settle changes what is nobody's record, and keeps that it was done, in one transaction
// that holds nothing else: work says what it did, in words that the log or the store has
// given. Beside that it is as Update.
func (l *Log[T]) Settle(ctx context.Context, e Event, by consent.Caller, work func(T) (reference string, err error)) (Recorded, error) {
	return l.submit(ctx, l.changeJobs, &job[T]{changesStore: true, prepare: func(tx T) (_ []record, err error) {
		entry := asked(KindOperator, e, by)
		if entry.Reference, err = work(tx); err != nil {
			return nil, err
		}
		return recordsOf([]Entry{entry}), nil
	}})
}

// Look keeps that somebody at the command line looked at what is kept: about a
// person, or about nobody known; reference says of what, in words that the log or
// the store has given.
func (l *Log[T]) Look(ctx context.Context, e Event, by consent.Caller, person profiles.PersonID, reference string) (Recorded, error) {
	entry := asked(KindOperator, e, by)
	entry.Person, entry.Reference = person, reference
	return l.recordEntry(ctx, entry)
}

var errNobody = errors.New("recording what an operator did: it concerns nobody")

// submit hands a job to the writer and waits for its end.
func (l *Log[T]) submit(ctx context.Context, to chan *job[T], j *job[T]) (Recorded, error) {
	if err := ctx.Err(); err != nil {
		return Recorded{}, fmt.Errorf("recording: %w", err)
	}
	j.ctx, j.done = ctx, make(chan struct{})
	select {
	case to <- j:
	case <-l.closing:
		return Recorded{}, ErrClosed
	case <-ctx.Done():
		return Recorded{}, fmt.Errorf("recording: %w", ctx.Err())
	}
	gone := ctx.Done()
	if j.changesStore {
		gone = nil // ctx ends the transaction itself, which uses what is the caller's
	}
	select {
	case <-j.done:
		return Recorded{id: j.id}, j.err
	case <-gone:
		return Recorded{}, fmt.Errorf("waiting for the record to be durable: %w", ctx.Err())
	}
}
