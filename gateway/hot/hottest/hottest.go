// Package hottest is the conformance suite for hot.State, run by every
// implementation. It is imported by tests only.
package hottest

import (
	"context"
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
		{"every reader receives a notice whole", everyReader},
		{"a reader receives nothing of before", nothingOfBefore},
		{"a slow reader holds nobody up and finds a gap", slowReader},
		{"a reader's channel ends with its context", readerEnds},
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

func announce(t *testing.T, state hot.State, n hot.Notice) {
	t.Helper()
	if err := state.Announce(t.Context(), n); err != nil {
		t.Fatalf("announcing: %v", err)
	}
}

// Next is the next notice, or a failure after five seconds.
func Next(t *testing.T, notices <-chan hot.Notice) hot.Notice {
	t.Helper()
	select {
	case n, open := <-notices:
		if !open {
			t.Fatal("the channel of notices ended")
		}
		return n
	case <-time.After(5 * time.Second):
		t.Fatal("no notice came")
	}
	panic("unreachable")
}

func everyReader(t *testing.T, state hot.State) {
	first, second := state.Notices(t.Context()), state.Notices(t.Context())
	for _, n := range []hot.Notice{
		{Kind: hot.NoticePerson, Person: "person-1", Epoch: 1<<63 + 7},
		{Kind: hot.NoticeAgreements, Hash: "0123abcd"},
		{Kind: hot.NoticeGap},
	} {
		announce(t, state, n)
		for _, reader := range []<-chan hot.Notice{first, second} {
			if got := Next(t, reader); got != n {
				t.Errorf("announced %+v, received %+v", n, got)
			}
		}
	}
}

func nothingOfBefore(t *testing.T, state hot.State) {
	announce(t, state, hot.Notice{Kind: hot.NoticeAgreements, Hash: "before"})
	reader := state.Notices(t.Context())
	announce(t, state, hot.Notice{Kind: hot.NoticeAgreements, Hash: "after"})
	if got := Next(t, reader); got.Hash != "after" {
		t.Errorf("received %+v", got)
	}
}

func slowReader(t *testing.T, state hot.State) {
	const many = 3000
	slow := state.Notices(t.Context())
	watched := state.Notices(t.Context())
	for i := range many {
		announce(t, state, hot.Notice{Kind: hot.NoticePerson, Person: "p", Epoch: uint64(i + 1)})
		if got := Next(t, watched); got.Epoch != uint64(i+1) {
			t.Fatalf("a reader who keeps up received %+v as notice %d", got, i+1)
		}
	}
	received := uint64(0)
	for {
		n := Next(t, slow)
		if n.Kind == hot.NoticeGap {
			break
		}
		if received++; n.Epoch != received {
			t.Fatalf("notice %d was lost without a gap", received)
		}
	}
	if received >= many {
		t.Error("there was no gap to find")
	}
}

func readerEnds(t *testing.T, state hot.State) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, other := state.Notices(ctx), state.Notices(t.Context())
	cancel()
	ends(t, reader)
	announce(t, state, hot.Notice{Kind: hot.NoticeAgreements, Hash: "h"})
	if got := Next(t, other); got.Hash != "h" {
		t.Errorf("the other reader received %+v", got)
	}
}

func ends(t *testing.T, reader <-chan hot.Notice) {
	t.Helper()
	timeout := time.After(5 * time.Second)
	for {
		select {
		case _, open := <-reader:
			if !open {
				return
			}
		case <-timeout:
			t.Fatal("the channel of notices did not end")
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
	if err := state.Announce(ctx, hot.Notice{Kind: hot.NoticeGap}); err == nil {
		t.Error("announce: no error")
	}
}

func afterClose(t *testing.T, state hot.State) {
	reader := state.Notices(t.Context())
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	ends(t, reader)
	ends(t, state.Notices(t.Context()))
	if first, err := state.Claim(t.Context(), "k", issued, time.Minute); first || err == nil {
		t.Errorf("claim: first %v, error %v", first, err)
	}
	if verdict, err := state.Allow(t.Context(), "c", hot.Rate{PerSecond: 1, Burst: 1}); verdict.Allowed || err == nil {
		t.Errorf("allow: %+v, error %v", verdict, err)
	}
	if err := state.Announce(t.Context(), hot.Notice{Kind: hot.NoticeGap}); err == nil {
		t.Error("announce: no error")
	}
	if err := state.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
