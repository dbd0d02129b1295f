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

// contest is a record that is kept apart for a contradiction, and whom it claims to be.
type contest struct {
	newcomer, established party
	contradicted, others  []Patient // of the established
}

// Outranks reports whether a record that is kept apart should be the established one,
// or contradicts nobody any longer of those who have its number.
func Outranks(now store.Snapshot, apart profiles.PersonID) (bool, error) {
	c, err := contestOf(now, apart)
	if err != nil {
		return false, err
	}
	return c.due(now)
}

// due reports that the newcomer should be the established record. Where nobody has its
// number in use any more, a third person has another of its numbers, or it would come to
// be filed under somebody whom it contradicts by another number, people have to find out.
// What somebody has confirmed makes way for nothing.
func (c contest) due(now store.Snapshot) (bool, error) {
	third, err := c.claimsAThird(now)
	switch {
	case err != nil || third:
		return false, err
	case !sharesNumber(c.newcomer.patients, c.established.patients):
		return false, nil
	case sharesNumber(c.newcomer.patients, c.others) && contradicts(c.newcomer.patients, c.others):
		return false, nil
	case len(c.contradicted) == 0:
		return true, nil
	}
	standing, err := now.Standing(c.established.person)
	if err != nil {
		return false, err
	}
	confirmed := slices.ContainsFunc(c.contradicted, func(p Patient) bool { return slices.Contains(standing.Confirmed, "Patient/"+p.Version.ID) })
	return !confirmed && c.newcomer.outranks(c.established), nil
}

// claimsAThird reports that the newcomer has a number that somebody else has in use.
func (c contest) claimsAThird(now store.Snapshot) (bool, error) {
	for _, p := range c.newcomer.patients {
		for _, number := range p.Said.InUse {
			holder, patients, err := Holder(now, number)
			if err != nil || holder != c.established.person && InUse(number, patients) {
				return true, err
			}
		}
	}
	return false, nil
}

// Rank makes a record that Outranks the established one: whoever contradicts it makes
// way, to be kept apart instead. It says whose records changed.
func (l Linker) Rank(tx store.Tx, apart profiles.PersonID) ([]profiles.PersonID, error) {
	c, err := contestOf(tx, apart)
	if err != nil {
		return nil, err
	}
	if due, err := c.due(tx); err != nil || !due {
		return nil, err
	}
	switch {
	case sharesNumber(c.newcomer.patients, c.others):
		return l.takeIn(tx, c)
	case len(c.others) > 0:
		return l.divide(tx, c)
	}
	return l.exchange(tx, c)
}

// takeIn makes the newcomer one with those whom it does not contradict.
func (l Linker) takeIn(tx store.Tx, c contest) ([]profiles.PersonID, error) {
	changed, err := l.makeWay(tx, c, c.established.person)
	if err != nil {
		return nil, err
	}
	if _, err := l.move(tx, persons.Move{Kind: persons.Rank, From: c.newcomer.person, To: c.established.person, Resources: c.newcomer.resources()}); err != nil {
		return nil, err
	}
	if err := tx.Stand(persons.Standing{Person: c.newcomer.person}); err != nil {
		return nil, err
	}
	return append(changed, c.established.person), l.Look(tx, c.established.person)
}

// divide leaves the others, who have another number, as they are.
func (l Linker) divide(tx store.Tx, c contest) ([]profiles.PersonID, error) {
	changed, err := l.makeWay(tx, c, c.newcomer.person)
	if err != nil {
		return nil, err
	}
	if err := l.open(tx, c); err != nil {
		return nil, err
	}
	return append(changed, c.established.person, c.newcomer.person), l.Look(tx, c.established.person)
}

// makeWay parts whoever is contradicted, to be kept apart from a person.
func (l Linker) makeWay(tx store.Tx, c contest, from profiles.PersonID) (changed []profiles.PersonID, err error) {
	for _, p := range c.contradicted {
		m, err := l.part(tx, c.established, p, from, persons.Contradicts, persons.Move{Kind: persons.Rank})
		if err != nil {
			return nil, err
		}
		changed = append(changed, m.To)
	}
	return changed, nil
}

// exchange lets the two change places: the established record is kept apart as it is.
func (l Linker) exchange(tx store.Tx, c contest) ([]profiles.PersonID, error) {
	before, err := tx.Standing(c.established.person)
	if err != nil {
		return nil, err
	}
	if _, err := l.move(tx, persons.Move{Kind: persons.Rank, From: c.established.person, To: c.newcomer.person}); err != nil {
		return nil, err
	}
	v := c.contradicted[0].Version
	err = tx.Stand(persons.Standing{
		Person: c.established.person, Custodian: v.Custodian, Source: v.Source, Patient: v.ID,
		Apart: c.newcomer.person, Doubts: []persons.Doubt{persons.Contradicts}, Confirmed: before.Confirmed, Since: l.At,
	})
	if err != nil {
		return nil, err
	}
	return []profiles.PersonID{c.established.person, c.newcomer.person}, l.open(tx, c)
}

// open makes the newcomer a person who is apart from nobody, and keeps apart from it
// who claims its number.
func (l Linker) open(tx store.Tx, c contest) error {
	before, err := tx.Standing(c.newcomer.person)
	if err != nil {
		return err
	}
	list, err := tx.ApartFrom(c.established.person)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Person == c.newcomer.person {
			continue
		}
		patients, err := Patients(tx, s.Person)
		if err != nil {
			return err
		}
		if s.Apart = c.newcomer.person; sharesNumber(patients, c.newcomer.patients) {
			if err := tx.Stand(s); err != nil {
				return err
			}
		}
	}
	return l.stand(tx, persons.Standing{Person: c.newcomer.person, Confirmed: before.Confirmed})
}

// contestOf is the contest of a record, without parties where it is in none.
func contestOf(now store.Snapshot, apart profiles.PersonID) (c contest, err error) {
	s, err := now.Standing(apart)
	if err != nil || s.Apart == "" || !slices.Contains(s.Doubts, persons.Contradicts) {
		return c, err
	}
	if c.newcomer, err = partyOf(now, apart); err != nil {
		return c, err
	}
	c.established, err = partyOf(now, s.Apart)
	for _, p := range c.established.patients {
		one := []Patient{p}
		if sharesNumber(c.newcomer.patients, one) && contradicts(c.newcomer.patients, one) {
			c.contradicted = append(c.contradicted, p)
		} else {
			c.others = append(c.others, p)
		}
	}
	return c, err
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

// sharesNumber reports that two lists of Patients have an NHS number in use in common.
func sharesNumber(some, others []Patient) bool {
	return eitherWay(some, others, matching.ShareNumber)
}

// contradicts reports that somebody of the one list contradicts somebody of the other.
func contradicts(some, others []Patient) bool {
	return eitherWay(some, others, func(a, b matching.Record) bool { return !matching.SamePerson(a, b) })
}

func eitherWay(some, others []Patient, holds func(a, b matching.Record) bool) bool {
	return slices.ContainsFunc(some, func(a Patient) bool {
		return slices.ContainsFunc(others, func(b Patient) bool { return holds(a.Said, b.Said) })
	})
}
