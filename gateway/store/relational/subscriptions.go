package relational

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/subscriptions"
)

const (
	selectChanges = `SELECT r.type, r.id, v.number, r.person, r.custodian, v.source, v.stored, l.need, l."any", v.deleted, v.seq
		FROM versions v JOIN resources r ON r.place = v.resource JOIN labels l ON l.version = v.seq
		WHERE v.seq > ? AND r.person <> '' ORDER BY v.seq LIMIT ?`
	selectSubscription   = `SELECT body FROM subscriptions WHERE id = ?`
	selectSubscriptions  = `SELECT body FROM subscriptions ORDER BY id`
	selectSubscriptionOf = `SELECT body FROM subscriptions WHERE client = ? ORDER BY id`
	deleteSubscription   = `DELETE FROM subscriptions WHERE id = ?`
	selectEvents         = `SELECT body FROM events WHERE subscription = ? AND number > ? ORDER BY number LIMIT ?`
	deleteEvents         = `DELETE FROM events WHERE subscription = ?`
	selectOutbox         = `SELECT body FROM outbox WHERE id = 1`
	upsertOutbox         = `INSERT INTO outbox (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`
)

var (
	subscriptionRows = insertsInto("subscriptions (id, client, body)").onConflict("(id) DO UPDATE SET client = excluded.client, body = excluded.body")
	eventRows        = insertsInto("events (subscription, number, body)")
)

// Changes implements records.Snapshot.
func (s snapshot) Changes(after uint64, limit int) ([]records.Change, error) {
	changes, err := collect(s, scanChange, selectChanges, int64(after), limit) //nolint:gosec // a place of ours
	return changes, doing("reading what has changed", err)
}

func scanChange(rows *sql.Rows) (c records.Change, err error) {
	err = rows.Scan(&c.Type, &c.ID, &c.Number, &c.Person, &c.Custodian, &c.Source, stamp{&c.Stored}, items{&c.Label.Need}, items{&c.Label.Any}, &c.Deleted, &c.Place)
	return c, err
}

// Subscriptions implements subscriptions.Snapshot.
func (s snapshot) Subscriptions(client consent.ClientID) (list []subscriptions.Subscription, err error) {
	if client == "" {
		list, err = collect(s, scanJSON[subscriptions.Subscription], selectSubscriptions)
	} else {
		list, err = collect(s, scanJSON[subscriptions.Subscription], selectSubscriptionOf, string(client))
	}
	return list, doing("listing subscriptions", err)
}

// Subscription implements subscriptions.Snapshot.
func (s snapshot) Subscription(id string) (subscriptions.Subscription, error) {
	return existing(s, "reading a subscription", subscriptions.ErrNone, scanJSON[subscriptions.Subscription], selectSubscription, id)
}

// Events implements subscriptions.Snapshot.
func (s snapshot) Events(subscription string, after uint64, limit int) ([]subscriptions.Event, error) {
	events, err := collect(s, scanJSON[subscriptions.Event], selectEvents, subscription, int64(after), limit) //nolint:gosec // a number of ours
	return events, doing("reading events", err)
}

// Outbox implements subscriptions.Snapshot.
func (s snapshot) Outbox() (subscriptions.Outbox, error) {
	outbox, _, err := first(s, scanJSON[subscriptions.Outbox], selectOutbox)
	return outbox, doing("reading how far changes were looked through", err)
}

// Subscribe implements subscriptions.Tx.
func (t tx) Subscribe(list ...subscriptions.Subscription) error {
	rows := make([][]any, len(list))
	for i, s := range list {
		body, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("keeping a subscription: %w", err)
		}
		rows[i] = []any{s.ID, string(s.Caller.Client), body}
	}
	return doing("keeping subscriptions", t.insertRows(subscriptionRows, rows))
}

// Unsubscribe implements subscriptions.Tx.
func (t tx) Unsubscribe(id string) error {
	for _, text := range []string{deleteEvents, deleteSubscription} {
		if err := t.exec(t.ctx, text, id); err != nil {
			return fmt.Errorf("removing a subscription: %w", err)
		}
	}
	return nil
}

// AddEvents implements subscriptions.Tx.
func (t tx) AddEvents(of map[string][]subscriptions.Event) error {
	var rows [][]any
	for subscription, events := range of {
		for _, e := range events {
			body, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("keeping events: %w", err)
			}
			rows = append(rows, []any{subscription, int64(e.Number), body}) //nolint:gosec // a number of ours
		}
	}
	return doing("keeping events", t.insertRows(eventRows, rows))
}

// SetOutbox implements subscriptions.Tx.
func (t tx) SetOutbox(o subscriptions.Outbox) error {
	body, err := json.Marshal(o)
	if err == nil {
		err = t.exec(t.ctx, upsertOutbox, body)
	}
	return doing("keeping how far changes were looked through", err)
}
