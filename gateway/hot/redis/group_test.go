package redis_test

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
)

// groups are the kinds of Redis, all of them over TLS.
var groups = map[string]func(t testing.TB) *hottest.Group{
	"one server": hottest.StartSecure, "sentinels": hottest.StartSentinels, "a cluster": hottest.StartCluster,
}

// patience is enough for a server that is well on a busy machine, and little enough for one
// that is gone.
const patience = 3 * time.Second

// join opens one gateway's view of a group.
func join(t *testing.T, g *hottest.Group, prefix string) *redis.State {
	t.Helper()
	state, err := redis.OpenWithin(g.Address, g.TLS, prefix, time.Now, slog.New(slog.DiscardHandler), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	n := 0
	until(t, "a claim is given", func() bool {
		n++
		first, err := state.Claim(t.Context(), fmt.Sprint("probe ", n, time.Now()), time.Now(), time.Second)
		return first && err == nil
	})
	return state
}

func TestStateInEveryKindOfRedis(t *testing.T) {
	for name, start := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, opened := start(t), 0
			hottest.Run(t, func(t *testing.T) hot.State {
				opened++
				f := &fleet{}
				for range 3 {
					f.all = append(f.all, join(t, g, fmt.Sprintf("test-%d:", opened)))
				}
				f.State = f.all[0]
				return f
			})
			hottest.Race(t, join(t, g, "raced:"), join(t, g, "raced:"))
		})
	}
}

// The server that remembers is lost and a replica takes its place: it may lack the newest
// claims. What was issued before is refused, used or not; what is issued after is given once.
// The replica of a cluster was once not found for a minute.
func TestAReplicaThatTakesOverGivesNothingTwice(t *testing.T) {
	for _, name := range []string{"sentinels", "a cluster"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := groups[name](t)
			here, there := join(t, g, "cpa:"), join(t, g, "cpa:")
			used, unused := fresh("used"), fresh("unused")
			gives(t, here, used)
			g.Holder(t, "claims}:mark").Kill()
			until(t, "a replica has taken over", func() bool {
				probe := fresh(fmt.Sprint("after ", time.Now().UnixNano()))
				first, err := there.Claim(t.Context(), probe.name, probe.issued, probe.life)
				return first && err == nil
			})
			late := join(t, g, "cpa:")
			for _, state := range []*redis.State{here, there, late} {
				until(t, "the replica is found", func() bool { return !state.Health().Away })
				refuses(t, state, used)
				refuses(t, state, unused)
			}
			after := fresh("of after")
			gives(t, late, after)
			refuses(t, here, after)
			refuses(t, there, after)
		})
	}
}

// Whoever cannot prove to be the Redis that is meant is none, whatever it would answer.
func TestARedisThatIsNotKnownIsAway(t *testing.T) {
	g, other := hottest.StartSecure(t), hottest.NewCertificates(t)
	stranger, elsewhere := g.TLS.Clone(), g.TLS.Clone()
	stranger.RootCAs = other.Client.RootCAs
	elsewhere.Certificates = other.Client.Certificates
	for name, secure := range map[string]*tls.Config{
		"another authority": stranger, "the machine's authorities": nil, "a certificate of another authority": elsewhere,
		"no certificate": {RootCAs: g.TLS.RootCAs},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := redis.OpenWithin(g.Address, secure, "cpa:", time.Now, slog.New(slog.DiscardHandler), patience)
			if err != nil {
				t.Fatal(err)
			}
			defer state.Close()
			neverOpen(t, state)
		})
	}
}
