// Package outbox tells subscribers of what has changed. The history of the records is the
// outbox: whatever was stored is there with its place in the order of all changes, so a
// change and the word of it cannot be apart (docs/decisions/029). One gateway at a time
// looks through it.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/metric"

	"cpagateway/consent"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/road"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// Times and sizes of its work (docs/subscriptions.md).
const (
	idle       = time.Second      // how long nothing is looked at while nothing changes
	lease      = 10 * time.Second // how long a gateway that says nothing is still the one
	atOnce     = 64               // endpoints that are spoken to at once
	ofOne      = 8                // of these, endpoints of one client: it takes nobody else's turn
	changesRun = 200              // changes that are looked through in one transaction
	noticesRun = 5000             // decisions that are proven in one transaction, about
	rounds     = 20               // of these, one after the other
	eventsRun  = 20               // events that one endpoint is told before others have their turn
	firstWait  = time.Second      // after a first failure; it doubles with each
	longestGap = time.Hour
	patience   = 72 * time.Hour   // how long an endpoint may fail
	largest    = 4 << 10          // bytes that are read of an endpoint's answer
	drain      = 30 * time.Second // how long what is on its way may still take when the gateway stops
)

// Outbox is the part of one gateway in telling subscribers. Its fields are set once.
type Outbox struct {
	Store   store.Store
	Road    *road.Road
	Gateway string // a name that no other gateway has, nor this one when it is started again
	// Registered reports whether a caller could still get a token.
	Registered func(consent.Caller) bool
	Transport  http.RoundTripper // nil: one that keeps as many connections as endpoints are spoken to at once
	Clock      func() time.Time
	Log        *slog.Logger

	client  *http.Client
	turns   metric.Int64Counter
	looked  time.Time      // when everything was last looked at
	seen    uint64         // the last change to the store then
	more    bool           // something may be waiting that no change tells of
	kept    kept           // the subscriptions
	waiting []waiting      // whoever has to be told something since then, and could not be yet
	holder  string         // who was last found to look through the changes
	until   time.Time      // until when, as it said
	heard   time.Time      // when that was found first
	read    map[int]uint64 // of the chains of the audit log, up to where nothing has to be told
}

// Run tells subscribers until ctx ends. On each tick it looks at what has changed. It
// returns when what it was telling has come to an end and is kept.
func (o *Outbox) Run(ctx context.Context, tick <-chan time.Time) {
	o.client = newClient(o.Transport)
	var err error
	if o.turns, err = newMeter(ctx); err != nil {
		o.Log.ErrorContext(ctx, "what subscribers are told cannot be counted", "cause", err.Error())
	}
	finished, busy := make(chan outcome), underway{}
	for {
		select {
		case <-ctx.Done():
			for len(busy) > 0 {
				o.settle(ctx, busy, finished, <-finished)
			}
			o.leave(ctx)
			return
		case done := <-finished:
			o.settle(ctx, busy, finished, done)
			o.start(ctx, busy, finished)
		case <-tick:
			if !o.awake(ctx) {
				continue
			}
			for _, err := range []error{o.tellDuties(ctx), o.turn(ctx, busy, finished)} { // neither waits for the other to succeed
				if err != nil && ctx.Err() == nil && !errors.Is(err, errNotOurs) && !errors.Is(err, cache.ErrChanged) {
					o.Log.ErrorContext(ctx, "looking for what is to be told failed", "cause", err.Error())
				}
			}
		}
	}
}

// leave lets another gateway look through the changes at once.
func (o *Outbox) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	err := o.Store.Update(ctx, func(tx store.Tx) error {
		now, err := tx.Outbox()
		if err != nil || now.Holder != o.Gateway {
			return err
		}
		now.Holder = ""
		return tx.SetOutbox(now)
	})
	if err != nil {
		o.Log.WarnContext(ctx, "another gateway has to wait before it tells subscribers", "cause", err.Error())
	}
}

// mine reports whether this gateway may look through the changes: where nobody else does, or
// has not said so for the time of a lease. That is counted by this clock where the lease is said
// to end later: the clock that it was given by may have been ahead.
func (o *Outbox) mine(now subscriptions.Outbox) bool {
	at := o.Clock()
	if now.Holder != o.holder || !now.Until.Equal(o.until) {
		o.holder, o.until, o.heard = now.Holder, now.Until, at
	}
	return now.MayBeHeldBy(o.Gateway, at) || at.Sub(o.heard) >= lease
}

