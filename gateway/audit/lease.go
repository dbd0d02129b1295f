package audit

import (
	"errors"
	"time"
)

// leaseTime is how long a slot stays with a writer that commits nothing. Nothing
// but the number of chains depends on it: a writer whose slot was taken over finds
// that out in its next commit, and takes another.
const leaseTime = time.Minute

// clockSlack is how far a clock may be set back without a break: a time service
// corrects by less.
const clockSlack = time.Second

// lease is which slot a writer appends to.
type lease struct {
	writer      string // a name of its own
	confirmed   Slot   // as the last commit left it; zero before the first
	unconfirmed Slot   // as a commit that was reported as failed would have left it
}

// slotSource says how a writer came to the slot that it appends to.
type slotSource uint8

const (
	ownSlot       slotSource = iota // as its last commit left it
	recoveredSlot                   // as a commit left it that was reported as failed, and happened all the same
	newSlot                         // free until now, or another's lease has run out, or there was none
)

// errCut refuses to go on: that would cover up what happened.
var errCut = errors.New("the log no longer holds what was recorded: run audit verify")

// choose is the slot to append to: the writer's own, else one that is free, else
// a new one.
func (l *lease) choose(slots []Slot, now time.Time) (Slot, slotSource, error) {
	own, how, err := l.own(slots)
	if err != nil || how != newSlot && usable(own, now) {
		return own, how, err
	}
	for _, s := range slots {
		if (s.Holder == "" || s.Until.Before(now)) && usable(s, now) {
			return s, newSlot, nil
		}
	}
	return Slot{Number: len(slots) + 1}, newSlot, nil
}

// usable is false for a writer whose clock is behind the slot's newest entry: it
// leaves the slot to others, so that times do not go back within a chain.
func usable(s Slot, now time.Time) bool { return !now.Before(s.Latest.Add(-clockSlack)) }

// own is the slot that is still the writer's, under the lease that it has; newSlot
// where there is none. A log that lacks what the writer has written, or has under
// its lease what it has not, is cut.
func (l *lease) own(slots []Slot) (Slot, slotSource, error) {
	if s := slotByNumber(slots, l.unconfirmed.Number); s.Holder == l.writer && s.Head == l.unconfirmed.Head {
		l.confirmed = s
		return s, recoveredSlot, nil
	}
	s := slotByNumber(slots, l.confirmed.Number)
	ours := s.Holder == l.writer
	if s.Seq < l.confirmed.Seq || (ours || s.Seq == l.confirmed.Seq) && s.Head != l.confirmed.Head {
		return Slot{}, 0, errCut
	}
	if ours {
		return s, ownSlot, nil
	}
	return Slot{}, newSlot, nil
}

// missesNothing looks for what the writer has written in a chain that others may have gone
// on with: where the store was put back before that, they have written something else there.
func (l *lease) missesNothing(log Snapshot) error {
	if l.confirmed.Seq == 0 {
		return nil
	}
	rows, err := log.Chain(l.confirmed.Number, l.confirmed.Seq, 1)
	if err == nil && (len(rows) == 0 || rows[0].Head != l.confirmed.Head) {
		err = errCut
	}
	return err
}

// slotByNumber is a slot by its number, the zero Slot where there is none.
func slotByNumber(slots []Slot, number int) Slot {
	if number < 1 || number > len(slots) {
		return Slot{}
	}
	return slots[number-1]
}

// leased is a slot under this writer's lease.
func (l *lease) leased(s Slot, now time.Time) Slot {
	s.Holder, s.Until = l.writer, now.Add(leaseTime)
	return s
}

func headsOf(slots []Slot) []Head {
	heads := make([]Head, 0, len(slots))
	for _, s := range slots {
		heads = append(heads, s.Head)
	}
	return heads
}
