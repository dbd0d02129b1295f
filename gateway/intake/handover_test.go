package intake

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestWhatIsHandedOverIsDoneInItsOrder, whatever its size, and what a step asks of the
// format is answered where the format runs, also once it has given everything.
func TestWhatIsHandedOverIsDoneInItsOrder(t *testing.T) {
	h, random := handOver(3), rand.New(rand.NewPCG(1, 2))
	done, answers := 0, 0
	format := 0 // nobody but the format's goroutine may touch it, which the race detector holds it to
	for i := range 3000 {
		size := random.IntN(2 * mostHandedOver / 100)
		if i%500 == 0 {
			size = 2 * mostHandedOver
		}
		err := h.give(step{bytes: size, read: func() {}, do: func() error {
			if done != i {
				return fmt.Errorf("step %d is done as number %d", i, done)
			}
			if done++; i%7 == 0 {
				answers += len(h.ask(func() []byte { format++; return []byte("x") }))
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		format++
	}
	if err := h.finish(); err != nil || done != 3000 || answers != 429 || format != 3429 || h.bytes.Load() != 0 {
		t.Errorf("%v: %d done, %d answers, %d, %d bytes on their way", err, done, answers, format, h.bytes.Load())
	}
	if string(h.ask(func() []byte { return []byte("late") })) != "late" {
		t.Error("a question after the end is not answered")
	}
}

// TestNothingIsDoneAfterAFailure, and whoever gives is told of it and never waits for ever.
func TestNothingIsDoneAfterAFailure(t *testing.T) {
	h, failed, after := handOver(3), errors.New("the store is gone"), 0
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.give(step{bytes: 1, read: func() {}, do: func() error { return failed }}))
	told := false
	for i := 0; i < 1000 && !told; i++ {
		err := h.give(step{bytes: mostHandedOver, read: func() {}, do: func() error { after++; return nil }})
		if told = err != nil; told && !errors.Is(err, failed) {
			t.Fatal(err)
		}
	}
	if err := h.finish(); !told || !errors.Is(err, failed) || after != 0 {
		t.Errorf("told: %v; %v; %d steps were done after the failure", told, err, after)
	}
}

// TestAFormatDoesNotRunAwayFromTheStore: what is mapped and not kept yet is bounded.
func TestAFormatDoesNotRunAwayFromTheStore(t *testing.T) {
	h, wait := handOver(3), make(chan struct{})
	given := make(chan int, 100)
	go func() {
		for i := range 100 {
			_ = h.give(step{bytes: mostHandedOver / 10, read: func() {}, do: func() error { <-wait; return nil }})
			given <- i
		}
		close(given)
	}()
	time.Sleep(50 * time.Millisecond) // for what would run away
	if n := len(given); n > 11 {
		t.Errorf("%d steps of a tenth are on their way", n)
	}
	close(wait)
	for range given {
	}
	if err := h.finish(); err != nil {
		t.Error(err)
	}
}
