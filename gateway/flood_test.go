package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"cpagateway/gateway"
)

// anonymousBurst is what may come at once without a credential.
const anonymousBurst = 400

// dropped says whether a request without a credential got no answer at all.
func (s *stand) dropped(path string) bool {
	s.t.Helper()
	response, err := http.DefaultClient.Do(s.request("", http.MethodGet, gateway.Prefix+path, ""))
	if err == nil {
		response.Body.Close()
	}
	return err != nil
}

// rows counts what is in the audit log.
func (s *stand) rows() int {
	s.t.Helper()
	return len(s.bodies())
}

// Requests without a credential were not limited, and each wrote to the audit log.
func TestAFloodWithoutACredentialDoesNotFillTheAuditLog(t *testing.T) {
	s := openStand(t)
	wholeAnswer(t, s)
	s.clock.still()
	paths := []string{"/metadata", "/.well-known/smart-configuration", crisisPath(), "/Nonsense"}
	for i := range anonymousBurst {
		if path := paths[i%len(paths)]; s.dropped(path) {
			t.Fatalf("%s was dropped within the burst, as request %d", path, i+1)
		}
	}
	before := s.rows()
	for _, path := range paths {
		if !s.dropped(path) {
			t.Errorf("%s was answered over the rate", path)
		}
	}
	if after := s.rows(); after != before {
		t.Errorf("the drops wrote %d entries", after-before)
	}
	wholeAnswer(t, s) // callers with a credential are not held up
	s.clock.advance(time.Second)
	for _, path := range paths {
		if s.dropped(path) {
			t.Errorf("%s was still dropped a second later", path)
		}
	}
	s.verified()
}
