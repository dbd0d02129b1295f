package redis_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect opens one gateway's view of a server, which waits for what a busy machine makes slow.
func connect(t *testing.T, server *hottest.Server, prefix string, clock func() time.Time) *redis.State {
	t.Helper()
	return connectWithin(t, server, prefix, clock, time.Minute, slog.New(slog.DiscardHandler))
}

func connectWithin(t *testing.T, server *hottest.Server, prefix string, clock func() time.Time, timeout time.Duration, log *slog.Logger) *redis.State {
	t.Helper()
	state, err := redis.OpenWithin(server.Address, nil, prefix, clock, log, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = state.Close() })
	until(t, "the mark stands", func() bool { return strings.Contains(server.Keys(), "{"+prefix+"claims}:mark") })
	time.Sleep(2 * time.Millisecond) // what a test issues from here on is of after the mark
	return state
}

// fleet is several gateways that share a server, asked in turn: what one of them
// keeps in its own process is not enough to keep a law.
type fleet struct {
	*redis.State // of the first one
	all          []*redis.State
	next         atomic.Int64
}

func (f *fleet) one() *redis.State { return f.all[int(f.next.Add(1))%len(f.all)] }

func (f *fleet) Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (bool, error) {
	return f.one().Claim(ctx, key, issued, life)
}

func (f *fleet) Allow(ctx context.Context, client consent.ClientID, rate hot.Rate) (hot.Verdict, error) {
	return f.one().Allow(ctx, client, rate)
}

func (f *fleet) Close() error {
	var all []error
	for _, state := range f.all {
		all = append(all, state.Close())
	}
	return errors.Join(all...)
}

func TestStateOfSeveralGateways(t *testing.T) {
	server := hottest.StartServer(t)
	opened := 0
	hottest.Run(t, func(t *testing.T) hot.State {
		opened++
		f := &fleet{}
		for range 12 {
			f.all = append(f.all, connect(t, server, fmt.Sprintf("test-%d:", opened), time.Now))
		}
		f.State = f.all[0]
		return f
	})
}

func TestState(t *testing.T) {
	server := hottest.StartServer(t)
	opened := 0
	hottest.Run(t, func(t *testing.T) hot.State {
		opened++
		return connect(t, server, fmt.Sprintf("test-%d:", opened), time.Now)
	})
}

// Two gateways and 64 callers race for the same keys: exactly one wins each.
func TestTwoGatewaysRaceForOneClaim(t *testing.T) {
	server := hottest.StartServer(t)
	hottest.Race(t, connect(t, server, "cpa:", time.Now), connect(t, server, "cpa:", time.Now))
}

// Canaries: nothing of what is claimed or of who asks may be read from the keys.
func TestKeysTellNothing(t *testing.T) {
	server := hottest.StartServer(t)
	state := connect(t, server, "cpa:", time.Now)
	if _, err := state.Claim(t.Context(), "9990000018", time.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Allow(t.Context(), "Ann-Evans", hot.Rate{PerSecond: 0.1, Burst: 2}); err != nil {
		t.Fatal(err)
	}
	keys := server.Keys()
	if strings.Count(keys, "cpa:") != 3 {
		t.Fatalf("expected a claim, a bucket and the mark: %q", keys)
	}
	if strings.Contains(keys, "9990000018") || strings.Contains(keys, "Ann") {
		t.Errorf("the keys tell: %q", keys)
	}
}

func TestAddressThatIsNoneIsNotRepeated(t *testing.T) {
	for _, address := range []string{"", "http://h:6379", "redis://:s3cret@h:port", "redis://u:s3cret@h:1/x", "\x7f s3cret", "redis://s3cret@h:1?addr=%zz", "redis://s3cret@h:1?master_name=m&db=x", "rediss://:s3cret@h:1?skip_verify=true"} {
		state, err := redis.Open(address, nil, "cpa:", time.Now, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = state.Close()
			t.Errorf("%q was opened", address)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
}

// Certificates for a Redis that is spoken to in clear would be for nothing.
func TestCertificatesWithoutTLSAreRefused(t *testing.T) {
	if state, err := redis.Open("redis://127.0.0.1:1", &tls.Config{}, "cpa:", time.Now, slog.New(slog.DiscardHandler)); err == nil { //nolint:gosec // nobody is spoken to
		_ = state.Close()
		t.Error("opened")
	}
}

// A cluster and a sentinel group are chosen by the address alone, and a Redis
// that cannot be reached is no error before it is asked for something.
func TestAddressChoosesTheKindOfServer(t *testing.T) {
	for _, address := range []string{
		"redis://127.0.0.1:1", "rediss://127.0.0.1:1/2",
		"redis://127.0.0.1:1?addr=127.0.0.1:2", "redis://127.0.0.1:1?master_name=m&addr=127.0.0.1:2",
	} {
		state, err := redis.Open(address, nil, "cpa:", time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if first, err := state.Claim(t.Context(), "k", time.Now(), time.Minute); first || err == nil {
			t.Errorf("%s: first %v, error %v", address, first, err)
		}
		if err := state.Close(); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
