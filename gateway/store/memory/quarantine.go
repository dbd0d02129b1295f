package memory

import (
	"context"
	"slices"
	"time"

	"cpagateway/gateway/records"
)

// SetAside keeps faults that are not kept yet. It implements records.Quarantine.
func (s *Store) SetAside(ctx context.Context, faults []records.Fault) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	added := 0
	for _, f := range faults {
		if slices.ContainsFunc(s.faults, func(kept records.Fault) bool { return kept.ID == f.ID }) {
			continue
		}
		f.Raw = slices.Clone(f.Raw)
		s.faults = append(s.faults, f)
		added++
	}
	return added, nil
}

// Faults lists what is set aside, oldest first. It implements records.Quarantine.
func (s *Store) Faults(ctx context.Context, filter records.FaultFilter) ([]records.Fault, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var list []records.Fault
	for _, f := range s.faults {
		if filter.Admits(f) {
			f.Raw = slices.Clone(f.Raw)
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b records.Fault) int { return a.At.Compare(b.At) })
	return list, nil
}

// Settle marks open faults as dealt with; unknown and settled ones are left as
// they are. It implements records.Quarantine.
func (s *Store) Settle(ctx context.Context, at time.Time, ids []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range s.faults {
		if f := &s.faults[i]; f.Settled.IsZero() && slices.Contains(ids, f.ID) {
			f.Settled = at
		}
	}
	return nil
}
