package memory

import (
	"slices"

	"cpagateway/gateway/records"
)

// Outdated implements records.Snapshot: no update leaves anything outdated.
func (s snapshot) Outdated() (int, error) { return 0, s.ctx.Err() }

// Reindex implements records.Tx.
func (t *tx) Reindex(int) (int, error) { return 0, t.ctx.Err() }

// reindex derives anew every version that refers to what this change has put or moved, or
// was moved itself: what is put is derived as it is put.
func (t *tx) reindex() error {
	for _, r := range t.resources {
		moved := t.moved[key{r.current().Type, r.current().ID}]
		touched := func(v version) bool {
			return moved || slices.ContainsFunc(v.refs, func(ref string) bool { return t.changed[records.Reference{Custodian: v.Custodian, Text: ref}] })
		}
		if !slices.ContainsFunc(r.versions, touched) {
			continue
		}
		renewed := &resource{r.place, slices.Clone(r.versions)}
		var before records.Version
		for i, v := range renewed.versions {
			if touched(v) {
				step, err := records.StepTo(before, v.Version)
				if err != nil {
					return err
				}
				targets, err := t.Targets(v.Custodian, v.refs)
				if err != nil {
					return err
				}
				renewed.versions[i].Derived = step.Derive(targets)
			}
			before = v.Version
		}
		t.resources[r.place-1] = renewed
		t.raiseGenerations(r.current().Person)
	}
	return nil
}
