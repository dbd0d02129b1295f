// Package road is the one road that every request takes: identify, find, decide,
// disclose, record, answer. It holds the only http.ResponseWriter, and nothing
// reaches it that has not been recorded.
package road

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Limits of one request (docs/surface.md).
const (
	requestTime = 60 * time.Second
	attempts    = 4 // how often a person is decided again when a fact changes underway
)

// Road carries requests. Its fields are set once, before the first request.
type Road struct {
	Identity *identity.Verifier
	Store    store.Viewer
	Audit    *audit.Log[store.Tx]
	Register func() *agreements.Register // the agreements in force; a reload swaps them whole
	Policy   consent.Policy
	Shared   hot.State
	// Pseudonym is the person id that an NHS number would have, were it known here.
	Pseudonym func(nhsNumber string) profiles.PersonID
	Home      profiles.OrgCode // the organisation that runs this gateway: custodian of the directory
	Base      string           // the FHIR base URL, as callers know it
	DutyLine  string           // the duty team's number, told with every crisis read
	Sealer    *Sealer
	Capacity  *Capacity
	Clock     func() time.Time
	Log       *slog.Logger

	meters meters
}

// exchange is one request and what becomes of it.
type exchange struct {
	ask     Ask
	request *http.Request
	at      time.Time
	id      string // request id
	words   words
	caller  consent.Caller
	cause   string // the code of why it was refused, if it was
	outcome string // what came of it, see meters
}

// Serve takes one request down the road and answers it, always, but for what
// comes without a credential too often: admitAnonymous drops that unanswered.
func (r *Road) Serve(w http.ResponseWriter, req *http.Request, ask Ask) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTime)
	defer cancel()
	ctx, span := observe(ctx, ask)
	t := &exchange{ask: ask, request: req, at: r.Clock(), id: requestID(req), words: wordsFor(req)}
	recorded, reply := r.guarded(ctx, t)
	status := r.answer(w, t, recorded, reply)
	r.end(ctx, span, t, status)
}

// guarded keeps a fault of our own from being an answer without a record, or no
// answer at all; only the drop of admitAnonymous passes. What panicked may hold a
// person's data and is not told.
func (r *Road) guarded(ctx context.Context, t *exchange) (recorded audit.Recorded, p reply) {
	defer func() {
		switch fault := recover(); fault {
		case nil:
		case http.ErrAbortHandler:
			panic(fault) // a drop, which is meant to be no answer at all
		default:
			r.Log.ErrorContext(ctx, "a request panicked", "request", t.id, "stack", string(debug.Stack()))
			recorded, p = r.refuse(ctx, t, errPanicked)
		}
	}()
	return r.process(ctx, t)
}

var errPanicked = errors.New("the request panicked")

// process takes every step of the road. Whatever happens, it ends with something
// recorded; where even that failed, the zero Recorded makes the answer a 500.
func (r *Road) process(ctx context.Context, t *exchange) (audit.Recorded, reply) {
	caller, err := r.Identity.Verify(ctx, t.request)
	if err != nil {
		r.admitAnonymous(ctx)
		return r.refuse(ctx, t, err)
	}
	t.caller = caller
	leave, err := r.admit(ctx, t)
	if err != nil {
		return r.refuse(ctx, t, err)
	}
	defer leave()
	if t.ask.Fault != nil {
		return r.refuse(ctx, t, t.ask.Fault)
	}
	if !(consent.Request{Caller: caller, Action: t.ask.action(), Type: t.ask.Type}).InScope() {
		return r.refuse(ctx, t, scopeExceeded)
	}
	for range attempts {
		recorded, reply, err := r.attempt(ctx, t)
		switch {
		case errors.Is(err, errChanged):
			continue // a fact changed after the decision: nothing was released, decide again
		case err != nil:
			return r.refuse(ctx, t, err)
		}
		return recorded, reply
	}
	return r.refuse(ctx, t, faultBusy)
}

