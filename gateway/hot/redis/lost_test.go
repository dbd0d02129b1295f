package redis_test

import (
	"errors"
	"testing"
	"time"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
)

// soon is far above the bound on every call and far below what go-redis would
// wait, which is five seconds for a connection and three for each of four tries.
const soon = 8 * time.Second

func inTime(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	if took := time.Since(began); took > soon {
		t.Errorf("%s took %v", what, took)
	}
}

// neverOpen asks a state whose Redis is away: no claim is granted, no client
// gets more than its rate, and everything answers in time.
func neverOpen(t *testing.T, state *redis.State) {
	t.Helper()
	state.Ordinary()
	defer state.Patient()
	inTime(t, "Claim", func() {
		if first, err := state.Claim(t.Context(), "while away", time.Minute); first || err == nil {
			t.Errorf("claim without Redis: first %v, error %v", first, err)
		}
	})
	inTime(t, "Announce", func() {
		if err := state.Announce(t.Context(), hot.Notice{Kind: hot.NoticeGap}); err == nil {
			t.Error("announcing without Redis was no error")
		}
	})
	for i, want := range []bool{true, true, false, false} {
		inTime(t, "Allow", func() {
			verdict, err := state.Allow(t.Context(), "while-away", hot.Rate{PerSecond: 0.01, Burst: 2})
			if err != nil || verdict.Allowed != want {
				t.Errorf("request %d without Redis: %+v, error %v", i+1, verdict, err)
			}
		})
	}
}

func TestKilledRedis(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	reader := state.Notices(t.Context())
	if first, err := state.Claim(t.Context(), "before", time.Minute); !first || err != nil {
		t.Fatalf("first %v, error %v", first, err)
	}
	server.Kill()
	neverOpen(t, state)

	server.Start(t)
	if got := hottest.Next(t, reader); got.Kind != hot.NoticeGap {
		t.Errorf("after the loss the reader heard %+v", got)
	}
	want := hot.Notice{Kind: hot.NoticeAgreements, Hash: "h"}
	if err := state.Announce(t.Context(), want); err != nil {
		t.Fatalf("after the loss: %v", err)
	}
	for got := hottest.Next(t, reader); got != want; got = hottest.Next(t, reader) {
		if got.Kind != hot.NoticeGap {
			t.Errorf("heard %+v", got)
		}
	}
	if first, err := state.Claim(t.Context(), "before", time.Minute); first {
		t.Errorf("a key claimed before the loss was given again (error %v)", err)
	}
}

// A server that takes connections and says nothing is the worse kind of away.
func TestHangingRedis(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	if _, err := state.Claim(t.Context(), "before", time.Minute); err != nil {
		t.Fatal(err)
	}
	server.Pause(t)
	neverOpen(t, state)
	state.Ordinary()
	inTime(t, "Notices", func() {
		if got := hottest.Next(t, state.Notices(t.Context())); got.Kind != hot.NoticeGap {
			t.Errorf("a subscription that was not confirmed heard %+v", got)
		}
	})
	state.Patient()
	server.Resume(t)
	if first, err := state.Claim(t.Context(), "after", time.Minute); !first || err != nil {
		t.Errorf("after the pause: first %v, error %v", first, err)
	}
}

// A key that was claimed before a flush must not be given again, by neither
// gateway, for as long as it may live; a key that ends later than any that was
// lost is given at once.
func TestFlushedRedisGivesNoKeyTwice(t *testing.T) {
	server := hottest.StartServer(t)
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return at }
	here, there := connect(t, server, "cpa:", clock), connect(t, server, "cpa:", clock)
	const life = 5 * time.Minute
	for key, gateway := range map[string]*redis.State{"here": here, "there": there} {
		if first, err := gateway.Claim(t.Context(), key, life); !first || err != nil {
			t.Fatalf("first %v, error %v", first, err)
		}
	}
	server.Flush(t)
	at = at.Add(time.Minute)
	for _, gateway := range []*redis.State{here, there} {
		for _, key := range []string{"here", "there"} {
			if first, err := gateway.Claim(t.Context(), key, life-time.Minute); first || err != nil && !errors.Is(err, redis.ErrForgotten) {
				t.Errorf("a key of before the flush: first %v, error %v", first, err)
			}
		}
	}
	if first, err := here.Claim(t.Context(), "issued after the flush", life); !first || err != nil {
		t.Errorf("a key of after the flush: first %v, error %v", first, err)
	}
	if first, err := here.Claim(t.Context(), "short", time.Second); first || !errors.Is(err, redis.ErrForgotten) {
		t.Errorf("a key that may have been claimed before the flush: first %v, error %v", first, err)
	}
	at = at.Add(life)
	if first, err := there.Claim(t.Context(), "shorter", time.Second); !first || err != nil {
		t.Errorf("when every lost key has ended: first %v, error %v", first, err)
	}
}

// A gateway's own claims hold over a flush, even for a key that comes back with a longer life.
func TestFlushedRedisLeavesOwnClaims(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	for i, want := range []bool{true, false, false} {
		first, err := state.Claim(t.Context(), "k", time.Duration(i+1)*time.Minute)
		if err != nil || first != want {
			t.Errorf("claim %d: first %v, error %v", i+1, first, err)
		}
		server.Flush(t)
	}
}

// A flush fills the shared bucket. The gateway's own bucket does not forget.
func TestFlushedRedisDoesNotRefillBuckets(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	rate := hot.Rate{PerSecond: 0.01, Burst: 3}
	allowed := 0
	for range 4 {
		for range 3 {
			verdict, err := state.Allow(t.Context(), "client", rate)
			if err != nil {
				t.Fatal(err)
			}
			if verdict.Allowed {
				allowed++
			}
		}
		server.Flush(t)
	}
	if allowed != rate.Burst {
		t.Errorf("%d requests of a burst of %d were allowed over three flushes", allowed, rate.Burst)
	}
}

// What another program puts on the channel must not stop notices, and may have meant anything.
func TestUnreadableNoticeIsAGap(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	reader := state.Notices(t.Context())
	server.Publish(t, "cpa:notices", "nonsense")
	if got := hottest.Next(t, reader); got.Kind != hot.NoticeGap {
		t.Errorf("heard %+v", got)
	}
	want := hot.Notice{Kind: hot.NoticeAgreements, Hash: "h"}
	if err := state.Announce(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := hottest.Next(t, reader); got != want {
		t.Errorf("heard %+v", got)
	}
}
