package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// observed starts a gateway that sends its telemetry somewhere.
func observed(t *testing.T, endpoint string, sampling float64) *served {
	t.Helper()
	s := configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.config, string(text)+fmt.Sprintf("telemetry: {otlp: %q, sampling: %v, interval: 1h}\n", endpoint, sampling))
	s.start()
	return s
}

func (s *served) ends() {
	s.t.Helper()
	s.stop()
	if code := <-s.ended; code != exitDone {
		s.t.Errorf("ended with %d\n%s", code, s.logs)
	}
}

// A caller's traceparent decided whether a trace was kept and under which number,
// and its tracestate went into the spans.
func TestACallerNeitherForcesSamplingNorWritesIntoSpans(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
	for sampling, kept := range map[float64]bool{0: false, 1: true} {
		sent := &collector{hits: map[string]int{}}
		endpoint := httptest.NewServer(sent)
		s := observed(t, endpoint.URL, sampling)
		for _, sampled := range []string{"00", "01"} {
			request, err := http.NewRequest(http.MethodGet, "http://"+s.addr+"/fhir/R4/metadata", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("traceparent", "00-45766178734576617873457661787321-4576617873457661-"+sampled) // "Evaxs" in ASCII
			request.Header.Set("tracestate", "evans=9990000018")
			request.Header.Set("baggage", "evans=9990000018")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		}
		s.ends()
		endpoint.Close()
		sent.mu.Lock()
		if got := sent.hits["/v1/traces"] > 0; got != kept {
			t.Errorf("with sampling %v traces were sent: %v", sampling, got)
		}
		for _, canary := range []string{"evans", "9990000018", "Evaxs"} {
			if strings.Contains(sent.seen.String(), canary) {
				t.Errorf("the telemetry holds %q", canary)
			}
		}
		sent.mu.Unlock()
	}
}

// A collector that was dead made every stop a failure, and one that hung held it up.
func TestADeadOrHungCollectorDelaysAndFailsNothing(t *testing.T) {
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	for name, address := range map[string]string{"dead": free(t), "hung": hung.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			s := observed(t, "http://"+address, 1)
			response, err := http.Get("http://" + s.addr + "/fhir/R4/metadata")
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("answered %d", response.StatusCode)
			}
			s.ends()
			for line := range strings.Lines(s.logs.String()) {
				if !strings.HasPrefix(line, "{") {
					t.Errorf("not a line of the log: %s", line)
				}
			}
		})
	}
	if telemetryTime > 5*time.Second {
		t.Errorf("a collector is waited for %v", telemetryTime)
	}
}
