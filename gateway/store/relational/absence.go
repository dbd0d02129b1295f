package relational

import (
	"context"
	"errors"
	"sync"
	"time"

	"cpagateway/gateway/store"
)

// absence keeps everybody from waiting for a database that does not even refuse. Once one
// has waited in vain, one at a time finds out whether it is back, and all others are told
// store.ErrAway at once.
type absence struct {
	mu      sync.Mutex
	away    bool
	trying  bool   // somebody finds out, or has just done so
	answers uint64 // of the database, so far
}

// restFor is how long nobody tries after one has tried in vain.
const restFor = time.Second

// enter refuses whoever need not wait. What it gives is told how the try has ended.
func (a *absence) enter(ctx context.Context) (leave func(error), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away && a.trying {
		return nil, store.ErrAway
	}
	a.trying = a.away
	tries, before := a.away, a.answers
	return func(err error) { a.left(err, tries, over(ctx, err), before) }, nil
}

// left takes what one has found out: nothing, where the database has answered another since
// (who began to wait while it was away can wait in vain when it is back), or where the time of
// who asked was over.
func (a *absence) left(err error, tried, over bool, before uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.answers++
		a.away = false
	case before != a.answers:
	case !over && timedOut(err):
		a.away, a.trying = true, true
		time.AfterFunc(restFor, a.rested)
	case tried:
		a.away, a.trying = over, false
	}
}

func (a *absence) rested() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trying = false
}

// over reports whether a context has ended. An attempt that has to end with it can do so a
// moment earlier.
func over(ctx context.Context, err error) bool {
	if timedOut(err) {
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return ctx.Err() != nil
}

func timedOut(err error) bool {
	var late interface{ Timeout() bool }
	return errors.As(err, &late) && late.Timeout()
}
