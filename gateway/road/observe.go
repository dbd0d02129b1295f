package road

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// What is observed of a request is its kind, never whom it was about: types and
// interactions come from the allow-list, so no attribute can hold an identifier.
// Without a configured exporter the global providers do nothing. A trace begins
// here: what a caller says of one (traceparent, tracestate, baggage) is not read, so
// that nobody outside forces sampling or writes into our spans.
const scope = "cpagateway/gateway/road"

type observation struct {
	span     trace.Span
	duration metric.Float64Histogram
}

func observe(ctx context.Context, ask Ask) (context.Context, observation) {
	ctx, span := otel.Tracer(scope).Start(ctx, string(ask.Interaction)+" "+ask.Type, trace.WithSpanKind(trace.SpanKindServer))
	duration, err := otel.Meter(scope).Float64Histogram("cpa_gateway_request_duration",
		metric.WithUnit("s"), metric.WithDescription("Time from request to answer"))
	if err != nil {
		otel.Handle(err)
	}
	return ctx, observation{span: span, duration: duration}
}

func (o observation) end(ctx context.Context, log *slog.Logger, t *trip, status int, took time.Duration) {
	kind := []attribute.KeyValue{
		attribute.String("fhir.interaction", string(t.ask.Interaction)),
		attribute.String("fhir.type", t.ask.Type),
		attribute.Int("http.response.status_code", status),
	}
	o.span.SetAttributes(kind...)
	o.span.End()
	if o.duration != nil {
		o.duration.Record(ctx, took.Seconds(), metric.WithAttributes(kind...))
	}
	log.InfoContext(ctx, "request", "request", t.id, "interaction", string(t.ask.Interaction), "type", t.ask.Type,
		"client", string(t.caller.Client), "status", status, "cause", t.cause, "took", took)
}
