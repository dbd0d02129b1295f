package relational

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cpagateway/gateway/persons"
	"cpagateway/profiles"
)

const (
	selectStanding   = `SELECT body FROM standings WHERE person = ?`
	selectUnresolved = `SELECT body FROM standings WHERE doubt > ''`
	selectApartFrom  = `SELECT body FROM standings WHERE apart = ? AND apart > ''`
	countUnresolved  = `SELECT doubt, count(*) FROM standings WHERE doubt > '' GROUP BY doubt`
	upsertStanding   = `INSERT INTO standings (person, apart, doubt, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET apart = excluded.apart, doubt = excluded.doubt, body = excluded.body`
	deleteStanding = `DELETE FROM standings WHERE person = ?`
	selectMoves    = `SELECT body FROM moves ORDER BY place`
	countMoves     = `SELECT coalesce(max(place), 0) FROM moves` // none is ever removed
	insertMove     = `INSERT INTO moves (place, id, body) VALUES ((SELECT coalesce(max(place), 0) + 1 FROM moves), ?, ?)`
	moveResource   = `UPDATE resources SET person = ? WHERE type = ? AND id = ? AND person = ? RETURNING place`
	moveTerms      = `UPDATE terms SET person = ? WHERE resource = ?`
	moveCompiled   = `UPDATE compiled SET person = ? WHERE resource = ?`
)

// Standing implements persons.Snapshot.
func (s snapshot) Standing(person profiles.PersonID) (persons.Standing, error) {
	standing, _, err := first(s, scanJSON[persons.Standing], selectStanding, string(person))
	standing.Person = person
	return standing, doing("reading a standing", err)
}

// Unresolved implements persons.Snapshot.
func (s snapshot) Unresolved() ([]persons.Standing, error) {
	return s.standings(selectUnresolved)
}

// ApartFrom implements persons.Snapshot.
func (s snapshot) ApartFrom(person profiles.PersonID) ([]persons.Standing, error) {
	return s.standings(selectApartFrom, string(person))
}

func (s snapshot) standings(text string, args ...any) ([]persons.Standing, error) {
	list, err := collect(s, scanJSON[persons.Standing], text, args...)
	slices.SortFunc(list, persons.Older)
	return list, doing("listing persons in doubt", err)
}

// CountUnresolved implements persons.Snapshot.
func (s snapshot) CountUnresolved() (map[persons.Doubt]int, error) {
	counts, err := counted[persons.Doubt](s, countUnresolved)
	return counts, doing("counting persons in doubt", err)
}

// Moves implements persons.Snapshot.
func (s snapshot) Moves() ([]persons.Move, error) {
	list, err := collect(s, scanJSON[persons.Move], selectMoves)
	return list, doing("listing moves", err)
}

// CountMoves implements persons.Snapshot.
func (s snapshot) CountMoves() (int, error) {
	n, _, err := first(s, scanOne[int64], countMoves)
	return int(n), doing("counting moves", err)
}

// Stand implements persons.Tx.
func (t tx) Stand(standing persons.Standing) error {
	before, err := t.Standing(standing.Person)
	if err != nil {
		return err
	}
	if standing.Ordinary() {
		err = t.exec(t.ctx, deleteStanding, string(standing.Person))
	} else {
		var body []byte
		if body, err = json.Marshal(standing); err == nil {
			err = t.exec(t.ctx, upsertStanding, string(standing.Person), string(standing.Apart), string(standing.First()), string(body))
		}
	}
	if err != nil {
		return fmt.Errorf("keeping a standing: %w", err)
	}
	return t.raiseGenerations(standing.Person, before.Apart, standing.Apart)
}

// Move implements persons.Tx.
func (t tx) Move(m persons.Move) error {
	err := t.Try(func() error {
		for _, reference := range m.Resources {
			typ, id, _ := strings.Cut(reference, "/")
			if err := t.setPerson(typ, id, m.From, m.To); err != nil {
				return fmt.Errorf("moving a %s: %w", typ, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err == nil {
		err = t.exec(t.ctx, insertMove, m.ID, body)
	}
	if err != nil {
		return fmt.Errorf("keeping a move: %w", err)
	}
	return t.raiseGenerations(m.From, m.To)
}

// setPerson makes one resource, and what it is found by, another person's.
func (t tx) setPerson(typ, id string, from, to profiles.PersonID) error {
	custodian, _, err := first(t.snapshot, scanOne[string], selectCustodianOf, typ, id)
	if err != nil {
		return err
	}
	place, known, err := first(t.snapshot, scanOne[int64], moveResource, string(to), typ, id, string(from))
	switch {
	case err != nil:
		return err
	case !known:
		return persons.ErrElsewhere
	}
	for _, text := range []string{moveTerms, moveCompiled} {
		if err := t.exec(t.ctx, text, string(to), place); err != nil {
			return err
		}
	}
	if err := errors.Join(t.outdate(outdateOwn, place), t.outdateReferring([]moved{movedTo(custodian, typ+"/"+id, "")}, math.MaxInt64)); err != nil {
		return err
	}
	return t.exec(t.ctx, knowPerson, string(to), 0)
}

// raiseGenerations raises those of persons, and of whom they are kept apart from.
func (t tx) raiseGenerations(ids ...profiles.PersonID) error {
	seq, _, err := first(t.snapshot, scanOne[int64], nextChange, 1)
	for _, id := range ids {
		for _, text := range []string{raiseGeneration, raiseApart} {
			if err == nil {
				err = t.exec(t.ctx, text, seq, string(id))
			}
		}
	}
	return doing("raising generations", err)
}

func scanJSON[T any](rows *sql.Rows) (v T, err error) {
	var body []byte
	if err = rows.Scan(&body); err == nil {
		err = json.Unmarshal(body, &v)
	}
	return v, err
}
