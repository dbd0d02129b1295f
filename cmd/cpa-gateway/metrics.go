package main

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
)

const meterName = "cpagateway/cmd/cpa-gateway"

// lookedThrough is how many of a source's newest entries are looked through for its newest
// whole run: a run has an entry of its own at its end, after those of its batches.
const lookedThrough = 100

// countAll tells operators what waits for them, each time the metrics are read.
func (s *site) countAll(clock func() time.Time) error {
	return errors.Join(s.countOutdated(), s.countUnresolved(), s.countSetAside(), s.countSubscriptions(), s.countImports(), s.countDue(clock))
}

// countSetAside counts what lies in quarantine, by source.
func (s *site) countSetAside() error {
	_, err := otel.Meter(meterName).Int64ObservableGauge("cpa_gateway_quarantine_open",
		metric.WithDescription("Findings in quarantine that wait for somebody, by source: see quarantine list"),
		metric.WithInt64Callback(func(ctx context.Context, gauge metric.Int64Observer) error {
			return s.store.View(ctx, func(now store.Snapshot) error {
				counts, err := now.CountOpen()
				if err != nil {
					return err
				}
				for _, source := range s.config.Sources {
					counts[source.Name] += 0 // nothing set aside is a number as well
				}
				for name, n := range counts {
					gauge.Observe(int64(n), metric.WithAttributes(attribute.String("source", name)))
				}
				return nil
			})
		}))
	return err
}

// countImports tells when each source was last brought in whole, and what came of it.
// Imports are processes of their own: the audit log knows of them.
func (s *site) countImports() error {
	meter := otel.Meter(meterName)
	last, lastErr := meter.Float64ObservableGauge("cpa_gateway_import_last_time",
		metric.WithUnit("s"), metric.WithDescription("When the newest whole import of a source ended (Unix time)"))
	counted, countErr := meter.Int64ObservableGauge("cpa_gateway_import_records",
		metric.WithDescription("Records of the newest whole import of a source, by what became of them"))
	if err := errors.Join(lastErr, countErr); err != nil {
		return err
	}
	_, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		return s.store.View(ctx, func(now store.Snapshot) error {
			for _, source := range s.config.Sources {
				run, err := newestRun(now, source.Name)
				if err != nil {
					return err
				}
				if run.Time.IsZero() {
					continue
				}
				of := attribute.String("source", source.Name)
				o.ObserveFloat64(last, float64(run.Time.UnixMilli())/1000, metric.WithAttributes(of))
				for outcome, n := range map[string]int{
					"read": run.Counts.Read, "stored": run.Counts.Stored, "unchanged": run.Counts.Unchanged, "quarantined": run.Counts.Quarantined,
				} {
					o.ObserveInt64(counted, int64(n), metric.WithAttributes(of, attribute.String("outcome", outcome)))
				}
			}
			return nil
		})
	}, last, counted)
	return err
}

// newestRun is the entry of a source's newest whole import; the zero Entry where there is none.
func newestRun(now store.Snapshot, source string) (audit.Entry, error) {
	rows, err := now.Entries(audit.Query{Client: consent.ClientID("source:" + source), Limit: lookedThrough})
	if err != nil {
		return audit.Entry{}, err
	}
	entries, err := audit.Entries(rows)
	if err != nil {
		return audit.Entry{}, err
	}
	for _, e := range entries {
		if e.Kind == audit.KindImport && e.Counts.Read > 0 {
			return e, nil
		}
	}
	return audit.Entry{}, nil
}

// countDue counts the agreements that somebody has to review.
func (s *site) countDue(clock func() time.Time) error {
	_, err := otel.Meter(meterName).Int64ObservableGauge("cpa_gateway_agreements_due",
		metric.WithDescription("Agreements in force whose review is due within 90 days, or past: see register check"),
		metric.WithInt64Callback(func(_ context.Context, gauge metric.Int64Observer) error {
			counts := map[string]int64{"due": 0, "past": 0}
			for _, warning := range s.register.Load().Warnings(clock()) {
				if warning.Past {
					counts["past"]++
				} else {
					counts["due"]++
				}
			}
			for review, n := range counts {
				gauge.Observe(n, metric.WithAttributes(attribute.String("review", review)))
			}
			return nil
		}))
	return err
}
