package hot_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cpagateway/gateway/hot"
)

// hand is a clock that a test sets.
type hand struct{ at time.Time }

func (h *hand) now() time.Time { return h.at }

func newHand() *hand { return &hand{start} }

func TestClaimEndsAtItsLifeAndNotBefore(t *testing.T) {
	clock := newHand()
	claims := hot.NewClaims(clock.now)
	for _, step := range []struct {
		after time.Duration
		first bool
	}{{0, true}, {time.Minute - 1, false}, {1, true}, {time.Minute - 1, false}} {
		clock.at = clock.at.Add(step.after)
		if first, err := claims.Claim("k", time.Minute); first != step.first || err != nil {
			t.Errorf("%v later: first %v, error %v", step.after, first, err)
		}
	}
}

// A full memory must not make room by forgetting a key that is alive.
func TestFullClaimsRefuse(t *testing.T) {
	clock := newHand()
	claims := hot.NewClaims(clock.now)
	claimed := 0
	for ; ; claimed++ {
		first, err := claims.Claim(fmt.Sprint(claimed), time.Minute)
		if errors.Is(err, hot.ErrFull) {
			break
		}
		if !first || claimed > 1_000_000 {
			t.Fatalf("key %d: first %v", claimed, first)
		}
	}
	if first, err := claims.Claim("0", time.Minute); first || err != nil {
		t.Errorf("the oldest key: first %v, error %v", first, err)
	}
	clock.at = clock.at.Add(time.Minute)
	if first, err := claims.Claim("new", time.Minute); !first || err != nil {
		t.Errorf("after all lives ended: first %v, error %v", first, err)
	}
}
