package relational

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

const (
	selectCurrent = `SELECT ` + columns + ` FROM resources r JOIN versions v ON v.seq = r.version JOIN labels l ON l.version = v.seq
		WHERE r.type = ? AND r.id = ?`
	// CROSS keeps SQLite from walking all resources, and looking through the list for each;
	// how long the list is at most, PostgreSQL.
	selectToChange = `SELECT ` + columns + `, r.place FROM (SELECT value FROM json_each(?) LIMIT ?) w CROSS JOIN resources r JOIN versions v ON v.seq = r.version JOIN labels l ON l.version = v.seq
		WHERE r.type = w.value ->> 0 AND r.id = w.value ->> 1`
	nextChange     = `UPDATE changed SET last = last + ? WHERE id = 1 RETURNING last`
	updateResource = `UPDATE resources SET version = ?, deleted = ?, need = ?, "any" = ?, status = ? WHERE place = ?`

	knowPerson      = `INSERT INTO persons (person, generation) VALUES (?, ?) ON CONFLICT (person) DO NOTHING`
	raiseGeneration = `UPDATE persons SET generation = ?1 WHERE person = ?2`
	raiseApart      = `UPDATE persons SET generation = ?1 WHERE person IN (SELECT apart FROM standings WHERE person = ?2)`
)

var (
	resourceRows = insertsInto(`resources (place, type, id, person, custodian, version, deleted, need, "any", status)`)
	versionRows  = insertsInto(`versions (seq, resource, number, stored, source, origin, deleted, body)`)
	refRows      = insertsInto(`refs (custodian, target, version)`)
)

// resource is one that is changed.
type resource struct {
	before records.Version // the zero Version where it is new
	place  int64           // 0 where it is new, until it has one
	newest *version        // nil where nothing of it changes
}

func (r *resource) current() records.Version {
	if r.newest != nil {
		return r.newest.Version
	}
	return r.before
}

// version is one with what it is found and judged by.
type version struct {
	records.Version
	records.Derived
	seq, place int64

	// Of one that is put:
	resource *resource
	step     records.Step
	refs     []string
}

func (v *version) name() string { return v.Type + "/" + v.ID }

// Put keeps an accepted change. It implements records.Tx.
func (t tx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	results, err := t.put(at, []records.Put{{Accepted: a}}, must)
	if err != nil {
		return records.Result{}, err
	}
	return results[0], nil
}

// PutAll keeps accepted changes together. It implements records.Tx.
func (t tx) PutAll(at time.Time, changes []records.Put) ([]records.Result, error) {
	return t.put(at, changes, records.Precondition{})
}

// put looks at all that is changed before it writes anything.
func (t tx) put(at time.Time, changes []records.Put, must records.Precondition) (results []records.Result, err error) {
	resources, err := t.toChange(changes)
	if err != nil {
		return nil, fmt.Errorf("reading current versions: %w", err)
	}
	var versions []*version
	for _, a := range changes {
		r := resources[a.Type()+"/"+a.ID()]
		before := r.current()
		next, result, err := records.Apply(before, a.Accepted, must, at)
		if err == nil && result.Stored {
			r.newest = &version{Version: next, resource: r}
			versions = append(versions, r.newest)
			r.newest.step, err = records.StepBy(a, before, next)
		}
		if err != nil {
			return results, fmt.Errorf("storing a %s: %w", a.Type(), err)
		}
		results = append(results, result)
	}
	if len(versions) == 0 {
		return results, nil
	}
	return results, t.keep(versions)
}

// toChange is what changes are about, by type and id.
func (t tx) toChange(changes []records.Put) (map[string]*resource, error) {
	resources := make(map[string]*resource, len(changes))
	var names [][2]string
	for _, a := range changes {
		if name := a.Type() + "/" + a.ID(); resources[name] == nil {
			resources[name] = &resource{}
			names = append(names, [2]string{a.Type(), a.ID()})
		}
	}
	list, err := listed(names)
	if err != nil {
		return nil, err
	}
	err = eachRow(t.snapshot, func(rows *sql.Rows) error {
		var r resource
		err := rows.Scan(append(versionColumns(&r.before), &r.place)...)
		resources[r.before.Type+"/"+r.before.ID] = &r
		return err
	}, selectToChange, list, len(names))
	return resources, err
}

