package main

import (
	"fmt"
	"slices"
)

// adopt takes the plan as the gateway gives it now into the file, and remembers it as what
// the next edit is made from.
func (r *round) adopt(a answer) error {
	before, err := parsePlan(orNothing(r.memory.Base))
	if err != nil {
		return err
	}
	now, err := parsePlan(a.body)
	if err != nil {
		return err
	}
	left := unclaimed(now.words())
	missing := r.claim(&left)
	known := before.words()
	for _, id := range missing {
		r.settle(id, left.replacement(r.memory.Sent[id].Area, known))
	}
	r.council.Others = r.others(now.words())
	r.memory.Base, r.memory.Tag = a.body, a.tag
	return r.save()
}

func orNothing(base []byte) []byte {
	if len(base) == 0 {
		return []byte("{}")
	}
	return base
}

// unclaimed are the words of a plan that no part of the file stands for.
type unclaimed []words

func (u *unclaimed) take(w words) bool {
	i := slices.Index(*u, w)
	if i >= 0 {
		*u = slices.Delete(slices.Clone(*u), i, i+1)
	}
	return i >= 0
}

// replacement is what somebody probably made of a part that is gone: new words of its area.
// A plan does not name its parts, so it cannot be known.
func (u *unclaimed) replacement(area string, known []words) *words {
	for _, w := range *u {
		if w.Area == area && !slices.Contains(known, w) {
			u.take(w)
			return &w
		}
	}
	return nil
}

// claim finds the parts that were sent in the plan, and parts that are there although the
// program does not remember sending them: it was killed before it could. What was sent and
// is not there any more is missing.
func (r *round) claim(left *unclaimed) (missing []string) {
	for _, id := range r.ids() {
		if sent, ok := r.memory.Sent[id]; ok && !left.take(sent) {
			missing = append(missing, id)
		}
	}
	for _, p := range r.council.Parts {
		_, sent := r.memory.Sent[p.ID]
		if lost := slices.Index(missing, p.ID); (!sent || lost >= 0) && p.Held == "" && left.take(p.words) {
			r.memory.Sent[p.ID] = p.words
			if lost >= 0 {
				missing = slices.Delete(missing, lost, lost+1)
			}
		}
	}
	return missing
}

// settle decides what becomes of a part that others changed (theirs) or ended (nil). Words
// that were not sent stay in the file, whatever others did.
func (r *round) settle(id string, theirs *words) {
	sent := r.memory.Sent[id]
	delete(r.memory.Sent, id)
	i := r.at(id)
	switch {
	case i < 0:
		fmt.Printf("part %s: the council took it away, and others have changed or ended it\n", id)
	case r.council.Parts[i].words != sent && theirs != nil:
		r.hold(id, nil, fmt.Sprintf("clash: it was %q (%s); others have made of it: %q (%s)", sent.Text, sent.Status, theirs.Text, theirs.Status))
	case r.council.Parts[i].words != sent:
		r.hold(id, nil, fmt.Sprintf("clash: it was %q (%s); others have ended it", sent.Text, sent.Status))
	case theirs != nil:
		r.council.Parts[i].words, r.council.Parts[i].Held = *theirs, ""
		r.memory.Sent[id] = *theirs
		fmt.Printf("part %s: changed by others\n", id)
	default:
		r.council.Parts = slices.Delete(r.council.Parts, i, i+1)
		fmt.Printf("part %s: ended by others\n", id)
	}
}

// others are the words of the plan that are not the council's parts.
func (r *round) others(said []words) []words {
	left := unclaimed(said)
	for _, w := range r.memory.Sent {
		left.take(w)
	}
	return slices.DeleteFunc(slices.Clone([]words(left)), func(w words) bool { return w.Area == "" })
}
