package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
)

// saidBy is what a handler answers.
func saidBy(h http.Handler) (int, string) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	return answer.Code, answer.Body.String()
}

// Redis lost what was used, and nobody was told. It takes no gateway out of
// service: each of them has the same Redis.
func TestReadinessAndMetricsTellOfALostRedis(t *testing.T) {
	s, w := openBare(t)
	server := hottest.StartServer(t)
	shared, err := redis.Open(server.Address, "cpa:", time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	h := s.health()
	h.shared = shared
	metrics, end, err := telemetry(w.ctx, telemetryConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = end(t.Context()) }()
	if err := h.count(); err != nil {
		t.Fatal(err)
	}
	tells := func(handler http.Handler, what string) {
		t.Helper()
		soon(t, what, func() bool {
			status, body := saidBy(handler)
			return status == http.StatusOK && strings.Contains(body, what)
		})
	}
	soon(t, "the mark", func() bool { return strings.Contains(server.Keys(), "mark") })
	tells(metrics, "cpa_gateway_shared_state_away{")
	time.Sleep(300 * time.Millisecond) // for the mark to be seen
	server.Flush(t)
	tells(h, "Redis has lost its data")
	tells(metrics, "cpa_gateway_shared_state_losses_total{")
	server.Kill()
	tells(h, "Redis does not answer")
	h.clock = func() time.Time { return time.Now().Add(2 * tellLoss) }
	if _, body := saidBy(h); strings.Contains(body, "lost") {
		t.Errorf("hours later: %s", body)
	}
}
