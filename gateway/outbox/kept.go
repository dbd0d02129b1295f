package outbox

import (
	"context"
	"slices"
	"strings"

	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// kept is all subscriptions as the store has them, by id: to read a thousand anew for
// each change would take longer than to tell of it. They are those of the store as long as
// this gateway is the one that tells of changes, and no client has written since.
type kept struct {
	list    []subscriptions.Subscription
	written uint64                           // subscriptions.Outbox.Written when they were read
	next    map[string][]subscriptions.Event // events that were numbered and not told yet, as far as they are known
}

// knows reports whether what is kept is what the store has.
func (o *Outbox) knows(outbox subscriptions.Outbox) bool {
	return o.kept.list != nil && outbox.Holder == o.Gateway && outbox.Written == o.kept.written
}

// subscriptions are all of them.
func (o *Outbox) subscriptions(now store.Snapshot, outbox subscriptions.Outbox) (list []subscriptions.Subscription, err error) {
	if o.knows(outbox) {
		return o.kept.list, nil
	}
	o.kept = kept{}
	if list, err = now.Subscriptions(""); err == nil {
		o.kept = kept{list, outbox.Written, map[string][]subscriptions.Event{}}
	}
	return list, err
}

// subscription is one of them; subscriptions.ErrNone where there is none.
func (o *Outbox) subscription(now store.Snapshot, outbox subscriptions.Outbox, id string) (subscriptions.Subscription, error) {
	if !o.knows(outbox) {
		return now.Subscription(id)
	}
	if at, known := o.kept.find(id); known {
		return o.kept.list[at], nil
	}
	return subscriptions.Subscription{}, subscriptions.ErrNone
}

func (k kept) find(id string) (at int, known bool) {
	return slices.BinarySearchFunc(k.list, id, func(one subscriptions.Subscription, id string) int { return strings.Compare(one.ID, id) })
}

// put takes over one that was changed in the store, with the events that were numbered for it.
func (k kept) put(s subscriptions.Subscription, numbered []subscriptions.Event) {
	if at, known := k.find(s.ID); known {
		k.list[at] = s
		if delete(k.next, s.ID); len(numbered) > 0 {
			k.next[s.ID] = numbered
		}
	}
}

// events are those that a subscription is to be told next, so many at most.
func (o *Outbox) events(ctx context.Context, s subscriptions.Subscription, known []subscriptions.Event) (events []subscriptions.Event, err error) {
	if n := len(known); 0 < n && n < eventsRun && known[0].Number == s.Settled+1 && known[n-1].Number == s.Numbered {
		return known, nil
	}
	err = o.Store.View(ctx, func(now store.Snapshot) (err error) {
		events, err = now.Events(s.ID, s.Settled, eventsRun)
		return err
	})
	return events, err
}
