package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cpagateway/profiles"
)

const (
	batchJobs   = 512              // jobs in one commit at most: bounds memory and the length of a transaction
	signEvery   = time.Second      // the oldest entry without a signature is never older when another is added
	signAfter   = 1024             // nor are there more of them, but for one batch
	closeWithin = 10 * time.Second // for the last commits of a log that is closed
)

// write is the writer goroutine: one commit after the other. While a commit
// syncs, callers queue up at jobs; they are the next batch.
func (l *Log) write(ctx context.Context) {
	defer close(l.closed)
	defer l.abort()
	idle := time.NewTimer(signEvery)
	defer idle.Stop()
	for {
		select {
		case first := <-l.jobs:
			l.commit(ctx, l.gather(first))
		case <-idle.C:
			l.sign(ctx)
		case <-l.closing:
			l.sign(ctx)
			return
		}
		idle.Reset(signEvery)
	}
}

// gather takes what waits, without waiting for more.
func (l *Log) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < batchJobs {
		select {
		case j := <-l.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// sign covers what is not signed yet.
func (l *Log) sign(ctx context.Context) {
	if l.left.unsigned > 0 {
		l.commit(ctx, nil)
	}
}

// commit records a batch and lets its callers go. An empty batch is a checkpoint.
func (l *Log) commit(ctx context.Context, batch []*job) {
	persons := make(map[profiles.PersonID]bool)
	for _, j := range batch {
		j.err = errNotBuilt
		for person := range j.epochs {
			persons[person] = true
		}
	}
	var d draft
	err := l.sink.Commit(ctx, slices.Collect(maps.Keys(persons)), func(epochs map[profiles.PersonID]uint64, tail Tail) []Row {
		d = l.draft(batch, epochs, tail)
		return d.rows
	})
	for _, j := range batch {
		if err != nil {
			j.err = fmt.Errorf("committing to the audit log: %w", err)
		}
		close(j.done)
	}
	if err != nil {
		return
	}
	l.left = d.left
	if d.note != "" {
		l.witnessErr = l.witness.Keep(d.note)
	}
}

var errShorter = errors.New("recording: the chain no longer holds what this log has written: run audit verify")

// draft makes the rows of a batch. It begins with a checkpoint when one is due,
// and whenever the chain does not end where this log left it: after a crash,
// after a commit that failed although it happened, or behind another writer. So
// entries without a signature never span more than signEvery. A chain that has
// lost what was durable gets no rows: going on would cover that up.
func (l *Log) draft(batch []*job, epochs map[profiles.PersonID]uint64, tail Tail) draft {
	d := draft{left: left{tail: tail}, now: l.clock().UTC()}
	ours := tail == l.left.tail
	if !ours && tail.Seq <= l.left.tail.Seq {
		for _, j := range batch {
			j.err = errShorter
		}
		d.left = l.left
		return d
	}
	if ours {
		d.left = l.left
	}
	due := d.unsigned >= signAfter || d.unsigned > 0 && d.now.Sub(d.since) >= signEvery
	if tail.Seq > 0 && (!ours || due || len(batch) == 0) {
		d.sign(l.key)
	}
	for _, j := range batch {
		d.take(j, epochs)
	}
	return d
}

// next is the row that follows a tail.
func next(tail Tail, body []byte) Row {
	return Row{Seq: tail.Seq + 1, Hash: link(tail.Hash, body), Body: body}
}

// link is SHA-256 over the previous hash and the body.
func link(previous [sha256.Size]byte, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(previous[:])
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// Close lets the commit that runs end, signs the end of the chain and ends the
// log; it takes closeWithin at most where the sink heeds its context. Calls that
// are in no batch yet get ErrClosed. Its error tells that the end is not signed,
// or that the witness does not have the newest checkpoint; what was recorded is
// durable all the same. A second Close says what the first one said.
func (l *Log) Close() error {
	l.end.Do(func() {
		defer time.AfterFunc(closeWithin, l.abort).Stop()
		close(l.closing)
		<-l.closed
	})
	var unsigned error
	if l.left.unsigned > 0 {
		unsigned = errors.New("closing the audit log: its last entries are not signed")
	}
	return errors.Join(unsigned, l.witnessErr)
}

// PublicKey is what the log's checkpoints are verified with.
func (l *Log) PublicKey() ed25519.PublicKey { return l.key.Public().(ed25519.PublicKey) }
