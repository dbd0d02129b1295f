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
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// Limits of one request (docs/surface.md).
const (
	requestTime = 60 * time.Second
	attempts    = 4 // how often a person is decided at most when facts change underway
)

// Road carries requests. Its fields are set once, before the first request.
type Road struct {
	Identity *identity.Verifier
	Records  *cache.Cache
	Audit    *audit.Log[store.Tx]
	Register *cache.Register
	Policy   consent.Policy
	Shared   hot.State
	// Pseudonym is the person id that an NHS number would have, were it known here.
	Pseudonym func(nhsNumber string) profiles.PersonID
	Home      profiles.OrgCode // the organisation that runs this gateway: custodian of the directory
	Base      string           // the FHIR base URL, as callers know it
	DutyLine  string           // the duty team's number, told with every crisis read
	Sealer    *Sealer
	// Subscribers are the clients that may subscribe, and where they are told.
	Subscribers subscriptions.Subscribers
	Capacity    *Capacity
	// Beat is when an answer that releases nothing may leave, or a history: so long after its
	// request came, or a multiple of it. It has to be longer than nearly all such answers take to
	// make: the time of an answer then does not tell who is unknown, has refused, or was
	// just asked for by somebody else. 0 lets them leave at once.
	Beat  time.Duration
	Clock func() time.Time
	Log   *slog.Logger

	meters meters
}

// exchange is one request and what becomes of it.
type exchange struct {
	ask      Ask
	request  *http.Request
	at       time.Time
	id       string       // request id
	language language.Tag // of the answer: Welsh where the caller prefers it, else English (W¶183)
	caller   consent.Caller
	glass    consent.Glass // that it comes through, or breaks
	stated   audit.Glass   // what the record says of that
	cause    string        // the code of why it was refused, if it was
	outcome  string        // what came of it, see meters
	waits    bool          // for the beat: how long it took would tell of what is not released
}

// emergency reports that the caller treats somebody in an emergency: then an answer says whom
// to call, but for one about staff and organisations.
func (t *exchange) emergency() bool {
	return t.caller.Emergency() && !profiles.DirectoryType(t.ask.Type)
}

// exchange begins with a request.
func (r *Road) exchange(req *http.Request, ask Ask) *exchange {
	at := r.Clock()
	return &exchange{ask: ask, request: req, at: at, id: requestID(req, at), language: texts.Language(req.Header.Get("Accept-Language"))}
}

// Serve takes one request down the road and answers it, always, but for what
// comes without a credential too often: admitAnonymous drops that unanswered.
func (r *Road) Serve(w http.ResponseWriter, req *http.Request, ask Ask) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTime)
	defer cancel()
	ctx, span := observe(ctx, ask)
	t := r.exchange(req, ask)
	recorded, reply := r.guarded(ctx, t)
	took := r.Clock().Sub(t.at)
	if t.waits {
		pause(ctx, untilBeat(took, r.Beat))
	}
	r.answer(w, t, recorded, reply, func(status int) { r.end(ctx, span, t, status, took) })
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
	if err := r.openGlass(t); err != nil {
		return r.refuse(ctx, t, err)
	}
	return r.step(ctx, t)
}

// step is the part of the road that each entry of a bundle takes by itself.
func (r *Road) step(ctx context.Context, t *exchange) (audit.Recorded, reply) {
	if t.ask.Fault != nil {
		return r.refuse(ctx, t, t.ask.Fault)
	}
	switch t.ask.Interaction {
	case Batch:
		return r.batch(ctx, t)
	case Transaction:
		return r.orRefuse(ctx, t, r.transaction)
	}
	if !(consent.Request{Caller: t.caller, Action: t.ask.action(), Type: t.ask.Type}).InScope() {
		return r.refuse(ctx, t, scopeExceeded)
	}
	if t.ask.Type == subscriptions.Type {
		return r.orRefuse(ctx, t, r.subscription)
	}
	if t.ask.Interaction == Transform {
		return r.orRefuse(ctx, t, r.transform)
	}
	if t.ask.changes() {
		return r.orRefuse(ctx, t, r.write)
	}
	for range attempts - 1 {
		recorded, reply, err := r.attempt(ctx, t)
		switch {
		case errors.Is(err, cache.ErrChanged):
			continue // a fact changed after the decision: nothing was released, decide again
		case err != nil:
			return r.refuse(ctx, t, err)
		}
		return recorded, reply
	}
	return r.orRefuse(ctx, t, r.alone)
}

