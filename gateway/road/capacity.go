package road

import (
	"context"
	"net/http"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// recordTime is how long recording a refusal may take once its request is over.
const recordTime = 5 * time.Second

// Capacity is how many requests are on the road at once. A share is kept for
// crisis reads, so that a flood of routine ones never locks a crisis team out.
type Capacity struct {
	all     chan struct{}
	routine chan struct{}
	large   chan struct{}
}

// What is made of a body takes twenty times its memory until the request is over: few that
// are large are read at once. A search never is one, so that no crisis read waits for them.
const (
	largeBody   = 64 << 10 // bytes
	largeAtOnce = 2
)

// NewCapacity allows so many requests at once, the reserved ones of them for
// emergencies only. At least one is allowed, and at least one is not reserved.
func NewCapacity(all, reserved int) *Capacity {
	all = max(all, 1)
	reserved = min(max(reserved, 0), all-1)
	return &Capacity{all: make(chan struct{}, all), routine: make(chan struct{}, all-reserved), large: make(chan struct{}, largeAtOnce)}
}

// enter waits for a place until ctx ends. What it returns gives the place back.
func (c *Capacity) enter(ctx context.Context, caller consent.Caller) (leave func(), err error) {
	if caller.Emergency() {
		return take(ctx, c.all)
	}
	return take(ctx, c.routine, c.all)
}

// receive waits for room for the body of a request, if it is large.
func (c *Capacity) receive(ctx context.Context, t *exchange) (leave func(), err error) {
	if n := t.request.ContentLength; t.ask.Sent == nil || t.ask.Interaction == Search || 0 <= n && n <= largeBody {
		return take(ctx)
	}
	return take(ctx, c.large)
}

// take takes a place of each, or none.
func take(ctx context.Context, places ...chan struct{}) (leave func(), err error) {
	var taken []chan struct{}
	leave = func() {
		for _, place := range taken {
			<-place
		}
	}
	for _, place := range places {
		select {
		case place <- struct{}{}:
			taken = append(taken, place)
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}

// admit takes the client's rate, reads what it sent, and takes a place on the road: whoever
// sends slowly holds none. What it returns gives back what was taken.
func (r *Road) admit(ctx context.Context, t *exchange) (func(), error) {
	if err := r.spend(ctx, t); err != nil {
		return nil, err
	}
	done, err := r.Capacity.receive(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.ask.Sent != nil {
		t.ask = t.ask.Sent()
	}
	leave, err := r.Capacity.enter(ctx, t.caller)
	if err != nil {
		done()
		return nil, err
	}
	return func() { leave(); done() }, nil
}

// spend takes one request off the client's rate. Each entry of a bundle is one.
func (r *Road) spend(ctx context.Context, t *exchange) error {
	verdict, err := r.Shared.Allow(ctx, t.caller.Client, hot.Rate(r.Identity.Rate(t.caller.Client)))
	if err == nil && !verdict.Allowed {
		err = &throttled{after: verdict.RetryAfter}
	}
	return err
}

// All who have not shown who they are share one bucket, over all gateways. No client has this id.
const anonymous consent.ClientID = ""

// anonymousRate is what they may ask: 200 requests a second in the long run,
// 400 at once.
var anonymousRate = hot.Rate{PerSecond: 200, Burst: 400}

// admitAnonymous keeps a flood of requests without a credential from filling the
// audit log: over the rate, or where the rate is not known, it panics with
// http.ErrAbortHandler, which drops the connection. Nothing may be answered that
// is not recorded, so there is no 429 here; an unrecorded drop tells nothing.
func (r *Road) admitAnonymous(ctx context.Context) {
	if verdict, err := r.Shared.Allow(ctx, anonymous, anonymousRate); err != nil || !verdict.Allowed {
		r.meters.asked(ctx, outcomeDropped, "")
		panic(http.ErrAbortHandler)
	}
}
