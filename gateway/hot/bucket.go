package hot

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"cpagateway/consent"
)

// longestWait is what a bucket says that will hardly ever fill again.
const longestWait = time.Hour

// Buckets is a token bucket per client, in this process. It is the whole rate
// limit of hot/local, and in hot/redis the limit that holds whatever Redis says.
// Safe for concurrent use.
type Buckets struct {
	clock func() time.Time
	mu    sync.Mutex
	of    map[consent.ClientID]*rate.Limiter
}

// NewBuckets starts with every bucket full.
func NewBuckets(clock func() time.Time) *Buckets {
	return &Buckets{clock: clock, of: make(map[consent.ClientID]*rate.Limiter)}
}

// Take takes one request from the client's bucket. A rate may change from call
// to call: what is in the bucket is then cut to the new burst. A bucket is kept
// for good, so a client must be one of the register.
func (b *Buckets) Take(client consent.ClientID, allowed Rate) Verdict {
	return b.ask(client, allowed, 1)
}

// Look says what Take would say, and takes nothing.
func (b *Buckets) Look(client consent.ClientID, allowed Rate) Verdict {
	return b.ask(client, allowed, 0)
}

func (b *Buckets) ask(client consent.ClientID, allowed Rate, take int) Verdict {
	if !allowed.allowsAnything() {
		return Verdict{RetryAfter: longestWait}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	bucket := b.of[client]
	if bucket == nil {
		bucket = rate.NewLimiter(rate.Limit(allowed.PerSecond), allowed.Burst)
		b.of[client] = bucket
	}
	bucket.SetLimitAt(now, rate.Limit(allowed.PerSecond))
	bucket.SetBurstAt(now, allowed.Burst)
	if tokens := bucket.TokensAt(now); tokens < 1 {
		return Verdict{RetryAfter: allowed.wait(1 - tokens)}
	}
	return Verdict{Allowed: bucket.AllowN(now, take)}
}

// allowsAnything is false for the zero rate and for one that is no rate at all.
func (r Rate) allowsAnything() bool {
	return r.Burst > 0 && r.PerSecond > 0 && !math.IsInf(r.PerSecond, 1)
}

// wait is how long the tokens take to come, in whole milliseconds and always
// one to spare: tokens are kept as floating-point numbers.
func (r Rate) wait(tokens float64) time.Duration {
	seconds := tokens / r.PerSecond
	if seconds >= longestWait.Seconds() {
		return longestWait
	}
	return time.Duration(seconds*1000+1) * time.Millisecond
}
