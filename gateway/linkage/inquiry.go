package linkage

import (
	"errors"
	"slices"
	"strings"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Inquiry is what whoever settles a doubt has to know of a person.
type Inquiry struct {
	Standing persons.Standing
	Held     []records.Version // all that is kept, but for what was removed
	Patients []Patient
	Beside   []Neighbour
}

// Neighbour is another person whom something leads to: an NHS number in use or
// superseded, a link, or that one of the two is kept apart from the other.
type Neighbour struct {
	Person  profiles.PersonID
	Verdict matching.Verdict  // of all Patients of the one with all of the other: the worst
	Reasons []matching.Reason // of all of these
}

// Inquire gathers what is in doubt about a person.
func Inquire(now store.Snapshot, person profiles.PersonID) (Inquiry, error) {
	p, err := partyOf(now, person)
	if err != nil {
		return Inquiry{}, err
	}
	q := Inquiry{Patients: p.patients}
	for _, one := range p.all {
		if !one.Deleted {
			q.Held = append(q.Held, one.Version)
		}
	}
	if len(q.Held) == 0 {
		return Inquiry{}, ErrNobody
	}
	if q.Standing, err = now.Standing(person); err != nil {
		return Inquiry{}, err
	}
	neighbours, err := p.neighbours(now, q.Standing.Apart)
	if err != nil {
		return Inquiry{}, err
	}
	for _, other := range neighbours {
		n, err := p.beside(now, other)
		if err != nil {
			return Inquiry{}, err
		}
		q.Beside = append(q.Beside, n)
	}
	return q, nil
}

// neighbours are the persons whom anything leads to, each once.
func (p party) neighbours(now store.Snapshot, apart profiles.PersonID) ([]profiles.PersonID, error) {
	list := []profiles.PersonID{apart}
	kept, err := now.ApartFrom(p.person)
	if err != nil {
		return nil, err
	}
	for _, s := range kept {
		list = append(list, s.Person)
	}
	for _, one := range p.patients {
		for _, number := range slices.Concat(one.Said.InUse, one.Said.Superseded) {
			holder, _, err := Holder(now, number)
			if err != nil {
				return nil, err
			}
			list = append(list, holder)
		}
		for _, link := range one.Said.Links {
			typ, id, _ := strings.Cut(link, "/")
			other, err := now.PersonOf(typ, id)
			if err != nil && !errors.Is(err, records.ErrNothing) {
				return nil, err
			}
			list = append(list, other)
		}
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(other profiles.PersonID) bool { return other == "" || other == p.person }), nil
}

// beside compares a party with another person by what they say beside their numbers.
func (p party) beside(now store.Snapshot, other profiles.PersonID) (Neighbour, error) {
	theirs, err := Patients(now, other)
	if err != nil {
		return Neighbour{}, err
	}
	n := Neighbour{Person: other, Verdict: matching.Agree}
	for _, own := range p.patients {
		for _, their := range theirs {
			result := matching.Beside(own.Said, their.Said)
			n.Verdict = min(n.Verdict, result.Verdict)
			n.Reasons = append(n.Reasons, result.Reasons...)
		}
	}
	slices.Sort(n.Reasons)
	n.Reasons = slices.Compact(n.Reasons)
	if len(n.Reasons) == 0 { // there was nothing to compare
		n.Verdict = matching.Conflict
	}
	return n, nil
}
