package linkage

import (
	"errors"
	"slices"

	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Undo takes a move back that somebody made: what it moved, and what has come about the
// same Patients since, goes back, and both stand as before.
func (l Linker) Undo(tx store.Tx, id, ground string) (persons.Move, error) {
	if err := CheckGround(ground); err != nil {
		return persons.Move{}, err
	}
	undone, err := undoable(tx, id)
	if err != nil {
		return persons.Move{}, err
	}
	m := persons.Move{Kind: persons.Undo, From: undone.To, To: undone.From, Undoes: id, Reference: ground}
	if undone.From != undone.To {
		of, err := partyOf(tx, undone.To)
		if err != nil {
			return persons.Move{}, err
		}
		m.Resources = of.since(undone)
	}
	if m, err = l.move(tx, m); err != nil {
		return m, err
	}
	if err := tx.Stand(persons.Standing{Person: undone.To}); err != nil {
		return m, err
	}
	if undone.From != undone.To {
		if err := l.followBack(tx, undone); err != nil {
			return m, err
		}
	}
	if err := l.stand(tx, undone.Before[:min(2, len(undone.Before))]...); err != nil {
		return m, err
	}
	return m, errors.Join(found(tx, undone.From), found(tx, undone.To), alike(tx, undone.From))
}

// alike is an error where Patients have come together who contradict each other, on
// nobody's word.
func alike(now store.Snapshot, person profiles.PersonID) error {
	standing, err := now.Standing(person)
	if err != nil {
		return err
	}
	patients, err := Patients(now, person)
	if err != nil {
		return err
	}
	patients = slices.DeleteFunc(patients, func(p Patient) bool { return slices.Contains(standing.Confirmed, "Patient/"+p.Version.ID) })
	for i := range patients {
		if contradicts(patients[:i], patients[i:i+1]) {
			return ErrDiffer
		}
	}
	return nil
}

// followBack keeps apart from the one that is itself again what was kept apart from it,
// and what has come since that claims a number which only that one has.
func (l Linker) followBack(tx store.Tx, undone persons.Move) error {
	apart, err := tx.ApartFrom(undone.To)
	if err != nil {
		return err
	}
	for _, s := range apart {
		if s.Person == undone.From {
			continue
		}
		i := slices.IndexFunc(undone.Before, func(b persons.Standing) bool { return b.Person == s.Person })
		if i < 0 {
			if !s.Since.After(undone.At) {
				continue
			}
			if claims, err := claimsOnly(tx, s.Person, undone.From, undone.To); err != nil {
				return err
			} else if !claims {
				continue
			}
			s.Apart = undone.From
		} else {
			s = undone.Before[i]
		}
		if err := tx.Stand(s); err != nil {
			return err
		}
	}
	return nil
}

// claimsOnly reports that records have a number in use that one person has and
// another has not.
func claimsOnly(now store.Snapshot, claiming, one, other profiles.PersonID) (bool, error) {
	said, err := Patients(now, claiming)
	if err != nil {
		return false, err
	}
	has := func(person profiles.PersonID) bool {
		patients, more := Patients(now, person)
		err = errors.Join(err, more)
		return slices.ContainsFunc(patients, func(p Patient) bool {
			return slices.ContainsFunc(said, func(s Patient) bool { return matching.ShareNumber(s.Said, p.Said) })
		})
	}
	claims := has(one) && !has(other)
	return claims, err
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

// since are the resources that a move brought here, what is about the Patients among
// them, and the Patients that came later under a number that only they had.
func (p party) since(m persons.Move) []string {
	shared := func(names []string, said matching.Record) bool {
		return slices.ContainsFunc(p.patients, func(one Patient) bool {
			return slices.Contains(names, "Patient/"+one.Version.ID) && matching.ShareNumber(said, one.Said)
		})
	}
	list := m.Resources
	for _, one := range p.patients {
		name := "Patient/" + one.Version.ID
		later := !slices.Contains(m.Stayed, name) && shared(m.Resources, one.Said) && !shared(m.Stayed, one.Said)
		if slices.Contains(m.Resources, name) || later {
			list = union(list, p.resourcesOf(one))
		}
	}
	return list
}
