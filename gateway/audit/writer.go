package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

const (
	batchJobs   = 512              // jobs in one commit at most: bounds memory and the length of a transaction
	signEvery   = time.Second      // an entry without a signature is never older when another is added to its chain
	signAfter   = 1024             // nor are there more of them, but for one batch
	closeWithin = 10 * time.Second // for the last commits of a log that is closed
	attempts    = 3                // how often a batch is committed that finds another writer in its place
	witnessTime = time.Second      // how long commits wait for a witness: it may be on a machine that does not answer
)

// write is the writer goroutine: one commit after the other. While a commit
// syncs, callers queue up; those who only record are the next batch.
func (l *Log[T]) write() {
	defer close(l.closed)
	defer l.abort()
	idle := time.NewTimer(signEvery)
	defer idle.Stop()
	for {
		select {
		case first := <-l.recordJobs:
			runtime.Gosched() // who is about to record comes into this group: the larger it is, the less each costs
			l.commit(l.ctx, l.gather(first), keepSlot)
		case work := <-l.changeJobs:
			l.commitAlone(work)
		case <-idle.C:
			if l.unsigned > 0 || l.failure != nil { // to sign them, or to find out whether it can record again
				l.commit(l.ctx, nil, keepSlot)
			}
		case <-l.closing:
			if l.confirmed.Number > 0 || l.unconfirmed.Number > 0 {
				l.commit(l.ctx, nil, releaseSlot)
			}
			return
		}
		idle.Reset(signEvery)
	}
}

// gather takes what waits, without waiting for more.
func (l *Log[T]) gather(first *job[T]) []*job[T] {
	batch := []*job[T]{first}
	for len(batch) < batchJobs {
		select {
		case j := <-l.recordJobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commitAlone commits a unit of work, under the caller's context: the work fails with
// its caller, and with the log.
func (l *Log[T]) commitAlone(work *job[T]) {
	ctx, cancel := context.WithCancel(work.ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	l.commit(ctx, []*job[T]{work}, keepSlot)
}

// commit records a batch and lets its callers go. An empty batch is a checkpoint.
func (l *Log[T]) commit(ctx context.Context, batch []*job[T], slot slotAfter) {
	for _, j := range batch {
		j.err = errNotBuilt
	}
	d, err := l.update(ctx, batch, slot)
	if err == nil || len(batch) == 0 || !batch[0].changesStore {
		l.note(&l.failure, err)
	}
	for _, j := range batch {
		if err != nil {
			j.id, j.err = "", fmt.Errorf("committing to the audit log: %w", err)
		}
		close(j.done)
	}
	if err == nil && d.signed.Number > 0 && l.witness != nil {
		l.note(&l.witnessErr, l.bring(d.signed.Note))
	}
}

var errSilent = errors.New("it does not answer")

// bring has the witness keep a checkpoint. While it has not answered to one before, that is
// left to a later one.
func (l *Log[T]) bring(note string) error {
	if l.bringing != nil {
		select {
		case <-l.bringing: //nolint:errcheck // what it says of the one before, the next says anew
		default:
			return errSilent
		}
	}
	l.bringing = make(chan error, 1)
	go func(done chan<- error) { done <- l.witness.Keep(note) }(l.bringing)
	select {
	case err := <-l.bringing:
		l.bringing = nil
		return err
	case <-time.After(witnessTime):
		return errSilent
	}
}

func (l *Log[T]) note(as *error, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*as = err
}

// Amiss is why nothing could be recorded at the last try, and why the witness does not have
// the newest checkpoint; none where all is well.
func (l *Log[T]) Amiss() (found []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure != nil {
		found = append(found, fmt.Errorf("nothing can be recorded: %w", l.failure))
	}
	if l.witnessErr != nil {
		found = append(found, fmt.Errorf("the audit log's witness is behind: %w", l.witnessErr))
	}
	return found
}

// errNotBuilt is the error of a job whose commit returned without error and
// without having run: such a store has kept nothing.
var errNotBuilt = errors.New("recording: the store did not take the entries")

// update runs the transaction, and keeps in mind what the log is like after it.
// Where another writer came in between it begins anew, but for work, which is done
// once.
func (l *Log[T]) update(ctx context.Context, batch []*job[T], slot slotAfter) (d draft, err error) {
	for range attempts {
		d = draft{}
		err = l.store.Update(ctx, func(tx T) (err error) {
			d, err = l.draft(tx, batch, slot)
			return err
		})
		if !errors.Is(err, ErrTaken) || len(batch) > 0 && batch[0].changesStore {
			break
		}
	}
	if err != nil {
		if d.extended {
			l.unconfirmed = d.after
		}
		return d, err
	}
	if d.extended {
		l.confirmed, l.unconfirmed = d.after, Slot{}
	}
	if d.signed.Number > 0 {
		l.unsigned, l.newest = 0, d.signed.Number
	}
	if l.unsigned == 0 {
		l.since = d.now
	}
	l.unsigned += len(d.rows)
	return d, nil
}

// Close lets the commit that runs end, signs what is not signed, gives the slot
// back and ends the writer; it takes closeWithin at most where the store heeds its
// context. Calls that are in no batch yet get ErrClosed. Its error tells that the
// newest entries are not signed, or that the witness does not have the newest
// checkpoint; what was recorded is durable all the same. A second Close says what
// the first one said.
func (l *Log[T]) Close() error {
	l.end.Do(func() {
		defer time.AfterFunc(closeWithin, l.abort).Stop()
		close(l.closing)
		<-l.closed
	})
	var unsigned error
	if l.unsigned > 0 {
		unsigned = errors.New("closing the audit log: its last entries are not signed")
	}
	return errors.Join(unsigned, l.witnessErr)
}
