package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
)

// telemetryTime is how long a collector may hold the ending up.
const telemetryTime = 3 * time.Second

// telemetry switches the exporters on: metrics for Prometheus always (they stay
// on the admin address), traces and metrics over OTLP only where an endpoint is
// configured. It returns the handler of /metrics and what ends it all.
// The ending waits for a collector only for a moment, and fails nothing.
func telemetry(ctx context.Context, c telemetryConfig, log *slog.Logger) (http.Handler, func(), error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry was not delivered", "cause", err) }))
	scraped, err := prometheus.New()
	if err != nil {
		return nil, nil, err
	}
	about := resource.NewSchemaless(semconv.ServiceName("cpa-gateway"), semconv.ServiceVersion(version()))
	meters := []metric.Option{metric.WithReader(scraped), metric.WithResource(about)}
	traces := trace.NewTracerProvider() // exports nothing
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
			trace.WithSampler(trace.TraceIDRatioBased(c.Sampling)))
		otel.SetTracerProvider(traces)
	}
	provider := metric.NewMeterProvider(meters...)
	otel.SetMeterProvider(provider)
	end := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), telemetryTime)
		defer cancel()
		ended := make(chan error, 2)
		go func() { ended <- provider.Shutdown(ctx) }()
		go func() { ended <- traces.Shutdown(ctx) }()
		for range cap(ended) {
			select {
			case err := <-ended:
				if err != nil {
					log.Warn("the last telemetry was not delivered", "cause", err)
				}
			case <-ctx.Done():
				return
			}
		}
	}
	return promhttp.Handler(), end, nil
}
