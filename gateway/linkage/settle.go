package linkage

import (
	"errors"
	"fmt"
	"slices"

	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Errors that a person who settles something is told.
var (
	ErrNobody   = errors.New("nothing is held under this id")
	ErrSame     = errors.New("the two are one person already")
	ErrApart    = errors.New("the records to join into are kept apart themselves: join the other way round")
	ErrNoDoubt  = errors.New("nothing about this person is in doubt that could be confirmed")
	ErrNoMove   = errors.New("no move has this id")
	ErrUndone   = errors.New("the move was taken back already")
	ErrNotThis  = errors.New("an import made this move by rank: join or part the records instead")
	ErrLater    = errors.New("a later move concerns the same person: take that back first")
	ErrOnlyOne  = errors.New("nothing else lies with the person of this Patient")
	ErrNoGround = errors.New("name the ground of the decision")
)

// Join makes the records of one person another's, on the word of somebody who has
// found out that the two are one. All the names of both are confirmed.
func (l Linker) Join(tx store.Tx, from, into profiles.PersonID, ground string) (persons.Move, error) {
	leaving, staying, err := both(tx, from, into)
	if err != nil {
		return persons.Move{}, err
	}
	before, err := l.standings(tx, from, into)
	if err != nil {
		return persons.Move{}, err
	}
	switch {
	case ground == "":
		return persons.Move{}, ErrNoGround
	case before[1].Apart != "":
		return persons.Move{}, ErrApart
	}
	m, err := l.move(tx, persons.Move{Kind: persons.Join, From: from, To: into, Resources: leaving.resources(), Before: before, Reference: ground})
	if err != nil {
		return m, err
	}
	if err := l.follow(tx, from, into); err != nil {
		return m, err
	}
	after := before[1]
	after.Confirmed = union(after.Confirmed, before[0].Confirmed, leaving.names(), staying.names())
	return m, l.stand(tx, persons.Standing{Person: from}, after)
}

func both(tx store.Tx, from, into profiles.PersonID) (leaving, staying party, err error) {
	if from == into {
		return leaving, staying, ErrSame
	}
	if leaving, err = partyOf(tx, from); err == nil {
		staying, err = partyOf(tx, into)
	}
	if err == nil && (len(leaving.all) == 0 || len(staying.all) == 0) {
		err = ErrNobody
	}
	return leaving, staying, err
}

// follow keeps apart from the one what was kept apart from the other.
func (l Linker) follow(tx store.Tx, from, into profiles.PersonID) error {
	list, err := tx.Unresolved()
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Apart != from || s.Person == into {
			continue
		}
		s.Apart = into
		if err := tx.Stand(s); err != nil {
			return err
		}
	}
	return nil
}

// Part keeps a Patient, with all that is about it, apart from the person whom it lies
// with, on the word of somebody who has found out that the two are not one.
func (l Linker) Part(tx store.Tx, patient, ground string) (persons.Move, error) {
	if ground == "" {
		return persons.Move{}, ErrNoGround
	}
	person, err := tx.PersonOf("Patient", patient)
	if errors.Is(err, records.ErrNothing) {
		return persons.Move{}, ErrNobody
	}
	if err != nil {
		return persons.Move{}, err
	}
	of, err := partyOf(tx, person)
	if err != nil {
		return persons.Move{}, err
	}
	if len(of.patients) < 2 {
		return persons.Move{}, ErrOnlyOne
	}
	i := slices.IndexFunc(of.patients, func(p Patient) bool { return p.Version.ID == patient })
	before, err := l.standings(tx, person)
	if err != nil {
		return persons.Move{}, err
	}
	_, err = l.part(tx, of, of.patients[i], persons.Parted, persons.Move{Kind: persons.Part, Before: before, Reference: ground})
	if err != nil {
		return persons.Move{}, err
	}
	moves, err := tx.Moves()
	if err != nil {
		return persons.Move{}, err
	}
	return moves[len(moves)-1], l.Look(tx, person)
}

// part moves a Patient out of a party to a person of its own, kept apart from it.
func (l Linker) part(tx store.Tx, of party, p Patient, because persons.Doubt, m persons.Move) (profiles.PersonID, error) {
	v := p.Version
	own := l.Own(v.Custodian, v.Source, v.ID)
	m.From, m.To, m.Resources = of.person, own, of.resourcesOf(p)
	if _, err := l.move(tx, m); err != nil {
		return "", err
	}
	return own, tx.Stand(persons.Standing{
		Person: own, Custodian: v.Custodian, Source: v.Source, Patient: v.ID,
		Apart: of.person, Doubts: []persons.Doubt{because}, Since: l.At,
	})
}

