package hot

import (
	"math"
	"sync"
	"time"

	"cpagateway/consent"
)

// maxClients bounds the memory of Buckets. Clients come from the client
// register, so that only a fault brings more.
const maxClients = 1 << 16

// longestWait is what a bucket says that will never fill again.
const longestWait = time.Hour

// Buckets is a token bucket per client, in this process. It is the whole rate
// limit of hot/local, and in hot/redis the limit that holds whatever Redis says.
// Safe for concurrent use.
type Buckets struct {
	clock func() time.Time
	mu    sync.Mutex
	of    map[consent.ClientID]bucket
}

type bucket struct {
	tokens float64
	at     time.Time // when tokens was right
}

// NewBuckets starts with every bucket full.
func NewBuckets(clock func() time.Time) *Buckets {
	return &Buckets{clock: clock, of: make(map[consent.ClientID]bucket)}
}

// Take takes one request from the client's bucket. A rate may change from call
// to call: what is in the bucket is then cut to the new burst.
func (b *Buckets) Take(client consent.ClientID, rate Rate) Verdict {
	if !rate.allowsAnything() {
		return Verdict{RetryAfter: longestWait}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	held, known := b.of[client]
	if !known {
		if len(b.of) >= maxClients && !b.forgetFull(rate, now) {
			return Verdict{RetryAfter: longestWait}
		}
		held = bucket{tokens: float64(rate.Burst), at: now}
	}
	held = held.filled(rate, now)
	verdict := Verdict{Allowed: held.tokens >= 1}
	if verdict.Allowed {
		held.tokens--
	} else {
		verdict.RetryAfter = rate.wait(1 - held.tokens)
	}
	b.of[client] = held
	return verdict
}

// forgetFull drops buckets that have been full since: a missing one is full as
// well. It reports whether there is room now.
func (b *Buckets) forgetFull(rate Rate, now time.Time) bool {
	for client, held := range b.of {
		if held.filled(rate, now).tokens >= float64(rate.Burst) {
			delete(b.of, client)
		}
	}
	return len(b.of) < maxClients
}

// filled is the bucket as it stands at a later time. A clock that went back adds nothing.
func (b bucket) filled(rate Rate, now time.Time) bucket {
	elapsed := max(0, now.Sub(b.at).Seconds())
	return bucket{tokens: min(float64(rate.Burst), b.tokens+elapsed*rate.PerSecond), at: now}
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
