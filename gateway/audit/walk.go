package audit

import (
	"fmt"
	"time"
)

// pageSize is how many rows a walk reads at once, so that an hour's verification
// does not hold one snapshot of the store for an hour.
const pageSize = 256

// checkpoints walks all checkpoints, and every chain along with them: each up to
// the entries that the checkpoint covers.
func (v *verifier[S]) checkpoints() error {
	var before checkpoint
	var previous Checkpoint
	for previous.Number < v.newest.Number {
		var page []Checkpoint
		limit := min(pageSize, v.newest.Number-previous.Number)
		err := v.store.View(v.ctx, func(snapshot S) (err error) {
			page, err = snapshot.Checkpoints(previous.Number+1, int(limit))
			return err
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return &Break{Checkpoint: previous.Number + 1, Reason: BreakGap, Detail: fmt.Sprintf("the newest is number %d", v.newest.Number)}
		}
		for _, found := range page {
			if before, err = v.checkpoint(found, previous, before); err != nil {
				return err
			}
			previous = found
		}
	}
	return nil
}

// checkpoint checks one against the one before and against what it covers.
func (v *verifier[S]) checkpoint(found, previous Checkpoint, before checkpoint) (checkpoint, error) {
	v.report.Checkpoints++
	number := previous.Number + 1
	broken := func(reason Reason, detail string) error {
		return &Break{Checkpoint: number, Reason: reason, Detail: detail}
	}
	if found.Number != number {
		return before, broken(BreakGap, fmt.Sprintf("found checkpoint %d", found.Number))
	}
	c, err := openNote(found.Note, v.keys)
	if err != nil {
		return before, broken(BreakCheckpoint, err.Error())
	}
	if c.number != number || c.previous != previous.hash() {
		return before, broken(BreakCheckpoint, "it is another one, or follows another one")
	}
	for _, note := range v.kept[number] {
		if note != found.Note {
			return before, broken(BreakRewritten, "the one that was kept elsewhere is another")
		}
	}
	if before.lostIn(c.heads) {
		return before, broken(BreakCheckpoint, "it covers less than the one before, or something else")
	}
	if len(c.heads) > len(v.chains) {
		return before, &Break{Chain: len(v.chains) + 1, Seq: 1, Reason: BreakGap, Detail: fmt.Sprintf("checkpoint %d covers this chain", number)}
	}
	for i, head := range c.heads {
		if err := v.walk(&v.chains[i], head, fmt.Sprintf("checkpoint %d covers another one", number)); err != nil {
			return before, err
		}
		v.report.Signed += head.Seq - v.chains[i].signed
		v.chains[i].signed, v.chains[i].since = head.Seq, time.Time{}
	}
	return c, nil
}

// chain is where the walk of one chain stands.
type chain struct {
	number int
	Head
	latest time.Time // of all times recorded
	since  time.Time // when the first entry after the last checkpoint was recorded; zero if there is none
	signed uint64    // entries that the last checkpoint covers
	page   []Row     // read, and still to be checked
}

// walk checks a chain up to where it is to have a head; where it has another, the
// break says detail.
func (v *verifier[S]) walk(c *chain, to Head, detail string) error {
	for c.Seq < to.Seq {
		if len(c.page) == 0 {
			if err := v.read(c); err != nil {
				return err
			}
		}
		row := c.page[0]
		c.page = c.page[1:]
		v.report.Entries++
		if err := c.row(row); err != nil {
			return err
		}
		if v.report.First.IsZero() || row.Time.Before(v.report.First) {
			v.report.First = row.Time
		}
		if row.Time.After(v.report.Last) {
			v.report.Last = row.Time
		}
	}
	if c.Head != to {
		return &Break{Chain: c.number, Seq: to.Seq, Reason: BreakHash, Detail: detail}
	}
	return nil
}

// read gets the next page of a chain.
func (v *verifier[S]) read(c *chain) error {
	err := v.store.View(v.ctx, func(snapshot S) (err error) {
		c.page, err = snapshot.Chain(c.number, c.Seq+1, pageSize)
		return err
	})
	if err == nil && len(c.page) == 0 {
		err = &Break{Chain: c.number, Seq: c.Seq + 1, Reason: BreakGap, Detail: "the chain ends here"}
	}
	return err
}

// row checks one row against all that came before it in its chain.
func (c *chain) row(row Row) error {
	broken := func(reason Reason, detail string) error {
		return &Break{Chain: c.number, Seq: c.Seq + 1, Reason: reason, Detail: detail}
	}
	if row.Slot != c.number || row.Seq != c.Seq+1 {
		return broken(BreakGap, fmt.Sprintf("found entry %d of chain %d", row.Seq, row.Slot))
	}
	if next(c.Head, row.Body) != row.Head {
		return broken(BreakHash, "the entry or one before it was changed")
	}
	entry, err := ReadEntry(row.Body)
	if err != nil {
		return broken(BreakUnreadable, err.Error())
	}
	if !entry.columns().equal(row.Columns) {
		return broken(BreakColumns, "its columns are not what it says")
	}
	if row.Time.Before(c.latest.Add(-clockSlack)) {
		return broken(BreakClock, fmt.Sprintf("recorded %s before an earlier entry", c.latest.Sub(row.Time)))
	}
	if c.since.IsZero() {
		c.since = row.Time
	}
	if row.Time.Sub(c.since) > signEvery+clockSlack {
		return broken(BreakUnsigned, "the entries before it should have been signed first")
	}
	if row.Time.After(c.latest) {
		c.latest = row.Time
	}
	c.Head = row.Head
	return nil
}