// orRefuse refuses what fails.
func (r *Road) orRefuse(ctx context.Context, t *exchange, do func(context.Context, *exchange) (audit.Recorded, reply, error)) (audit.Recorded, reply) {
	recorded, p, err := do(ctx, t)
	if err != nil {
		return r.refuse(ctx, t, err)
	}
	return recorded, p
}

// attempt finds, decides and discloses from one moment, then records.
func (r *Road) attempt(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	register, err := r.Register.Current(ctx)
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	var s subject
	var q question
	var found page
	basis, err := r.Records.Read(ctx, func(now *cache.Moment) (err error) {
		if s, err = r.find(now, t); err != nil {
			return err
		}
		persons, err := cache.Recall(now, "persons", sizeOfPersons, s.persons)
		if err != nil {
			return err
		}
		q = t.question(s, persons, r.request(t, register))
		found, err = cache.Recall(now, q.key(), page.size, func() (page, error) { return r.page(now, q) })
		return err
	})
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	p, released, err := r.reply(t, s, q, found)
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	decisions := q.decisions()
	since := r.Clock()
	recorded, err := r.Audit.Record(ctx, t.event(p.status), decisions, released, func(tx store.Tx) error {
		if err := r.Register.Check(tx, register); err != nil {
			return err
		}
		return basis.Check(tx)
	})
	r.waited(ctx, since)
	if err == nil {
		r.decided(ctx, t, decisions, released)
	}
	return recorded, p, err
}

// request is what is decided on.
func (r *Road) request(t *exchange, register *agreements.Register) consent.Request {
	return consent.Request{Caller: t.caller, Action: t.ask.action(), At: t.at, Register: register, Policy: r.Policy, Glass: t.glass}
}

// decided says what came of a request that was decided and recorded.
func (r *Road) decided(ctx context.Context, t *exchange, decisions []consent.Decision, released []disclosure.Disclosure) {
	r.meters.decided(ctx, decisions)
	t.outcome, t.waits = outcomeNothing, true
	if len(released) > 0 {
		t.outcome = outcomeReleased
		t.waits = t.ask.Interaction == History // which took longer with each version that it passed over
	}
}

// reply says how a page is answered, and lets it out under what was decided.
func (r *Road) reply(t *exchange, s subject, q question, found page) (p reply, released []disclosure.Disclosure, err error) {
	switch {
	case t.ask.Interaction == BreakGlass:
		p, err = r.granted(t, q.decisions())
		return p, nil, err
	case t.ask.Interaction != Search && len(found.matches) == 0:
		return refused(Nothing), nil, nil
	}
	p = reply{status: http.StatusOK, search: s.search, matches: len(found.matches), total: found.total}
	if found.next != "" {
		if p.next, err = r.sealCursor(t, s, found.next); err != nil {
			return p, nil, err
		}
	}
	if t.ask.one() && s.subset.Whole() && unchanged(t.request.Header.Get("If-None-Match"), found.matches[0]) {
		p.status = http.StatusNotModified // settled here, so that it is recorded as it is answered
	}
	released, err = q.under(found)
	return p, released, err
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
		r.Log.ErrorContext(ctx, "the audit log is not available", "request", t.id, "cause", err)
		return audit.Recorded{}, unrecorded(err, cause)
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
	t := r.exchange(req, ask)
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
		r.Log.ErrorContext(ctx, "the audit log is not available", "request", t.id, "cause", err)
		p = unrecorded(err)
	}
	took := r.Clock().Sub(t.at)
	r.answer(w, t, recorded, p, func(status int) { r.end(ctx, span, t, status, took) })
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
	at := r.Clock()
	t := &exchange{ask: Ask{Interaction: None}, at: at, id: newRequestID(at)}
	ctx, span := observe(ctx, t.ask)
	r.refuse(ctx, t, BadRequest)
	r.end(ctx, span, t, http.StatusBadRequest, r.Clock().Sub(t.at))
}
