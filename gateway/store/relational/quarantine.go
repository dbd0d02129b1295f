package relational

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
)

const (
	lastFault     = `SELECT coalesce(max(place), 0) FROM faults`
	settleFault   = `UPDATE faults SET settled = ?, came_right = ? WHERE id = ? AND settled = ''`
	selectFaults  = `SELECT id, source, custodian, file, "row", field, value, rule, reason, raw, against, record, "at", settled, came_right FROM faults`
	countFaults   = `SELECT source, count(*) FROM faults WHERE settled = '' GROUP BY source`
	waitingFaults = `SELECT record, id FROM faults WHERE source = ? AND settled = '' AND against = 0 AND record <> ''`
)

var newFaultRows = insertsInto(`faults (place, id, source, custodian, file, "row", field, value, rule, reason, raw, against, record, "at", settled, came_right)`).
	onConflict(`(id) DO UPDATE SET "at" = excluded."at", settled = '', came_right = 0 WHERE faults.came_right = 1`)

// SetAside keeps faults that are not kept yet. It implements quarantine.Tx.
func (t tx) SetAside(faults []quarantine.Fault) (int, error) {
	if len(faults) == 0 {
		return 0, nil
	}
	faults = eachOnce(faults) // PostgreSQL writes no row twice in one statement
	last, _, err := first(t.snapshot, scanOne[int64], lastFault)
	added := 0
	if err == nil {
		added, err = t.insertCounted(newFaultRows, len(faults), func(i int) []any {
			f := faults[i]
			return []any{last + int64(i) + 1, f.ID, f.Source, string(f.Custodian), f.File, f.Row, f.Field, f.Value, f.Rule, f.Reason,
				notNil(f.Raw), flag(f.Against), f.Record, records.TimeText(f.At), records.TimeText(f.Settled), flag(f.CameRight)}
		})
	}
	if err != nil {
		return 0, fmt.Errorf("setting %d faults aside: %w", len(faults), err)
	}
	return added, nil
}

// eachOnce is the first fault of each id.
func eachOnce(faults []quarantine.Fault) []quarantine.Fault {
	seen := make(map[string]bool, len(faults))
	return slices.DeleteFunc(slices.Clone(faults), func(f quarantine.Fault) bool {
		twice := seen[f.ID]
		seen[f.ID] = true
		return twice
	})
}

// Faults lists what is set aside, oldest first. It implements quarantine.Snapshot.
func (s snapshot) Faults(filter quarantine.Filter) ([]quarantine.Fault, error) {
	where, args := faultsAdmitted(filter)
	faults, err := collect(s, scanFault, selectFaults+where+` ORDER BY "at", place`, args...)
	return faults, doing("listing faults", err)
}

// faultsAdmitted is quarantine.Filter.Admits in SQL. It says nothing of what the filter does
// not ask for, which would keep it from an index.
func faultsAdmitted(filter quarantine.Filter) (where string, args arguments) {
	where = " WHERE 1 = 1"
	if filter.Source != "" {
		where += " AND source = " + args.add(filter.Source)
	}
	if filter.ID != "" {
		where += " AND id = " + args.add(filter.ID)
	}
	if !filter.Settled {
		where += " AND settled = ''"
	}
	if filter.Against {
		where += " AND against = 1"
	}
	return where, args
}

// CountOpen implements quarantine.Snapshot.
func (s snapshot) CountOpen() (map[string]int, error) {
	counts, err := counted[string](s, countFaults)
	return counts, doing("counting faults", err)
}

// Waiting implements quarantine.Snapshot.
func (s snapshot) Waiting(source string) (map[string][]string, error) {
	waiting := make(map[string][]string)
	err := eachRow(s, func(rows *sql.Rows) error {
		var record, id string
		err := rows.Scan(&record, &id)
		waiting[record] = append(waiting[record], id)
		return err
	}, waitingFaults, source)
	return waiting, doing("reading what is set aside of "+source, err)
}

func scanFault(rows *sql.Rows) (f quarantine.Fault, err error) {
	err = rows.Scan(&f.ID, &f.Source, &f.Custodian, &f.File, &f.Row, &f.Field, &f.Value, &f.Rule, &f.Reason, &f.Raw, &f.Against, &f.Record,
		stamp{&f.At}, stamp{&f.Settled}, &f.CameRight)
	return f, err
}

// Settle marks open faults as dealt with; unknown and settled ones are left as
// they are. It implements quarantine.Tx.
func (t tx) Settle(at time.Time, ids []string) error { return t.settle(at, ids, flag(false)) }

// CameRight implements quarantine.Tx.
func (t tx) CameRight(at time.Time, ids []string) error { return t.settle(at, ids, flag(true)) }

func (t tx) settle(at time.Time, ids []string, cameRight int64) error {
	for _, id := range ids {
		if err := t.exec(t.ctx, settleFault, records.TimeText(at), cameRight, id); err != nil {
			return fmt.Errorf("settling %d faults: %w", len(ids), err)
		}
	}
	return nil
}

// notNil keeps an empty blob from being taken for NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
