package hot_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Whatever the clock does and however requests come, no more than the burst and
// what the rate brought in are allowed; and a wait that was named is enough.
func TestBucketNeverGivesMoreThanItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		buckets := hot.NewBuckets(func() time.Time { return now })
		rate := hot.Rate{PerSecond: rapid.Float64Range(0.01, 1000).Draw(t, "rate"), Burst: rapid.IntRange(1, 50).Draw(t, "burst")}
		allowed, forward := 0, time.Duration(0)
		for _, step := range rapid.SliceOfN(rapid.Int64Range(-int64(time.Second), int64(3*time.Second)), 1, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(step))
			forward += max(0, time.Duration(step))
			verdict := buckets.Take("c", rate)
			if verdict.Allowed {
				allowed++
				continue
			}
			now = now.Add(verdict.RetryAfter)
			forward += verdict.RetryAfter
			if !buckets.Take("c", rate).Allowed {
				t.Fatalf("refused after waiting %v", verdict.RetryAfter)
			}
			allowed++
		}
		if most := float64(rate.Burst) + forward.Seconds()*rate.PerSecond + 0.001; float64(allowed) > most {
			t.Fatalf("%d allowed, at most %.2f are the rate's", allowed, most)
		}
	})
}

func TestBucketCutsToASmallerRate(t *testing.T) {
	buckets := hot.NewBuckets(func() time.Time { return start })
	buckets.Take("c", hot.Rate{PerSecond: 1, Burst: 100})
	small := hot.Rate{PerSecond: 1, Burst: 2}
	for i, want := range []bool{true, true, false} {
		if got := buckets.Take("c", small).Allowed; got != want {
			t.Errorf("request %d: %v", i+1, got)
		}
	}
}

func TestRateThatIsNoNumberAllowsNothing(t *testing.T) {
	buckets := hot.NewBuckets(func() time.Time { return start })
	for _, perSecond := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)} {
		if buckets.Take("c", hot.Rate{PerSecond: perSecond, Burst: 5}).Allowed {
			t.Errorf("%v a second was allowed", perSecond)
		}
	}
	if wait := buckets.Take("c", hot.Rate{}).RetryAfter; wait <= 0 {
		t.Errorf("nothing to wait for: %v", wait)
	}
}

func TestBucketOfATinyRateNamesABoundedWait(t *testing.T) {
	buckets := hot.NewBuckets(func() time.Time { return start })
	rate := hot.Rate{PerSecond: 1e-300, Burst: 1}
	buckets.Take("c", rate)
	if verdict := buckets.Take("c", rate); verdict.Allowed || verdict.RetryAfter != time.Hour {
		t.Errorf("%+v", verdict)
	}
}

// Memory is bounded: a client too many is refused, until buckets are full again
// and may be forgotten.
func TestTooManyClientsAreRefused(t *testing.T) {
	now := start
	buckets := hot.NewBuckets(func() time.Time { return now })
	rate := hot.Rate{PerSecond: 1, Burst: 1}
	const room = 1 << 16
	for i := range room {
		if !buckets.Take(consent.ClientID(fmt.Sprint(i)), rate).Allowed {
			t.Fatalf("client %d was refused", i)
		}
	}
	if buckets.Take("one too many", rate).Allowed {
		t.Error("one client too many was allowed")
	}
	now = now.Add(time.Second)
	if !buckets.Take("one too many", rate).Allowed {
		t.Error("full buckets were not forgotten")
	}
}

func TestBucketIsSharedByGoroutines(t *testing.T) {
	buckets := hot.NewBuckets(func() time.Time { return start })
	var allowed atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if buckets.Take("c", hot.Rate{PerSecond: 1, Burst: 10}).Allowed {
				allowed.Add(1)
			}
		})
	}
	all.Wait()
	if allowed.Load() != 10 {
		t.Errorf("%d of a burst of 10", allowed.Load())
	}
}
