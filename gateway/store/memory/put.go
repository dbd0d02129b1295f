package memory

import (
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// Put keeps an accepted change. It implements records.Tx.
func (t *tx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	if err := t.ctx.Err(); err != nil {
		return records.Result{}, err
	}
	k := key{a.Type(), a.ID()}
	var before version
	if r := t.resource(k); r != nil {
		before = r.current()
	}
	next, result, err := records.Apply(before.Version, a, must, at)
	if err != nil || !result.Stored {
		return result, err
	}
	step, err := records.StepTo(before.Version, next)
	if err != nil {
		return records.Result{}, err
	}
	refs := step.References()
	targets, err := t.Targets(next.Custodian, refs)
	if err != nil {
		return records.Result{}, err
	}
	t.seq++
	added := version{Version: next, Derived: step.Derive(targets), seq: t.seq, refs: refs}
	t.keep(k, added)
	t.changed[records.Reference{Custodian: next.Custodian, Text: next.Type + "/" + next.ID}] = true
	if next.Person != "" {
		t.generations[next.Person] = t.seq
	}
	if added.Compiled != nil || before.Compiled != nil {
		t.raiseGenerations(t.standings[next.Person].Apart)
	}
	t.raiseNamesakes(before.Identifiers)
	t.raiseNamesakes(added.Identifiers)
	return result, nil
}

// PutAll keeps accepted changes together. It implements records.Tx.
func (t *tx) PutAll(at time.Time, changes []records.Put) (results []records.Result, err error) {
	err = t.Try(func() error {
		for _, change := range changes {
			result, err := t.Put(at, change.Accepted, records.Precondition{})
			if err != nil {
				return err
			}
			results = append(results, result)
		}
		return nil
	})
	return results, err
}

// raiseNamesakes raises the generation of everybody whom an identifier leads to.
func (t *tx) raiseNamesakes(identifiers []records.Identifier) {
	for _, id := range identifiers {
		for person := range t.having(id) {
			t.raiseGenerations(person)
		}
	}
}

// raiseGenerations gives persons about whom something is kept the generation of this
// change.
func (t *tx) raiseGenerations(ids ...profiles.PersonID) {
	for _, id := range ids {
		if _, known := t.generations[id]; known {
			t.generations[id] = t.seq
		}
	}
}

// having are those whose Patients have an identifier, in use or once.
func (s *state) having(id records.Identifier) map[profiles.PersonID]bool {
	found := make(map[profiles.PersonID]bool)
	for _, r := range s.resources {
		v := r.current()
		if slices.ContainsFunc(v.Identifiers, func(i records.Identifier) bool { return i.System == id.System && i.Value == id.Value }) {
			found[v.Person] = true
		}
	}
	return found
}

// copied is a version that its receiver may change.
func copied(v records.Version) records.Version {
	v.Body = slices.Clone(v.Body)
	return v
}
