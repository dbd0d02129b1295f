package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

// outcome is what came of speaking to an endpoint.
type outcome struct {
	id       string
	revision uint64               // of the subscription as it was spoken for
	settled  uint64               // up to which event
	reached  bool                 // the endpoint took what it was told last
	failure  string               // why not, in words of ours; empty: nothing had to be told
	wait     bool                 // the fault is our own: it is tried again soon, and counts for nothing
	ended    subscriptions.Status // it is told nothing more
}

func of(s subscriptions.Subscription) outcome {
	return outcome{id: s.ID, revision: s.Revision, settled: s.Settled}
}

// ends ends a subscription without speaking to its endpoint.
func ends(status subscriptions.Status, why string) func(context.Context, waiting) outcome {
	return func(_ context.Context, s waiting) outcome {
		done := of(s.Subscription)
		done.ended, done.failure = status, why
		return done
	}
}

// handshake asks an endpoint whether it is there. Nobody is told of anything before it
// has answered.
func (o *Outbox) handshake(ctx context.Context, s waiting) outcome {
	name := "handshake-" + s.VersionID()
	return of(s.Subscription).after(o.post(ctx, s.Subscription, name, s.Notification(subscriptions.Handshake, o.Road.Base, o.Clock())))
}

// heartbeat tells an endpoint that nothing has changed.
func (o *Outbox) heartbeat(ctx context.Context, s waiting) outcome {
	name := "heartbeat-" + strconv.FormatInt(o.Clock().Unix(), 10)
	return of(s.Subscription).after(o.post(ctx, s.Subscription, name, s.Notification(subscriptions.Heartbeat, o.Road.Base, o.Clock())))
}

// deliver tells a subscriber its next events, one after the other: each is decided on
// again, and recorded before it leaves. Of one that it may not be told any more it is told
// nothing.
func (o *Outbox) deliver(ctx context.Context, w waiting) outcome {
	s, done := w.Subscription, of(w.Subscription)
	events, err := o.events(ctx, s, w.next)
	for _, e := range events {
		if err != nil {
			break
		}
		recorded, failed := o.Road.Tell(ctx, s, e)
		if err = failed; err != nil {
			break
		}
		if recorded.OK() {
			body := s.Notification(subscriptions.Notification, o.Road.Base, o.Clock(), e)
			if done = done.after(o.post(ctx, s, strconv.FormatUint(e.Number, 10), body)); !done.reached {
				return done
			}
		}
		done.settled = e.Number
	}
	if err == nil && len(events) < eventsRun {
		done.settled = max(done.settled, s.Numbered) // the last numbers may stand for what is never told
	}
	if done.wait = err != nil; done.wait && ctx.Err() == nil {
		o.Log.ErrorContext(ctx, "telling a subscriber failed", "subscription", s.ID, "cause", err.Error())
	}
	return done
}

// after is the outcome with what came of one more message.
func (done outcome) after(err error) outcome {
	var refused *refusal
	done.reached, done.failure = err == nil, ""
	switch {
	case err == nil:
	case errors.As(err, &refused):
		done.failure = refused.Error()
		if refused.status == http.StatusGone {
			done.ended = subscriptions.Off
		}
	default:
		done.failure = "the endpoint could not be reached, or did not answer in time"
	}
	return done
}

// refusal is an answer that is no success.
type refusal struct{ status int }

func (r *refusal) Error() string { return fmt.Sprintf("the endpoint answered %d", r.status) }

// post sends a message, signed as Standard Webhooks 1.0 has it. The same message has the
// same webhook-id, however often it is sent. Redirects are not followed. What is on its way
// when the gateway stops is not cut off for a while: its subscriber may have taken it.
func (o *Outbox) post(ctx context.Context, s subscriptions.Subscription, name string, body []byte) error {
	running := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(running), s.Timeout)
	defer cancel()
	defer context.AfterFunc(running, func() {
		select {
		case <-time.After(drain):
			cancel()
		case <-ctx.Done():
		}
	})()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	id, at := s.ID+"-"+name, strconv.FormatInt(o.Clock().Unix(), 10)
	request.Header.Set("Content-Type", "application/fhir+json")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", signature(o.Road.Subscribers[s.Caller.Client].Secret, id, at, body))
	response, err := o.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, largest) // what it says is not ours to know
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return &refusal{response.StatusCode}
	}
	return nil
}

// newClient is what speaks to endpoints.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConns, own.MaxIdleConnsPerHost = 2*atOnce, atOnce
		transport = own
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signature is that of a message (Standard Webhooks 1.0, symmetric).
func signature(secret []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// settle keeps what came of speaking to an endpoint, and to all others that are done by
// now. Where that fails they are spoken to again.
func (o *Outbox) settle(ctx context.Context, busy underway, finished <-chan outcome, first outcome) {
	all := []outcome{first}
	for more := true; more; {
		select {
		case done := <-finished:
			all = append(all, done)
		default:
			more = false
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	var changed []subscriptions.Subscription
	err := o.Store.Update(ctx, func(tx store.Tx) (err error) {
		changed, err = o.keep(tx, all)
		return err
	})
	for _, s := range changed {
		o.kept.put(s, nil)
	}
	if err != nil {
		o.kept = kept{}
		o.Log.ErrorContext(ctx, "keeping what subscribers were told failed", "cause", err.Error())
	}
	o.more = true // what was told may not have been all
	for _, done := range all {
		delete(busy, done.id)
		o.turns.Add(ctx, 1, turnOf(done.turn()))
	}
}

// keep keeps how far subscribers have been told.
func (o *Outbox) keep(tx store.Tx, all []outcome) (changed []subscriptions.Subscription, err error) {
	outbox, err := tx.Outbox()
	if err != nil {
		return nil, err
	}
	for _, done := range all {
		s, err := o.subscription(tx, outbox, done.id)
		if isNone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.Settled = max(s.Settled, done.settled)
		if s.Revision == done.revision { // otherwise the client has written it anew
			s.Progress = done.progress(s.Progress, o.Clock())
		}
		changed = append(changed, s)
	}
	if outbox.Holder != o.Gateway { // another one has read them
		outbox.Written++
		err = tx.SetOutbox(outbox)
	}
	return changed, errors.Join(err, tx.Subscribe(changed...))
}

// progress is how far a subscriber has been told then.
func (done outcome) progress(p subscriptions.Progress, now time.Time) subscriptions.Progress {
	switch {
	case done.ended != "":
		p.Status, p.Problem = done.ended, done.failure
	case done.wait:
		p.Due = now.Add(firstWait)
	case done.failure != "":
		if p.Attempts++; p.Failing.IsZero() {
			p.Failing = now
		}
		p.Due = now.Add(backOff(p.Attempts))
		if now.Sub(p.Failing) >= patience {
			p.Status, p.Problem = subscriptions.Failed, done.failure
		}
	default:
		p.Attempts, p.Failing, p.Due = 0, time.Time{}, time.Time{}
		if done.reached {
			p.Status, p.Reached = subscriptions.Active, now
		}
	}
	return p
}

// backOff is how long to wait after so many failures.
func backOff(attempts int) time.Duration {
	return min(firstWait<<min(attempts-1, 20), longestGap)
}
