package road

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

// A grant opens for whom it was sealed: no other professional of the same system, no other
// team, and for no other purpose.
func TestAGrantOpensForWhomItWasSealed(t *testing.T) {
	sealer, err := NewSealer([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	r, at := &Road{Sealer: sealer}, time.Date(2026, 6, 1, 3, 0, 0, 0, time.UTC)
	nurse := consent.Caller{Client: "ooh", Organisation: "7A4", Team: "crht", Person: "nia", Purpose: profiles.BreakGlass}
	given := consent.Glass{Reason: "emergency", Person: "carys", At: at}
	seals := func(g consent.Glass) string {
		sealed, err := r.sealGrant(&exchange{caller: nurse, glass: g, stated: audit.Glass{Grant: rand.Text()}})
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	sealed := seals(given)
	opens := func(at time.Time, change func(*consent.Caller)) (consent.Glass, error) {
		t := &exchange{caller: nurse, at: at, request: httptest.NewRequest(http.MethodGet, "/", nil)}
		t.request.Header.Set(glassHeader, sealed)
		change(&t.caller)
		err := r.openGlass(t)
		return t.glass, err
	}
	half := at.Add(30 * time.Minute)
	if got, err := opens(half, func(*consent.Caller) {}); err != nil || !got.At.Equal(given.At) || got.Person != given.Person || got.Reason != given.Reason {
		t.Errorf("got %+v (%v)", got, err)
	}
	// The clock of the gateway that gave it may be ahead of this one's, as with tokens.
	if got, err := opens(at.Add(-30*time.Second), func(*consent.Caller) {}); err != nil || !got.At.Equal(at.Add(-30*time.Second)) {
		t.Errorf("of a clock that is ahead: %+v (%v)", got, err)
	}
	for _, wrong := range []time.Time{at.Add(-2 * time.Minute), at.Add(consent.GlassLife)} {
		if _, err := opens(wrong, func(*consent.Caller) {}); err != faultGrantOver { //nolint:errorlint // it is that very value
			t.Errorf("at %s: %v", wrong, err)
		}
	}
	for name, change := range map[string]func(*consent.Caller){
		"another professional": func(c *consent.Caller) { c.Person = "owain" },
		"another team":         func(c *consent.Caller) { c.Team = "duty" },
		"another organisation": func(c *consent.Caller) { c.Organisation = "7A1" },
		"another system":       func(c *consent.Caller) { c.Client = "other" },
	} {
		if got, err := opens(half, change); err != faultNoGrant || got != (consent.Glass{}) { //nolint:errorlint // it is that very value
			t.Errorf("%s: %+v (%v)", name, got, err)
		}
	}
	if got, err := opens(half, func(c *consent.Caller) { c.Purpose = profiles.EmergencyTreatment }); err != faultGrantUnused || got != (consent.Glass{}) { //nolint:errorlint // it is that very value
		t.Errorf("another purpose: %+v (%v)", got, err)
	}
	long := seals(consent.Glass{Reason: "incapacity-best-interests", Person: profiles.PersonID(strings.Repeat("p", 64)), At: at})
	if len(long) != len(sealed) || seals(given) == sealed {
		t.Errorf("grants of %d and %d letters", len(sealed), len(long))
	}
}
