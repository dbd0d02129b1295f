package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// subscriptionSuite holds a store to what it keeps of subscriptions.
var subscriptionSuite = []struct {
	name string
	test func(t *testing.T, s store.Store)
}{
	{"a subscription is kept whole, in place of what was kept", subscriptionKept},
	{"a client has its own, and nobody those that are taken away", subscriptionsOfAClient},
	{"events are given after a number, the oldest first", eventsInOrder},
	{"the outbox is kept", outboxKept},
	{"changes are those about persons, in the order in which they were made", changesInOrder},
	{"what an update that fails wrote of subscriptions is not there", subscriptionUndone},
}

// subscribed is a subscription with something in every field.
func subscribed(id string, client consent.ClientID) subscriptions.Subscription {
	return subscriptions.Subscription{
		ID: id, Revision: 2, Changed: start, Since: 1 << 40,
		Caller: consent.Caller{
			Client: client, Organisation: "LA9A1", Team: "adult-mh", Purpose: "COC", Custody: consent.On,
			Scopes: []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true, Category: "a|b"}},
		},
		Asked: subscriptions.Asked{
			Topic: subscriptions.CrisisPlanChanged, Patient: "ann", Endpoint: "https://sync.example/hook", Payload: subscriptions.IDOnly,
			Heartbeat: time.Hour, Timeout: 3 * time.Second, End: start.Add(time.Hour), Reason: `to keep in step "äŵ"`, Stopped: true,
		},
		Progress: subscriptions.Progress{
			Status: subscriptions.Failed, Problem: "the endpoint answered 500", Numbered: 1 << 50, Settled: 7, Attempts: 3,
			Failing: start.Add(time.Minute), Due: start.Add(2 * time.Minute), Reached: start.Add(time.Second),
		},
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got) %s", diff)
	}
}

func subscriptionKept(t *testing.T, s store.Store) {
	first := subscribed("s1", "council")
	update(t, s, func(tx store.Tx) error { return tx.Subscribe(first) })
	changed := first
	changed.Problem, changed.Caller.Scopes, changed.Settled = "", nil, 9
	update(t, s, func(tx store.Tx) error {
		got, err := tx.Subscription("s1")
		same(t, got, first)
		return errors.Join(err, tx.Subscribe(changed))
	})
	view(t, s, func(now store.Snapshot) error {
		got, err := now.Subscription("s1")
		same(t, got, changed)
		if _, err := now.Subscription("s2"); !errors.Is(err, subscriptions.ErrNone) {
			t.Errorf("one that is not there: %v", err)
		}
		return err
	})
}

func subscriptionsOfAClient(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) (err error) {
		all := []subscriptions.Subscription{subscribed("c", "council"), subscribed("a", "council"), subscribed("b", "gp"), subscribed("d", "council")}
		err = errors.Join(tx.Subscribe(all...), tx.Subscribe())
		for _, one := range all {
			err = errors.Join(err, tx.AddEvents(map[string][]subscriptions.Event{one.ID: {{Number: 1, At: start}}}))
		}
		return err
	})
	update(t, s, func(tx store.Tx) error { return errors.Join(tx.Unsubscribe("d"), tx.Unsubscribe("none")) })
	view(t, s, func(now store.Snapshot) error {
		for client, want := range map[consent.ClientID][]string{"": {"a", "b", "c"}, "council": {"a", "c"}, "gp": {"b"}, "nobody": nil} {
			list, err := now.Subscriptions(client)
			var ids []string
			for _, one := range list {
				ids = append(ids, one.ID)
			}
			if same(t, ids, want); err != nil {
				return err
			}
		}
		for id, want := range map[string]int{"a": 1, "d": 0} {
			if events, err := now.Events(id, 0, 10); len(events) != want || err != nil {
				t.Errorf("%s has %d events (%v), want %d", id, len(events), err, want)
			}
		}
		return nil
	})
}

func eventsInOrder(t *testing.T, s store.Store) {
	event := func(n uint64) subscriptions.Event {
		return subscriptions.Event{Number: n, At: start.Add(time.Duration(n) * time.Second), Change: subscriptions.Change{
			Type: "CarePlan", ID: fmt.Sprint("p", n), Version: n, Custodian: "7A4", Removed: n%2 == 0, Label: [2]uint64{1 << 63, n},
		}}
	}
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.AddEvents(map[string][]subscriptions.Event{"s": {event(1), event(2)}, "other": {event(1)}}),
			tx.AddEvents(map[string][]subscriptions.Event{"s": {event(3)}, "none": nil}), tx.AddEvents(nil))
	})
	view(t, s, func(now store.Snapshot) error {
		for _, c := range []struct {
			after uint64
			limit int
			want  []subscriptions.Event
		}{{0, 10, []subscriptions.Event{event(1), event(2), event(3)}}, {1, 1, []subscriptions.Event{event(2)}}, {2, 10, []subscriptions.Event{event(3)}}, {3, 10, nil}} {
			got, err := now.Events("s", c.after, c.limit)
			if same(t, got, c.want); err != nil {
				return err
			}
		}
		return nil
	})
}

