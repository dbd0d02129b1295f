package audit

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"
)

// Report is what Verify found.
type Report struct {
	Rows        uint64 // rows read, up to and with the first break
	Checkpoints uint64 // of these, valid checkpoints
	Signed      uint64 // position of the last row that a checkpoint covers; later ones are only chained
	First, Last time.Time
	Break       *Break // the first break; nil when the chain is whole
}

// Break is where the chain is not what a Log writes.
type Break struct {
	Seq    uint64 // position of the row, or of the one that is missing
	Reason Reason
	Detail string // never holds the content of an entry
}

// String says where the break is and of what kind.
func (b Break) String() string { return fmt.Sprintf("entry %d: %s: %s", b.Seq, b.Reason, b.Detail) }

// Reason is the kind of a break.
type Reason string

// The kinds of break.
const (
	BreakGap        Reason = "gap"        // a position is missing, or comes twice
	BreakHash       Reason = "hash"       // the hash is not that of the previous one and the body
	BreakUnreadable Reason = "unreadable" // the body is no entry
	BreakClock      Reason = "clock"      // recorded earlier than the one before
	BreakCheckpoint Reason = "checkpoint" // the signature is wrong, or signs another chain
	BreakUnsigned   Reason = "unsigned"   // a checkpoint should have been here
	BreakTruncated  Reason = "truncated"  // a checkpoint kept elsewhere covers more than there is
	BreakRewritten  Reason = "rewritten"  // a checkpoint kept elsewhere has another root
)

// clockSlack is how far a clock may be set back without a break: a time service
// corrects by less.
const clockSlack = time.Second

// VerifyOption adds to what Verify does.
type VerifyOption func(*verifier)

// Against compares the chain with a checkpoint that was kept elsewhere, a
// witness's newest for one. An empty note is no checkpoint.
func Against(note string) VerifyOption {
	return func(v *verifier) {
		if note != "" {
			v.kept = append(v.kept, note)
		}
	}
}

// Progress is called after every row with the number of rows read so far.
func Progress(tell func(rows uint64)) VerifyOption { return func(v *verifier) { v.tell = tell } }

// Verify walks the chain from its beginning to the first break. The error is
// for a chain that cannot be read to its end, or a checkpoint of Against that is
// not by this key; the report then says how far it came. It holds one row in
// memory at a time and may run while a Log writes.
func Verify(ctx context.Context, sink Sink, public ed25519.PublicKey, options ...VerifyOption) (Report, error) {
	v := verifier{public: public, tell: func(uint64) {}}
	for _, option := range options {
		option(&v)
	}
	var outside []checkpoint
	for _, note := range v.kept {
		c, err := openNote(note, public)
		if err != nil {
			return Report{}, fmt.Errorf("reading a checkpoint kept elsewhere: %w", err)
		}
		outside = append(outside, c)
	}
	for row, err := range sink.Rows(ctx, 1) {
		if err != nil {
			return v.report, fmt.Errorf("verifying the audit log after entry %d: %w", v.tail.Seq, err)
		}
		v.report.Rows++
		v.tell(v.report.Rows)
		if v.report.Break = v.row(row, outside); v.report.Break != nil {
			return v.report, nil
		}
	}
	for _, c := range outside {
		if c.size > v.tail.Seq {
			v.report.Break = &Break{v.tail.Seq + 1, BreakTruncated, fmt.Sprintf("a checkpoint kept elsewhere covers %d entries", c.size)}
			return v.report, nil
		}
	}
	return v.report, nil
}

// verifier is where a walk stands.
type verifier struct {
	public ed25519.PublicKey
	kept   []string
	tell   func(uint64)

	tail     Tail
	latest   time.Time // of all times recorded
	unsigned time.Time // when the first row after the last checkpoint was; zero if there is none
	report   Report
}

// row checks one row against all that came before it.
func (v *verifier) row(row Row, outside []checkpoint) *Break {
	if row.Seq != v.tail.Seq+1 {
		return &Break{v.tail.Seq + 1, BreakGap, fmt.Sprintf("found entry %d", row.Seq)}
	}
	if link(v.tail.Hash, row.Body) != row.Hash {
		return &Break{row.Seq, BreakHash, "the entry or one before it was changed"}
	}
	for _, c := range outside {
		if c.size == row.Seq && c.root != row.Hash {
			return &Break{row.Seq, BreakRewritten, "a checkpoint kept elsewhere has another root"}
		}
	}
	entry, err := ReadEntry(row.Body)
	if err != nil {
		return &Break{row.Seq, BreakUnreadable, err.Error()}
	}
	if entry.Time.Before(v.latest.Add(-clockSlack)) {
		return &Break{row.Seq, BreakClock, fmt.Sprintf("recorded %s before an earlier entry", v.latest.Sub(entry.Time))}
	}
	if b := v.signature(row, entry); b != nil {
		return b
	}
	if v.report.First.IsZero() {
		v.report.First = entry.Time
	}
	v.report.Last = entry.Time
	if entry.Time.After(v.latest) {
		v.latest = entry.Time
	}
	v.tail = Tail{Seq: row.Seq, Hash: row.Hash}
	return nil
}

// signature checks a checkpoint, and on any other entry that none is missing.
func (v *verifier) signature(row Row, entry Entry) *Break {
	if entry.Kind != KindCheckpoint {
		if v.unsigned.IsZero() {
			v.unsigned = entry.Time
		}
		if entry.Time.Sub(v.unsigned) > signEvery+clockSlack {
			return &Break{row.Seq, BreakUnsigned, "the entries before it should have been signed first"}
		}
		return nil
	}
	c, err := openNote(entry.Note, v.public)
	if err != nil {
		return &Break{row.Seq, BreakCheckpoint, err.Error()}
	}
	if c.size != v.tail.Seq || c.root != v.tail.Hash || !c.at.Equal(entry.Time) {
		return &Break{row.Seq, BreakCheckpoint, "it signs another chain or another place in it"}
	}
	v.report.Checkpoints++
	v.report.Signed = c.size
	v.unsigned = time.Time{}
	return nil
}
