package linkage

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Refusal is why something was not settled. It holds nothing of anybody.
type Refusal string

// Error is the reason as it is told.
func (r Refusal) Error() string { return string(r) }

// The refusals.
const (
	ErrNobody  Refusal = "nothing is held under this id"
	ErrSame    Refusal = "the two are one person already"
	ErrApart   Refusal = "the records to join into are kept apart themselves: join the other way round"
	ErrNoDoubt Refusal = "nothing about this person is in doubt that could be confirmed"
	ErrStays   Refusal = "what is in doubt is not for a confirmation: records that say they mean something else, or a wish about somebody else; have the source correct them"
	ErrClaimed Refusal = "another person would have an NHS number of these records as well: join the two, part the Patient, or have the source correct the number and import it again"
	ErrDiffer  Refusal = "the records have come to contradict each other: join the two instead, where they are one human's all the same"
	ErrNoMove  Refusal = "no move has this id"
	ErrUndone  Refusal = "the move was taken back already"
	ErrNotThis Refusal = "the move was made by an import, or takes another one back: join or part the records instead"
	ErrLater   Refusal = "a later move concerns the same person: take that back first"
	ErrOnlyOne Refusal = "nothing else is filed under the person of this Patient"
	ErrGround  Refusal = "name as the ground where the reasons are kept, such as a ticket: letters, digits and . _ / # : - up to 64, no blanks, and nobody's number"
)

// groundForm lets nobody's name or prose into what is kept for ever.
var groundForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/#:-]{0,63}$`)

// CheckGround refuses a ground that may say more than where the reasons are kept.
func CheckGround(ground string) error {
	if number, _ := profiles.NHSNumber(ground); number != "" || !groundForm.MatchString(ground) {
		return ErrGround
	}
	return nil
}

