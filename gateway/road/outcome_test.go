package road

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"cpagateway/gateway/identity"
)

// A credential that is sound and says too little is forbidden, with the challenge that
// says what it lacks; one that is not sound is unauthorised.
func TestTooLittleIsForbidden(t *testing.T) {
	for no, status := range map[identity.Refusal]int{
		{Code: "TEAM_MISSING", Challenge: "Bearer x", Forbidden: true}: http.StatusForbidden,
		{Code: "TOKEN_EXPIRED", Challenge: "Bearer x"}:                 http.StatusUnauthorized,
		{Code: "ISSUER_UNAVAILABLE"}:                                   http.StatusServiceUnavailable,
	} {
		if p, code := explainFault(&no); p.status != status || p.challenge != no.Challenge || code != no.Code {
			t.Errorf("%s: %d, %q, recorded as %s", no.Code, p.status, p.challenge, code)
		}
	}
}

// Any 32 digits with hyphens were echoed as a request id.
func TestARequestIDIsEchoedOnlyWhereItIsAUUID(t *testing.T) {
	for id, echoed := range map[string]bool{
		"11111111-2222-4333-8444-555555555555":   true,
		"01890A5D-AC96-774B-BCCE-B302099A8057":   true, // version 7
		"00000000-0000-1000-9000-000000000000":   true,
		"00000000-0000-8000-a000-000000000000":   true,
		"99900000-1800-0000-0000-000000000000":   false, // version 0
		"11111111-2222-9333-8444-555555555555":   false, // version 9
		"11111111-2222-4333-7444-555555555555":   false, // variant of NCS
		"11111111-2222-4333-c444-555555555555":   false, // variant of Microsoft
		"ffffffff-ffff-ffff-ffff-ffffffffffff":   false,
		"9990000018":                             false,
		"":                                       false,
		"11111111-2222-4333-8444-555555555555\n": false,
	} {
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("X-Request-Id", id)
		got := requestID(request)
		if !uuidForm.MatchString(got) || (got == id) != echoed {
			t.Errorf("%q became %q", id, got)
		}
	}
}
