// Package redis is the short-lived state that several gateways share through a
// Redis server, cluster or sentinel group.
//
// Redis only ever makes the gateway stricter. A claim that Redis cannot vouch
// for is an error, and the caller refuses; what this gateway gave to one it does
// not give to another, and a client's rate it keeps on its own, whatever Redis
// says; what was issued before Redis lost its data cannot be claimed any more
// (docs/decisions/017). Keys hold SHA-256 sums, never what was claimed or who
// asked. The server must not evict keys (maxmemory-policy noeviction).
package redis

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	_ "embed" // the bucket script
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// State is hot.State in Redis.
type State struct {
	client  goredis.UniversalClient
	prefix  string
	clock   func() time.Time
	timeout time.Duration // bounds everything that somebody waits for
	buckets *hot.Buckets
	claims  *hot.Claims
	log     *slog.Logger

	mu     sync.Mutex // guards the next three
	health hot.Health
	mark   string    // as it stands in Redis; empty before it was seen
	since  time.Time // the moment in it

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	watched sync.WaitGroup
	end     sync.Once
}

// timeout is that of every state but those of tests on a busy machine.
const timeout = 250 * time.Millisecond

// Open uses the Redis at an address: redis:// or rediss:// with one host; with
// ?addr= for each further node of a cluster; with ?master_name= for a sentinel
// group, of which the hosts are the sentinels. Over rediss:// each node is known by
// the host at which it is reached, as secure says it; nil is TLS as this machine
// knows it. It does not wait for the server: that Redis is away is an ordinary state
// of affairs, and logged. The prefix is in every key, so that deployments may share
// a server.
func Open(address string, secure *tls.Config, prefix string, clock func() time.Time, log *slog.Logger) (*State, error) {
	return open(address, secure, prefix, clock, log, timeout)
}

func open(address string, secure *tls.Config, prefix string, clock func() time.Time, log *slog.Logger, timeout time.Duration) (*State, error) {
	silenceClient()
	client, err := dial(address, secure)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &State{
		client: client, prefix: prefix, clock: clock, timeout: timeout, log: log,
		buckets: hot.NewBuckets(clock), claims: hot.NewClaims(clock), ctx: ctx, stop: stop,
	}
	s.watched.Go(s.watch)
	return s, nil
}

// silenceClient keeps go-redis from writing lines of its own to standard error. All that
// it has to say comes back as errors.
var silenceClient = sync.OnceFunc(func() { goredis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Close ends the watch and the connections. A second Close does nothing.
func (s *State) Close() (err error) {
	s.end.Do(func() {
		s.stop()
		s.watched.Wait()
		err = s.client.Close()
	})
	return err
}

// ready says why a call cannot even begin.
func (s *State) ready(ctx context.Context) error {
	if s.ctx.Err() != nil {
		return hot.ErrClosed
	}
	return ctx.Err()
}

//go:embed bucket.lua
var bucketSource string

// bucketScript is one token bucket for all gateways. It tells the time by the
// server's clock, because theirs differ.
var bucketScript = goredis.NewScript(bucketSource)

// Allow takes from the shared bucket and then from the gateway's own; both must
// have something. Looking into the own one first spares the way to Redis, and
// taking from it last makes it the later one to fill: what it names the time of,
// the shared one has by then. With Redis away the own bucket alone decides: every
// gateway still keeps the client's rate.
func (s *State) Allow(ctx context.Context, client consent.ClientID, rate hot.Rate) (hot.Verdict, error) {
	if err := s.ready(ctx); err != nil {
		return hot.Verdict{}, err
	}
	if own := s.buckets.Look(client, rate); !own.Allowed {
		return own, nil
	}
	var wait int64
	err := s.try(ctx, func(ctx context.Context) (err error) {
		wait, err = bucketScript.Run(ctx, s.client, []string{s.prefix + "bucket:" + sum(string(client))}, rate.PerSecond, rate.Burst).Int64()
		return err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return hot.Verdict{}, ctx.Err()
	case err == nil && wait > 0:
		return hot.Verdict{RetryAfter: time.Duration(wait) * time.Millisecond}, nil
	}
	return s.buckets.Take(client, rate), nil
}

// sum names a thing without telling what it is.
func sum(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}
