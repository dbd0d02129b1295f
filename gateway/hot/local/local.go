// Package local is the short-lived state of one gateway that runs alone: in
// this process, gone with it.
package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// State is hot.State in this process.
type State struct {
	buckets *hot.Buckets
	claims  *hot.Claims
	since   time.Time // what was claimed before is not known

	mu      sync.Mutex // guards the rest
	closed  bool
	inboxes map[hot.Inbox]func() bool // with what stops the watch on the reader's context
}

// ErrClosed is the answer after Close.
var ErrClosed = errors.New("the local hot state is closed")

// New makes an empty state that tells the time by the clock.
func New(clock func() time.Time) *State {
	return &State{
		buckets: hot.NewBuckets(clock),
		claims:  hot.NewClaims(clock),
		since:   clock(),
		inboxes: make(map[hot.Inbox]func() bool),
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

// Announce puts the notice into every reader's inbox and never waits for one.
func (s *State) Announce(ctx context.Context, n hot.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	for in := range s.inboxes {
		in.Put(n)
	}
	return nil
}

// Notices opens an inbox; it is closed when ctx ends or the state is closed.
func (s *State) Notices(ctx context.Context) <-chan hot.Notice {
	in := hot.NewInbox()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(in)
		return in
	}
	s.inboxes[in] = context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, open := s.inboxes[in]; open {
			delete(s.inboxes, in)
			close(in)
		}
	})
	return in
}

// Close ends every reader's inbox. A second Close does nothing.
func (s *State) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for in, unwatch := range s.inboxes {
		unwatch()
		close(in)
	}
	clear(s.inboxes)
	return nil
}

func (s *State) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return nil
}
