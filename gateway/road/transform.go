package road

import (
	"context"
	"net/http"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
)

// Mapping makes the answer of a $transform from what the caller sent, and from nothing
// else.
type Mapping func(context.Context, consent.Caller) ([]byte, *Fault)

// transform maps what the caller holds, and records that it was asked: nothing of what is
// stored is read for it, and nothing of what was sent is kept.
func (r *Road) transform(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	document, fault := t.ask.Mapped(ctx, t.caller)
	if fault != nil {
		return audit.Recorded{}, reply{}, fault
	}
	since := r.Clock()
	recorded, err := r.Audit.Manage(ctx, t.caller, func(store.Tx) (audit.Event, error) { return t.event(http.StatusOK), nil })
	r.waited(ctx, since)
	t.outcome = outcomePublic
	return recorded, reply{status: http.StatusOK, contentType: fhirJSON, document: document}, err
}
