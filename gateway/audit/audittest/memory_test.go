package audittest_test

import (
	"context"
	"errors"
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

func TestMemory(t *testing.T) {
	audittest.Run(t, func(t *testing.T) audittest.Store[audit.Snapshot, audit.Tx] { return audittest.NewMemory() })
}

func TestMemoryBroken(t *testing.T) {
	store := &breaking{Memory: audittest.NewMemory()}
	audittest.RunBroken(t, store, store)
}

// breaking is a store of which one update breaks.
type breaking struct {
	*audittest.Memory
	left  int
	how   audittest.Break
	broke bool
}

func (s *breaking) Arm(n int, how audittest.Break) { s.left, s.how, s.broke = n, how, false }

func (s *breaking) Disarm() bool {
	s.left = 0
	return s.broke
}

func (s *breaking) Update(ctx context.Context, change func(audit.Tx) error) error {
	if s.left--; s.left != 0 {
		return s.Memory.Update(ctx, change)
	}
	s.broke = true
	err := errors.New("broken on purpose")
	if s.how == audittest.Happens {
		err = errors.Join(err, s.Memory.Update(ctx, change))
	}
	return err
}
