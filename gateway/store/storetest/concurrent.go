package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
)

func isolation(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) error {
		for n := range 3 {
			if err := write(t, tx, n); err != nil {
				return err
			}
			expect(t, s, 0, 0) // as another sees it
		}
		return nil
	})
	expect(t, s, 3, 3)
}

func oneMoment(t *testing.T, s store.Store) {
	view(t, s, func(now store.Snapshot) error {
		if v, f := kept(t, now); v != 0 || f != 0 {
			t.Errorf("before: %d versions, %d faults", v, f)
		}
		update(t, s, func(tx store.Tx) error { return write(t, tx, 1) })
		if v, f := kept(t, now); v != 0 || f != 0 {
			t.Errorf("the view sees %d versions and %d faults of later", v, f)
		}
		return nil
	})
	expect(t, s, 1, 1)
}

func oneAfterTheOther(t *testing.T, s store.Store) {
	var both sync.WaitGroup
	inside := make(chan struct{})
	update(t, s, func(tx store.Tx) error {
		both.Go(func() {
			err := s.Update(context.WithoutCancel(t.Context()), func(tx store.Tx) error {
				close(inside)
				if v, f := kept(t, tx); v != 1 || f != 1 {
					t.Errorf("the second update begins with %d versions and %d faults", v, f)
				}
				return write(t, tx, 2)
			})
			if err != nil {
				t.Error(err)
			}
		})
		if err := write(t, tx, 1); err != nil {
			return err
		}
		select {
		case <-inside:
			t.Error("two updates ran at once")
		default:
		}
		return nil
	})
	both.Wait()
	expect(t, s, 2, 2)
}

// noLostUpdate: each update goes on from what it read, by precondition; those
// that came too late are told so and read again.
func noLostUpdate(t *testing.T, s store.Store) {
	const writers, writes = 4, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range writes {
				n := 1 + w*writes + i
				err := s.Update(t.Context(), func(tx store.Tx) error {
					before, _ := kept(t, tx)
					must := records.Absent()
					if before > 0 {
						must = records.AtVersion(uint64(before))
					}
					_, err := tx.Put(start, change(t, n), must)
					return err
				})
				if err != nil {
					t.Errorf("update %d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
	expect(t, s, writers*writes, 0)
}

func inOrder(t *testing.T, s store.Store) {
	const waiting = 20
	var all sync.WaitGroup
	var ran []int
	update(t, s, func(store.Tx) error {
		for n := range waiting {
			all.Go(func() {
				if err := s.Update(t.Context(), func(store.Tx) error { ran = append(ran, n); return nil }); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // until it waits
		}
		return nil
	})
	all.Wait()
	if !slices.IsSorted(ran) || len(ran) != waiting {
		t.Errorf("they ran as %v", ran)
	}
}
