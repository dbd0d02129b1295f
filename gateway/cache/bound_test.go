package cache

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store/memory"
	"cpagateway/profiles"
)

// However many people are asked for, no more than the bound is kept; and of identifiers
// that lead to nobody, which anybody can make up, nothing at all.
func TestWhatIsKeptIsBounded(t *testing.T) {
	const bound = 1 << 20
	s := memory.New()
	for i := range 20 {
		person := profiles.PersonID(fmt.Sprint("p", i))
		recordstest.Put(t, s, time.Unix(0, 0), recordstest.Accept(t, "7A4", person, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i)))
	}
	c := New(s, bound)
	read := func(person profiles.PersonID, key, number string) {
		_, err := c.Read(t.Context(), func(now *Moment) error {
			if _, err := now.Person(profiles.SystemNHSNumber, number); err != nil && ignoreNothing(err) != nil {
				return err
			}
			if _, err := now.Holdings(person); err != nil {
				return err
			}
			_, err := Recall(now, key, func(b []byte) int { return len(b) }, func() ([]byte, error) { return make([]byte, 1000), nil })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3000 {
		read("nobody", fmt.Sprint(i), fmt.Sprint("none", i))
	}
	if n := c.kept.EstimatedSize(); n != 0 {
		t.Errorf("%d things are kept of nobody", n)
	}
	for i := range 5000 {
		read(profiles.PersonID(fmt.Sprint("p", i%20)), fmt.Sprint(i), "none")
	}
	c.kept.CleanUp()
	if weight, n := c.kept.WeightedSize(), c.kept.EstimatedSize(); weight > bound || n < 300 || n > bound/1000 {
		t.Errorf("%d things of %d bytes are kept, the bound is %d", n, weight, bound)
	}
	c.Clear()
	if n := c.kept.EstimatedSize(); n != 0 {
		t.Errorf("%d things are kept after all was forgotten", n)
	}
}

// An answer that reads outside of what is answerable for it is refused, not trusted.
func TestNothingIsReadUnnoted(t *testing.T) {
	s := memory.New()
	_, err := New(s, 0).Read(t.Context(), func(now *Moment) error {
		_, err := now.Targets("7A4", []string{"Practitioner/s"})
		return err
	})
	if !errors.Is(err, errUnnoted) {
		t.Errorf("%v, want %v", err, errUnnoted)
	}
}