// attempt finds, decides and discloses from one moment of the store, then records.
func (r *Road) attempt(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	ask := consent.Request{Caller: t.caller, Action: t.ask.action(), Type: t.ask.Type, At: t.at, Register: r.Register(), Policy: r.Policy}
	var decisions []consent.Decision
	var released []disclosure.Disclosure
	var p reply
	err := r.Store.View(ctx, func(now store.Snapshot) error {
		subject, err := r.find(now, t)
		if err != nil {
			return err
		}
		decisions = subject.decide(ask)
		if released, p, err = r.disclose(now, t, ask, decisions, subject); err != nil {
			return err
		}
		included, more, err := r.included(now, t, ask, decisions, subject, released)
		decisions, released = append(decisions, more...), partsOf(released, included, subject.subset)
		return err
	})
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	since := r.Clock()
	recorded, err := r.Audit.Record(ctx, t.event(p.status), decisions, released, func(tx store.Tx) error {
		if r.Register() != ask.Register {
			return errChanged
		}
		return checkUnchanged(tx, decisions)
	})
	r.waited(ctx, since)
	if err == nil {
		r.meters.decided(ctx, decisions)
		t.outcome = outcomeNothing
		if len(released) > 0 {
			t.outcome = outcomeReleased
		}
	}
	return recorded, p, err
}

// errChanged says that something about the person, or an agreement, changed after the
// decision.
var errChanged = errors.New("what was decided on has changed")

// checkUnchanged returns errChanged where anything held about a person has changed
// since the decision.
func checkUnchanged(now records.Snapshot, decisions []consent.Decision) error {
	for _, d := range decisions {
		generation, err := now.Generation(d.Person())
		if err != nil {
			return err
		}
		if generation != d.Epoch() {
			return errChanged
		}
	}
	return nil
}

// disclose finds what the decisions let through and copies what is permitted, each
// by the decision for its own custodian.
func (r *Road) disclose(now records.Snapshot, t *exchange, ask consent.Request, decisions []consent.Decision, s subject) ([]disclosure.Disclosure, reply, error) {
	found, next, err := r.matches(now, t, decisions, s)
	if errors.Is(err, records.ErrNothing) && t.ask.Interaction != Search {
		return nil, refused(Nothing), nil
	}
	if err != nil {
		return nil, reply{}, err
	}
	beside, err := r.beside(now, t, ask, decisions, s, found)
	if err != nil {
		return nil, reply{}, err
	}
	released, err := r.copies(now, t, decisions, found, beside...)
	if err != nil {
		return nil, reply{}, err
	}
	released = slices.DeleteFunc(released, func(x disclosure.Disclosure) bool { return !t.asksFor(x) })
	if t.ask.Interaction != Search && len(released) == 0 {
		return nil, refused(Nothing), nil
	}
	p := reply{status: http.StatusOK, next: next, search: s.search, matches: len(released)}
	if p.total, err = r.total(now, t, decisions, s); err != nil {
		return nil, reply{}, err
	}
	if t.ask.Interaction != Search && s.subset.Whole() && unchanged(t.request.Header.Get("If-None-Match"), released[0]) {
		p.status = http.StatusNotModified // settled here, so that it is recorded as it is answered
	}
	return released, p, nil
}

// partsOf are what is asked for of each match, and of what stands beside them. The
// elements that a search names are those of its matches.
func partsOf(matches, included []disclosure.Disclosure, s disclosure.Subset) []disclosure.Disclosure {
	var parts []disclosure.Disclosure
	for _, x := range matches {
		parts = append(parts, x.Only(s))
	}
	for _, x := range included {
		parts = append(parts, x.Only(disclosure.Subset{Summary: s.Summary}))
	}
	return parts
}

// copies are the disclosures of what was found, in its order.
func (r *Road) copies(now records.Snapshot, t *exchange, decisions []consent.Decision, found []records.Visible, beside ...disclosure.Disclosure) ([]disclosure.Disclosure, error) {
	held, err := r.held(t, found)
	if err != nil {
		return nil, err
	}
	targets := make([]map[string]disclosure.Target, len(decisions))
	for i, d := range decisions {
		if targets[i], err = now.Targets(d.Source(), references(held, d.Source())); err != nil {
			return nil, err
		}
	}
	var released []disclosure.Disclosure
	for _, h := range held {
		i := slices.IndexFunc(decisions, func(d consent.Decision) bool { return d.Source() == h.Custodian })
		if x := disclosure.Of(decisions[i], h, targets[i], beside...); !x.Withheld() {
			released = append(released, x)
		}
	}
	return released, nil
}

