package sqlite

import (
	"fmt"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

const (
	selectCurrent = `SELECT ` + columns + ` FROM resources r JOIN versions v ON v.seq = r.version
		WHERE r.type = ? AND r.id = ?`
	selectHolder = `SELECT custodian FROM persons WHERE person = ?`
	selectSeq    = `SELECT ifnull(max(seq), 0) FROM versions`

	upsertResource = `INSERT INTO resources (type, id, person, custodian, fact, version, need, "any")
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, need = excluded.need, "any" = excluded."any"
		RETURNING place`
	insertVersion = `INSERT INTO versions (seq, resource, number, need, "any", changed, stored, source, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertSortValue   = `INSERT INTO sort_values (version, param, need, low, high) VALUES (?, ?, ?, ?, ?)`
	deleteIdentifiers = `DELETE FROM identifiers WHERE resource = ?`
	insertIdentifier  = `INSERT INTO identifiers (system, value, resource, superseded) VALUES (?, ?, ?, ?)`
	insertPerson      = `INSERT INTO persons (person, custodian, epoch) VALUES (?, ?, 0) ON CONFLICT (person) DO NOTHING`
	// The epoch moves with the facts, and with the wishes of records kept apart.
	moveEpoch = `UPDATE persons SET epoch = epoch + 1 WHERE person = ?1 OR person IN (SELECT apart FROM standings WHERE person = ?1)`
)

// Put keeps an accepted change. It implements records.Tx.
func (t tx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	before, _, err := first(t.snapshot, scanVersion, selectCurrent, a.Type(), a.ID())
	if err != nil {
		return records.Result{}, fmt.Errorf("reading the current version: %w", err)
	}
	holder, _, err := first(t.snapshot, scanText, selectHolder, string(a.Person()))
	if err != nil {
		return records.Result{}, fmt.Errorf("reading who holds the record: %w", err)
	}
	next, result, err := records.Next(before, profiles.OrgCode(holder), a, must, at)
	if err == nil && result.Stored {
		err = t.keep(next, a)
	}
	if err != nil {
		return records.Result{}, fmt.Errorf("storing a %s: %w", a.Type(), err)
	}
	return result, nil
}

// keep writes a version with everything that it is found by.
func (t tx) keep(v records.Version, a consent.Accepted) error {
	newest, _, err := first(t.snapshot, scanNumber, selectSeq)
	if err != nil {
		return fmt.Errorf("counting versions: %w", err)
	}
	seq := newest + 1
	isNew := v.Number == 1 // and so there is nothing to replace
	if isNew && v.Person != "" {
		if err := t.exec(t.ctx, insertPerson, string(v.Person), string(v.Custodian)); err != nil {
			return fmt.Errorf("keeping the person: %w", err)
		}
	}
	place, _, err := first(t.snapshot, scanNumber, upsertResource, v.Type, v.ID, string(v.Person), string(v.Custodian), profiles.IsFact(v.Type), seq,
		int64(v.Label.Need.Bits()), int64(v.Label.Any.Bits()))
	if err != nil {
		return fmt.Errorf("keeping the resource: %w", err)
	}
	err = t.exec(t.ctx, insertVersion, seq, place, v.Number, int64(v.Label.Need.Bits()), int64(v.Label.Any.Bits()), int64(v.Changed.Bits()),
		records.TimeText(v.Stored), v.Source, v.Body)
	if err != nil {
		return fmt.Errorf("keeping the version: %w", err)
	}
	if !isNew {
		if err := t.forget(place); err != nil {
			return fmt.Errorf("removing the last version from the index: %w", err)
		}
	}
	if err := t.index(place, seq, v, search.Index(a.Resource(), t.zone)); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	if profiles.IsFact(v.Type) && v.Person != "" {
		if err := t.exec(t.ctx, moveEpoch, string(v.Person)); err != nil {
			return fmt.Errorf("moving an epoch: %w", err)
		}
	}
	if v.Type != "Patient" {
		return nil
	}
	for _, id := range records.Identifiers(a.Resource()) {
		if err := t.exec(t.ctx, insertIdentifier, id.System, id.Value, place, id.Superseded); err != nil {
			return fmt.Errorf("keeping an identifier: %w", err)
		}
	}
	return nil
}

// forget takes what a resource's last version was found by out of the index.
func (t tx) forget(place int64) error {
	for _, text := range []string{deleteTerms, deleteIdentifiers} {
		if err := t.exec(t.ctx, text, place); err != nil {
			return err
		}
	}
	return nil
}

// index writes what a version is found by and sorted by.
func (t tx) index(place, seq int64, v records.Version, entries []search.Entry) error {
	if err := t.insertTerms(place, v, entries); err != nil {
		return err
	}
	for _, s := range records.Spans(v.Type, entries) {
		if err := t.exec(t.ctx, insertSortValue, seq, s.Param, int64(s.Need.Bits()), s.Low, s.High); err != nil {
			return err
		}
	}
	return nil
}
