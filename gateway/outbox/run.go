package outbox

import (
	"context"
	"errors"
	"slices"

	"cpagateway/gateway/cache"
	"cpagateway/gateway/records"
	"cpagateway/gateway/road"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// run is one look at the changes since the last one.
type run struct {
	*Outbox
	outbox     subscriptions.Outbox
	subscribed []subscriptions.Subscription
	changes    []records.Change
	more       bool                             // there are others after them
	topics     map[uint64][]subject             // of each change, by its place
	patients   map[profiles.PersonID][]string   // ids of the Patients of whomever the changes are about
	notices    []road.Notice                    // what was decided, be it yes or no
	found      map[string][]subscriptions.Event // by subscription, not yet numbered
	events     map[string][]subscriptions.Event // the same with their numbers
	numbered   []subscriptions.Subscription     // those that have them
}

// look reads what has changed, and what each change is about.
func (o *Outbox) look(ctx context.Context) (*run, error) {
	r := &run{Outbox: o, topics: map[uint64][]subject{}, patients: map[profiles.PersonID][]string{}, found: map[string][]subscriptions.Event{}}
	err := o.Store.View(ctx, func(now store.Snapshot) (err error) {
		if r.outbox, err = now.Outbox(); err != nil || !o.mine(r.outbox) {
			return err
		}
		if r.subscribed, err = o.subscriptions(now, r.outbox); err != nil || len(r.subscribed) == 0 {
			return err
		}
		if r.changes, err = now.Changes(r.outbox.Through, changesRun); err != nil {
			return err
		}
		r.more = len(r.changes) == changesRun
		for _, c := range r.changes {
			if r.topics[c.Place], err = subjects(now, c); err != nil {
				return err
			}
		}
		return r.lookUp(now)
	})
	return r, err
}

// lookUp finds the Patients of whomever the changes are about, where subscriptions name some.
func (r *run) lookUp(now store.Snapshot) error {
	if !slices.ContainsFunc(r.subscribed, func(s subscriptions.Subscription) bool { return s.Patient != "" }) {
		return nil
	}
	for _, c := range r.changes {
		if _, known := r.patients[c.Person]; known || len(r.topics[c.Place]) == 0 {
			continue
		}
		patients, err := now.Held(c.Person, "Patient")
		if err != nil {
			return err
		}
		r.patients[c.Person] = []string{}
		for _, p := range patients {
			r.patients[c.Person] = append(r.patients[c.Person], p.ID)
		}
	}
	return nil
}

// decide finds out who may be told of each change, of as many as it takes so many decisions
// for: all of them are kept until they are proven.
func (r *run) decide(ctx context.Context) error {
	for i, c := range r.changes {
		if len(r.notices) >= noticesRun {
			r.changes, r.more = r.changes[:i], true
			return nil
		}
		for _, about := range r.topics[c.Place] {
			for _, s := range r.subscribed {
				if !r.wants(s, c, about) {
					continue
				}
				n, err := r.Road.Notice(ctx, s, about.Change)
				if err != nil {
					return err
				}
				r.notices = append(r.notices, n)
				if n.Told() {
					r.found[s.ID] = append(r.found[s.ID], subscriptions.Event{At: c.Stored, Change: about.Change})
				}
			}
		}
	}
	return nil
}

// wants reports whether a change is one that was subscribed to, whoever may be told of it.
func (r *run) wants(s subscriptions.Subscription, c records.Change, about subject) bool {
	return s.Topic == about.topic && s.Numbers() && c.Place > s.Since &&
		(s.Patient == "" || slices.Contains(r.patients[c.Person], s.Patient)) &&
		(s.Topic != subscriptions.ConsentWithdrawn || s.Caller.Organisation == c.Custodian)
}

// keep numbers what was found, if everything is still as it was decided on.
func (r *run) keep(tx store.Tx) error {
	outbox, err := tx.Outbox()
	switch {
	case err != nil:
		return err
	case outbox.Through != r.outbox.Through:
		return cache.ErrChanged
	case !r.mine(outbox):
		return errNotOurs
	}
	for _, n := range r.notices {
		if err := n.Holds(r.Road, tx); err != nil {
			return err
		}
	}
	if err := r.numberFound(tx, outbox); err != nil {
		return err
	}
	now := r.Clock()
	if len(r.changes) == 0 && outbox.Holder == r.Gateway && outbox.Until.Sub(now) > lease/2 {
		return nil
	}
	if len(r.changes) > 0 {
		outbox.Through = r.changes[len(r.changes)-1].Place
	}
	outbox.Holder, outbox.Until = r.Gateway, now.Add(lease)
	return tx.SetOutbox(outbox)
}

// numberFound keeps the events that were found, of each subscription. Where a client has
// written it anew meanwhile they may be of another question, and are looked for again.
func (r *run) numberFound(tx store.Tx, outbox subscriptions.Outbox) error {
	r.numbered, r.events = nil, make(map[string][]subscriptions.Event, len(r.found))
	for _, as := range r.subscribed {
		if len(r.found[as.ID]) == 0 {
			continue
		}
		s, err := r.subscription(tx, outbox, as.ID)
		if isNone(err) || err == nil && s.Revision != as.Revision {
			return cache.ErrChanged
		}
		if err != nil {
			return err
		}
		events := slices.Clone(r.found[s.ID])
		for i := range events {
			s.Numbered++
			events[i].Number = s.Numbered
		}
		r.numbered, r.events[s.ID] = append(r.numbered, s), events
	}
	return errors.Join(tx.AddEvents(r.events), tx.Subscribe(r.numbered...))
}
