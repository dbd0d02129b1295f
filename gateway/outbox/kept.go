package outbox

import (
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
	written uint64 // subscriptions.Outbox.Written when they were read
}

// subscriptions are all of them.
func (o *Outbox) subscriptions(now store.Snapshot, outbox subscriptions.Outbox) (list []subscriptions.Subscription, err error) {
	if o.kept.list != nil && outbox.Holder == o.Gateway && outbox.Written == o.kept.written {
		return o.kept.list, nil
	}
	o.kept = kept{}
	if list, err = now.Subscriptions(""); err == nil {
		o.kept = kept{list, outbox.Written}
	}
	return list, err
}

// put takes over one that was changed in the store.
func (k kept) put(s subscriptions.Subscription) {
	at, known := slices.BinarySearchFunc(k.list, s.ID, func(one subscriptions.Subscription, id string) int { return strings.Compare(one.ID, id) })
	if known {
		k.list[at] = s
	}
}
