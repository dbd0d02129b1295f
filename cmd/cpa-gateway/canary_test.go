package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cpagateway/profiles"
)

// canaries are what must never be found outside an answer: the cast's numbers
// and names, in the forms in which they could leak.
var canaries = []string{
	"9990000018", "999 000 0018", "9990000026", "9990000034", "9990000093",
	"Evans", "Pritchard", "Ffion", "Carys", "Nia Price", "Tomos Lewis",
}

// collector stands where an OpenTelemetry Collector would, and keeps what it is sent.
type collector struct {
	mu   sync.Mutex
	seen strings.Builder
	hits map[string]int
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.Write(body)
	c.hits[r.URL.Path]++
}

func TestNoPersonInLogsMetricsAndTraces(t *testing.T) {
	sent := &collector{hits: map[string]int{}}
	endpoint := httptest.NewServer(sent)
	defer endpoint.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
	var logs, metrics string
	t.Run("traffic", func(t *testing.T) {
		s := openStage(t, "--otlp", endpoint.URL, "--log-level", "debug")
		abuse(s)
		response, err := http.Get("http://" + s.admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		metrics = string(text)
		t.Cleanup(func() { logs = s.logs.String() })
	})
	sent.mu.Lock()
	defer sent.mu.Unlock()
	sinks := map[string]string{"logs": logs, "metrics": metrics, "traces": sent.seen.String()}
	for name, proof := range map[string]string{"logs": "interaction=search-type", "metrics": "cpa_gateway_request_duration", "traces": "search-type CarePlan"} {
		if !strings.Contains(sinks[name], proof) {
			t.Fatalf("the %s hold nothing of the traffic: the test looked at nothing", name)
		}
	}
	if !strings.Contains(metrics, "cpa_gateway_records_outdated") {
		t.Error("the metrics do not count outdated records")
	}
	for name, text := range sinks {
		for _, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("%s hold %q", name, canary)
			}
		}
	}
}

// abuse puts a person's data wherever a caller can put anything.
func abuse(s *stage) {
	number := "9990000018"
	s.search("gp", "CarePlan", number, "category", profiles.CodeCrisisPlan)
	s.search("ooh", "CarePlan", number)
	s.search("ooh-unlisted", "Patient", "999 000 0018")
	s.do("gp", http.MethodGet, "/fhir/R4/Patient/"+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/"+number+"/"+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/Evans", "")
	s.do("gp", http.MethodGet, "/"+number, "")
	s.do("gp", http.MethodDelete, "/fhir/R4/Patient/"+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?Evans="+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?category="+url.QueryEscape("Evans|"+number), "")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?date=Evans"+number+"&patient=Patient/x", "")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?_cursor="+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan/x/_history/"+number, "")
	s.do("gp", http.MethodGet, "/fhir/R4/metadata", "", "X-Request-Id", number)
	s.do("", http.MethodGet, "/fhir/R4/CarePlan?patient=Patient/"+number, "", "Authorization", "Bearer Evans."+number+".Evans")
	s.do("gp", http.MethodGet, "/fhir/R4/Patient/x", "", "X-Request-Id", number, "Accept-Language", "Evans", "traceparent", "00-"+number, "baggage", "name=Evans", "User-Agent", "Evans")
}