// keep writes versions with everything that they are found and judged by.
func (t tx) keep(versions []*version) error {
	last, _, err := first(t.snapshot, scanOne[int64], nextChange, len(versions))
	if err != nil {
		return fmt.Errorf("counting changes: %w", err)
	}
	before := last - int64(len(versions))
	for i, v := range versions {
		v.seq = before + 1 + int64(i)
		if v.resource.place == 0 {
			v.resource.place = v.seq
		}
		v.place, v.refs = v.resource.place, v.step.References()
	}
	if err := t.deriveAll(versions); err != nil {
		return err
	}
	current := slices.DeleteFunc(slices.Clone(versions), func(v *version) bool { return v.resource.newest != v })
	if err := t.write(versions, current); err != nil {
		return fmt.Errorf("keeping versions: %w", err)
	}
	if err := t.raiseGenerationsFor(last, versions); err != nil {
		return fmt.Errorf("raising generations: %w", err)
	}
	if err := t.label(versions); err != nil {
		return fmt.Errorf("labelling: %w", err)
	}
	if err := t.index(last, current); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	return t.outdateReferringTo(current, before)
}

// deriveAll works out what versions are found and judged by, where the others are kept.
func (t tx) deriveAll(versions []*version) error {
	refs := make(map[profiles.OrgCode][]string)
	for _, v := range versions {
		if v.step.Compares() {
			refs[v.Custodian] = append(refs[v.Custodian], v.refs...)
		}
	}
	targets := make(map[profiles.OrgCode]map[string]disclosure.Target)
	for custodian, wanted := range refs {
		var err error
		if targets[custodian], err = t.Targets(custodian, wanted); err != nil {
			return err
		}
	}
	for _, v := range versions {
		switch known := targets[v.Custodian]; {
		case known == nil || v.resource.newest != v:
		case v.Deleted:
			delete(known, v.name())
		default:
			known[v.name()] = disclosure.Target{Person: v.Person, Label: v.Version.Label}
		}
	}
	for _, v := range versions {
		v.Derived = v.step.Derive(targets[v.Custodian])
	}
	return nil
}

// write writes versions with what they refer to, and the resources of which some are the
// current ones.
func (t tx) write(versions, current []*version) error {
	var added []*version
	for _, v := range current {
		if v.resource.before.Number == 0 {
			added = append(added, v)
			continue
		}
		err := t.exec(t.ctx, updateResource, v.seq, flag(v.Deleted), bits(v.Derived.Label.Need), bits(v.Derived.Label.Any), v.Status, v.place)
		if err != nil {
			return err
		}
	}
	err := t.insert(resourceRows, len(added), func(i int) []any {
		v := added[i]
		return []any{v.place, v.Type, v.ID, string(v.Person), string(v.Custodian), v.seq, flag(v.Deleted), bits(v.Derived.Label.Need), bits(v.Derived.Label.Any), v.Status}
	})
	if err != nil {
		return err
	}
	err = t.insert(versionRows, len(versions), func(i int) []any {
		v := versions[i]
		return []any{v.seq, v.place, v.Number, records.TimeText(v.Stored), v.Source, v.Origin, flag(v.Deleted), v.Body}
	})
	if err != nil {
		return err
	}
	return insertEach(t, refRows, versions, func(v *version) []string { return v.refs }, func(v *version, i int) []any {
		return []any{string(v.Custodian), keyOf(v.refs[i]), v.seq}
	})
}

// raiseGenerationsFor raises, to a change, those of the persons whom versions are about
// and, where one is a fact, those of whom they are kept apart from.
func (t tx) raiseGenerationsFor(change int64, versions []*version) error {
	isNew, isFact := map[profiles.PersonID]bool{}, map[profiles.PersonID]bool{}
	for _, v := range versions {
		if v.Person != "" {
			isNew[v.Person] = isNew[v.Person] || v.Number == 1
			isFact[v.Person] = isFact[v.Person] || facts.Compiles(v.Type)
		}
	}
	for _, person := range slices.Sorted(maps.Keys(isNew)) {
		if isNew[person] {
			if err := t.exec(t.ctx, knowPerson, string(person), change); err != nil {
				return err
			}
		}
		if isFact[person] {
			if err := t.exec(t.ctx, raiseApart, change, string(person)); err != nil {
				return err
			}
		}
		if err := t.exec(t.ctx, raiseGeneration, change, string(person)); err != nil {
			return err
		}
	}
	return nil
}

// outdateReferringTo outdates the versions up to a change that refer to one of these,
// where that comes, goes or has another label.
func (t tx) outdateReferringTo(current []*version, before int64) error {
	var moved []moved
	for _, v := range current {
		was := v.resource.before
		if (was.Number == 0 || was.Deleted) != v.Deleted || was.Label != v.Derived.Label {
			moved = append(moved, movedTo(string(v.Custodian), v.name(), v.Person))
		}
	}
	return t.outdateReferring(moved, before)
}
