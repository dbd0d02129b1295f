package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"cpagateway/gateway/records"
)

const (
	insertFault = `INSERT INTO faults (id, source, custodian, file, "row", field, value, rule, reason, raw, "at", settled)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	settleFault  = `UPDATE faults SET settled = ? WHERE id = ? AND settled = ''`
	selectFaults = `SELECT id, source, custodian, file, "row", field, value, rule, reason, raw, "at", settled FROM faults
		WHERE (?1 = '' OR source = ?1) AND (?2 = '' OR id = ?2) AND (?3 OR settled = '') ORDER BY "at", place`
)

// SetAside keeps faults that are not kept yet. It implements records.Quarantine.
func (s *Store) SetAside(ctx context.Context, faults []records.Fault) (int, error) {
	added := 0
	err := s.writer.change(ctx, func(t transaction) error {
		for _, f := range faults {
			result, err := t.exec(insertFault, f.ID, f.Source, string(f.Custodian), f.File, f.Row, f.Field, f.Value, f.Rule, f.Reason,
				notNil(f.Raw), records.TimeText(f.At), records.TimeText(f.Settled))
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("setting %d faults aside: %w", len(faults), err)
	}
	return added, nil
}

// Faults lists what is set aside, oldest first. It implements records.Quarantine.
func (s *Store) Faults(ctx context.Context, filter records.FaultFilter) ([]records.Fault, error) {
	faults, err := collect(ctx, &s.reader, scanFault, selectFaults, filter.Source, filter.ID, filter.Settled)
	if err != nil {
		return nil, fmt.Errorf("listing faults: %w", err)
	}
	return faults, nil
}

func scanFault(rows *sql.Rows) (f records.Fault, err error) {
	err = rows.Scan(&f.ID, &f.Source, &f.Custodian, &f.File, &f.Row, &f.Field, &f.Value, &f.Rule, &f.Reason, &f.Raw,
		stamp{&f.At}, stamp{&f.Settled})
	return f, err
}

// Settle marks open faults as dealt with; unknown and settled ones are left as
// they are. It implements records.Quarantine.
func (s *Store) Settle(ctx context.Context, at time.Time, ids []string) error {
	err := s.writer.change(ctx, func(t transaction) error {
		for _, id := range ids {
			if _, err := t.exec(settleFault, records.TimeText(at), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settling %d faults: %w", len(ids), err)
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
