package relational

import (
	"database/sql"
	"fmt"
	"time"

	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
)

const (
	lastFault    = `SELECT coalesce(max(place), 0) FROM faults`
	settleFault  = `UPDATE faults SET settled = ? WHERE id = ? AND settled = ''`
	selectFaults = `SELECT id, source, custodian, file, "row", field, value, rule, reason, raw, against, "at", settled FROM faults
		WHERE (?1 = '' OR source = ?1) AND (?2 = '' OR id = ?2) AND (?3 OR settled = '') AND (NOT ?4 OR against = 1) ORDER BY "at", place`
	countFaults = `SELECT source, count(*) FROM faults WHERE settled = '' GROUP BY source`
)

var newFaultRows = insertsInto(`faults (place, id, source, custodian, file, "row", field, value, rule, reason, raw, against, "at", settled)`).onConflict("(id) DO NOTHING")

// SetAside keeps faults that are not kept yet. It implements quarantine.Tx.
func (t tx) SetAside(faults []quarantine.Fault) (int, error) {
	if len(faults) == 0 {
		return 0, nil
	}
	last, _, err := first(t.snapshot, scanOne[int64], lastFault)
	added := 0
	if err == nil {
		added, err = t.insertCounted(newFaultRows, len(faults), func(i int) []any {
			f := faults[i]
			return []any{last + int64(i) + 1, f.ID, f.Source, string(f.Custodian), f.File, f.Row, f.Field, f.Value, f.Rule, f.Reason,
				notNil(f.Raw), flag(f.Against), records.TimeText(f.At), records.TimeText(f.Settled)}
		})
	}
	if err != nil {
		return 0, fmt.Errorf("setting %d faults aside: %w", len(faults), err)
	}
	return added, nil
}

// Faults lists what is set aside, oldest first. It implements quarantine.Snapshot.
func (s snapshot) Faults(filter quarantine.Filter) ([]quarantine.Fault, error) {
	faults, err := collect(s, scanFault, selectFaults, filter.Source, filter.ID, filter.Settled, filter.Against)
	return faults, doing("listing faults", err)
}

// CountOpen implements quarantine.Snapshot.
func (s snapshot) CountOpen() (map[string]int, error) {
	counts, err := counted[string](s, countFaults)
	return counts, doing("counting faults", err)
}

func scanFault(rows *sql.Rows) (f quarantine.Fault, err error) {
	err = rows.Scan(&f.ID, &f.Source, &f.Custodian, &f.File, &f.Row, &f.Field, &f.Value, &f.Rule, &f.Reason, &f.Raw, &f.Against,
		stamp{&f.At}, stamp{&f.Settled})
	return f, err
}

// Settle marks open faults as dealt with; unknown and settled ones are left as
// they are. It implements quarantine.Tx.
func (t tx) Settle(at time.Time, ids []string) error {
	for _, id := range ids {
		if err := t.exec(t.ctx, settleFault, records.TimeText(at), id); err != nil {
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
