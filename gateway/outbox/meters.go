package outbox

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// What can come of a turn of telling a subscriber, as it is counted.
const (
	turnReached = "reached"
	turnNothing = "nothing" // nothing had to be told any more
	turnThere   = "failed there"
	turnHere    = "failed here"
)

// newMeter counts turns of telling subscribers.
func newMeter(ctx context.Context) (metric.Int64Counter, error) {
	turns, err := otel.Meter("cpagateway/gateway/outbox").Int64Counter("cpa_gateway_notifications",
		metric.WithDescription("Turns of telling a subscriber, by what came of them"))
	for _, turn := range []string{turnReached, turnNothing, turnThere, turnHere} {
		if err == nil {
			turns.Add(ctx, 0, turnOf(turn))
		}
	}
	return turns, err
}

func turnOf(turn string) metric.AddOption {
	return metric.WithAttributes(attribute.String("outcome", turn))
}

// turn is what came of it, as it is counted.
func (done outcome) turn() string {
	switch {
	case done.wait:
		return turnHere
	case done.failure != "":
		return turnThere
	case done.reached:
		return turnReached
	}
	return turnNothing
}
