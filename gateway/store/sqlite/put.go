package sqlite

import (
	"context"
	"database/sql"
	"errors"
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
	insertIdentifier  = `INSERT INTO identifiers (system, value, resource) VALUES (?, ?, ?)`
	insertPerson      = `INSERT INTO persons (person, custodian, epoch) VALUES (?, ?, 0) ON CONFLICT (person) DO NOTHING`
	moveEpoch         = `UPDATE persons SET epoch = epoch + 1 WHERE person = ?`
)

// writes is every text that the writer runs: it prepares them once.
var writes = []string{
	selectCurrent, selectHolder, selectSeq, upsertResource, insertVersion, insertSortValue,
	deleteTerms, termInserts[0].text, termInserts[1].text, termInserts[2].text, deleteIdentifiers, insertIdentifier, insertPerson, moveEpoch,
	selectEpoch, selectTail, insertAudit, insertFault, settleFault, insertMeta,
}

// Put stores a batch in one transaction. It implements records.Writer.
func (s *Store) Put(ctx context.Context, at time.Time, batch []consent.Accepted) ([]records.Result, error) {
	var results []records.Result
	err := s.writer.change(ctx, func(t transaction) (err error) {
		results, err = t.put(at, s.zone, batch)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("storing %d changes: %w", len(batch), err)
	}
	return results, nil
}

func (t transaction) put(at time.Time, zone *time.Location, batch []consent.Accepted) ([]records.Result, error) {
	var seq int64
	if err := t.row(selectSeq).Scan(&seq); err != nil {
		return nil, err
	}
	results := make([]records.Result, 0, len(batch))
	moved := make(map[profiles.PersonID]bool)
	for i, a := range batch {
		next, result, err := t.next(a, at)
		if err == nil && result.Stored {
			seq++
			err = t.keep(seq, next, a, zone)
		}
		if err != nil {
			return nil, fmt.Errorf("change %d of the batch: %w", i+1, err)
		}
		if result.Stored && next.Person != "" && profiles.IsFact(next.Type) {
			moved[next.Person] = true
		}
		results = append(results, result)
	}
	for person := range moved {
		if _, err := t.exec(moveEpoch, string(person)); err != nil {
			return nil, fmt.Errorf("moving an epoch: %w", err)
		}
	}
	return results, nil
}

// next compares an accepted change with what is stored.
func (t transaction) next(a consent.Accepted, at time.Time) (records.Version, records.Result, error) {
	var before records.Version
	var holder profiles.OrgCode
	err := t.row(selectCurrent, a.Type(), a.ID()).Scan(versionColumns(&before)...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return before, records.Result{}, fmt.Errorf("reading the current version: %w", err)
	}
	err = t.row(selectHolder, string(a.Person())).Scan(&holder)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return before, records.Result{}, fmt.Errorf("reading who holds the record: %w", err)
	}
	return records.Next(before, holder, a, at)
}

// keep writes a version with everything that is found by.
func (t transaction) keep(seq int64, v records.Version, a consent.Accepted, zone *time.Location) error {
	first := v.Number == 1 // and so there is nothing to replace
	if first && v.Person != "" {
		if _, err := t.exec(insertPerson, string(v.Person), string(v.Custodian)); err != nil {
			return fmt.Errorf("keeping the person: %w", err)
		}
	}
	var place int64
	err := t.row(upsertResource, v.Type, v.ID, string(v.Person), string(v.Custodian), profiles.IsFact(v.Type), seq,
		int64(v.Label.Need), int64(v.Label.Any)).Scan(&place)
	if err != nil {
		return fmt.Errorf("keeping the resource: %w", err)
	}
	_, err = t.exec(insertVersion, seq, place, v.Number, int64(v.Label.Need), int64(v.Label.Any), int64(v.Changed),
		records.TimeText(v.Stored), v.Source, v.Body)
	if err != nil {
		return fmt.Errorf("keeping the version: %w", err)
	}
	if !first {
		if err := t.forget(place); err != nil {
			return fmt.Errorf("removing the last version from the index: %w", err)
		}
	}
	if err := t.index(place, seq, v, search.Index(a.Resource(), zone)); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	if v.Type != "Patient" {
		return nil
	}
	for _, id := range records.Identifiers(a.Resource()) {
		if _, err := t.exec(insertIdentifier, id.System, id.Value, place); err != nil {
			return fmt.Errorf("keeping an identifier: %w", err)
		}
	}
	return nil
}

// forget takes what a resource's last version was found by out of the index.
func (t transaction) forget(place int64) error {
	for _, text := range []string{deleteTerms, deleteIdentifiers} {
		if _, err := t.exec(text, place); err != nil {
			return err
		}
	}
	return nil
}

// index writes what a version is found by and sorted by.
func (t transaction) index(place, seq int64, v records.Version, entries []search.Entry) error {
	if err := t.insertTerms(place, v, entries); err != nil {
		return err
	}
	for _, s := range records.Spans(v.Type, entries) {
		if _, err := t.exec(insertSortValue, seq, s.Param, int64(s.Need), s.Low, s.High); err != nil {
			return err
		}
	}
	return nil
}
