package redis

import (
	"context"
	_ "embed" // the claim script
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cpagateway/gateway/hot"
)

//go:embed claim.lua
var claimSource string

var claimScript = goredis.NewScript(claimSource)

// Claim asks Redis and then the gateway itself: only what both give is given.
func (s *State) Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (bool, error) {
	if life <= 0 {
		return false, hot.ErrNoLife
	}
	counted := max(life, time.Millisecond).Milliseconds() // which is what Redis counts in
	given := false
	err := s.try(ctx, func(ctx context.Context) error {
		found, err := s.runClaim(ctx, counted, s.claimKey("mark"), s.claimKey(sum(key)))
		given = found.given && issued.After(found.since)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("claiming a key: %w", err)
	}
	if !given {
		return false, nil
	}
	return s.claims.Claim(key, life)
}

// claimKey names a claim or the mark. What stands in braces keeps all of them on
// one node of a cluster, so that none is lost without the mark.
func (s *State) claimKey(name string) string { return "{" + s.prefix + "claims}:" + name }

// claimed is an answer of the script.
type claimed struct {
	mark  string
	since time.Time
	given bool
}

// runClaim runs the script, and notices a loss by the mark.
func (s *State) runClaim(ctx context.Context, life int64, keys ...string) (claimed, error) {
	answer, err := claimScript.Run(ctx, s.client, keys, s.clock().UnixMilli(), life).Slice()
	if err != nil {
		return claimed{}, err
	}
	if len(answer) != 3 {
		return claimed{}, errAnswer
	}
	mark, isMark := answer[0].(string)
	since, isTime := answer[1].(int64)
	if !isMark || !isTime {
		return claimed{}, errAnswer
	}
	found := claimed{mark, time.UnixMilli(since), answer[2] == int64(1)}
	s.notice(found)
	return found, nil
}

var errAnswer = errors.New("the answer of Redis cannot be read")

// notice tells of a loss once: when the mark is no longer the one that stood. A
// gateway that starts takes the mark that it finds, and is held to it all the same.
func (s *State) notice(found claimed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := s.mark != "" && s.mark != found.mark && found.since.After(s.since)
	if s.mark == "" || lost {
		s.mark, s.since = found.mark, found.since
	}
	if lost {
		s.health.Losses++
		s.health.LastLoss = found.since
		s.log.Error("Redis has lost its data: single-use credentials that were issued before are refused", "before", found.since)
	}
}
