package main

import (
	"context"
	"errors"
	"maps"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
)

const meterName = "cpagateway/cmd/cpa-gateway"

// lookedThrough is how many of a source's newest entries are looked through for its newest
// whole run: a run has an entry of its own at its end, after those of its batches.
const lookedThrough = 100

// countAll tells operators what waits for them, each time the metrics are read.
func (s *site) countAll(clock func() time.Time) error {
	return errors.Join(
		count("cpa_gateway_records_outdated", "Versions that are judged by what other rules made of them: run reindex", "", inStore(s, outdated)),
		count("cpa_gateway_persons_unresolved", "Persons whose records are in doubt, by the first doubt: see person list", "doubt", inStore(s, unresolved)),
		count("cpa_gateway_quarantine_open", "Findings in quarantine that wait for somebody, by source: see quarantine list", "source", inStore(s, s.setAside)),
		count("cpa_gateway_subscriptions", "Subscriptions, by status: error has been given up", "status", inStore(s, subscribed)),
		count("cpa_gateway_agreements_due", "Agreements in force whose review is due within 90 days, or past: see register check", "review", func(context.Context) (map[string]int, error) {
			return s.due(clock()), nil
		}),
		s.countImports())
}

// count makes a metric of numbers that are read each time, by one label; by none where that
// is empty.
func count[L ~string](name, description, label string, read func(context.Context) (map[L]int, error)) error {
	_, err := otel.Meter(meterName).Int64ObservableGauge(name, metric.WithDescription(description),
		metric.WithInt64Callback(func(ctx context.Context, gauge metric.Int64Observer) error {
			counts, err := read(ctx)
			if err != nil {
				return err
			}
			for value, n := range counts {
				var labels []attribute.KeyValue
				if label != "" {
					labels = append(labels, attribute.String(label, string(value)))
				}
				gauge.Observe(int64(n), metric.WithAttributes(labels...))
			}
			return nil
		}))
	return err
}

// inStore reads numbers from one moment of the store.
func inStore[L ~string](s *site, read func(store.Snapshot) (map[L]int, error)) func(context.Context) (map[L]int, error) {
	return func(ctx context.Context) (counts map[L]int, err error) {
		err = s.store.View(ctx, func(now store.Snapshot) error {
			counts, err = read(now)
			return err
		})
		return counts, err
	}
}

func outdated(now store.Snapshot) (map[string]int, error) {
	n, err := now.Outdated()
	if err != nil {
		return nil, err
	}
	return map[string]int{"": n}, nil
}

// unresolved counts those in doubt: none of a doubt is a number as well, as of all that follow.
func unresolved(now store.Snapshot) (map[persons.Doubt]int, error) {
	counts := map[persons.Doubt]int{}
	for _, doubt := range persons.Doubts() {
		counts[doubt] = 0
	}
	found, err := now.CountUnresolved()
	maps.Copy(counts, found)
	return counts, err
}

func (s *site) setAside(now store.Snapshot) (map[string]int, error) {
	counts := map[string]int{}
	for _, source := range s.config.Sources {
		counts[source.Name] = 0
	}
	found, err := now.CountOpen()
	maps.Copy(counts, found)
	return counts, err
}

func subscribed(now store.Snapshot) (map[subscriptions.Status]int, error) {
	list, err := now.Subscriptions("")
	counts := map[subscriptions.Status]int{subscriptions.Requested: 0, subscriptions.Active: 0, subscriptions.Failed: 0, subscriptions.Off: 0}
	for _, one := range list {
		counts[one.Status]++
	}
	return counts, err
}

func (s *site) due(at time.Time) map[string]int {
	counts := map[string]int{"due": 0, "past": 0}
	for _, warning := range s.register.Load().Warnings(at) {
		if warning.Past {
			counts["past"]++
		} else {
			counts["due"]++
		}
	}
	return counts
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
