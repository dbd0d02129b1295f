package memory

import (
	"slices"
	"time"

	"cpagateway/gateway/quarantine"
)

// SetAside keeps faults that are not kept yet. It implements quarantine.Tx.
func (t *tx) SetAside(faults []quarantine.Fault) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	added := 0
	for _, f := range faults {
		at := slices.IndexFunc(t.faults, func(kept quarantine.Fault) bool { return kept.ID == f.ID })
		if at >= 0 && t.faults[at].CameRight {
			kept := &t.faults[at]
			kept.At, kept.Settled, kept.CameRight = f.At, time.Time{}, false
			added++
		}
		if at >= 0 {
			continue
		}
		f.Raw = slices.Clone(f.Raw)
		t.faults = append(t.faults, f)
		added++
	}
	return added, nil
}

// Faults lists what is set aside, oldest first. It implements quarantine.Snapshot.
func (s snapshot) Faults(filter quarantine.Filter) ([]quarantine.Fault, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	var list []quarantine.Fault
	for _, f := range s.faults {
		if filter.Admits(f) {
			f.Raw = slices.Clone(f.Raw)
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b quarantine.Fault) int { return a.At.Compare(b.At) })
	return list, nil
}

// CountOpen implements quarantine.Snapshot.
func (s snapshot) CountOpen() (map[string]int, error) {
	counts := make(map[string]int)
	for _, f := range s.faults {
		if f.Settled.IsZero() {
			counts[f.Source]++
		}
	}
	return counts, s.ctx.Err()
}

// Waiting implements quarantine.Snapshot.
func (s snapshot) Waiting(source string) (map[string][]string, error) {
	waiting := make(map[string][]string)
	for _, f := range s.faults {
		if f.Source == source && f.Record != "" && f.Settled.IsZero() && !f.Against {
			waiting[f.Record] = append(waiting[f.Record], f.ID)
		}
	}
	return waiting, s.ctx.Err()
}

// Settle marks open faults as dealt with; unknown and settled ones are left as
// they are. It implements quarantine.Tx.
func (t *tx) Settle(at time.Time, ids []string) error {
	return t.settle(ids, func(f *quarantine.Fault) { f.Settled = at })
}

// CameRight implements quarantine.Tx.
func (t *tx) CameRight(at time.Time, ids []string) error {
	return t.settle(ids, func(f *quarantine.Fault) { f.Settled, f.CameRight = at, true })
}

func (t *tx) settle(ids []string, mark func(*quarantine.Fault)) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	for i := range t.faults {
		if f := &t.faults[i]; f.Settled.IsZero() && slices.Contains(ids, f.ID) {
			mark(f)
		}
	}
	return nil
}
