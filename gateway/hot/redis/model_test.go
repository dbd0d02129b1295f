package redis_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
)

// history is several gateways on one Redis, to which anything may happen. Beside it stands
// what has to be true of it: to whom each key was given, and how much of a rate.
type history struct {
	t        *testing.T
	chance   *rand.Rand
	server   *hottest.Server
	gateways []*redis.State
	keys     []*given
	allowed  []int // requests of the one client, by gateway
	lies     bool
	hangs    bool
}

// given is a key, and how often each gateway gave it.
type given struct {
	key
	by map[*redis.State]int
}

var historyRate = hot.Rate{PerSecond: 0.001, Burst: 5}

func (h *history) open() *redis.State {
	h.t.Helper()
	// Clocks are apart by minutes: what a gateway's own says may only make it stricter.
	behind := time.Duration(h.chance.IntN(180)) * time.Second
	clock := func() time.Time { return time.Now().Add(-behind) }
	state, err := redis.OpenWithin(h.server.Address, nil, "cpa:", clock, slog.New(slog.DiscardHandler), 2*redis.Timeout)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = state.Close() })
	return state
}

// claim claims a new key or an old one, through a gateway. Lost answers are answers of
// their own: nobody was given the key.
func (h *history) claim() {
	k := &given{fresh(fmt.Sprint("key ", len(h.keys))), map[*redis.State]int{}}
	if len(h.keys) > 0 && h.chance.IntN(3) > 0 {
		k = h.keys[h.chance.IntN(len(h.keys))]
	} else {
		h.keys = append(h.keys, k)
	}
	state := h.gateways[h.chance.IntN(len(h.gateways))]
	first, err := state.Claim(h.t.Context(), k.name, k.issued, k.life)
	if first && err != nil {
		h.t.Errorf("%s: given, with the error %v", k.name, err)
	}
	if first {
		k.by[state]++
	}
	total := 0
	for _, n := range k.by {
		if total += n; n > 1 {
			h.t.Errorf("%s was given %d times by one gateway", k.name, n)
		}
	}
	if total > 1 && !h.lies {
		h.t.Errorf("%s was given %d times", k.name, total)
	}
}

func (h *history) allow() {
	i := h.chance.IntN(len(h.gateways))
	verdict, err := h.gateways[i].Allow(h.t.Context(), "client", historyRate)
	if err != nil {
		h.t.Errorf("without a verdict: %v", err)
	}
	if verdict.Allowed {
		h.allowed[i]++
	}
	if h.allowed[i] > historyRate.Burst {
		h.t.Errorf("a gateway allowed %d of %d", h.allowed[i], historyRate.Burst)
	}
}

// step is one thing that happens.
func (h *history) step() string {
	h.t.Helper()
	if h.hangs {
		h.claim()
		h.allow()
		h.server.Resume(h.t)
		h.hangs = false
	}
	switch n := h.chance.IntN(100); {
	case n < 70:
		h.claim()
		return "claim"
	case n < 80:
		h.allow()
		return "allow"
	case n < 84:
		h.server.Flush(h.t)
		return "flush"
	case n < 86:
		h.server.Kill()
		h.claim()
		h.allow()
		h.server.Start(h.t)
		return "lost and empty"
	case n < 88:
		h.server.Save(h.t)
		h.claim()
		h.server.Kill()
		h.server.Start(h.t)
		return "back to a snapshot"
	case n < 92:
		h.server.Pause(h.t)
		h.hangs = true
		return "hang"
	case n < 96:
		i := h.chance.IntN(len(h.gateways))
		_ = h.gateways[i].Close() // and a key that it gave is not the next one's to give
		h.gateways[i], h.allowed[i] = h.open(), 0
		return "a gateway starts again"
	case h.lies:
		h.lie()
		return "lie"
	}
	return "nothing"
}

// lie makes Redis forget claims and keep its mark: what it says of its memory is not true.
func (h *history) lie() {
	const forget = `for _, k in ipairs(redis.call('KEYS', '*')) do if not string.find(k, 'mark') then redis.call('DEL', k) end end return 1`
	h.server.Do(h.t, `EVAL "`+forget+`" 0`, ":1")
}

// Whatever happens to Redis and to gateways, a key is given once, and nobody gets more than
// the rate from any gateway; and once Redis is well again, a new key is given.
func TestNoHistoryGivesAKeyTwice(t *testing.T) { histories(t, 4, func(*history) {}) }

// A Redis that lies cannot make a gateway give what it gave, or more than the rate.
func TestARedisThatLiesOpensNothingTwiceInOneGateway(t *testing.T) {
	histories(t, 2, func(h *history) { h.lies = true })
}

func histories(t *testing.T, count int, set func(*history)) {
	for seed := range count {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			h := &history{t: t, chance: rand.New(rand.NewPCG(uint64(seed), 1)), server: hottest.StartServer(t), allowed: make([]int, 3)}
			set(h)
			for range 3 {
				h.gateways = append(h.gateways, h.open())
			}
			happened := map[string]int{}
			for range 150 {
				happened[h.step()]++
				if t.Failed() {
					break
				}
			}
			if h.hangs {
				h.server.Resume(t)
			}
			n := 0
			for _, state := range h.gateways {
				until(t, "a new key is given", func() bool {
					n++
					k := fresh(fmt.Sprint("last ", n))
					first, err := state.Claim(t.Context(), k.name, k.issued, k.life)
					return first && err == nil
				})
			}
			if happened["flush"] == 0 || happened["hang"] == 0 || happened["a gateway starts again"] == 0 {
				t.Errorf("only this happened: %v", happened)
			}
		})
	}
}

// Something that takes connections and answers nonsense is no Redis.
func TestNonsenseForAnAnswerIsAway(t *testing.T) {
	for name, nonsense := range map[string]string{
		"another protocol": "HTTP/1.1 200 OK\r\n\r\n", "yes to everything": "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
		"numbers": ":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", "lists": "*3\r\n$1\r\nx\r\n:0\r\n:1\r\n*3\r\n$1\r\nx\r\n:0\r\n:1\r\n", "silence": "",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Write([]byte(nonsense))
					_ = c.Close()
				}
			}()
			state, err := redis.OpenWithin("redis://"+l.Addr().String(), nil, "cpa:", time.Now, slog.New(slog.DiscardHandler), patience)
			if err != nil {
				t.Fatal(err)
			}
			defer state.Close()
			neverOpen(t, state)
		})
	}
}
