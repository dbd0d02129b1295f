package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/register"
	"cpagateway/gateway/store"
)

// registers: the newest that was put in force is; each stays as it was put; and each is a
// change of the store, so that whoever has proven something before has to look again.
func registers(t *testing.T, s store.Store) {
	none := register.Version{}
	view(t, s, func(now store.Snapshot) error {
		number, err := now.RegisterInForce()
		was, more := now.RegisterWas("")
		empty, most := now.Register(0)
		if number != 0 || was != 0 || cmp.Diff(none, register.Version{Number: empty.Number, Hash: empty.Hash}) != "" {
			t.Errorf("in a new store register %d is in force, %d was, and there is %+v", number, was, empty)
		}
		return errors.Join(err, more, most)
	})
	first := register.Version{At: start, Hash: "one", Files: map[string][]byte{"a.yaml": []byte("id: \x00\xff"), "b/c.yaml": []byte("x")}}
	second := register.Version{At: start.Add(time.Nanosecond), Hash: "two", Files: map[string][]byte{}}
	var numbers []uint64
	for _, v := range []register.Version{first, second, first} {
		var before, after, number uint64
		update(t, s, func(tx store.Tx) (err error) {
			before, err = tx.Sequence()
			v.Number = 99 // which is not looked at
			put, more := tx.PutRegister(v)
			inForce, most := tx.RegisterInForce()
			if inForce != put {
				t.Errorf("put under %d, and %d is in force", put, inForce)
			}
			number = put
			var last error
			after, last = tx.Sequence()
			return errors.Join(err, more, most, last)
		})
		if after <= before || number != after {
			t.Errorf("register %d was put by change %d after %d", number, after, before)
		}
		numbers = append(numbers, number)
	}
	view(t, s, func(now store.Snapshot) error {
		inForce, err := now.RegisterInForce()
		one, more := now.RegisterWas("one")
		two, most := now.RegisterWas("two")
		never, last := now.RegisterWas("three")
		if inForce != numbers[2] || one != numbers[2] || two != numbers[1] || never != 0 {
			t.Errorf("in force %d; were %d, %d and %d; put %v", inForce, one, two, never, numbers)
		}
		for i, want := range []register.Version{first, second, first} {
			got, err := now.Register(numbers[i])
			want.Number = numbers[i]
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("register %d: %v, %s", numbers[i], err, diff)
			}
		}
		return errors.Join(err, more, most, last)
	})
	failed := errors.New("the test says so")
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.PutRegister(second)
		return errors.Join(failed, err)
	}); !errors.Is(err, failed) {
		t.Errorf("a change that fails: %v", err)
	}
	view(t, s, func(now store.Snapshot) error {
		inForce, err := now.RegisterInForce()
		if inForce != numbers[2] {
			t.Errorf("a change that failed put %d in force", inForce)
		}
		return err
	})
}
