package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
)

// slotAfter says what becomes of the writer's slot after a commit.
type slotAfter uint8

const (
	keepSlot    slotAfter = iota // it is kept for another leaseTime
	releaseSlot                  // it is anybody's
)

// draft is what one transaction does to the log. It is made anew whenever the
// store runs the transaction, and taken over only after success.
type draft struct {
	now      time.Time
	after    Slot // the writer's slot
	rows     []Row
	signed   Checkpoint // the newest checkpoint, where it covers all that was there before
	extended bool       // the slot has been given to the store
}

// draft runs inside the transaction. It signs what is there when a signature is
// due, and whenever the writer takes a slot, beside what it adds: so entries
// without a signature never span more than signEvery, and a chain that is new is in
// a checkpoint before its first entry is acknowledged.
func (l *Log[T]) draft(tx T, batch []*job[T], slot slotAfter) (d draft, err error) {
	d.now = l.clock().UTC().Round(0)
	slots, err := tx.Slots()
	if err != nil {
		return d, fmt.Errorf("reading where the chains end: %w", err)
	}
	before, how, err := l.choose(slots, d.now)
	if err != nil {
		return d, err
	}
	if how == newSlot {
		if err := l.missesNothing(tx); err != nil {
			return d, err
		}
	}
	d.after = before
	if err := prepare(&d, tx, batch); err != nil {
		return d, err
	}
	due := l.unsigned >= signAfter || l.unsigned > 0 && (len(batch) == 0 || d.now.Sub(l.since) >= signEvery)
	if due || how == recoveredSlot || how == newSlot && len(d.rows) > 0 {
		if before.Number > len(slots) && len(d.rows) > 0 { // or the chain is not begun
			slots = append(slots, before)
		}
		if d.signed, err = l.sign(tx, headsOf(slots), d.now); err != nil {
			return d, err
		}
	}
	if how == newSlot && len(d.rows) == 0 {
		return d, nil // nothing to add: no reason to take a slot
	}
	d.after = l.leased(d.after, d.now)
	if slot == releaseSlot {
		d.after.Holder, d.after.Until = "", time.Time{}
	}
	if err := tx.Extend(before, d.after, d.rows); err != nil {
		return d, fmt.Errorf("appending to chain %d: %w", before.Number, err)
	}
	d.extended = true
	return d, nil
}

// prepare makes the rows of a batch, or says why not. A call that fails leaves the
// others alone; work that fails fails the transaction.
func prepare[T Tx](d *draft, tx T, batch []*job[T]) error {
	for _, j := range batch {
		records, err := j.run(tx)
		if j.err = err; err != nil && j.changesStore {
			return err
		}
		if err != nil {
			continue
		}
		j.id = fmt.Sprintf("%d/%d", d.after.Number, d.after.Seq+1)
		for _, r := range records {
			d.add(r)
		}
	}
	return nil
}

var errPanicked = errors.New("it panicked")

// run prepares a job. What panics there fails the job and not the gateway; what it
// panicked with may hold a person's data and is not told.
func (j *job[T]) run(tx T) (records []record, err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	return j.prepare(tx)
}

// add appends an entry.
func (d *draft) add(r record) {
	stamp(r.body, d.now)
	row := Row{Slot: d.after.Number, Columns: r.Columns, Body: r.body}
	row.Time = d.now
	row.Head = next(d.after.Head, row.Body)
	d.rows = append(d.rows, row)
	d.after.Head, d.after.Latest = row.Head, d.now
}

// next is where a chain ends with one more body.
func next(head Head, body []byte) Head {
	h := sha256.New()
	h.Write(head.Hash[:])
	h.Write(body)
	return Head{Seq: head.Seq + 1, Hash: [sha256.Size]byte(h.Sum(nil))}
}

// sign adds a checkpoint over all chains as they stand, where the newest is not that
// already. It refuses to sign a log that lacks what the checkpoint before covers.
func (l *Log[T]) sign(tx T, heads []Head, now time.Time) (Checkpoint, error) {
	newest, err := tx.NewestCheckpoint()
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the newest checkpoint: %w", err)
	}
	var before checkpoint
	if newest.Number > 0 {
		if before, err = openNote(newest.Note, l.keys.Listed); err != nil {
			return Checkpoint{}, fmt.Errorf("reading the newest checkpoint: %w", err)
		}
	}
	switch {
	case before.number != newest.Number || before.number < l.newest || before.lostIn(heads):
		return Checkpoint{}, errCut
	case slices.Equal(before.heads, heads):
		return newest, nil
	}
	c := checkpoint{number: before.number + 1, previous: newest.hash(), at: now, heads: heads}.signed(l.keys.Private)
	return c, tx.AddCheckpoint(c)
}
