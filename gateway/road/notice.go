package road

import (
	"context"
	"errors"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// Notification is what the record calls that a subscriber is told of a change.
const Notification Interaction = "notification"

// Notice is what was decided on telling a subscriber of one change: as if it had asked for
// the record at that moment.
type Notice struct {
	request  consent.Request
	decision consent.Decision
	told     bool
	register *agreements.Register
	basis    cache.Basis
}

// Told reports whether the subscriber may be told.
func (n Notice) Told() bool { return n.told }

// Notice decides whether a subscriber may be told of a change: the record, as it now is, is
// one that it would be given, and the change one that it would notice. Nothing is released
// by it: Tell records what is.
func (r *Road) Notice(ctx context.Context, s subscriptions.Subscription, c subscriptions.Change) (Notice, error) {
	var n Notice
	var err error
	if n.register, err = r.Register.Current(ctx); err != nil {
		return n, err
	}
	n.request = consent.Request{Caller: s.Caller, Action: consent.Read, Type: c.Type, At: r.Clock(), Register: n.register, Policy: r.Policy}
	n.basis, err = r.Records.Read(ctx, func(now *cache.Moment) error {
		person, err := now.PersonOf(c.Type, c.ID)
		if err = orNothing(err); err != nil || person == "" {
			return err
		}
		holdings, err := now.Holdings(person)
		if err != nil {
			return err
		}
		about := holdings.At(c.Custodian)
		n.decision = consent.Decide(n.request.For(c.Custodian, &about))
		scope := records.ScopesOf([]consent.Decision{n.decision}, c.Type)[0]
		sees, err := cache.Recall(now, noticeKey(scope, c), func(bool) int { return 1 }, func() (bool, error) { return notices(now, scope, c) })
		n.told = sees && n.decision.Items().Covers(s.Topic.Need()) && n.request.InScope()
		return err
	})
	return n, err
}

// noticeKey is all that it follows from whether a scope notices a change.
func noticeKey(s records.Scope, c subscriptions.Change) string {
	k := make(key, 0, 128)
	k.texts("notice", c.Type, c.ID, string(s.Person), string(s.Custodian))
	k.number(c.Version, s.Items.Bits(), uint64(s.Current), c.Label[0], c.Label[1])
	k.flags(c.Removed)
	return string(k)
}

func notices(now records.Reader, s records.Scope, c subscriptions.Change) (bool, error) {
	var err error
	switch {
	case c.Removed:
		was := profiles.Label{Need: profiles.ItemSetOfBits(c.Label[0]), Any: profiles.ItemSetOfBits(c.Label[1])}
		return s.Current == records.AllPlans && s.Notices([]profiles.Label{was}), nil
	case c.Version == 0:
		_, err = now.Read([]records.Scope{s}, c.ID)
	default:
		_, err = now.ReadVersion([]records.Scope{s}, c.ID, c.Version)
	}
	if errors.Is(err, records.ErrNothing) {
		return false, nil
	}
	return err == nil, err
}

// Holds returns cache.ErrChanged where what the notice follows from is not so any more.
func (n Notice) Holds(r *Road, tx store.Tx) error {
	if err := r.Register.Check(tx, n.register); err != nil {
		return err
	}
	return n.basis.Check(tx)
}

// Tell decides again on an event and, where its subscriber may be told, records that it is.
// A Recorded that is not OK says that nothing may be told.
func (r *Road) Tell(ctx context.Context, s subscriptions.Subscription, e subscriptions.Event) (audit.Recorded, error) {
	for range attempts {
		n, err := r.Notice(ctx, s, e.Change)
		if err != nil || !n.told {
			return audit.Recorded{}, err
		}
		event := audit.Event{At: n.request.At, RequestID: newRequestID(n.request.At), Interaction: string(Notification), Type: e.Type}
		recorded, err := r.Audit.Tell(ctx, event, n.decision, e.Reference(), func(tx store.Tx) error { return n.Holds(r, tx) })
		if !errors.Is(err, cache.ErrChanged) {
			return recorded, err
		}
	}
	return audit.Recorded{}, cache.ErrChanged
}