func outboxKept(t *testing.T, s store.Store) {
	view(t, s, func(now store.Snapshot) error {
		o, err := now.Outbox()
		same(t, o, subscriptions.Outbox{})
		return err
	})
	for _, want := range []subscriptions.Outbox{{Through: 1 << 40, Holder: "a", Until: start}, {Through: 1<<40 + 1, Holder: "b", Until: start.Add(time.Second), Entries: map[int]uint64{1: 1 << 50, 2: 3}}} {
		update(t, s, func(tx store.Tx) error { return tx.SetOutbox(want) })
		view(t, s, func(now store.Snapshot) error {
			o, err := now.Outbox()
			same(t, o, want)
			return err
		})
	}
}

func changesInOrder(t *testing.T, s store.Store) {
	put := func(a consent.Accepted) {
		update(t, s, func(tx store.Tx) error {
			_, err := tx.Put(start, a, records.Precondition{})
			return err
		})
	}
	put(recordstest.Accept(t, home, ann, `{"resourceType":"Patient","id":"ann","language":"cy"}`))
	put(recordstest.Accept(t, home, "", `{"resourceType":"Practitioner","id":"s"}`))
	put(recordstest.Accept(t, home, ann, fmt.Sprintf(`{"resourceType":"CarePlan","id":"p","status":"active","intent":"plan","category":[{"coding":[{"system":%q,"code":%q}]}],"subject":{"reference":"Patient/ann"}}`, profiles.SystemSNOMED, profiles.CodeCrisisPlan)))
	put(recordstest.Accept(t, home, ann, `{"resourceType":"Patient","id":"ann","language":"cy"}`)) // says nothing new
	put(recordstest.Remove(t, home, ann, "CarePlan", "p"))
	put(recordstest.Accept(t, home, ann, `{"resourceType":"Patient","id":"ann","language":"en"}`))
	var first uint64
	look := func(after uint64, limit int) (names []string, places []uint64) {
		view(t, s, func(now store.Snapshot) error {
			changes, err := now.Changes(after, limit)
			for _, c := range changes {
				names = append(names, fmt.Sprintf("%s/%s/%d %s %s %t %t", c.Type, c.ID, c.Number, c.Person, c.Custodian, c.Deleted, c.Label.Need.Has(profiles.PlanCrisis)))
				places = append(places, c.Place)
				if len(c.Body) > 0 || !c.Stored.Equal(start) {
					t.Errorf("a change comes with %d bytes, of %s", len(c.Body), c.Stored)
				}
			}
			sequence, sequenceErr := now.Sequence()
			if len(places) > 0 && places[len(places)-1] > sequence {
				t.Errorf("a place after %d", sequence)
			}
			return errors.Join(err, sequenceErr)
		})
		return names, places
	}
	all := []string{
		"Patient/ann/1 person-ann 7A4 false false", "CarePlan/p/1 person-ann 7A4 false true",
		"CarePlan/p/2 person-ann 7A4 true true", "Patient/ann/2 person-ann 7A4 false false",
	}
	names, places := look(0, 10)
	same(t, names, all)
	first = places[0]
	names, _ = look(first, 2)
	same(t, names, all[1:3])
	names, _ = look(places[3], 10)
	same(t, len(names), 0)
}

func subscriptionUndone(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Subscribe(subscribed("a", "gp")), tx.AddEvents(map[string][]subscriptions.Event{"a": {{Number: 1}}}), tx.SetOutbox(subscriptions.Outbox{Through: 3}), errOnTest)
	})
	if !errors.Is(err, errOnTest) {
		t.Fatal(err)
	}
	view(t, s, func(now store.Snapshot) error {
		list, err := now.Subscriptions("")
		events, eventsErr := now.Events("a", 0, 1)
		o, outboxErr := now.Outbox()
		if len(list) > 0 || len(events) > 0 || o.Through != 0 {
			t.Errorf("there are %v, %v, %v", list, events, o)
		}
		return errors.Join(err, eventsErr, outboxErr)
	})
}
