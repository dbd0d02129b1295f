package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// telemetry switches the exporters on: metrics for Prometheus always (they stay
// on the admin address), traces and metrics over OTLP only where an endpoint is
// configured. It returns the handler of /metrics and what ends it all.
func telemetry(ctx context.Context, c telemetryConfig) (http.Handler, func(context.Context) error, error) {
	scraped, err := prometheus.New()
	if err != nil {
		return nil, nil, err
	}
	about := resource.NewSchemaless(semconv.ServiceName("cpa-gateway"), semconv.ServiceVersion(version()))
	meters := []metric.Option{metric.WithReader(scraped), metric.WithResource(about)}
	var traces *trace.TracerProvider
	if c.OTLP != "" {
		pushed, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(c.OTLP+"/v1/metrics"))
		if err != nil {
			return nil, nil, err
		}
		meters = append(meters, metric.WithReader(metric.NewPeriodicReader(pushed, metric.WithInterval(c.Interval))))
		spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.OTLP+"/v1/traces"))
		if err != nil {
			return nil, nil, err
		}
		traces = trace.NewTracerProvider(trace.WithBatcher(spans), trace.WithResource(about),
			trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(c.Sampling))))
		otel.SetTracerProvider(traces)
		otel.SetTextMapPropagator(propagation.TraceContext{}) // no baggage: callers may not write into our traces
	}
	provider := metric.NewMeterProvider(meters...)
	otel.SetMeterProvider(provider)
	end := func(ctx context.Context) error {
		err := provider.Shutdown(ctx)
		if traces != nil {
			err = errors.Join(err, traces.Shutdown(ctx))
		}
		return err
	}
	return promhttp.Handler(), end, nil
}
