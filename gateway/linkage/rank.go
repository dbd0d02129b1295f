package linkage

import (
	"slices"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Of two records that claim one NHS number and contradict each other, the established
// one is that which came first, until the other has come whole: a record without plans
// never outranks one with, and a number that was traced outranks one that was not.

// Outranks reports whether a record that is kept apart should be the established one,
// or contradicts nobody any longer of those who have its number. Where nobody has that in
// use any more, somebody has to find out. What somebody has confirmed makes way for nothing.
func Outranks(now store.Snapshot, apart profiles.PersonID) (bool, error) {
	newcomer, established, err := contest(now, apart)
	if err != nil || !newcomer.sharesNumber(established) {
		return false, err
	}
	standing, err := now.Standing(established.person)
	if err != nil {
		return false, err
	}
	contradicted := newcomer.contradicts(established)
	confirmed := slices.ContainsFunc(contradicted, func(p Patient) bool { return slices.Contains(standing.Confirmed, "Patient/"+p.Version.ID) })
	return len(contradicted) == 0 || !confirmed && newcomer.outranks(established), nil
}

// Rank makes a record that Outranks the established one: whoever contradicts it makes
// way, to be kept apart instead. It says whose records changed.
func (l Linker) Rank(tx store.Tx, apart profiles.PersonID) ([]profiles.PersonID, error) {
	if due, err := Outranks(tx, apart); err != nil || !due {
		return nil, err
	}
	newcomer, established, err := contest(tx, apart)
	if err != nil {
		return nil, err
	}
	changed := []profiles.PersonID{established.person}
	for _, p := range newcomer.contradicts(established) {
		m, err := l.part(tx, established, p, persons.Contradicts, persons.Move{Kind: persons.Rank})
		if err != nil {
			return nil, err
		}
		changed = append(changed, m.To)
	}
	m := persons.Move{Kind: persons.Rank, From: newcomer.person, To: established.person, Resources: newcomer.resources()}
	if _, err := l.move(tx, m); err != nil {
		return nil, err
	}
	if err := tx.Stand(persons.Standing{Person: newcomer.person}); err != nil {
		return nil, err
	}
	return changed, l.Look(tx, established.person)
}

// contest is a record that is kept apart for a contradiction, and whom it claims to be;
// nobody where it is not.
func contest(now store.Snapshot, apart profiles.PersonID) (newcomer, established party, err error) {
	s, err := now.Standing(apart)
	if err != nil || s.Apart == "" || !slices.Contains(s.Doubts, persons.Contradicts) {
		return party{}, party{}, err
	}
	if newcomer, err = partyOf(now, apart); err != nil {
		return party{}, party{}, err
	}
	established, err = partyOf(now, s.Apart)
	return newcomer, established, err
}

// outranks compares plans first, then whether the number was traced; where neither
// speaks, who came first stays.
func (p party) outranks(q party) bool {
	if p.hasPlans() != q.hasPlans() {
		return p.hasPlans()
	}
	return p.verified() && !q.verified()
}

func (p party) hasPlans() bool {
	return slices.ContainsFunc(p.all, func(one piece) bool { return one.Type == "CarePlan" && !one.Deleted })
}

func (p party) verified() bool {
	return slices.ContainsFunc(p.patients, func(one Patient) bool { return one.Said.Verified })
}

// sharesNumber reports that two parties have an NHS number in use in common.
func (p party) sharesNumber(q party) bool {
	return slices.ContainsFunc(p.patients, func(own Patient) bool {
		return slices.ContainsFunc(q.patients, func(other Patient) bool { return matching.ShareNumber(own.Said, other.Said) })
	})
}

// contradicts are the Patients of the other party who contradict somebody of this one.
func (p party) contradicts(q party) []Patient {
	return slices.DeleteFunc(slices.Clone(q.patients), func(other Patient) bool {
		return !slices.ContainsFunc(p.patients, func(own Patient) bool {
			return matching.ShareNumber(own.Said, other.Said) && !matching.SamePerson(own.Said, other.Said)
		})
	})
}
