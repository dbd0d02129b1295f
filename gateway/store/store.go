// Package store is everything that the gateway keeps, and the one way to read
// and to change it: a View is one moment, an Update is one transaction. It holds
// the interface and its conformance suite (storetest); the packages below it
// implement it.
package store

import (
	"context"
	"errors"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/register"
	"cpagateway/gateway/subscriptions"
)

// ErrNested refuses a View or an Update inside another: it would wait for itself.
var ErrNested = errors.New("a view or an update of the store inside another")

// ErrAway says that the database cannot be reached, so that nothing can be known or kept
// at the moment: another gateway may reach it, and this one may in a while.
var ErrAway = errors.New("the database cannot be reached")

// Store keeps everything of one gateway. Its methods are safe for concurrent use.
type Store interface {
	Viewer
	// Update runs change in a transaction. All that it did is durable when Update
	// returns nil; nothing of it is ever there where change fails or panics, or
	// where ctx ends before it does. After any other error of Update it is there
	// whole or not at all, and to do it again is safe.
	//
	// Transactions come one after the other, in the order in which they were asked
	// for: change should only do what has to be done inside.
	Update(ctx context.Context, change func(Tx) error) error
	Close() error
}

// Viewer is a store for those who only read.
type Viewer interface {
	// View runs read on one moment: whatever is written meanwhile, all that read
	// sees belongs together. The snapshot ends with read.
	View(ctx context.Context, read func(Snapshot) error) error
}

// Snapshot is one moment of everything kept.
type Snapshot interface {
	records.Snapshot
	quarantine.Snapshot
	audit.Snapshot
	persons.Snapshot
	register.Snapshot
	subscriptions.Snapshot
	// Context is that of the view or update. A View or Update under it is ErrNested.
	Context() context.Context
}

// Tx is a change of everything kept. It reads what it has written, and ends with
// the function that it was given to.
type Tx interface {
	Snapshot
	records.Tx
	quarantine.Tx
	audit.Tx
	persons.Tx
	register.Tx
	subscriptions.Tx
	// Try runs a part of the transaction that may fail by itself: where part fails,
	// Try gives its error, what part did is undone, and the transaction goes on.
	Try(part func() error) error
}

type inside struct{}

// Begin makes the context of one view or update, for the implementations: it
// refuses one that is inside another. End it when the function has returned.
func Begin(ctx context.Context) (viewCtx context.Context, end context.CancelFunc, err error) {
	if ctx.Value(inside{}) != nil {
		return nil, nil, ErrNested
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	viewCtx, end = context.WithCancel(context.WithValue(ctx, inside{}, true))
	return viewCtx, end, nil
}
