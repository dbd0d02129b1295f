package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store/sqlite"
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

// A folder was put aside and a backup restored in its place while a gateway served: that went on
// with what it had open, where no withdrawal that came later could reach it, and was ready.
func TestNotReadyWhereItsRecordsWereMoved(t *testing.T) {
	s, _ := openBare(t)
	file := filepath.Join(s.config.Records.SQLite, sqlite.File)
	ready := func() int { status, _ := saidBy(s.health()); return status }
	for range 20 { // until every connection is open
		if got := ready(); got != http.StatusOK {
			t.Fatalf("/readyz answers %d", got)
		}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Rename(file, file+".aside"))
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("with its records moved /readyz answers %d", got)
	}
	must(os.WriteFile(file, nil, 0o600))
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("with others in their place /readyz answers %d", got)
	}
	must(os.Rename(file+".aside", file))
	if got := ready(); got != http.StatusOK {
		t.Errorf("with its records back /readyz answers %d", got)
	}
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
