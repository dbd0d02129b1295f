// Package local is the short-lived state of one gateway that runs alone: in
// this process, gone with it.
package local

import (
	"context"
	"sync/atomic"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// State is hot.State in this process.
type State struct {
	buckets *hot.Buckets
	claims  *hot.Claims
	since   time.Time // what was claimed before is not known

	closed atomic.Bool
}

// New makes an empty state that tells the time by the clock.
func New(clock func() time.Time) *State {
	return &State{
		buckets: hot.NewBuckets(clock),
		claims:  hot.NewClaims(clock),
		since:   clock(),
	}
}

// Claim is hot.State's replay guard. What was issued before this process began may
// have been claimed in another one, and is not given.
func (s *State) Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (bool, error) {
	if err := s.ready(ctx); err != nil {
		return false, err
	}
	first, err := s.claims.Claim(key, life)
	return first && !issued.Before(s.since), err
}

// Health is that of this process: nothing of it can be away or lost.
func (s *State) Health() hot.Health { return hot.Health{} }

// Allow is hot.State's rate limit.
func (s *State) Allow(ctx context.Context, client consent.ClientID, rate hot.Rate) (hot.Verdict, error) {
	if err := s.ready(ctx); err != nil {
		return hot.Verdict{}, err
	}
	return s.buckets.Take(client, rate), nil
}

// Close ends the state. A second Close does nothing.
func (s *State) Close() error {
	s.closed.Store(true)
	return nil
}

func (s *State) ready(ctx context.Context) error {
	if s.closed.Load() {
		return hot.ErrClosed
	}
	return ctx.Err()
}