// Join makes the records of one person another's, on the word of somebody who has
// found out that the two are one. All the names of both are confirmed.
func (l Linker) Join(tx store.Tx, from, into profiles.PersonID, ground string) (persons.Move, error) {
	if err := CheckGround(ground); err != nil {
		return persons.Move{}, err
	}
	leaving, staying, err := both(tx, from, into)
	if err != nil {
		return persons.Move{}, err
	}
	before, err := l.standings(tx, from, into)
	if err != nil {
		return persons.Move{}, err
	}
	if before[1].Apart != "" {
		return persons.Move{}, ErrApart
	}
	m, err := l.move(tx, persons.Move{Kind: persons.Join, From: from, To: into, Resources: leaving.resources(), Stayed: staying.patientNames(), Before: before, Reference: ground})
	if err != nil {
		return m, err
	}
	if err := l.follow(tx, from, into); err != nil {
		return m, err
	}
	after := before[1]
	after.Confirmed = union(after.Confirmed, before[0].Confirmed, leaving.names(), staying.names())
	if err := l.stand(tx, persons.Standing{Person: from}, after); err != nil {
		return m, err
	}
	return m, found(tx, into)
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
	list, err := tx.ApartFrom(from)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Person == into {
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
	if err := CheckGround(ground); err != nil {
		return persons.Move{}, err
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
	m, err := l.part(tx, of, of.patients[i], of.person, persons.Parted, persons.Move{Kind: persons.Part, Before: before, Reference: ground})
	if err != nil {
		return m, err
	}
	return m, l.Look(tx, person)
}

// part moves a Patient out of a party to a person of its own, kept apart from another.
func (l Linker) part(tx store.Tx, of party, p Patient, from profiles.PersonID, because persons.Doubt, m persons.Move) (persons.Move, error) {
	v := p.Version
	own, err := l.alone(tx, v)
	if err != nil {
		return m, err
	}
	m.From, m.To, m.Resources = of.person, own, of.resourcesOf(p)
	if m, err = l.move(tx, m); err != nil {
		return m, err
	}
	return m, tx.Stand(persons.Standing{
		Person: m.To, Custodian: v.Custodian, Source: v.Source, Patient: v.ID,
		Apart: from, Doubts: []persons.Doubt{because}, Since: l.At,
	})
}

// alone is a person for a Patient with whom nobody else lies, nor did before: others may
// have been joined into the one of its own.
func (l Linker) alone(now store.Snapshot, patient records.Version) (profiles.PersonID, error) {
	for n, id := 1, patient.ID; ; n, id = n+1, fmt.Sprintf("%s/%d", patient.ID, n) {
		person := l.Own(patient.Custodian, patient.Source, id)
		if held, err := now.Held(person, ""); err != nil || len(held) == 0 {
			return person, err
		}
	}
}

// Confirm says of a person who is in doubt that all is as their records say: the links
// and numbers in them are theirs, or they have no NHS number. Of records that are kept
// apart it says that they are another human's than those they are kept apart from;
// where the two have a number in common, only a correction at its source can say that.
func (l Linker) Confirm(tx store.Tx, person profiles.PersonID, ground string) (persons.Move, error) {
	if err := CheckGround(ground); err != nil {
		return persons.Move{}, err
	}
	p, err := partyOf(tx, person)
	if err != nil {
		return persons.Move{}, err
	}
	before, err := l.standings(tx, person)
	switch {
	case err != nil:
		return persons.Move{}, err
	case len(p.all) == 0:
		return persons.Move{}, ErrNobody
	case !before[0].Open():
		return persons.Move{}, ErrNoDoubt
	}
	after := before[0]
	after.Apart = ""
	after.Confirmed = union(after.Confirmed, p.names())
	if !slices.ContainsFunc(p.patients, func(p Patient) bool { return len(p.Said.InUse) > 0 }) {
		after.Confirmed = union(after.Confirmed, []string{confirmedNumberless})
	}
	m, err := l.move(tx, persons.Move{Kind: persons.Confirm, From: person, To: person, Before: before, Reference: ground})
	if err != nil {
		return m, err
	}
	if err := l.stand(tx, after); err != nil {
		return m, err
	}
	if err := found(tx, person); err != nil {
		return m, err
	}
	if now, err := tx.Standing(person); err != nil || slices.Contains(now.Doubts, persons.Unverified) || slices.Contains(now.Doubts, persons.Linked) {
		return m, cmp.Or(err, error(ErrStays))
	}
	return m, nil
}

// found is an error where a person who is not kept apart cannot be found by an NHS number
// that they have in use: with two such persons, it leads to neither.
func found(now store.Snapshot, person profiles.PersonID) error {
	standing, err := now.Standing(person)
	if err != nil || standing.Apart != "" {
		return err
	}
	patients, err := Patients(now, person)
	if err != nil {
		return err
	}
	for _, p := range patients {
		for _, number := range p.Said.InUse {
			holder, _, err := Holder(now, number)
			if err != nil {
				return err
			}
			if holder != person {
				return ErrClaimed
			}
		}
	}
	return nil
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
	if len(of) == 1 {
		return list, nil
	}
	apart, err := tx.ApartFrom(of[0])
	for _, s := range apart {
		if !slices.Contains(of, s.Person) {
			list = append(list, s)
		}
	}
	return list, err
}

// stand keeps standings as they are given, and looks at each person again: what is in
// doubt still has been so since then.
func (l Linker) stand(tx store.Tx, list ...persons.Standing) error {
	for _, s := range list {
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
	n, err := tx.CountMoves()
	if err != nil {
		return m, err
	}
	m.ID, m.At = fmt.Sprintf("m%d", n+1), l.At
	return m, tx.Move(m)
}

func (p party) patientNames() []string {
	var list []string
	for _, one := range p.patients {
		list = append(list, "Patient/"+one.Version.ID)
	}
	return list
}

// names are those under which references and numbers lead to a party's Patients, and
// what these say leads to other records of theirs.
func (p party) names() []string {
	list := p.patientNames()
	for _, one := range p.patients {
		list = append(list, one.Said.Links...)
		for _, number := range slices.Concat(one.Said.Superseded, one.Said.InUse) {
			list = append(list, profiles.SystemNHSNumber+"|"+number)
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
