package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/hot/redis"
	"cpagateway/gateway/store/relational/relationaltest"
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
	shared, err := redis.Open(server.Address, nil, "cpa:", time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	h := s.health()
	h.shared = shared
	metrics, end, err := telemetry(w.ctx, telemetryConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer end()
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

// On a full disk every request failed, and a witness on another disk was months behind: readiness
// and the metrics said that all was well. Neither takes a gateway out of service: the others
// have the same disk or database, and a caller in a crisis is at least told whom to call.
func TestReadinessAndMetricsTellOfAnAuditLogThatIsAmiss(t *testing.T) {
	s, w := openBare(t)
	h := s.health()
	metrics, end, err := telemetry(w.ctx, telemetryConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if err := h.count(); err != nil {
		t.Fatal(err)
	}
	record := func() error {
		_, err := s.log.Public(t.Context(), audit.Event{At: time.Now(), RequestID: "r"})
		return err
	}
	tells := func(ready string, amiss string) {
		t.Helper()
		soon(t, ready, func() bool {
			status, said := saidBy(h)
			_, counted := saidBy(metrics)
			gauge := regexp.MustCompile(`(?m)^cpa_gateway_audit_amiss\{.*\} (\d)$`).FindStringSubmatch(counted)
			return status == http.StatusOK && strings.Contains(said, ready) && strings.Contains(said, "but:") == (amiss == "1") && gauge != nil && gauge[1] == amiss
		})
	}
	tells("ready", "0")
	witness := filepath.Join(s.config.Records.folder(), "audit.checkpoint")
	if err := errors.Join(os.Mkdir(witness, 0o700), record()); err != nil {
		t.Fatal(err)
	}
	tells("keeping the newest checkpoint", "1")
	if err := os.Remove(witness); err != nil {
		t.Fatal(err)
	}
	soon(t, "the next checkpoint", func() bool { return record() == nil && len(s.log.Amiss()) == 0 })
	tells("ready", "0")
	pages := func(most int) {
		if err := relationaltest.Direct(t, s.store.LendWriter, fmt.Sprintf("PRAGMA max_page_count = %d", most)); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // SQLite takes the present size where it is greater
	soon(t, "the disk is full", func() bool { return record() != nil })
	tells("disk is full", "1")
	pages(1 << 20)
	if err := record(); err != nil {
		t.Fatal(err)
	}
	tells("ready", "0")
}

// One of two issuers that was away took every gateway out of service, and a hung
// one held the answer up for as long as it hung.
func TestReadinessAndMetricsTellOfAnIssuerThatIsAway(t *testing.T) {
	s := settle(t)
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	url := "http://" + hung.Addr().String()
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	both := strings.Replace(string(text), "issuers: [", "issuers: [{url: \""+url+"\"}, ", 1)
	both = strings.ReplaceAll(both, "- {id:", "- {issuer: \"http://"+s.issuer+demo.IssuerPath+"\", id:")
	write(t, s.config, both)
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
		t.Errorf("with the other issuer hanging: %d %.300s", a.status, a.body)
	}
	for path, want := range map[string]string{"/readyz": url, "/metrics": `cpa_gateway_issuer_away{issuer="` + url} {
		response, err := http.Get("http://" + s.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s answers %d without %s: %s", path, response.StatusCode, want, text)
		}
	}
}
