// Package hottest is the conformance suite for hot.State, run by every
// implementation. It is imported by tests only.
package hottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/hot"
)

// Run holds an implementation to its contract. open makes a fresh state, which
// tells real time, and has it closed at the subtest's end.
func Run(t *testing.T, open func(t *testing.T) hot.State) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, state hot.State)
	}{
		{"exactly one claims a key", oneClaim},
		{"a claim ends with its life", claimEnds},
		{"a claim without a life is an error", claimWithoutLife},
		{"a key may be anything", anyKey},
		{"a key of before what is remembered is not given", issuedBefore},
		{"a fresh state is well", health},
		{"a bucket gives its burst and no more", burst},
		{"a bucket gives what it named the time of", namedTime},
		{"a bucket gives no more to many at once", allAtOnce},
		{"a bucket is cut to a smaller burst and fills a larger one slowly", changedBurst},
		{"a rate that is none allows nothing", noRate},
		{"a wait has an end", boundedWait},
		{"clients do not share a bucket", ownBuckets},
		{"an ended context is an error", endedContext},
		{"after Close nothing is allowed", afterClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Race has many callers claim the same keys through several states, which must
// share them: of each key exactly one caller is the first.
func Race(t *testing.T, states ...hot.State) {
	t.Helper()
	const callers, keys = 64, 20
	for k := range keys {
		var firsts atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range callers {
			all.Go(func() {
				<-start
				first, err := states[i%len(states)].Claim(t.Context(), fmt.Sprint("raced-", k), issued, time.Minute)
				if err != nil {
					t.Errorf("claiming: %v", err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		if n := firsts.Load(); n != 1 {
			t.Errorf("key %d: %d of %d callers were the first", k, n, callers)
		}
	}
}

// issued is after everything that a state can have lost.
var issued = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func issuedBefore(t *testing.T, state hot.State) {
	if !claim(t, state, "fresh", time.Minute) { // and whoever remembers has begun
		t.Fatal("a fresh key was taken")
	}
	for _, issued := range []time.Time{{}, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if first, err := state.Claim(t.Context(), "old", issued, time.Minute); first || err != nil {
			t.Errorf("issued at %v: first %v, error %v", issued, first, err)
		}
	}
}

func health(t *testing.T, state hot.State) {
	if got := state.Health(); got != (hot.Health{}) {
		t.Errorf("a fresh state says %+v", got)
	}
}

func oneClaim(t *testing.T, state hot.State) { Race(t, state) }

func claim(t *testing.T, state hot.State, key string, life time.Duration) bool {
	t.Helper()
	first, err := state.Claim(t.Context(), key, issued, life)
	if err != nil {
		t.Fatalf("claiming: %v", err)
	}
	return first
}

func claimEnds(t *testing.T, state hot.State) {
	const life = 150 * time.Millisecond
	if !claim(t, state, "a", life) || !claim(t, state, "b", time.Minute) {
		t.Fatal("a fresh key was taken")
	}
	if claim(t, state, "a", time.Minute) {
		t.Fatal("a live key was given twice")
	}
	time.Sleep(2 * life)
	if !claim(t, state, "a", life) {
		t.Error("a key was still taken after its life")
	}
	if claim(t, state, "b", life) {
		t.Error("the end of one key ended another")
	}
}

func claimWithoutLife(t *testing.T, state hot.State) {
	for _, life := range []time.Duration{0, -time.Second} {
		if first, err := state.Claim(t.Context(), "k", issued, life); first || err == nil {
			t.Errorf("life %v: first %v, error %v", life, first, err)
		}
	}
	if !claim(t, state, "short", time.Nanosecond) {
		t.Error("a short life is a life")
	}
}

func anyKey(t *testing.T, state hot.State) {
	for _, key := range []string{"", "\x00", "a b\r\nDEL x", "\xff", string(make([]byte, 1<<16))} {
		if !claim(t, state, key, time.Minute) || claim(t, state, key, time.Minute) {
			t.Errorf("key of %d bytes is not claimed once", len(key))
		}
	}
}

func endedContext(t *testing.T, state hot.State) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if first, err := state.Claim(ctx, "k", issued, time.Minute); first || err == nil {
		t.Errorf("claim: first %v, error %v", first, err)
	}
	if verdict, err := state.Allow(ctx, "c", hot.Rate{PerSecond: 1, Burst: 1}); verdict.Allowed || err == nil {
		t.Errorf("allow: %+v, error %v", verdict, err)
	}
}

func afterClose(t *testing.T, state hot.State) {
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	if first, err := state.Claim(t.Context(), "k", issued, time.Minute); first || !errors.Is(err, hot.ErrClosed) {
		t.Errorf("claim: first %v, error %v", first, err)
	}
	if verdict, err := state.Allow(t.Context(), "c", hot.Rate{PerSecond: 1, Burst: 1}); verdict.Allowed || !errors.Is(err, hot.ErrClosed) {
		t.Errorf("allow: %+v, error %v", verdict, err)
	}
	if err := state.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
