package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
)

// openBare opens a site with no records and no agreements.
func openBare(t *testing.T) (*site, world) {
	t.Helper()
	w := world{ctx: t.Context(), out: io.Discard, err: io.Discard, clock: time.Now}
	dir := t.TempDir()
	s, err := openFolder(w, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, w
}

// health is that of a gateway with nothing but its records.
func (s *site) health() *health {
	return &health{ready: []func(context.Context) error{s.ready}, amiss: s.log.Amiss, shared: local.New(time.Now), issuers: &identity.Verifier{}, clock: time.Now}
}

// openFolder opens a data folder as every command with --data does.
func openFolder(w world, dir string) (*site, error) {
	place := where{data: dir}
	c, err := place.read()
	if err != nil {
		return nil, err
	}
	return place.open(w, c)
}

// A gateway whose store was gone once said that it was ready.
func TestNotReadyWithoutItsRecords(t *testing.T) {
	s, _ := openBare(t)
	admin := adminHandler(http.NotFoundHandler(), s.health())
	status := func(path string) int {
		answer := httptest.NewRecorder()
		admin.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code
	}
	if got := status("/readyz"); got != http.StatusOK {
		t.Fatalf("/readyz answers %d", got)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := status("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("without its records /readyz answers %d", got)
	}
	if got := status("/healthz"); got != http.StatusOK {
		t.Errorf("without its records /healthz answers %d: a restart would not help", got)
	}
}
