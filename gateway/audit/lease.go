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

// lease is which slot a writer goes on with.
type lease struct {
	writer string // a name of its own
	known  Slot   // as the last commit left it; zero before the first
	maybe  Slot   // as a commit left it that failed, if it happened all the same
}

// hold says how a writer comes to the slot that it goes on with.
type hold uint8

const (
	held  hold = iota // as its last commit has left it
	found             // as a commit has left it that was reported as failed
	taken             // it was free, or another's lease has run out, or there was none
)

// errCut refuses to go on: that would cover up what happened.
var errCut = errors.New("the log no longer holds what was recorded: run audit verify")

// choose is the slot to go on with: the writer's own, else one that is free, else
// a new one.
func (l *lease) choose(slots []Slot, now time.Time) (Slot, hold, error) {
	own, how, err := l.own(slots)
	if err != nil || how != taken && usable(own, now) {
		return own, how, err
	}
	for _, s := range slots {
		if (s.Holder == "" || s.Until.Before(now)) && usable(s, now) {
			return s, taken, nil
		}
	}
	return Slot{Number: len(slots) + 1}, taken, nil
}

// usable is false for a writer whose clock is behind the slot's newest entry: it
// leaves the slot to others, so that times do not go back within a chain.
func usable(s Slot, now time.Time) bool { return !now.Before(s.Latest.Add(-clockSlack)) }

// own is the slot that is the writer's still, under the lease that it has; taken
// where there is none. A log that lacks what the writer has written, or has under
// its lease what it has not, is cut.
func (l *lease) own(slots []Slot) (Slot, hold, error) {
	if s := at(slots, l.maybe.Number); s.Holder == l.writer && s.Head == l.maybe.Head {
		l.known = s
		return s, found, nil
	}
	s := at(slots, l.known.Number)
	ours := s.Holder == l.writer
	if s.Seq < l.known.Seq || (ours || s.Seq == l.known.Seq) && s.Head != l.known.Head {
		return Slot{}, 0, errCut
	}
	if ours {
		return s, held, nil
	}
	return Slot{}, taken, nil
}

// at is a slot by its number, the zero Slot where there is none.
func at(slots []Slot, number int) Slot {
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
