package relational

import (
	"encoding/json"
	"fmt"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
)

const (
	selectCurrent = `SELECT ` + columns + ` FROM resources r JOIN versions v ON v.seq = r.version JOIN labels l ON l.version = v.seq
		WHERE r.type = ? AND r.id = ?`
	nextChange = `UPDATE changed SET last = last + 1 WHERE id = 1 RETURNING last`

	upsertResource = `INSERT INTO resources (place, type, id, person, custodian, version, deleted, need, "any", status)
		VALUES (?1, ?2, ?3, ?4, ?5, ?1, ?6, ?7, ?8, ?9)
		ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,
			need = excluded.need, "any" = excluded."any", status = excluded.status
		RETURNING place`
	insertVersion = `INSERT INTO versions (seq, resource, number, stored, source, origin, deleted, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	upsertLabel   = `INSERT INTO labels (version, rules, need, "any") VALUES (?, ?, ?, ?)
		ON CONFLICT (version) DO UPDATE SET rules = excluded.rules, need = excluded.need, "any" = excluded."any"`

	deleteIdentifiers = `DELETE FROM identifiers WHERE resource = ?`
	insertIdentifier  = `INSERT INTO identifiers (system, value, resource, superseded) VALUES (?, ?, ?, ?)`
	deleteCompiled    = `DELETE FROM compiled WHERE resource = ?`
	insertCompiled    = `INSERT INTO compiled (resource, person, body) VALUES (?, ?, ?)`

	knowPerson      = `INSERT INTO persons (person, generation) VALUES (?, ?) ON CONFLICT (person) DO NOTHING`
	raiseGeneration = `UPDATE persons SET generation = ?1 WHERE person = ?2`
	raiseApart      = `UPDATE persons SET generation = ?1 WHERE person IN (SELECT apart FROM standings WHERE person = ?2)`
	// Whom the identifiers of a Patient lead to changes with them.
	raiseNamesakes = `UPDATE persons SET generation = ?1 WHERE person IN (SELECT r.person FROM identifiers own
		JOIN identifiers other ON other.system = own.system AND other.value = own.value JOIN resources r ON r.place = other.resource WHERE own.resource = ?2)`
)

var (
	changeRows    = insertsInto(`changes (version, need, "any")`)
	sortValueRows = insertsInto(`sort_values (version, param, need, low, high)`)
	refRows       = insertsInto(`refs (custodian, target, version)`)
)

// Put keeps an accepted change. It implements records.Tx.
func (t tx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	before, _, err := first(t.snapshot, scanVersion, selectCurrent, a.Type(), a.ID())
	if err != nil {
		return records.Result{}, fmt.Errorf("reading the current version: %w", err)
	}
	next, result, err := records.Apply(before, a, must, at)
	if err == nil && result.Stored {
		err = t.keep(before, next)
	}
	if err != nil {
		return records.Result{}, fmt.Errorf("storing a %s: %w", a.Type(), err)
	}
	return result, nil
}

// keep writes a version with everything that it is found and judged by.
func (t tx) keep(before, v records.Version) error {
	step, err := records.StepTo(before, v)
	if err != nil {
		return err
	}
	refs := step.References()
	targets, err := t.Targets(v.Custodian, refs)
	if err != nil {
		return err
	}
	d := step.Derive(targets)
	seq, _, err := first(t.snapshot, scanNumber, nextChange)
	if err != nil {
		return fmt.Errorf("counting changes: %w", err)
	}
	place, _, err := first(t.snapshot, scanNumber, upsertResource, seq, v.Type, v.ID, string(v.Person), string(v.Custodian), flag(v.Deleted),
		bits(d.Label.Need), bits(d.Label.Any), d.Status)
	if err != nil {
		return fmt.Errorf("keeping the resource: %w", err)
	}
	if err := t.exec(t.ctx, insertVersion, seq, place, v.Number, records.TimeText(v.Stored), v.Source, v.Origin, flag(v.Deleted), v.Body); err != nil {
		return fmt.Errorf("keeping the version: %w", err)
	}
	if err := t.raiseGenerationsFor(seq, v); err != nil {
		return fmt.Errorf("raising generations: %w", err)
	}
	err = t.insert(refRows, len(refs), func(i int) []any { return []any{string(v.Custodian), keyOf(refs[i]), seq} })
	if err != nil {
		return fmt.Errorf("keeping references: %w", err)
	}
	if err := t.derive(place, seq, v, d); err != nil {
		return err
	}
	if (before.Number == 0 || before.Deleted) == v.Deleted && before.Label == d.Label {
		return nil
	}
	return t.outdate(outdateReferring, string(v.Custodian), keyOf(v.Type+"/"+v.ID))
}

// derive writes what the current version of a resource is found and judged by.
func (t tx) derive(place, seq int64, v records.Version, d records.Derived) error {
	if err := t.label(seq, d); err != nil {
		return fmt.Errorf("labelling: %w", err)
	}
	if v.Number > 1 {
		if err := t.forget(place, seq, v.Type); err != nil {
			return fmt.Errorf("removing a resource from the index: %w", err)
		}
	}
	if err := t.index(place, seq, v, d); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	return nil
}

// raiseGenerationsFor raises that of the person a version is about and, where it is
// a fact, that of whom the person is kept apart from.
func (t tx) raiseGenerationsFor(seq int64, v records.Version) error {
	if v.Person == "" {
		return nil
	}
	if v.Number == 1 {
		if err := t.exec(t.ctx, knowPerson, string(v.Person), seq); err != nil {
			return err
		}
	}
	if facts.Compiles(v.Type) {
		if err := t.exec(t.ctx, raiseApart, seq, string(v.Person)); err != nil {
			return err
		}
	}
	return t.exec(t.ctx, raiseGeneration, seq, string(v.Person))
}

// label writes what a version is, to whom it is a new one, and what it sorts by.
func (t tx) label(seq int64, d records.Derived) error {
	if err := t.exec(t.ctx, upsertLabel, seq, records.Rules, bits(d.Label.Need), bits(d.Label.Any)); err != nil {
		return err
	}
	err := t.insert(changeRows, len(d.Changes), func(i int) []any { return []any{seq, bits(d.Changes[i].Need), bits(d.Changes[i].Any)} })
	if err != nil {
		return err
	}
	return t.insert(sortValueRows, len(d.Spans), func(i int) []any {
		s := d.Spans[i]
		return []any{seq, s.Param, bits(s.Need), s.Low, s.High}
	})
}

// forget takes what a resource's last version was found by out of the index.
func (t tx) forget(place, seq int64, typ string) error {
	if typ == "Patient" {
		if err := t.exec(t.ctx, raiseNamesakes, seq, place); err != nil {
			return err
		}
		if err := t.exec(t.ctx, deleteIdentifiers, place); err != nil {
			return err
		}
	}
	if err := t.exec(t.ctx, deleteCompiled, place); err != nil {
		return err
	}
	return t.exec(t.ctx, deleteTerms, place)
}

// index writes what a resource is found by.
func (t tx) index(place, seq int64, v records.Version, d records.Derived) error {
	if err := t.insertTerms(place, v, d.Entries); err != nil {
		return err
	}
	if d.Compiled != nil {
		body, err := json.Marshal(d.Compiled)
		if err != nil {
			return err
		}
		if err := t.exec(t.ctx, insertCompiled, place, string(v.Person), string(body)); err != nil {
			return err
		}
	}
	for _, id := range d.Identifiers {
		if err := t.exec(t.ctx, insertIdentifier, keyOf(id.System), keyOf(id.Value), place, flag(id.Superseded)); err != nil {
			return err
		}
	}
	if len(d.Identifiers) == 0 {
		return nil
	}
	return t.exec(t.ctx, raiseNamesakes, seq, place)
}
