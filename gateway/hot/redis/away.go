package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cpagateway/gateway/hot"
)

// watchPause is how long a loss or a recovery can go unseen.
const watchPause = 250 * time.Millisecond

// ErrAway is the answer while Redis is known to be away.
var ErrAway = errors.New("the Redis state does not answer")

// try asks Redis for something, within the time that anybody may be kept waiting.
// One try without an answer is enough: from then on nobody waits, until watch, which alone
// goes on asking, has one again.
func (s *State) try(ctx context.Context, ask func(context.Context) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	if s.Health().Away {
		return ErrAway
	}
	err := s.within(ctx, ask)
	if err != nil && ctx.Err() == nil && !refusedBy(err) {
		s.setAway(err)
	}
	return err
}

func (s *State) within(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return ask(ctx)
}

// refusedBy reports whether the error is an answer of the server.
func refusedBy(err error) bool {
	var answer goredis.Error
	return errors.As(err, &answer)
}

// watch looks at the mark until the state is closed, so that a loss is noticed
// soon after it happened, and a server that is back is used again. One that answers
// and takes no claims, because it is full or lacks its replicas, is away as well.
func (s *State) watch() {
	tick := time.NewTicker(watchPause)
	defer tick.Stop()
	for {
		err := s.within(s.ctx, func(ctx context.Context) error {
			_, err := s.runClaim(ctx, 0, s.claimKey("mark"))
			return err
		})
		if s.ctx.Err() == nil {
			s.setAway(err)
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *State) setAway(cause error) {
	away := cause != nil
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case away && !s.health.Away:
		s.log.Error("Redis does not answer, or takes no claims: single-use credentials are refused, and rates are counted in each process", "cause", cause)
	case !away && s.health.Away:
		s.log.Info("Redis answers again")
	}
	s.health.Away = away
}

// Health is what the last try and the mark say.
func (s *State) Health() hot.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}
