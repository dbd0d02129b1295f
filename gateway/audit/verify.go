package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"
)

// Report is what Verify found.
type Report struct {
	Chains      int       `json:"chains"`
	Entries     uint64    `json:"entries"`     // entries read, up to and with the first break
	Checkpoints uint64    `json:"checkpoints"` // checkpoints read, likewise
	Signed      uint64    `json:"signed"`      // of the entries, those that a checkpoint covers; the others are only chained
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	Break       *Break    `json:"break,omitempty"` // the first break; nil when the log is whole
}

// Break is where the log is not what its writers write. Chain is 0 where it is
// about a checkpoint, and Checkpoint is 0 where it is about an entry.
type Break struct {
	Chain      int    `json:"chain,omitempty"`
	Seq        uint64 `json:"seq,omitempty"`        // position of the entry in its chain, or of the one that is missing
	Checkpoint uint64 `json:"checkpoint,omitempty"` // number of the checkpoint
	Reason     Reason `json:"reason"`
	Detail     string `json:"detail"` // never holds the content of an entry
}

// Error says where the break is and of what kind.
func (b *Break) Error() string {
	place := "the log"
	switch {
	case b.Chain > 0:
		place = fmt.Sprintf("entry %d of chain %d", b.Seq, b.Chain)
	case b.Checkpoint > 0:
		place = fmt.Sprintf("checkpoint %d", b.Checkpoint)
	}
	return fmt.Sprintf("%s: %s: %s", place, b.Reason, b.Detail)
}

// Reason is the kind of a break.
type Reason string

// The kinds of break.
const (
	BreakGap        Reason = "gap"        // an entry, a chain or a checkpoint is missing, or is one too many
	BreakHash       Reason = "hash"       // the hash is not that of the previous one and the body
	BreakUnreadable Reason = "unreadable" // the body is no entry
	BreakColumns    Reason = "columns"    // the entry is listed under something else than it says
	BreakClock      Reason = "clock"      // recorded earlier than the one before
	BreakUnsigned   Reason = "unsigned"   // a checkpoint should have been made before
	BreakCheckpoint Reason = "checkpoint" // the signature is wrong, or is over something else
	BreakTruncated  Reason = "truncated"  // a checkpoint kept elsewhere is newer than all that there are
	BreakRewritten  Reason = "rewritten"  // a checkpoint kept elsewhere is another one
	BreakWitness    Reason = "witness"    // a witness has lost its checkpoint
)

// VerifyOption adds to what Verify does.
type VerifyOption func(*outside)

// outside is what Verify compares the log with.
type outside struct {
	notes     []string
	witnesses []Witness
}

// Against compares the log with checkpoints that were kept elsewhere, every one
// of them.
func Against(notes ...string) VerifyOption {
	return func(o *outside) { o.notes = append(o.notes, notes...) }
}

// AgainstWitness compares the log with what a witness holds. One that holds
// nothing is a break where the log has checkpoints.
func AgainstWitness(w Witness) VerifyOption {
	return func(o *outside) { o.witnesses = append(o.witnesses, w) }
}

// Verify walks all checkpoints and chains to the first break. The error is for a
// log that cannot be read to its end, or a checkpoint kept elsewhere that is none
// or is by none of the keys; the report then says how far it came. It holds a page
// of each chain in memory and may run while Logs write: it then reads up to where
// the log ended when it began.
func Verify[S Snapshot](ctx context.Context, store Viewer[S], keys []ed25519.PublicKey, more ...VerifyOption) (Report, error) {
	var o outside
	for _, option := range more {
		option(&o)
	}
	v := verifier[S]{ctx: ctx, store: store, keys: keys}
	err := v.verify(o)
	if errors.As(err, &v.report.Break) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("verifying the audit log: %w", err)
	}
	return v.report, err
}

// verifier is where a walk stands.
type verifier[S Snapshot] struct {
	ctx   context.Context
	store Viewer[S]
	keys  []ed25519.PublicKey

	kept   map[uint64][]string // checkpoints kept elsewhere, by number
	slots  []Slot              // as the log was when the walk began
	newest Checkpoint          // likewise
	chains []chain             // one for each slot
	report Report
}

func (v *verifier[S]) verify(o outside) error {
	lost, err := v.keep(o) // before the log is looked at: it is older
	if err != nil {
		return err
	}
	if err := v.begin(); err != nil {
		return err
	}
	if err := v.checkpoints(); err != nil {
		return err
	}
	for i, s := range v.slots {
		if err := v.walk(&v.chains[i], s.Head, "it is not where the chain is said to end"); err != nil {
			return err
		}
	}
	for number := range v.kept {
		if number > v.newest.Number {
			return &Break{Checkpoint: v.newest.Number + 1, Reason: BreakTruncated, Detail: fmt.Sprintf("checkpoint %d was kept elsewhere", number)}
		}
	}
	if lost && v.newest.Number > 0 {
		return &Break{Reason: BreakWitness, Detail: fmt.Sprintf("there are %d checkpoints, and a witness that holds none", v.newest.Number)}
	}
	return nil
}

// keep reads the checkpoints that were kept elsewhere. lost is true where a
// witness has none.
func (v *verifier[S]) keep(o outside) (lost bool, err error) {
	for _, w := range o.witnesses {
		note, err := w.Newest()
		if err != nil {
			return false, err
		}
		if note == "" {
			lost = true
			continue
		}
		o.notes = append(o.notes, note)
	}
	v.kept = make(map[uint64][]string)
	for _, note := range o.notes {
		c, err := openNote(note, v.keys)
		if err != nil {
			return false, fmt.Errorf("reading a checkpoint kept elsewhere: %w", err)
		}
		v.kept[c.number] = append(v.kept[c.number], note)
	}
	return lost, nil
}

// begin finds out where the log ends.
func (v *verifier[S]) begin() error {
	return v.store.View(v.ctx, func(snapshot S) (err error) {
		if v.slots, err = snapshot.Slots(); err != nil {
			return err
		}
		if v.newest, err = snapshot.NewestCheckpoint(); err != nil {
			return err
		}
		v.report.Chains = len(v.slots)
		v.chains = make([]chain, len(v.slots))
		for i, s := range v.slots {
			v.chains[i].number = i + 1
			if s.Number != i+1 {
				return &Break{Chain: i + 1, Seq: 1, Reason: BreakGap, Detail: fmt.Sprintf("found chain %d", s.Number)}
			}
			beyond, err := snapshot.Chain(s.Number, s.Seq+1, 1)
			if err != nil {
				return err
			}
			if len(beyond) > 0 {
				return &Break{Chain: i + 1, Seq: beyond[0].Seq, Reason: BreakGap, Detail: fmt.Sprintf("the chain is said to end with entry %d", s.Seq)}
			}
		}
		return nil
	})
}
