// Package hot is the short-lived state that several gateways share: the replay
// guard and rate limits. It holds the interface, its conformance suite (hottest)
// and what both implementations keep in their own process (Claims, Buckets);
// hot/local and hot/redis implement it.
//
// Redis is never the truth, and nothing that an answer follows from is in it: when
// it is lost, flushed or lies, answers are the same and nothing fails open. That
// something has changed, gateways learn from the store.
package hot

import (
	"context"
	"errors"
	"time"

	"cpagateway/consent"
)

// State is the shared state. All methods are safe for concurrent use.
type State interface {
	// Claim is the replay guard: true for at most one caller per key until the life
	// is over, over all instances, and never for a key that was issued, by its own
	// word, before what is remembered begins. An error means nobody knows: refuse.
	Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (first bool, err error)
	// Allow takes one request from a client's bucket.
	Allow(ctx context.Context, client consent.ClientID, rate Rate) (Verdict, error)
	// Health says how the state is, without asking anybody.
	Health() Health
	Close() error
}

// ErrClosed is the answer of a State after Close.
var ErrClosed = errors.New("the shared state is closed")

// Health is what an operator is to know of the shared state.
type Health struct {
	Away     bool      // it does not answer, or takes nothing: no claim is given, and rates are counted in each process
	Losses   int64     // how often this process found that claims were lost
	LastLoss time.Time // what was issued before is refused; zero where there was none
}

// Rate is a token bucket: Burst at once, PerSecond in the long run. The zero
// Rate allows nothing.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Verdict is the answer of a bucket.
type Verdict struct {
	Allowed    bool
	RetryAfter time.Duration // when refused
}
