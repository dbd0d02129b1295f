package gateway_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"cpagateway/gateway/intake"
	"cpagateway/profiles"
)

// counted gives the counters of requests and of decisions, each by its outcome.
func counted(t *testing.T) func() map[string]int64 {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	t.Cleanup(func() { otel.SetMeterProvider(metricnoop.NewMeterProvider()) })
	return func() map[string]int64 {
		var all metricdata.ResourceMetrics
		must(t, reader.Collect(context.Background(), &all))
		sums := map[string]int64{}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				if data, ok := m.Data.(metricdata.Sum[int64]); ok {
					for _, p := range data.DataPoints {
						outcome, _ := p.Attributes.Value("outcome")
						sums[m.Name+" "+outcome.AsString()] += p.Value
					}
				}
			}
		}
		return sums
	}
}

// A request is counted once, by what came of it in the end, and a decision where it is
// on record: not one that was made again, or that could not be recorded.
func TestRequestsAndDecisionsAreCountedAsTheyEnd(t *testing.T) {
	sums := counted(t)
	s := openStand(t)
	s.get("", "/metadata")
	wholeAnswer(t, s)
	s.get("ooh", "/CarePlan?"+about(nobody))
	s.get("gp", "/CarePlan?colour=red")
	s.writes.breaks(errBroken, nil)
	s.get("gp", crisisPath())
	s.get("", "/metadata")
	s.writes.breaks(nil, nil)
	s.writes.first(s.withdrawElsewhere)
	if a := s.get("gp", crisisPath()); len(a.ids(t)) != 0 {
		t.Fatalf("released after the withdrawal: %d", a.status)
	}
	if diff := cmp.Diff(map[string]int64{
		"cpa_gateway_requests public": 1, "cpa_gateway_requests released": 1, "cpa_gateway_requests nothing": 2, "cpa_gateway_requests refused": 1, "cpa_gateway_requests failed": 2,
		"cpa_gateway_decisions permit": 1, "cpa_gateway_decisions deny": 2,
	}, sums()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// The record names whom a request asked for, also where nobody has the number: by the
// pseudonym under which they would be kept. No other identifier has one.
func TestTheRecordNamesWhomWasAskedFor(t *testing.T) {
	s := openStand(t)
	for query, want := range map[string]profiles.PersonID{
		number(ann):    intake.Pseudonym(s.secret)(ann),
		number(nobody): intake.Pseudonym(s.secret)(nobody),
		profiles.Base + "/sid/unknown%7C" + nobody: "",
	} {
		s.get("cmht", "/Patient?identifier="+query, "X-Request-Id", requestName)
		rows := s.recorded(requestName)
		if last := rows[len(rows)-1]; last.Status != http.StatusOK || last.Person != want {
			t.Errorf("%s: on record: %d %q, want %q", query, last.Status, last.Person, want)
		}
	}
}
