// Package hot is the short-lived state that several gateways share: the replay
// guard, rate limits and notices that a fact has changed. It holds the interface,
// its conformance suite (hottest) and what both implementations keep in their own
// process (Claims, Buckets, Inbox); hot/local and hot/redis implement it.
//
// Redis is never the truth: when it is lost or flushed, answers stay correct
// (every decision is checked against the epoch in the store) and nothing fails open.
package hot

import (
	"context"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// State is the shared state. All methods are safe for concurrent use.
type State interface {
	// Claim is the replay guard: true for at most one caller per key until the life
	// is over, over all instances, and never for a key that was issued, by its own
	// word, before what is remembered begins. An error means nobody knows: refuse.
	Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (first bool, err error)
	// Allow takes one request from a client's bucket.
	Allow(ctx context.Context, client consent.ClientID, rate Rate) (Verdict, error)
	// Announce sends a change to every instance. Losing a notice costs time, never correctness.
	Announce(ctx context.Context, n Notice) error
	// Notices delivers what is announced from now on until ctx ends. A gap in
	// delivery (a lost connection) is itself delivered, as NoticeGap.
	Notices(ctx context.Context) <-chan Notice
	// Health says how the state is, without asking anybody.
	Health() Health
	Close() error
}

// Health is what an operator is to know of the shared state.
type Health struct {
	Away     bool      // it does not answer: no claim is given, and rates are counted in each process
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

// Notice says what has changed.
type Notice struct {
	Kind   NoticeKind
	Person profiles.PersonID // for NoticePerson
	Epoch  uint64            // for NoticePerson
	Hash   string            // for NoticeAgreements: the register's content hash
}

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notice.
const (
	NoticePerson     NoticeKind = "person"
	NoticeAgreements NoticeKind = "agreements"
	NoticeGap        NoticeKind = "gap" // notices may have been lost: forget what was remembered
)