// awake reports whether there may be something to do. A store that fails is asked once in
// a while.
func (o *Outbox) awake(ctx context.Context) bool {
	now, last := o.Clock(), o.seen
	err := o.Store.View(ctx, func(now store.Snapshot) (err error) {
		o.seen, err = now.Sequence()
		return err
	})
	if now.Sub(o.looked) < idle && (err != nil || o.seen == last && !o.more) {
		return false
	}
	o.looked, o.more = now, false
	return true
}

// turn numbers what has changed, and starts to tell whoever is to be told now.
func (o *Outbox) turn(ctx context.Context, busy underway, finished chan<- outcome) error {
	o.waiting = nil
	subscribed, err := o.number(ctx)
	if err != nil {
		return err
	}
	now := o.Clock()
	flows, err := o.flows(ctx, now)
	if err != nil {
		return err
	}
	for _, s := range subscribed {
		if _, underway := busy[s.ID]; underway { // how far it has been told is known when that ends
			continue
		}
		if do := o.due(s, now, flows); do != nil {
			o.waiting = append(o.waiting, waiting{s, o.kept.next[s.ID], do})
		}
	}
	o.start(ctx, busy, finished)
	return nil
}

// waiting is a subscription for which something has to be done.
type waiting struct {
	subscriptions.Subscription
	next []subscriptions.Event // what it is to be told, where that is known
	do   func(context.Context, waiting) outcome
}

// start begins with as many of those who wait as may be spoken to at once.
func (o *Outbox) start(ctx context.Context, busy underway, finished chan<- outcome) {
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiting) bool {
		if !busy.takes(w.Caller.Client) {
			return false
		}
		busy[w.ID] = w.Caller.Client
		go func() { finished <- w.do(ctx, w) }()
		return true
	})
}

// underway are the subscriptions whose endpoints are spoken to now, and their clients.
type underway map[string]consent.ClientID

// takes reports whether one more of a client may be spoken to.
func (u underway) takes(of consent.ClientID) bool {
	if len(u) >= atOnce {
		return false
	}
	now := 0
	for _, client := range u {
		if client == of {
			now++
		}
	}
	return now < ofOne
}

// due is what has to be done for a subscription now; nil for nothing.
func (o *Outbox) due(s subscriptions.Subscription, now time.Time, flows flows) func(context.Context, waiting) outcome {
	switch {
	case s.Status == subscriptions.Off || s.Status == subscriptions.Failed:
		return nil
	case !s.End.IsZero() && !now.Before(s.End):
		return ends(subscriptions.Off, "it has come to its end")
	case !o.Registered(s.Caller) || !o.Road.Subscribers[s.Caller.Client].Allows(s.Endpoint):
		return ends(subscriptions.Failed, "the client or its endpoint is not agreed any more")
	case s.Caller.Organisation != o.Road.Home && s.Caller.Custody != consent.On && !flows.reach(s.Caller):
		return ends(subscriptions.Failed, "no agreement in force lets this client be told of anything")
	case now.Before(s.Due) && s.Due.Sub(now) <= longestGap: // or it was set by a clock that was ahead
		return nil
	case s.Status == subscriptions.Requested:
		return o.handshake
	case s.Waiting():
		return o.deliver
	case s.Heartbeat > 0 && now.Sub(s.Reached) >= s.Heartbeat:
		return o.heartbeat
	}
	return nil
}

// number gives every change since the last turn its numbers, for each subscriber that may
// be told of it, and gives the subscriptions. Where another gateway does so it gives none.
func (o *Outbox) number(ctx context.Context) ([]subscriptions.Subscription, error) {
	for range rounds {
		r, err := o.look(ctx)
		if err != nil || len(r.subscribed) == 0 {
			return nil, err
		}
		if err := r.decide(ctx); err != nil {
			return nil, err
		}
		err = o.Store.Update(ctx, r.keep)
		switch {
		case errors.Is(err, cache.ErrChanged):
			continue // something was written meanwhile: look again
		case errors.Is(err, errNotOurs):
			return nil, nil
		case err != nil:
			return nil, err
		}
		for _, s := range r.numbered {
			o.kept.put(s, r.events[s.ID])
		}
		if !r.more {
			return o.kept.list, nil
		}
	}
	o.more = true
	return nil, nil
}

var errNotOurs = errors.New("another gateway looks through the changes")
