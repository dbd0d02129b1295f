package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// openBare opens a site with no records and no agreements.
func openBare(t *testing.T) (*site, world) {
	t.Helper()
	w := world{ctx: t.Context(), out: io.Discard, err: io.Discard, clock: time.Now}
	dir, none := t.TempDir(), ""
	s, err := where{data: &dir, config: &none}.open(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, w
}

// Two processes that started on one folder once each made a secret, and the ids
// of one of them were lost with it.
func TestTwoStartsAgreeOnTheSecret(t *testing.T) {
	for range 50 {
		dir := t.TempDir()
		name := filepath.Join(dir, "gateway.secret")
		var secrets [2][]byte
		var errs [2]error
		var both sync.WaitGroup
		start := make(chan struct{})
		for i := range secrets {
			both.Go(func() {
				<-start
				secrets[i], errs[i] = secretAt(name, 32)
			})
		}
		close(start)
		both.Wait()
		if errs[0] != nil || errs[1] != nil || !bytes.Equal(secrets[0], secrets[1]) || len(secrets[0]) != 32 {
			t.Fatalf("they differ: %v, %v", errs[0], errs[1])
		}
		kept, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(kept, secrets[0]) {
			t.Fatalf("another one is kept: %v", err)
		}
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("its mode is %v: %v", info.Mode(), err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Fatalf("%d files left: %v", len(left), err)
		}
	}
}

// A gateway whose store was gone once said that it was ready.
func TestNotReadyWithoutItsRecords(t *testing.T) {
	s, _ := openBare(t)
	well := func(context.Context) error { return nil }
	admin := adminHandler(http.NotFoundHandler(), well, s.ready)
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