// Confirm says of a person who is in doubt that all is as their records say: the links
// and numbers in them are theirs, or they have no NHS number.
func (l Linker) Confirm(tx store.Tx, person profiles.PersonID, ground string) (persons.Move, error) {
	p, err := partyOf(tx, person)
	if err != nil {
		return persons.Move{}, err
	}
	before, err := l.standings(tx, person)
	switch {
	case err != nil:
		return persons.Move{}, err
	case ground == "":
		return persons.Move{}, ErrNoGround
	case len(p.all) == 0:
		return persons.Move{}, ErrNobody
	case before[0].Apart != "" || len(before[0].Doubts) == 0:
		return persons.Move{}, ErrNoDoubt
	}
	after := before[0]
	after.Confirmed = union(after.Confirmed, p.names())
	if !slices.ContainsFunc(p.patients, func(p Patient) bool { return p.Said.Number != "" }) {
		after.Confirmed = union(after.Confirmed, []string{confirmedNumberless})
	}
	m, err := l.move(tx, persons.Move{Kind: persons.Confirm, From: person, To: person, Before: before, Reference: ground})
	if err != nil {
		return m, err
	}
	return m, l.stand(tx, after)
}

// Undo takes a move back that somebody made: what it moved, and what has come about the
// same Patients since, goes back, and both stand as before.
func (l Linker) Undo(tx store.Tx, id, ground string) (persons.Move, error) {
	undone, err := undoable(tx, id)
	if err != nil {
		return persons.Move{}, err
	}
	if ground == "" {
		return persons.Move{}, ErrNoGround
	}
	m := persons.Move{Kind: persons.Undo, From: undone.To, To: undone.From, Undoes: id, Reference: ground}
	if undone.From != undone.To {
		of, err := partyOf(tx, undone.To)
		if err != nil {
			return persons.Move{}, err
		}
		m.Resources = of.since(undone.Resources)
	}
	if m, err = l.move(tx, m); err != nil {
		return m, err
	}
	if err := tx.Stand(persons.Standing{Person: undone.To}); err != nil {
		return m, err
	}
	if undone.Kind == persons.Join {
		for _, s := range undone.Before[2:] { // they were kept apart from the one that is itself again
			if err := tx.Stand(s); err != nil {
				return m, err
			}
		}
	}
	return m, l.stand(tx, undone.Before[:min(2, len(undone.Before))]...)
}

// undoable is a move that can be taken back.
func undoable(tx store.Tx, id string) (persons.Move, error) {
	moves, err := tx.Moves()
	if err != nil {
		return persons.Move{}, err
	}
	i := slices.IndexFunc(moves, func(m persons.Move) bool { return m.ID == id })
	if i < 0 {
		return persons.Move{}, ErrNoMove
	}
	m := moves[i]
	if m.Kind == persons.Rank || m.Kind == persons.Undo {
		return persons.Move{}, ErrNotThis
	}
	for _, later := range moves[i+1:] {
		if later.Undoes == id {
			return persons.Move{}, ErrUndone
		}
	}
	for j, later := range moves[i+1:] {
		taken := slices.ContainsFunc(moves[i+1+j:], func(u persons.Move) bool { return u.Undoes == later.ID })
		if later.Kind != persons.Undo && !taken && (later.Concerns(m.From) || later.Concerns(m.To)) {
			return persons.Move{}, ErrLater
		}
	}
	return m, nil
}

// since are the resources that were moved, and what is about the Patients among them.
func (p party) since(moved []string) []string {
	list := slices.Clone(moved)
	for _, patient := range p.patients {
		if slices.Contains(moved, "Patient/"+patient.Version.ID) {
			list = union(list, p.resourcesOf(patient))
		}
	}
	return list
}

// standings are those of some persons, and of whoever is kept apart from the first.
func (l Linker) standings(tx store.Tx, of ...profiles.PersonID) ([]persons.Standing, error) {
	var list []persons.Standing
	for _, person := range of {
		s, err := tx.Standing(person)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	open, err := tx.Unresolved()
	for _, s := range open {
		if len(of) > 1 && s.Apart == of[0] && !slices.Contains(of, s.Person) {
			list = append(list, s)
		}
	}
	return list, err
}

// stand keeps standings as they are given, and looks at each person again.
func (l Linker) stand(tx store.Tx, list ...persons.Standing) error {
	for _, s := range list {
		if s.Apart == "" {
			s.Doubts = nil // found out anew
		}
		if err := tx.Stand(s); err != nil {
			return err
		}
		if err := l.Look(tx, s.Person); err != nil {
			return err
		}
	}
	return nil
}

// move gives a move its id and time, and makes it.
func (l Linker) move(tx store.Tx, m persons.Move) (persons.Move, error) {
	moves, err := tx.Moves()
	if err != nil {
		return m, err
	}
	m.ID, m.At = fmt.Sprintf("m%d", len(moves)+1), l.At
	return m, tx.Move(m)
}

// names are those under which references and numbers lead to a party's Patients, and
// what these say leads to other records of theirs.
func (p party) names() []string {
	var list []string
	for _, one := range p.patients {
		list = append(list, "Patient/"+one.Version.ID)
		list = append(list, one.Said.Links...)
		for _, number := range slices.Concat(one.Said.Superseded, []string{one.Said.Number}) {
			if number != "" {
				list = append(list, profiles.SystemNHSNumber+"|"+number)
			}
		}
	}
	return list
}

// union is every text of the lists once, sorted.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
