package road

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// SubscriptionAsk is the parsed part of a request about the caller's own subscriptions.
type SubscriptionAsk struct {
	Asked        subscriptions.Asked    // of a create or an update
	Filters      []subscriptions.Filter // of a search: all must match
	Since, Until uint64                 // of $events: the numbers of the first and the last that are asked for
}

// Limits of subscriptions (docs/subscriptions.md).
const (
	maxSubscriptions = 100 // of one client
	maxEventsAgain   = 100 // that one $events gives
)

// subscription answers a request about a subscription. Each is its client's alone: about
// nobody, and nothing to anybody else.
func (r *Road) subscription(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	var p reply
	var own subscriptions.Subscription
	var events []subscriptions.Event
	since := r.Clock()
	recorded, err := r.Audit.Manage(ctx, t.caller, func(tx store.Tx) (_ audit.Event, err error) {
		p, own, err = r.manage(tx, t)
		if err == nil && p.fault == nil && t.ask.Interaction == Events {
			events, err = tx.Events(own.ID, max(t.ask.Own.Since, 1)-1, maxEventsAgain)
		}
		return t.event(p.status), err
	})
	r.waited(ctx, since)
	if err == nil && p.fault == nil && t.ask.Interaction == Events {
		p.document, err = r.again(ctx, t, own, events)
	}
	t.outcome = outcomePublic
	if p.fault != nil {
		t.outcome, t.cause = outcomeRefused, "SUBSCRIPTION_REFUSED"
	}
	return recorded, p, err
}

// manage does what is asked, in the transaction that records it.
func (r *Road) manage(tx store.Tx, t *exchange) (p reply, s subscriptions.Subscription, err error) {
	p = reply{status: http.StatusOK, contentType: fhirJSON}
	switch t.ask.Interaction {
	case Search:
		p.document, err = r.ownSubscriptions(tx, t)
		return p, s, err
	case Create:
		return r.subscribe(tx, t)
	}
	s, err = tx.Subscription(t.ask.ID)
	if errors.Is(err, subscriptions.ErrNone) || err == nil && s.Caller.Client != t.caller.Client {
		return refused(Nothing), s, nil
	}
	if err != nil {
		return p, s, err
	}
	if t.ask.Write.Match != "" && t.ask.Write.Match != s.VersionID() {
		return refused(Outdated), s, nil
	}
	switch t.ask.Interaction {
	case Update:
		return r.resubscribe(tx, t, s)
	case Delete:
		p.status = http.StatusNoContent
		return p, s, errors.Join(tx.Unsubscribe(s.ID), countWritten(tx))
	case Status:
		p.document = s.Notification(subscriptions.QueryStatus, r.Base, t.at)
		return p, s, nil
	}
	p.document, p.version = s.Resource(), s.VersionID()
	return p, s, nil
}

func (r *Road) subscribe(tx store.Tx, t *exchange) (reply, subscriptions.Subscription, error) {
	s := subscriptions.Subscription{ID: newResourceID()}
	all, err := tx.Subscriptions("")
	if err != nil {
		return reply{}, s, err
	}
	own := 0
	for _, other := range all {
		if other.Caller.Client == t.caller.Client {
			own++
		}
	}
	if own >= maxSubscriptions {
		return refused(notSubscribed("Subscription", fmt.Sprintf("this client has %d, which is the most that one may have", own))), s, nil
	}
	if s.Since, err = tx.Sequence(); err != nil {
		return reply{}, s, err
	}
	if len(all) == 0 { // nobody was told of what came before
		outbox, err := tx.Outbox()
		if err != nil {
			return reply{}, s, err
		}
		outbox.Through = s.Since
		if err := tx.SetOutbox(outbox); err != nil {
			return reply{}, s, err
		}
	}
	p, s, err := r.keepSubscription(tx, t, s)
	if p.fault == nil {
		p.status, p.written = http.StatusCreated, subscriptions.Type+"/"+s.ID+"/_history/"+s.VersionID()
	}
	return p, s, err
}

// resubscribe writes a subscription anew. Of events that were of another question nothing
// is told any more. What changed after it was given up has no numbers: one number that
// nothing is told under stands for all of it.
func (r *Road) resubscribe(tx store.Tx, t *exchange, s subscriptions.Subscription) (reply, subscriptions.Subscription, error) {
	asked := t.ask.Own.Asked
	other := asked.Topic != s.Topic || asked.Patient != s.Patient
	if !s.Numbers() || other {
		var err error
		if s.Since, err = tx.Sequence(); err != nil {
			return reply{}, s, err
		}
	}
	if s.Status == subscriptions.Failed {
		s.Numbered++
	}
	if s.Status == subscriptions.Off || other {
		s.Settled = s.Numbered
	}
	return r.keepSubscription(tx, t, s)
}

