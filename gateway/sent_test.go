package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"cpagateway/gateway"
	"cpagateway/gateway/identity"
)

// unread is a body that tells whether anybody began to read it.
type unread struct{ begun bool }

func (u *unread) Read([]byte) (int, error) {
	u.begun = true
	return 0, io.EOF
}

// Whoever had no credential was refused after all that they sent had been read, parsed and
// checked: a hundred bodies of two megabytes, by anybody, took four gigabytes.
func TestNothingIsReadOfWhoeverIsRefused(t *testing.T) {
	s := openStand(t)
	s.rate = identity.Rate{PerSecond: 1e-9, Burst: 1}
	s.open()
	s.clock.still()
	wholeAnswer(t, s) // which is all that a client may ask
	handler := (&gateway.Front{Road: s.road, Version: "test", Date: "2026-07-31"}).Handler()
	for as, status := range map[string]int{"": http.StatusUnauthorized, "gp": http.StatusTooManyRequests} {
		for _, path := range []string{
			"POST /CarePlan", "POST /CarePlan/_search", "PUT /CarePlan/x", "PUT /CarePlan?identifier=a|b", "PATCH /CarePlan/x", "DELETE /CarePlan/x", "POST ", "POST /",
			"POST /Subscription", "POST /Subscription/x/$events", "POST /StructureMap/x/$transform", "GET /CarePlan", "POST /Nonsense",
		} {
			method, path, _ := strings.Cut(path, " ")
			for _, length := range []int64{1 << 20, -1} {
				body := &unread{}
				request := s.request(as, method, gateway.Prefix+path, "", "Content-Type", "application/fhir+json")
				request.Body, request.ContentLength = io.NopCloser(body), length
				answered := httptest.NewRecorder()
				handler.ServeHTTP(answered, request)
				if answered.Code != status || body.begun {
					t.Errorf("%q: %s %s was answered %d, and its body read: %v", as, method, path, answered.Code, body.begun)
				}
			}
		}
	}
}

// late is a body that did not come in time.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// A body that did not come in time was answered as one that cannot be read: sent again it is
// taken.
func TestABodyThatComesTooLateIsNoBadRequest(t *testing.T) {
	s := openStand(t)
	for _, path := range []string{"/CarePlan", "/CarePlan/_search", ""} {
		request := s.request("cmht", http.MethodPost, gateway.Prefix+path, "x")
		if path != "/CarePlan/_search" {
			request.Header.Set("Content-Type", "application/fhir+json")
		}
		request.Body = io.NopCloser(late{})
		answered := httptest.NewRecorder()
		(&gateway.Front{Road: s.road}).Handler().ServeHTTP(answered, request)
		if answered.Code != http.StatusGatewayTimeout {
			t.Errorf("%s was answered %d", path, answered.Code)
		}
	}
}
