package gateway_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
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
						cause, _ := p.Attributes.Value("cause")
						sums[strings.TrimSpace(m.Name+" "+outcome.AsString()+" "+cause.AsString())] += p.Value
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
		"cpa_gateway_requests public": 1, "cpa_gateway_requests released": 1, "cpa_gateway_requests nothing": 2, "cpa_gateway_requests refused REQUEST_REFUSED": 1, "cpa_gateway_requests failed": 1, "cpa_gateway_requests failed FAILED": 1,
		"cpa_gateway_decisions permit": 1, "cpa_gateway_decisions deny": 2,
	}, sums()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// What a request that changes something came to is counted like that of a read: of a
// transaction each decision, once, and of one that is undone none.
func TestWhatAChangeCameToIsCounted(t *testing.T) {
	sums := counted(t)
	s := openStand(t)
	path := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine, theirs := s.get("cmht", path), s.get("social-care", path)
	goal := entryOf("POST", "Goal", `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Sleep"},"subject":`+numbered(ann)+`}`, "")
	none := entryOf("GET", "Goal/none", "", "")
	for _, c := range []struct {
		name, as, method, path, body string
		status                       int
		want                         map[string]int64
	}{
		{"one that may not be", "social-care", http.MethodPut, path, edited(t, theirs.body, `"status":"active"`, `"status":"completed"`), http.StatusUnprocessableEntity,
			map[string]int64{"requests refused WRITE_REFUSED": 1, "decisions permit": 2}},
		{"an update", "cmht", http.MethodPut, path, edited(t, mine.body, `"status":"active"`, `"status":"on-hold"`), http.StatusOK, map[string]int64{"requests released": 1, "decisions permit": 2}},
		{"of nothing", "cmht", http.MethodDelete, "/CarePlan/none", "", http.StatusNotFound, map[string]int64{"requests nothing": 1, "decisions deny": 2}},
		{"a transaction", "cmht", http.MethodPost, "/", bundleFor("transaction", goal, goal), http.StatusOK, map[string]int64{"requests released": 1, "decisions permit": 4}},
		{"one that is undone", "cmht", http.MethodPost, "/", bundleFor("transaction", goal, none), http.StatusNotFound, map[string]int64{"requests refused REQUEST_REFUSED": 1}},
		{"a batch", "cmht", http.MethodPost, "/", bundleFor("batch", goal, none), http.StatusOK, map[string]int64{"requests released": 1, "decisions permit": 2, "decisions deny": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := sums()
			if got := s.send(c.as, c.method, c.path, c.body); got.status != c.status {
				t.Fatalf("%d %s", got.status, got.body)
			}
			got := map[string]int64{}
			for name, n := range sums() {
				if name = strings.TrimPrefix(name, "cpa_gateway_"); strings.HasPrefix(name, "requests") || strings.HasPrefix(name, "decisions") {
					got[name] = n - before["cpa_gateway_"+name]
				}
			}
			maps.DeleteFunc(got, func(_ string, n int64) bool { return n == 0 })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}

// What the gateway raises with a change is decided, recorded and counted beside it.
func TestTheDecisionOnARaisedTaskIsCounted(t *testing.T) {
	sums := counted(t)
	s, plan := contributed(t)
	read := s.get("cmht", plan)
	before := sums()
	if got := s.send("cmht", http.MethodPut, plan, edited(t, read.body, `"status":"active"`, `"status":"completed"`)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	const permits = "cpa_gateway_decisions permit"
	if n := sums()[permits] - before[permits]; n != 3 || s.raised() != 1 {
		t.Errorf("%d decisions are counted: to read, to change and to raise", n)
	}
}

// A batch whose entries cannot be recorded answers each of them as broken, and gives nothing.
func TestABatchThatCannotBeRecorded(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	s.writes.breaks(errBroken, nil)
	got := s.send("cmht", http.MethodPost, "/", bundleFor("batch", entryOf("GET", "CarePlan/"+id, "", ""), entryOf("DELETE", "CarePlan/"+id, "", "")))
	s.writes.breaks(nil, nil)
	if strings.Contains(got.body, secretOfAnn) || strings.Contains(got.body, "CarePlan/") || !s.stored("CarePlan", id).Exists() {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got.status == http.StatusOK {
		for _, r := range got.responses(t) {
			if !strings.HasPrefix(r.Status, "500") || r.resource != "" {
				t.Errorf("%+v", r)
			}
		}
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