// keepSubscription keeps what the client wrote, if it may subscribe to that.
func (r *Road) keepSubscription(tx store.Tx, t *exchange, s subscriptions.Subscription) (reply, subscriptions.Subscription, error) {
	s.Asked, s.Caller, s.Changed = t.ask.Own.Asked, t.caller, t.at
	s.Caller.TokenID = ""
	s.Revision++
	s.Progress = subscriptions.Progress{Status: subscriptions.Requested, Numbered: s.Numbered, Settled: s.Settled}
	if s.Stopped {
		s.Status = subscriptions.Off
	}
	if fault := r.unfit(s); fault != nil {
		return refused(fault), s, nil
	}
	return reply{status: http.StatusOK, contentType: fhirJSON, document: s.Resource(), version: s.VersionID()}, s, errors.Join(tx.Subscribe(s), countWritten(tx))
}

// countWritten says that a client has written, to the gateway that tells subscribers: it
// keeps the subscriptions in memory.
func countWritten(tx store.Tx) error {
	outbox, err := tx.Outbox()
	if err != nil {
		return err
	}
	outbox.Written++
	return tx.SetOutbox(outbox)
}

// unfit refuses a subscription that could never be, or must not be, told of anything.
func (r *Road) unfit(s subscriptions.Subscription) *Fault {
	switch {
	case s.Caller.Person != "":
		return notSubscribed("Subscription", "only a system subscribes: this token is a professional's")
	case s.Caller.Emergency():
		return notSubscribed("Subscription", "nobody subscribes for emergency treatment: it is about one person at one moment")
	case s.Topic == subscriptions.ConsentWithdrawn && s.Caller.Custody != consent.On:
		return notSubscribed("Subscription.criteria", "only the systems that keep the custodian's own records are told of wishes")
	case !r.Subscribers[s.Caller.Client].Allows(s.Endpoint):
		return notSubscribed("Subscription.channel.endpoint", "is not below an address that was agreed for this client")
	case !s.End.IsZero() && !s.End.After(s.Changed):
		return notSubscribed("Subscription.end", "is in the past")
	}
	return nil
}

func notSubscribed(path, text string) *Fault {
	return NotSubscribed([]subscriptions.Issue{{Path: path, Text: text}})
}

// NotSubscribed refuses a subscription for what is wrong in it; nil where nothing is.
func NotSubscribed(wrong []subscriptions.Issue) *Fault {
	if len(wrong) == 0 {
		return nil
	}
	f := Refuse(http.StatusUnprocessableEntity, "business-rule", texts.SubscriptionRefused)
	for _, w := range wrong {
		f.Issues = append(f.Issues, Issue{Code: "business-rule", Expression: w.Path, Text: w.Text})
	}
	return f
}

// ownSubscriptions are the caller's, as a searchset. They all stand on one page.
func (r *Road) ownSubscriptions(tx store.Tx, t *exchange) ([]byte, error) {
	list, err := tx.Subscriptions(t.caller.Client)
	list = slices.DeleteFunc(list, func(s subscriptions.Subscription) bool {
		return slices.ContainsFunc(t.ask.Own.Filters, func(f subscriptions.Filter) bool { return !f.Matches(s) })
	})
	w := fhir.NewWriter(make([]byte, 0, 2048))
	bundleOf(w, "searchset", func() {
		w.Name("total").Int(int64(len(list)))
		w.Name("link").Array(func() { link(w, "self", r.Base+"/"+subscriptions.Type) })
		if len(list) > 0 {
			w.Name("entry").Array(func() {
				for _, s := range list {
					entry(w, r.Base+"/"+subscriptions.Type+"/"+s.ID, "match", s.Resource())
				}
			})
		}
	})
	return w.Bytes(), err
}

// again tells of events that were numbered before, of each as it is decided now, for who
// asks: its token may say less than that of the subscription did.
func (r *Road) again(ctx context.Context, t *exchange, s subscriptions.Subscription, events []subscriptions.Event) ([]byte, error) {
	s.Caller = t.caller
	var told []subscriptions.Event
	for _, e := range events {
		if t.ask.Own.Until > 0 && e.Number > t.ask.Own.Until {
			break
		}
		recorded, err := r.Tell(ctx, s, e)
		if err != nil {
			return nil, err
		}
		if recorded.OK() {
			told = append(told, e)
		}
	}
	return s.Notification(subscriptions.QueryEvents, r.Base, r.Clock(), told...), nil
}
