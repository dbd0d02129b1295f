package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// change rewrites the configuration, and gives the new file's name.
func (s *served) change(old, new string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		s.t.Fatalf("%q is not in the configuration", old)
	}
	return write(s.t, filepath.Join(s.t.TempDir(), "gateway.yaml"), strings.Replace(string(text), old, new, 1))
}

// --check once passed what serve then refused, and a Redis URL that is none was
// said to be a failure while running.
func TestCheckRefusesWhatServeRefuses(t *testing.T) {
	s := settle(t)
	for name, c := range map[string]struct{ old, new, says string }{
		"an issuer that is no URL":  {"issuers: [{url: ", "issuers: [{url: nonsense}, {url: ", "issuers[0]"},
		"a client registered twice": {"clients:\n", "clients:\n  - {id: demo-gp, organisation: X}\n", "registered twice"},
		"no such certificate":       {"http: {", "http: {cert: /nowhere/at/all, key: /nowhere/at/all, ", "certificate"},
		"no such format":            {"format: welsh-ctp", "format: csv", "format"},
		"no such Redis":             {"dutyLine", "hot: {redis: 'http://nowhere'}\ndutyLine", "Redis"},
		"no such agreements":        {"agreements: \"", "agreements: \"/nowhere/at/all", "agreements"},
	} {
		t.Run(name, func(t *testing.T) {
			file := s.change(c.old, c.new)
			for _, args := range [][]string{{"serve", "--config", file, "--check"}, {"serve", "--config", file}} {
				if p := cli(args...).must(t, exitUsage); !strings.Contains(p.errs, c.says) || p.out != "" {
					t.Errorf("%v says %q, prints %q", args[3:], p.errs, p.out)
				}
			}
		})
	}
	cli("serve", "--config", s.change("dutyLine", "hot: {redis: 'redis://127.0.0.1:1'}\ndutyLine"), "--check").must(t, exitDone)
}

// The container's health check once asked for readiness, so that an outage of
// the issuer restarted every gateway, and only ever at one address.
func TestAnIssuerOutageDoesNotRestartTheGateway(t *testing.T) {
	s := settle(t)
	s.start()
	s.await("/readyz", http.StatusServiceUnavailable)
	cli("healthcheck", "--config", s.config).must(t, exitDone)
	_, port, err := net.SplitHostPort(s.admin)
	if err != nil {
		t.Fatal(err)
	}
	cli("healthcheck", "--config", s.change(s.admin, ":"+port)).must(t, exitDone) // an address without a host
	s.stop()
	<-s.ended
	cli("healthcheck", "--config", s.config).must(t, exitFailed)
	cli("healthcheck", "--config", "/nowhere/at/all").must(t, exitUsage)
}

// A listen that failed half way once left a listener and the exporters behind.
func TestAListenThatFailsLeavesNothingOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, fail := range map[string]func(*httpConfig){
		"the certificate":    func(c *httpConfig) { c.Cert, c.Key = "/nowhere/at/all", "/nowhere/at/all" },
		"the public address": func(c *httpConfig) { c.Address = taken.Addr().String() },
		"the admin address":  func(c *httpConfig) { c.Admin = taken.Addr().String() },
	} {
		t.Run(name, func(t *testing.T) {
			var pushes atomic.Int32
			collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { pushes.Add(1) }))
			defer collector.Close()
			s, w := openBare(t)
			s.config.Telemetry = telemetryConfig{OTLP: collector.URL, Interval: time.Hour}
			s.config.HTTP = httpConfig{Address: free(t), Admin: free(t)}
			fail(&s.config.HTTP)
			log := slog.New(slog.NewTextHandler(io.Discard, nil))
			err := s.listen(w, public{Handler: http.NotFoundHandler()}, s.health(), log, func() { t.Error("announced") })
			if err == nil {
				t.Fatal("it listens all the same")
			}
			_, misused := errors.AsType[usageError](err)
			if ended := pushes.Load() > 0; ended == misused {
				t.Errorf("telemetry was begun and ended: %v, after %v", ended, err)
			}
			for _, addr := range []string{s.config.HTTP.Address, s.config.HTTP.Admin} {
				if addr == taken.Addr().String() {
					continue
				}
				l, err := net.Listen("tcp", addr)
				if err != nil {
					t.Fatalf("left open: %v", err)
				}
				l.Close()
			}
		})
	}
}

// One ending that took all the time once left none to the next.
func TestEachEndingHasItsOwnTime(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	err := finish(ended, func(ctx context.Context) error {
		if until, ok := ctx.Deadline(); !ok || time.Until(until) < drainTime-time.Second {
			t.Errorf("time until %v", until)
		}
		return ctx.Err()
	})
	if err != nil {
		t.Errorf("no time at all: %v", err)
	}
}
