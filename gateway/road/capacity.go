package road

import (
	"context"
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
}

// NewCapacity allows so many requests at once, the reserved ones of them for
// purpose ETREAT only.
func NewCapacity(all, reserved int) *Capacity {
	return &Capacity{all: make(chan struct{}, all), routine: make(chan struct{}, max(all-reserved, 1))}
}

// admit takes the client's rate and a place on the road. What it returns gives the place back.
func (r *Road) admit(ctx context.Context, t *trip) (func(), error) {
	verdict, err := r.Shared.Allow(ctx, t.caller.Client, hot.Rate(r.Identity.Rate(t.caller.Client)))
	if err != nil {
		return nil, err
	}
	if !verdict.Allowed {
		return nil, &throttled{after: verdict.RetryAfter}
	}
	places := []chan struct{}{r.Capacity.all}
	if t.caller.Purpose != consent.EmergencyTreatment {
		places = []chan struct{}{r.Capacity.routine, r.Capacity.all}
	}
	var taken []chan struct{}
	leave := func() {
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
