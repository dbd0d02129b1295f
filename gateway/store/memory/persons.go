package memory

import (
	"fmt"
	"slices"
	"strings"

	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// Standing implements persons.Snapshot.
func (s snapshot) Standing(id profiles.PersonID) (persons.Standing, error) {
	standing := s.standings[id]
	standing.Person = id
	return copiedStanding(standing), s.ctx.Err()
}

// Unresolved implements persons.Snapshot.
func (s snapshot) Unresolved() ([]persons.Standing, error) {
	var list []persons.Standing
	for _, standing := range s.standings {
		if standing.Open() {
			list = append(list, copiedStanding(standing))
		}
	}
	slices.SortFunc(list, persons.Older)
	return list, s.ctx.Err()
}

// ApartFrom implements persons.Snapshot.
func (s snapshot) ApartFrom(id profiles.PersonID) ([]persons.Standing, error) {
	list, err := s.Unresolved()
	return slices.DeleteFunc(list, func(s persons.Standing) bool { return s.Apart == "" || s.Apart != id }), err
}

// CountUnresolved implements persons.Snapshot.
func (s snapshot) CountUnresolved() (map[persons.Doubt]int, error) {
	counts := make(map[persons.Doubt]int)
	for _, standing := range s.standings {
		if standing.Open() {
			counts[standing.First()]++
		}
	}
	return counts, s.ctx.Err()
}

// Moves implements persons.Snapshot.
func (s snapshot) Moves() ([]persons.Move, error) {
	return slices.Clone(s.moves), s.ctx.Err()
}

// CountMoves implements persons.Snapshot.
func (s snapshot) CountMoves() (int, error) { return len(s.moves), s.ctx.Err() }

// Stand implements persons.Tx.
func (t *tx) Stand(standing persons.Standing) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	before := t.standings[standing.Person]
	if standing.Ordinary() {
		delete(t.standings, standing.Person)
	} else {
		t.standings[standing.Person] = copiedStanding(standing)
	}
	t.seq++
	t.raiseGenerations(standing.Person, before.Apart, standing.Apart)
	return nil
}

// Move implements persons.Tx.
func (t *tx) Move(m persons.Move) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	for _, reference := range m.Resources {
		typ, id, _ := strings.Cut(reference, "/")
		if r := t.resource(key{typ, id}); r == nil || r.current().Person != m.From {
			return fmt.Errorf("moving a %s: %w", typ, persons.ErrElsewhere)
		}
	}
	for _, reference := range m.Resources {
		typ, id, _ := strings.Cut(reference, "/")
		place := t.places[key{typ, id}]
		moved := &resource{t.resources[place].place, slices.Clone(t.resources[place].versions)}
		for i := range moved.versions {
			moved.versions[i].Person = m.To
		}
		t.resources[place] = moved
		t.generations[m.To] = 0
		t.changed[records.Reference{Custodian: moved.current().Custodian, Text: reference}], t.moved[key{typ, id}] = true, true
	}
	t.moves = append(t.moves, m)
	t.seq++
	t.raiseGenerations(m.From, m.To, t.standings[m.From].Apart, t.standings[m.To].Apart)
	return nil
}

func copiedStanding(s persons.Standing) persons.Standing {
	s.Doubts, s.Confirmed = slices.Clone(s.Doubts), slices.Clone(s.Confirmed)
	return s
}
