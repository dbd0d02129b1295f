package outbox

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// meters count what subscribers are told. The zero meters count nothing.
type meters struct {
	told  metric.Int64Counter
	delay metric.Float64Histogram
}

func newMeters() (m meters, err error) {
	meter := otel.Meter("cpagateway/gateway/outbox")
	if m.told, err = meter.Int64Counter("cpa_gateway_notifications", metric.WithDescription("Turns of telling a subscriber, by what came of them")); err != nil {
		return m, err
	}
	m.delay, err = meter.Float64Histogram("cpa_gateway_notification_delay", metric.WithUnit("s"), metric.WithDescription("From a change to its subscriber having taken the word of it"))
	return m, err
}

func (m meters) outcome(ctx context.Context, done outcome) {
	if m.told == nil {
		return
	}
	result := "nothing"
	switch {
	case done.wait:
		result = "failed here"
	case done.failure != "":
		result = "failed there"
	case done.reached:
		result = "reached"
	}
	m.told.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", result)))
}

func (m meters) delivered(ctx context.Context, delay time.Duration) {
	if m.delay != nil {
		m.delay.Record(ctx, delay.Seconds())
	}
}
