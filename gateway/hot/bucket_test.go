package hot_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

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
