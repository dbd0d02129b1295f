package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/subscriptions"
)

// Changes implements records.Snapshot.
func (s snapshot) Changes(after uint64, limit int) ([]records.Change, error) {
	var changes []records.Change
	for _, r := range s.resources {
		for _, v := range r.versions {
			if v.seq > after && v.Person != "" {
				c := records.Change{Version: v.Version, Place: v.seq}
				c.Body, c.Label = nil, v.Derived.Label
				changes = append(changes, c)
			}
		}
	}
	slices.SortFunc(changes, func(a, b records.Change) int { return cmp.Compare(a.Place, b.Place) })
	return changes[:min(limit, len(changes))], s.ctx.Err()
}

// Subscriptions implements subscriptions.Snapshot.
func (s snapshot) Subscriptions(client consent.ClientID) ([]subscriptions.Subscription, error) {
	var list []subscriptions.Subscription
	for _, one := range s.subscribed {
		if client == "" || one.Caller.Client == client {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b subscriptions.Subscription) int { return strings.Compare(a.ID, b.ID) })
	return list, s.ctx.Err()
}

// Subscription implements subscriptions.Snapshot.
func (s snapshot) Subscription(id string) (subscriptions.Subscription, error) {
	one, known := s.subscribed[id]
	if !known {
		return one, cmp.Or(s.ctx.Err(), subscriptions.ErrNone)
	}
	return one, s.ctx.Err()
}

// Events implements subscriptions.Snapshot.
func (s snapshot) Events(subscription string, after uint64, limit int) ([]subscriptions.Event, error) {
	var events []subscriptions.Event
	for _, e := range s.events[subscription] {
		if e.Number > after && len(events) < limit {
			events = append(events, e)
		}
	}
	return events, s.ctx.Err()
}

// Outbox implements subscriptions.Snapshot.
func (s snapshot) Outbox() (subscriptions.Outbox, error) {
	o := s.outbox
	o.Entries = maps.Clone(o.Entries)
	return o, s.ctx.Err()
}

// Subscribe implements subscriptions.Tx.
func (t *tx) Subscribe(list ...subscriptions.Subscription) error {
	for _, s := range list {
		t.subscribed[s.ID] = s
	}
	return t.ctx.Err()
}

// Unsubscribe implements subscriptions.Tx.
func (t *tx) Unsubscribe(id string) error {
	delete(t.subscribed, id)
	delete(t.events, id)
	return t.ctx.Err()
}

// AddEvents implements subscriptions.Tx.
func (t *tx) AddEvents(of map[string][]subscriptions.Event) error {
	for subscription, events := range of {
		t.events[subscription] = slices.Concat(t.events[subscription], events)
	}
	return t.ctx.Err()
}

// SetOutbox implements subscriptions.Tx.
func (t *tx) SetOutbox(o subscriptions.Outbox) error {
	o.Entries = maps.Clone(o.Entries)
	t.outbox = o
	return t.ctx.Err()
}
