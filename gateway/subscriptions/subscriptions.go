// Package subscriptions is who is told of changes, and what each was told: FHIR R4
// Subscriptions as the Subscriptions R5 Backport 1.1.0 has them. It holds the interface
// of what is kept, how a Subscription is read and written, and the notifications.
package subscriptions

import (
	"errors"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Type is the FHIR type of a subscription.
const Type = "Subscription"

// ErrNone says that there is no such subscription.
var ErrNone = errors.New("there is no such subscription")

// Subscription is what one client wants to be told of, and how far it has been told.
type Subscription struct {
	ID     string
	Caller consent.Caller // for whom each change is decided on: the client as its token named it when it subscribed
	Asked                 // what the client wrote
	// Revision counts what the client wrote; 1 is the first.
	Revision uint64
	Changed  time.Time // when the client last wrote
	Since    uint64    // place of the last change to the store that it is not told of
	Progress
}

// Progress is how far a subscriber has been told.
type Progress struct {
	Status   Status
	Problem  string    // why the status is Failed or Off, in words of ours
	Numbered uint64    // number of its newest event; the first is 1
	Settled  uint64    // up to which event nothing has to be delivered any more
	Attempts int       // that failed, one after the other
	Failing  time.Time // since when
	Due      time.Time // when the next attempt may be made
	Reached  time.Time // when the endpoint last took something
}

// Status is a code of SubscriptionStatus (R4).
type Status string

// The statuses.
const (
	Requested Status = "requested" // its endpoint has not answered the handshake yet
	Active    Status = "active"
	Failed    Status = "error" // given up until the client writes it again
	Off       Status = "off"
)

// Waiting reports that there is an event to deliver.
func (p Progress) Waiting() bool { return p.Settled < p.Numbered }

// Numbers reports that changes are given numbers: not while it is off, or given up, when
// nobody knows for how long.
func (p Progress) Numbers() bool { return p.Status != Off && p.Status != Failed }

// Event is a change that a subscriber was found to be one for. What it is told of it is
// decided again whenever it is told.
type Event struct {
	Number uint64
	At     time.Time // when the change was stored
	Change
}

// Change names a version of a record.
type Change struct {
	Type, ID  string
	Version   uint64 // number of the version; 0: as the record is now
	Custodian profiles.OrgCode
	Removed   bool      // it says that the record is no more
	Label     [2]uint64 // of a record that is no more: the bits of what it needed, all and any of them
}

// Reference is the record as FHIR refers to it.
func (c Change) Reference() string { return c.Type + "/" + c.ID }

// Outbox is how far the changes of the store have been looked through, for all
// subscriptions, and which gateway does so.
type Outbox struct {
	Through uint64 // place of the last change that was looked through
	// Entries are how far the chains of the audit log have been looked through for what the
	// custodians' people have to be told: the number of the last entry, by chain. Nil: not yet.
	Entries map[int]uint64
	Written uint64 // counts what clients have written of subscriptions
	Holder  string // the gateway; empty: none
	Until   time.Time
}

// MayBeHeldBy reports whether a gateway may look through the changes: it did so last, or nobody does.
func (o Outbox) MayBeHeldBy(gateway string, now time.Time) bool {
	return o.Holder == gateway || o.Holder == "" || !now.Before(o.Until)
}

// Snapshot is one moment of the subscriptions.
type Snapshot interface {
	// Subscriptions are those of a client, or everybody's where none is named, by id.
	Subscriptions(client consent.ClientID) ([]Subscription, error)
	// Subscription is one of them; ErrNone where there is none.
	Subscription(id string) (Subscription, error)
	// Events are those of a subscription after a number, so many at most, the oldest first.
	Events(subscription string, after uint64, limit int) ([]Event, error)
	Outbox() (Outbox, error)
}

// Tx is a change of the subscriptions. It reads what it has written.
type Tx interface {
	Snapshot
	// Subscribe keeps subscriptions, each once, in place of what was kept under their ids.
	Subscribe(list ...Subscription) error
	// Unsubscribe removes a subscription with its events.
	Unsubscribe(id string) error
	// AddEvents keeps events of subscriptions, by their ids. Their numbers are new.
	AddEvents(of map[string][]Event) error
	// SetOutbox keeps how far the changes have been looked through.
	SetOutbox(o Outbox) error
}
