package redis_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
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
	inTime(t, "Claim", func() {
		if first, err := state.Claim(t.Context(), "while away", time.Now(), time.Minute); first || err == nil {
			t.Errorf("claim without Redis: first %v, error %v", first, err)
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
	if !state.Health().Away {
		t.Error("nobody is told that Redis is away")
	}
}

// until waits for what a watch makes true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 6000 { // a minute: whoever waits so long waits for ever
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain until", what)
}

// back waits until a state uses its Redis again.
func back(t *testing.T, state *redis.State) {
	t.Helper()
	until(t, "Redis is back", func() bool { return !state.Health().Away })
}

// lines is a log that a test reads while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func TestKilledRedis(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	used := fresh("before")
	gives(t, state, used)
	server.Kill()
	neverOpen(t, state)

	server.Start(t)
	back(t, state)
	refuses(t, state, used)
}

// A server that takes connections and says nothing is the worse kind of away.
func TestHangingRedis(t *testing.T) {
	server := hottest.StartServer(t)
	state := connectWithin(t, server, "cpa:", time.Now, redis.Timeout, slog.New(slog.DiscardHandler))
	server.Pause(t)
	neverOpen(t, state)
	server.Resume(t)
	patient := connect(t, server, "cpa:", time.Now)
	gives(t, patient, fresh("after"))
	until(t, "the hanging state is well again", func() bool {
		first, err := state.Claim(t.Context(), "again", time.Now(), time.Minute)
		return first && err == nil
	})
}

// Each read once waited a quarter of a second for a Redis that hangs: the first
// that waits in vain is the last that waits.
func TestAHungRedisCostsOneTry(t *testing.T) {
	server := hottest.StartServer(t)
	log := &lines{}
	state := connectWithin(t, server, "cpa:", time.Now, redis.Timeout, slog.New(slog.NewTextHandler(log, nil)))
	server.Pause(t)
	_, _ = state.Claim(t.Context(), "the one try", time.Now(), time.Minute)
	for range 1000 {
		if first, err := state.Claim(t.Context(), "k", time.Now(), time.Minute); first || !errors.Is(err, redis.ErrAway) {
			t.Fatalf("Redis was asked again: first %v, error %v", first, err)
		}
	}
	if n := log.count("does not answer"); n != 1 {
		t.Errorf("said %d times that Redis is away", n)
	}
	server.Resume(t)
	back(t, state)
}

// A Redis that is full (maxmemory-policy noeviction, as it has to be) refuses claims, and so does
// one that has too few replicas. It answers all the same, so that nobody was told: readiness, the
// metric and the log said that all was well.
func TestARedisThatTakesNothingIsAway(t *testing.T) {
	server := hottest.StartServer(t)
	for name, setting := range map[string][2]string{
		"full": {"maxmemory 1", "maxmemory 0"}, "without a replica": {"min-replicas-to-write 1", "min-replicas-to-write 0"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lines{}
			state := connectWithin(t, server, "cpa:", time.Now, time.Minute, slog.New(slog.NewTextHandler(log, nil)))
			server.Do(t, "CONFIG SET "+setting[0], "+OK")
			until(t, "it is said", func() bool { return state.Health().Away })
			neverOpen(t, state)
			for range 10 {
				_, _ = state.Claim(t.Context(), "k", time.Now(), time.Minute)
				_, _ = state.Allow(t.Context(), "c", hot.Rate{PerSecond: 1, Burst: 1})
			}
			if n := log.count("single-use credentials are refused"); n != 1 {
				t.Errorf("said %d times: %s", n, log.text.String())
			}
			server.Do(t, "CONFIG SET "+setting[1], "+OK")
			back(t, state)
		})
	}
}

type key struct {
	name   string
	issued time.Time
	life   time.Duration
}

// fresh is a key that is issued now.
func fresh(name string) key { return key{name, time.Now(), time.Hour} }

func gives(t *testing.T, state *redis.State, k key) {
	t.Helper()
	if first, err := state.Claim(t.Context(), k.name, k.issued, k.life); !first || err != nil {
		t.Errorf("%s: first %v, error %v", k.name, first, err)
	}
}

func refuses(t *testing.T, state *redis.State, k key) {
	t.Helper()
	if first, err := state.Claim(t.Context(), k.name, k.issued, k.life); first || err != nil {
		t.Errorf("%s: first %v, error %v", k.name, first, err)
	}
}

// losses are the ways in which Redis loses what was claimed.
var losses = map[string]func(t *testing.T, server *hottest.Server){
	"a flush":   func(t *testing.T, server *hottest.Server) { server.Flush(t) },
	"a restart": func(t *testing.T, server *hottest.Server) { server.Kill(); server.Start(t) },
	"a restart from a snapshot": func(t *testing.T, server *hottest.Server) {
		server.Kill() // the snapshot is of before the claims, and holds the mark
		server.Start(t)
	},
}

// What was claimed passed a second time after FLUSHALL or a restart, by its key
// alone; and credentials that nobody had used were refused for up to an hour.
func TestAKeyOfBeforeALossIsRefusedAndOneOfAfterIsGiven(t *testing.T) {
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			server, log := hottest.StartServer(t), &lines{}
			here := connectWithin(t, server, "cpa:", time.Now, time.Minute, slog.New(slog.NewTextHandler(log, nil)))
			there := connect(t, server, "cpa:", time.Now)
			gives(t, here, fresh("first")) // so that both have seen the mark
			gives(t, there, fresh("second"))
			if strings.Contains(name, "snapshot") {
				server.Save(t)
			}
			used, unused := fresh("used"), fresh("unused")
			gives(t, here, used)
			lose(t, server)
			until(t, "the loss is told", func() bool { return here.Health().Losses == 1 && there.Health().Losses == 1 })
			back(t, here)
			back(t, there)
			late := connect(t, server, "cpa:", time.Now) // begins after the loss
			for _, state := range []*redis.State{here, there, late} {
				refuses(t, state, used)
				refuses(t, state, unused)
			}
			if since := here.Health().LastLoss; !since.After(unused.issued) {
				t.Errorf("the loss is told to be of %v, and a key was issued at %v", since, unused.issued)
			}
			after := fresh("of after")
			gives(t, there, after)
			refuses(t, here, after)
			refuses(t, late, after)
			if n := log.count("has lost its data"); n != 1 {
				t.Errorf("the log tells of the loss %d times", n)
			}
		})
	}
}

// A loss between two looks is found by the claim itself.
func TestALossIsFoundByTheNextClaim(t *testing.T) {
	server := hottest.StartServer(t)
	here, there := connect(t, server, "cpa:", time.Now), connect(t, server, "cpa:", time.Now)
	for range 20 {
		used := fresh("used")
		used.name += used.issued.String()
		if first, _ := here.Claim(t.Context(), used.name, used.issued, used.life); !first {
			continue // issued before the last flush was found
		}
		server.Flush(t)
		refuses(t, there, used)
	}
}

// An issuer's clock may run ahead: its keys seem to be of after the loss, and the
// gateway that gave them knows them all the same.
func TestAGatewayKnowsItsOwnClaimsAfterALoss(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	ahead := fresh("k")
	ahead.issued = ahead.issued.Add(time.Minute)
	gives(t, state, ahead)
	server.Flush(t)
	refuses(t, state, ahead)
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
