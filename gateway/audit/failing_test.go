package audit_test

import (
	"context"
	"errors"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// failing is a store in which one method of snapshots and transactions fails.
type failing struct {
	*audittest.Memory
	step string
}

func (s *failing) View(ctx context.Context, read func(audit.Snapshot) error) error {
	return s.Memory.View(ctx, func(now audit.Snapshot) error { return read(failingSnapshot{now, s.step}) })
}

func (s *failing) Update(ctx context.Context, change func(audit.Tx) error) error {
	return s.Memory.Update(ctx, func(tx audit.Tx) error { return change(failingTx{failingSnapshot{tx, s.step}, tx}) })
}

type failingSnapshot struct {
	audit.Snapshot
	step string
}

func (s failingSnapshot) fails(step string) error {
	if s.step == step {
		return errBroken
	}
	return nil
}

func (s failingSnapshot) Slots() ([]audit.Slot, error) {
	slots, err := s.Snapshot.Slots()
	return slots, errors.Join(err, s.fails("Slots"))
}

func (s failingSnapshot) Chain(slot int, from uint64, limit int) ([]audit.Row, error) {
	rows, err := s.Snapshot.Chain(slot, from, limit)
	return rows, errors.Join(err, s.fails("Chain"))
}

func (s failingSnapshot) NewestCheckpoint() (audit.Checkpoint, error) {
	newest, err := s.Snapshot.NewestCheckpoint()
	return newest, errors.Join(err, s.fails("NewestCheckpoint"))
}

func (s failingSnapshot) Checkpoints(from uint64, limit int) ([]audit.Checkpoint, error) {
	list, err := s.Snapshot.Checkpoints(from, limit)
	return list, errors.Join(err, s.fails("Checkpoints"))
}

type failingTx struct {
	failingSnapshot
	tx audit.Tx
}

func (t failingTx) AddCheckpoint(c audit.Checkpoint) error {
	return errors.Join(t.tx.AddCheckpoint(c), t.fails("AddCheckpoint"))
}

func (t failingTx) Extend(before, after audit.Slot, rows []audit.Row) error {
	return errors.Join(t.tx.Extend(before, after, rows), t.fails("Extend"))
}
