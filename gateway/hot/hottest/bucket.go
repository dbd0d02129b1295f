package hottest

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// The laws of a bucket hold in real time, however slow the machine is: nothing
// below is allowed because something else was quick.

// hardly is a rate by which nothing comes while a test runs.
const hardly = 0.001

func allow(t *testing.T, state hot.State, client consent.ClientID, rate hot.Rate) hot.Verdict {
	t.Helper()
	verdict, err := state.Allow(t.Context(), client, rate)
	if err != nil {
		t.Fatalf("asking a bucket: %v", err)
	}
	if verdict.Allowed != (verdict.RetryAfter == 0) || verdict.RetryAfter < 0 {
		t.Fatalf("allowed %v, retry after %v", verdict.Allowed, verdict.RetryAfter)
	}
	return verdict
}

// allowedOf is how many of so many requests are allowed.
func allowedOf(t *testing.T, state hot.State, rate hot.Rate, requests int) (allowed int) {
	t.Helper()
	for range requests {
		if allow(t, state, "client", rate).Allowed {
			allowed++
		}
	}
	return allowed
}

func burst(t *testing.T, state hot.State) {
	rate := hot.Rate{PerSecond: hardly, Burst: 5}
	if got := allowedOf(t, state, rate, 12); got != rate.Burst {
		t.Errorf("%d requests of a burst of %d", got, rate.Burst)
	}
	if wait := allow(t, state, "client", rate).RetryAfter.Seconds(); wait < 0.5/hardly || wait > 1/hardly+1 {
		t.Errorf("the next comes in %v seconds", wait)
	}
}

func namedTime(t *testing.T, state hot.State) {
	rate := hot.Rate{PerSecond: 5, Burst: 2}
	for range 3 {
		verdict := allow(t, state, "client", rate)
		for verdict.Allowed {
			verdict = allow(t, state, "client", rate)
		}
		if verdict.RetryAfter > 250*time.Millisecond {
			t.Fatalf("the next of five a second comes in %v", verdict.RetryAfter)
		}
		time.Sleep(verdict.RetryAfter)
		if !allow(t, state, "client", rate).Allowed {
			t.Fatal("after the time it named, the bucket still refused")
		}
	}
}

// allAtOnce asks from many sides: each counts what the others took.
func allAtOnce(t *testing.T, state hot.State) {
	rate := hot.Rate{PerSecond: hardly, Burst: 7}
	var allowed atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 30 {
				verdict, err := state.Allow(t.Context(), "client", rate)
				if err != nil {
					t.Errorf("asking a bucket: %v", err)
				}
				if verdict.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if got := int(allowed.Load()); got != rate.Burst {
		t.Errorf("%d requests of a burst of %d", got, rate.Burst)
	}
}

func changedBurst(t *testing.T, state hot.State) {
	if got := allowedOf(t, state, hot.Rate{PerSecond: hardly, Burst: 100}, 1); got != 1 {
		t.Fatal("the first request was refused")
	}
	if got := allowedOf(t, state, hot.Rate{PerSecond: hardly, Burst: 2}, 9); got != 2 {
		t.Errorf("%d requests of what was cut to a burst of 2", got)
	}
	if got := allowedOf(t, state, hot.Rate{PerSecond: hardly, Burst: 100}, 9); got != 0 {
		t.Errorf("%d requests of a larger burst that has had no time to fill", got)
	}
}

func noRate(t *testing.T, state hot.State) {
	for _, rate := range []hot.Rate{
		{}, {PerSecond: 1}, {Burst: 1}, {PerSecond: -1, Burst: 5}, {PerSecond: 5, Burst: -1}, {PerSecond: math.Copysign(0, -1), Burst: 5},
		{PerSecond: math.NaN(), Burst: 5}, {PerSecond: math.Inf(1), Burst: 5}, {PerSecond: math.Inf(-1), Burst: 5},
	} {
		if verdict := allow(t, state, "client", rate); verdict.Allowed {
			t.Errorf("%+v allowed a request", rate)
		}
	}
}

func boundedWait(t *testing.T, state hot.State) {
	for _, perSecond := range []float64{1e-6, 1e-300} {
		rate := hot.Rate{PerSecond: perSecond, Burst: 3}
		if got := allowedOf(t, state, rate, 9); got > rate.Burst {
			t.Errorf("%v a second: %d allowed", perSecond, got)
		}
		if wait := allow(t, state, "client", rate).RetryAfter; wait != time.Hour {
			t.Errorf("%v a second: the next comes in %v", perSecond, wait)
		}
	}
}

func ownBuckets(t *testing.T, state hot.State) {
	rate := hot.Rate{PerSecond: hardly, Burst: 1}
	for _, client := range []consent.ClientID{"a", "b", "", "a\x00b"} {
		if !allow(t, state, client, rate).Allowed {
			t.Error("a client found another one's bucket")
		}
	}
	if allow(t, state, "a", rate).Allowed {
		t.Error("a bucket of one gave two")
	}
}
