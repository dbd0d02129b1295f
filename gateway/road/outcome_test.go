package road

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/texts"
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
		got := requestID(request, time.Unix(0, 0))
		if !uuidForm.MatchString(got) || (got == id) != echoed {
			t.Errorf("%q became %q", id, got)
		}
	}
}

// Every cause has its own answer and its own code on record; what only a fault of ours
// would say is not told.
func TestEachCauseHasItsAnswer(t *testing.T) {
	challenge := `Bearer error="x"`
	for name, c := range map[string]struct {
		cause error
		want  reply
		code  string
	}{
		"no fault of the caller's": {&identity.Refusal{Code: "AWAY"}, reply{status: 503, fault: faultBusy}, "AWAY"},
		"a bad credential":         {fmt.Errorf("x: %w", &identity.Refusal{Code: "BAD", Challenge: challenge}), reply{status: 401, fault: faultUnknown, challenge: challenge}, "BAD"},
		"no team":                  {&identity.Refusal{Code: identity.TeamMissing, Challenge: challenge, Forbidden: true}, reply{status: 403, fault: Refuse(403, "forbidden", texts.NoTeam), challenge: challenge}, identity.TeamMissing},
		"no purpose":               {&identity.Refusal{Code: identity.PurposeMissing, Challenge: challenge, Forbidden: true}, reply{status: 403, fault: Refuse(403, "forbidden", texts.NoPurpose), challenge: challenge}, identity.PurposeMissing},
		"two purposes":             {&identity.Refusal{Code: identity.PurposeAmbiguous, Challenge: challenge, Forbidden: true}, reply{status: 403, fault: Refuse(403, "forbidden", texts.SeveralPurposes), challenge: challenge}, identity.PurposeAmbiguous},
		"no scope": {scopeExceeded, reply{status: 403, fault: Refuse(403, "forbidden", texts.NoScope),
			challenge: `Bearer error="insufficient_scope", error_description="no scope of the token reaches this type and interaction"`}, "SCOPE_EXCEEDED"},
		"over the rate":        {&throttled{after: 1500 * time.Millisecond}, reply{status: 429, fault: Refuse(429, "throttled", texts.TooMany, 2), retryAfter: 2}, "RATE_LIMITED"},
		"just over the rate":   {&throttled{}, reply{status: 429, fault: Refuse(429, "throttled", texts.TooMany, 1), retryAfter: 1}, "RATE_LIMITED"},
		"a fault with a place": {fmt.Errorf("x: %w", faultNoPerson), reply{status: 400, fault: faultNoPerson}, "REQUEST_REFUSED"},
		"too late":             {fmt.Errorf("x: %w", context.DeadlineExceeded), reply{status: 504, fault: Timeout}, "TIMED_OUT"},
		"gone":                 {fmt.Errorf("x: %w", context.Canceled), reply{status: 504, fault: Timeout}, "CALLER_GONE"},
		"anything else":        {errors.New(number), reply{status: 500, fault: Broken}, "FAILED"},
	} {
		p, code := explainFault(c.cause)
		if code != c.code || !reflect.DeepEqual(p, c.want) {
			t.Errorf("%s: %s %+v %+v", name, code, p, p.fault)
		}
	}
	if e := (&throttled{}).Error(); e != "the client is over its rate" {
		t.Errorf("%q", e)
	}
}

// What is recorded of a request is what it said, and when it came.
func TestTheEventOfARequest(t *testing.T) {
	at := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	x := &exchange{ask: Ask{Interaction: Search, Type: "Goal", Search: SearchAsk{Names: []string{"_count"}}}, at: at, id: "i"}
	equal(t, "event", x.event(200), audit.Event{At: at, RequestID: "i", Interaction: "search-type", Type: "Goal", Params: []string{"_count"}, Status: 200})
}

// An outcome says its language, how bad it is, and in words what the matter is.
func TestAnOutcomeIsWhole(t *testing.T) {
	r, fault := &Road{DutyLine: "01632 960000"}, Refuse(429, "throttled", texts.TooMany, 7)
	for _, tag := range []language.Tag{texts.English, texts.Welsh} {
		x := &exchange{id: "i", language: tag}
		for _, c := range []struct{ got, id, severity, code, text string }{
			{string(r.outcome(x, fault)), `"id":"i",`, "error", "throttled", texts.TooMany.In(tag, 7)},
			{string(r.crisisOutcome(x)), "", "information", "informational", texts.CrisisRead.In(tag, "01632 960000")},
			{string((&Road{}).crisisOutcome(x)), "", "information", "informational", texts.CrisisRead.In(tag, texts.DutyUnknown.In(tag))},
		} {
			text, err := json.Marshal(c.text)
			noError(t, err)
			want := `{"resourceType":"OperationOutcome",` + c.id + `"language":"` + tag.String() + `","issue":[{"severity":"` + c.severity + `","code":"` + c.code + `","details":{"text":` + string(text) + `}}]}`
			var a, b any
			noError(t, json.Unmarshal([]byte(c.got), &a))
			noError(t, json.Unmarshal([]byte(want), &b))
			equal(t, tag.String(), a, b)
		}
	}
}

// The ids made here are UUIDs of version 7, in the order of time: with random ones each entry
// of the audit log cost a page of its own in the list of requests. Every digit after the time,
// but those of the version and the variant, is any, as often as chance has it.
func TestRequestIDsFollowTheTimeAndAreRandomBeyond(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if before, after := newRequestID(at), newRequestID(at.Add(time.Millisecond)); before >= after {
		t.Errorf("%q comes before %q", after, before)
	}
	if id := newRequestID(time.UnixMilli(0x0123456789ab)); id[:14] != "01234567-89ab-" {
		t.Errorf("%q does not begin with the time", id)
	}
	var seen [36]map[byte]bool
	var differ [36][36]bool
	for range 2000 {
		id := newRequestID(at)
		for i := range id {
			for j := range i {
				differ[i][j] = differ[i][j] || id[i] != id[j]
			}
		}
		if len(id) != 36 || !uuidForm.MatchString(id) || id[14] != '7' {
			t.Fatalf("%q is no UUID of version 7", id)
		}
		for i := range id {
			if seen[i] == nil {
				seen[i] = map[byte]bool{}
			}
			seen[i][id[i]] = true
		}
	}
	for i, digits := range seen {
		want := 16
		switch i {
		case 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 8, 13, 18, 23, 14:
			want = 1
		case 19:
			want = 4
		}
		if len(digits) != want {
			t.Errorf("digit %d has %d values, want %d", i, len(digits), want)
		}
		for j := range i {
			if want > 1 && !differ[i][j] {
				t.Errorf("digits %d and %d are always the same", i, j)
			}
		}
	}
}