// held reads the stored bytes of each match.
func (r *Road) held(t *exchange, found []records.Visible) ([]disclosure.Held, error) {
	held := make([]disclosure.Held, 0, len(found))
	for _, v := range found {
		resource, err := fhir.ParseResource(v.Body)
		if err != nil {
			return nil, err
		}
		held = append(held, disclosure.Held{
			Resource: resource, Person: v.Person, Custodian: v.Custodian, Label: v.Label,
			Updated: v.SeenAt, Reader: t.words.language, Tag: func(carried profiles.ItemSet, content disclosure.Digest) string {
				return r.Sealer.sealTag(t.caller.Organisation, v.Type, v.ID, tag{v.SeenNumber, carried, content})
			},
		})
	}
	return held, nil
}

// references are those in a custodian's records.
func references(held []disclosure.Held, custodian profiles.OrgCode) []string {
	var refs []string
	for _, h := range held {
		if h.Custodian != custodian {
			continue
		}
		for ref := range fhir.References(h.Resource) {
			refs = append(refs, ref.Text())
		}
	}
	return refs
}

// refuse records what was not granted, and why, before it is answered.
func (r *Road) refuse(ctx context.Context, t *exchange, cause error) (audit.Recorded, reply) {
	p, code := explainFault(cause)
	t.outcome, t.cause = outcomeRefused, code
	if p.status >= http.StatusInternalServerError {
		t.outcome = outcomeFailed
		r.Log.ErrorContext(ctx, "request failed", "request", t.id, "interaction", string(t.ask.Interaction), "type", t.ask.Type, "cause", code)
	}
	// The caller may have gone away; the refusal is recorded all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	since := r.Clock()
	recorded, err := r.Audit.Refuse(ctx, t.event(p.status), t.caller, code)
	r.waited(ctx, since)
	if err != nil {
		t.outcome = outcomeFailed
		r.Log.ErrorContext(ctx, "the audit log is not available", "request", t.id)
		return audit.Recorded{}, reply{}
	}
	return recorded, p
}

// ServePublic answers a document that is about nobody, such as the
// CapabilityStatement; it too is recorded first, and dropped by admitAnonymous
// where too many ask.
func (r *Road) ServePublic(w http.ResponseWriter, req *http.Request, ask Ask, body []byte, contentType string) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTime)
	defer cancel()
	r.admitAnonymous(ctx)
	t := &exchange{ask: ask, request: req, at: r.Clock(), id: requestID(req), words: wordsFor(req)}
	ctx, span := observe(ctx, ask)
	p := reply{status: http.StatusOK, document: body, contentType: contentType}
	t.outcome = outcomePublic
	if ask.Fault != nil {
		p = refused(ask.Fault)
		t.outcome, t.cause = outcomeRefused, "REQUEST_REFUSED"
	}
	since := r.Clock()
	recorded, err := r.Audit.Public(ctx, t.event(p.status))
	r.waited(ctx, since)
	if err != nil {
		t.outcome = outcomeFailed
		r.Log.ErrorContext(ctx, "the audit log is not available", "request", t.id)
	}
	status := r.answer(w, t, recorded, p)
	r.end(ctx, span, t, status)
}

// Unread records a request that could not be read: the server answered it in fixed
// words, or not at all. Of a flood of them no more is recorded than of any other
// without a credential.
func (r *Road) Unread(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if verdict, err := r.Shared.Allow(ctx, anonymous, anonymousRate); err != nil || !verdict.Allowed {
		return
	}
	t := &exchange{ask: Ask{Interaction: None}, at: r.Clock(), id: newRequestID()}
	ctx, span := observe(ctx, t.ask)
	r.refuse(ctx, t, faultUnread)
	r.end(ctx, span, t, http.StatusBadRequest)
}
