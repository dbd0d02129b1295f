package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/identity"
)

// health is what the admin address tells of a running gateway.
type health struct {
	ready   []func(context.Context) error // an error takes the gateway out of service
	amiss   func() []error                // of the audit log
	shared  hot.State
	issuers *identity.Verifier
	clock   func() time.Time
	// draining is set before the public address is closed.
	draining atomic.Bool
}

// tellLoss is how long readiness tells of a loss: a token rarely lives longer.
const tellLoss = time.Hour

// notes are what is amiss and takes no gateway out of service, because every other
// gateway has the same trouble or the rest is served as ever.
func (h *health) notes() (notes []string) {
	for _, err := range h.amiss() {
		notes = append(notes, err.Error())
	}
	shared := h.shared.Health()
	if shared.Away {
		notes = append(notes, "Redis does not answer, or takes no claims: single-use credentials are refused, and rates are counted in each process")
	}
	if !shared.LastLoss.IsZero() && h.clock().Sub(shared.LastLoss) < tellLoss {
		notes = append(notes, "Redis has lost its data: single-use credentials issued before "+shared.LastLoss.UTC().Format(time.RFC3339)+" are refused")
	}
	for _, away := range h.issuers.Away() {
		notes = append(notes, away.Error())
	}
	return notes
}

// ServeHTTP is /readyz.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	for _, ready := range h.ready {
		if err := ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ready")
	for _, note := range h.notes() {
		fmt.Fprintln(w, "but:", note)
	}
}

// count makes metrics of the same.
func (h *health) count() error {
	meter := otel.Meter(meterName)
	away, err := meter.Int64ObservableGauge("cpa_gateway_shared_state_away",
		metric.WithDescription("1 while the shared state does not answer"))
	if err != nil {
		return err
	}
	losses, err := meter.Int64ObservableCounter("cpa_gateway_shared_state_losses",
		metric.WithDescription("How often the shared state lost what single-use credentials were used"))
	if err != nil {
		return err
	}
	issuers, err := meter.Int64ObservableGauge("cpa_gateway_issuer_away",
		metric.WithDescription("1 while the tokens of an issuer are refused, because its keys cannot be had"))
	if err != nil {
		return err
	}
	amiss, err := meter.Int64ObservableGauge("cpa_gateway_audit_amiss",
		metric.WithDescription("1 while nothing can be recorded, or the witness does not have the newest checkpoint"))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		shared := h.shared.Health()
		o.ObserveInt64(losses, shared.Losses)
		o.ObserveInt64(away, 0)
		if shared.Away {
			o.ObserveInt64(away, 1)
		}
		o.ObserveInt64(amiss, int64(min(1, len(h.amiss()))))
		for _, url := range h.issuers.Issuers() {
			o.ObserveInt64(issuers, 0, metric.WithAttributes(attribute.String("issuer", url)))
		}
		for _, gone := range h.issuers.Away() { // the later observation counts
			o.ObserveInt64(issuers, 1, metric.WithAttributes(attribute.String("issuer", gone.Issuer)))
		}
		return nil
	}, away, losses, issuers, amiss)
	return err
}
