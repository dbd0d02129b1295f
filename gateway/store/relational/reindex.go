package relational

import (
	"database/sql"
	"errors"
	"fmt"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

const (
	countOutdated  = `SELECT (SELECT count(*) FROM labels WHERE rules < ?1) + (SELECT count(*) FROM labels WHERE rules > ?1)`
	selectOutdated = `SELECT ` + columns + `, v.seq, r.place, r.version = v.seq FROM labels l JOIN versions v ON v.seq = l.version JOIN resources r ON r.place = v.resource
		WHERE l.version IN (SELECT version FROM labels WHERE rules < ?1 UNION ALL SELECT version FROM labels WHERE rules > ?1 LIMIT ?2)`
	selectPreceding = `SELECT ` + columns + ` FROM versions v JOIN resources r ON r.place = v.resource JOIN labels l ON l.version = v.seq
		WHERE v.resource = ? AND v.number = ?`

	// The first version of a resource is a new one to everybody, whatever it refers to. It is
	// renewed for the generation of whom it is about, and only where that does not rise with
	// the target.
	outdateReferring = `UPDATE labels SET rules = 0 WHERE version IN (SELECT f.version FROM json_each(?) w
		CROSS JOIN refs f CROSS JOIN versions v CROSS JOIN resources r
		WHERE f.custodian = w.value ->> 0 AND f.target = w.value ->> 1 AND f.version <= ? AND v.seq = f.version AND r.place = v.resource
		AND (v.number > 1 OR r.person <> w.value ->> 2))`
	outdateOwn = `UPDATE labels SET rules = 0 WHERE version IN (SELECT seq FROM versions WHERE resource = ?)`

	deleteChanges    = `DELETE FROM changes WHERE version = ?`
	deleteSortValues = `DELETE FROM sort_values WHERE version = ?`
	relabelResource  = `UPDATE resources SET need = ?, "any" = ?, status = ? WHERE place = ?`
)

// ownRenewals is how many versions a transaction reindexes of itself, at most.
const ownRenewals = 256

// outdated is a version that is to be derived anew.
type outdated struct {
	records.Version
	seq, place int64
	current    bool
}

func scanOutdated(rows *sql.Rows) (o outdated, err error) {
	err = rows.Scan(append(versionColumns(&o.Version), &o.seq, &o.place, &o.current)...)
	return o, err
}

// Outdated implements records.Snapshot.
func (s snapshot) Outdated() (int, error) {
	n, _, err := first(s, scanOne[int64], countOutdated, records.Rules)
	return int(n), doing("counting outdated versions", err)
}

// outdate marks the labels that a statement names.
func (t tx) outdate(text string, args ...any) error {
	n, err := t.count(t.ctx, text, args...)
	if err != nil {
		return fmt.Errorf("outdating labels: %w", err)
	}
	t.outdated = t.outdated || n > 0
	return nil
}

// moved is what others may refer to, and about whom it is now: custodian, name and person.
type moved [3]string

func movedTo(custodian, name string, person profiles.PersonID) moved {
	return moved{custodian, keyOf(name), string(person)}
}

// outdateReferring outdates the versions up to a change that refer to what has moved.
func (t tx) outdateReferring(list []moved, upTo int64) error {
	if len(list) == 0 {
		return nil
	}
	text, err := listed(list)
	if err != nil {
		return err
	}
	return t.outdate(outdateReferring, text, upTo)
}

// Reindex implements records.Tx.
func (t tx) Reindex(limit int) (int, error) {
	list, err := collect(t.snapshot, scanOutdated, selectOutdated, records.Rules, limit)
	if err != nil {
		return 0, fmt.Errorf("finding outdated versions: %w", err)
	}
	if len(list) == 0 {
		return 0, nil
	}
	change, _, err := first(t.snapshot, scanOne[int64], nextChange, 1)
	if err != nil {
		return 0, fmt.Errorf("counting changes: %w", err)
	}
	for _, o := range list {
		if err := t.renew(o, change); err != nil {
			return 0, fmt.Errorf("reindexing a %s: %w", o.Type, err)
		}
	}
	return len(list), nil
}

func (t tx) renew(o outdated, change int64) error {
	before, _, err := first(t.snapshot, scanVersion, selectPreceding, o.place, o.Number-1)
	if err != nil {
		return err
	}
	step, err := records.StepTo(before, o.Version)
	if err != nil {
		return err
	}
	targets, err := t.Targets(o.Custodian, step.References())
	if err != nil {
		return err
	}
	v := []*version{{Version: o.Version, Derived: step.Derive(targets), seq: o.seq, place: o.place}}
	for _, text := range []string{deleteChanges, deleteSortValues} {
		if err := t.exec(t.ctx, text, o.seq); err != nil {
			return err
		}
	}
	if err := errors.Join(t.raiseGenerationsFor(change, v), t.label(v)); err != nil || !o.current {
		return err
	}
	label := v[0].Derived.Label
	if err := t.exec(t.ctx, relabelResource, bits(label.Need), bits(label.Any), v[0].Status, o.place); err != nil {
		return err
	}
	return t.index(change, v)
}
