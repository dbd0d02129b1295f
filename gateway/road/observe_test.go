package road

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"cpagateway/consent"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// observed has what a test emits collected.
func observed(t *testing.T) (metrics func() []string, spans *tracetest.SpanRecorder) {
	t.Helper()
	reader, spans := sdkmetric.NewManualReader(), tracetest.NewSpanRecorder()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() {
		otel.SetMeterProvider(metricnoop.NewMeterProvider())
		otel.SetTracerProvider(tracenoop.NewTracerProvider())
	})
	return func() (lines []string) {
		t.Helper()
		var all metricdata.ResourceMetrics
		noError(t, reader.Collect(context.Background(), &all))
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				head := fmt.Sprintf("%s: %s %q %q", scope.Scope.Name, m.Name, m.Unit, m.Description)
				switch data := m.Data.(type) {
				case metricdata.Sum[int64]:
					for _, p := range data.DataPoints {
						lines = append(lines, fmt.Sprintf("%s {%s} %d", head, told(p.Attributes.ToSlice()), p.Value))
					}
				case metricdata.Histogram[float64]:
					for _, p := range data.DataPoints {
						lines = append(lines, fmt.Sprintf("%s {%s} %d of %g", head, told(p.Attributes.ToSlice()), p.Count, p.Sum))
					}
				default:
					t.Errorf("%s is a %T", m.Name, data)
				}
			}
		}
		slices.Sort(lines)
		return lines
	}, spans
}

func told(list []attribute.KeyValue) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, string(a.Key)+"="+a.Value.String())
	}
	return strings.Join(parts, " ")
}

// All that is emitted of requests: these metrics and spans with these attributes, and
// nothing else.
func TestWhatIsObserved(t *testing.T) {
	metrics, spans := observed(t)
	onBench(t, func(b *bench) {
		b.store.takes = 2 * time.Second
		b.public(metadata)
		b.Unread(b.t.Context())
		b.Shared = faultyState{b.Shared, func(context.Context) error { return errors.New("away") }}
		_ = aborted(func() { b.public(metadata) })
		for _, outcome := range []string{outcomeReleased, outcomeNothing, outcomeFailed} {
			b.meters.asked(b.t.Context(), outcome, "")
		}
		b.meters.decided(b.t.Context(), []consent.Decision{consent.Decide(consent.Request{}), consent.Decide(consent.Request{})})
	})
	d := consent.Decide(consent.Request{})
	const own = "cpagateway/gateway/road: "
	equal(t, "metrics", metrics(), []string{
		own + `cpa_gateway_audit_duration "s" "Time that an answer waited for its entry in the audit log" {} 2 of 4`,
		own + `cpa_gateway_decisions "" "Recorded decisions, by outcome and by the code of the rule that decided" {outcome=` + d.Outcome().String() + ` reason=` + d.Deciding().Code + `} 2`,
		own + `cpa_gateway_request_duration "s" "Time from request to answer, without the wait for a beat" {fhir.interaction=none fhir.type= http.response.status_code=400} 1 of 2`,
		own + `cpa_gateway_request_duration "s" "Time from request to answer, without the wait for a beat" {fhir.interaction=public fhir.type=metadata http.response.status_code=200} 1 of 2`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause= outcome=dropped} 1`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause= outcome=failed} 1`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause= outcome=nothing} 1`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause= outcome=public} 1`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause= outcome=released} 1`,
		own + `cpa_gateway_requests "" "Requests, by what came of them and by the code of a refusal" {cause=REQUEST_REFUSED outcome=refused} 1`,
	})
	var ended []string
	for _, s := range spans.Ended() {
		ended = append(ended, fmt.Sprintf("%s %s {%s} %t %d", s.InstrumentationScope().Name, s.Name(), told(s.Attributes()), s.SpanKind() == trace.SpanKindServer, len(s.Events())))
	}
	equal(t, "spans", ended, []string{
		"cpagateway/gateway/road public metadata {fhir.interaction=public fhir.type=metadata http.response.status_code=200} true 0",
		"cpagateway/gateway/road none  {fhir.interaction=none fhir.type= http.response.status_code=400} true 0",
	})
	if d.Outcome().String() == "" || d.Deciding().Code == "" {
		t.Error("the decision says nothing: the test looks at little")
	}
}

// What the log says of a request names its client and never its person.
func TestTheLogLineOfARequest(t *testing.T) {
	onBench(t, func(b *bench) {
		x := &exchange{
			ask: Ask{Interaction: Read, Type: "Goal", ID: number, Search: SearchAsk{Person: PersonKey{Value: number}}}, request: request("X-Number", number), at: b.Clock(),
			id: "i", caller: consent.Caller{Client: "c", Person: number, TokenID: number}, cause: "CODE", outcome: outcomeRefused,
		}
		ctx, span := observe(b.t.Context(), x.ask)
		b.end(ctx, span, x, 404, 3*time.Second)
		equal(t, "the line", b.logged(), []map[string]any{{
			"level": "INFO", "msg": "request", "request": "i", "interaction": "read", "type": "Goal", "client": "c", "status": 404.0, "cause": "CODE", "took": 3e9,
		}})
	})
}

// Whoever has the whole of an answer finds it in the log, though its length went ahead of
// it, and with it the end: it is logged before the body leaves.
func TestWhoHasAnAnswerFindsItInTheLog(t *testing.T) {
	onBench(t, func(b *bench) {
		for name, serve := range map[string]func(http.ResponseWriter){
			"a document": func(w http.ResponseWriter) {
				b.ServePublic(w, request(), metadata, []byte(`{"a":1}`), "application/json")
			},
			"a refusal": func(w http.ResponseWriter) {
				b.ServePublic(w, request(), Ask{Interaction: Public, Fault: Nothing}, nil, "")
			},
		} {
			w := &lastByte{ResponseRecorder: httptest.NewRecorder(), found: func() int { return len(b.logged()) }}
			serve(w)
			if w.lines != 1 || w.Body.Len() == 0 || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
				t.Errorf("%s: %d lines before the body, of %d bytes by the header %q", name, w.lines, w.Body.Len(), w.Header().Get("Content-Length"))
			}
		}
	})
}

// lastByte looks how many lines there are when the body is written.
type lastByte struct {
	*httptest.ResponseRecorder
	found func() int
	lines int
}

func (w *lastByte) Write(body []byte) (int, error) {
	w.lines += w.found()
	return w.ResponseRecorder.Write(body)
}

// What a provider objects to is told to the handler of errors, and stops nothing.
func TestAnInstrumentThatIsObjectedTo(t *testing.T) {
	before := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(before) })
	var handled []error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { handled = append(handled, err) }))
	objection := errors.New("no")
	if instrument(7, nil) != 7 || len(handled) != 0 {
		t.Errorf("told %v", handled)
	}
	if instrument(8, objection) != 8 || len(handled) != 1 || !errors.Is(handled[0], objection) {
		t.Errorf("told %v", handled)
	}
}
