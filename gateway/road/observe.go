package road

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// What is observed of a request is its kind, never whom it was about: types and
// interactions come from the allow-list, outcomes and codes from tables of this code,
// so no attribute can hold an identifier. Without a configured exporter the global
// providers do nothing. A trace begins here: what a caller says of one (traceparent,
// tracestate, baggage) is not read, so that nobody outside forces sampling or writes
// into our spans.
const scope = "cpagateway/gateway/road"

// The outcomes of a request, as they are counted. Released and nothing look the same to
// the caller where a decision withheld all; the admin address is not for callers.
const (
	outcomeReleased = "released"
	outcomeNothing  = "nothing"
	outcomeRefused  = "refused"
	outcomeFailed   = "failed"
	outcomePublic   = "public"
	outcomeDropped  = "dropped" // unanswered and unrecorded: too many without a credential
)

// meters are the instruments of a road. They are made with its first request, when the
// exporters are there.
type meters struct {
	once      sync.Once
	duration  metric.Float64Histogram
	recording metric.Float64Histogram
	requests  metric.Int64Counter
	decisions metric.Int64Counter
}

func (m *meters) made() *meters {
	m.once.Do(func() {
		meter := otel.Meter(scope)
		m.duration = instrument(meter.Float64Histogram("cpa_gateway_request_duration",
			metric.WithUnit("s"), metric.WithDescription("Time from request to answer, without the wait for a beat")))
		m.recording = instrument(meter.Float64Histogram("cpa_gateway_audit_duration",
			metric.WithUnit("s"), metric.WithDescription("Time that an answer waited for its entry in the audit log")))
		m.requests = instrument(meter.Int64Counter("cpa_gateway_requests",
			metric.WithDescription("Requests, by what came of them and by the code of a refusal")))
		m.decisions = instrument(meter.Int64Counter("cpa_gateway_decisions",
			metric.WithDescription("Recorded decisions, by outcome and by the code of the rule that decided")))
	})
	return m
}

// instrument hands what a provider objects to on to its handler of errors: the
// request goes on with what it made all the same.
func instrument[T any](made T, err error) T {
	if err != nil {
		otel.Handle(err)
	}
	return made
}

// decided counts the decisions of a request once they are recorded.
func (m *meters) decided(ctx context.Context, decisions []consent.Decision) {
	for _, d := range decisions {
		m.made().decisions.Add(ctx, 1, metric.WithAttributes(
			attribute.String("outcome", d.Outcome().String()), attribute.String("reason", d.Deciding().Code)))
	}
}

// written counts the decisions of what is recorded together.
func (m *meters) written(ctx context.Context, all []audit.Written) {
	for _, w := range all {
		m.decided(ctx, w.Decisions)
	}
}

// asked counts a request.
func (m *meters) asked(ctx context.Context, outcome, cause string) {
	m.made().requests.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome), attribute.String("cause", cause)))
}

// waited measures how long the audit log took.
func (r *Road) waited(ctx context.Context, since time.Time) {
	r.meters.made().recording.Record(ctx, r.Clock().Sub(since).Seconds())
}

func observe(ctx context.Context, ask Ask) (context.Context, trace.Span) {
	return otel.Tracer(scope).Start(ctx, nameOf(ask), trace.WithSpanKind(trace.SpanKindServer))
}

// nameOf is the kind of a request, as far as it has been read.
func nameOf(ask Ask) string { return string(ask.Interaction) + " " + ask.Type }

// end tells of a request that was answered, and how long it took to come to an answer.
func (r *Road) end(ctx context.Context, span trace.Span, t *exchange, status int, took time.Duration) {
	kind := []attribute.KeyValue{
		attribute.String("fhir.interaction", string(t.ask.Interaction)),
		attribute.String("fhir.type", t.ask.Type),
		attribute.Int("http.response.status_code", status),
	}
	span.SetName(nameOf(t.ask))
	span.SetAttributes(kind...)
	span.End()
	r.meters.made().duration.Record(ctx, took.Seconds(), metric.WithAttributes(kind...))
	r.meters.asked(ctx, t.outcome, t.cause)
	r.Log.InfoContext(ctx, "request", "request", t.id, "interaction", string(t.ask.Interaction), "type", t.ask.Type,
		"client", string(t.caller.Client), "status", status, "cause", t.cause, "took", took)
}
