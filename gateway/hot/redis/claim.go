package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cpagateway/gateway/hot"
)

// ErrForgotten refuses a claim because Redis has lost what was claimed before:
// it was flushed, or came back without its data.
var ErrForgotten = errors.New("claiming a key: Redis has lost earlier claims, and this key may be one of them")

// Claim asks Redis and then the gateway itself: only what both give is given.
func (s *State) Claim(ctx context.Context, key string, life time.Duration) (bool, error) {
	if err := s.ready(ctx); err != nil {
		return false, err
	}
	if life <= 0 {
		return false, hot.ErrNoLife
	}
	first, err := s.claimShared(ctx, key, max(life, time.Millisecond)) // milliseconds are what Redis counts in
	if err != nil || !first {
		return false, err
	}
	return s.claims.Claim(key, life)
}

// claimShared sets the key if it is not there, for its life, and then looks for
// the mark. The mark is a key that every gateway knows the value of and nobody
// deletes: while it stands, no earlier claim was lost. The order matters; a
// flush between the two commands takes the mark away as well.
func (s *State) claimShared(ctx context.Context, key string, life time.Duration) (bool, error) {
	s.memory.outlive(life)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()

	var set *goredis.BoolCmd
	var mark *goredis.StringCmd
	_, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		set = p.SetNX(ctx, s.key("claim", key), 1, life)
		mark = p.Get(ctx, s.prefix+"mark")
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		return false, fmt.Errorf("claiming a key: %w", err)
	}
	found := mark.Val()
	if found == "" {
		if found, err = s.setMark(ctx); err != nil {
			return false, err
		}
	}
	if s.memory.lost(found, s.clock(), life) {
		return false, ErrForgotten
	}
	return set.Val(), nil
}

// setMark puts a new mark where there is none and returns the one that stands.
func (s *State) setMark(ctx context.Context) (string, error) {
	fresh := rand.Text()
	if err := s.client.SetNX(ctx, s.prefix+"mark", fresh, 0).Err(); err != nil {
		return "", fmt.Errorf("marking where claims begin: %w", err)
	}
	stands, err := s.client.Get(ctx, s.prefix+"mark").Result()
	if err != nil {
		return "", fmt.Errorf("marking where claims begin: %w", err)
	}
	return stands, nil
}

// memory is what one gateway knows of Redis's own memory. It matters for keys
// that were claimed through another gateway. A gateway that has just started
// trusts the Redis it finds; one that runs notices a loss.
type memory struct {
	mu      sync.Mutex
	mark    string        // as last seen; empty before the first claim
	lostAt  time.Time     // when a loss was noticed
	longest time.Duration // of all lives asked for: no lost claim outlasts lostAt by more
}

func (m *memory) outlive(life time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.longest = max(m.longest, life)
}

// lost reports whether a key that lives so long may have been claimed before a
// loss: one that could have been would end sooner than lostAt + longest.
func (m *memory) lost(mark string, now time.Time, life time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mark != "" && m.mark != mark {
		m.lostAt = now
	}
	m.mark = mark
	return !m.lostAt.IsZero() && now.Add(life).Before(m.lostAt.Add(m.longest))
}
