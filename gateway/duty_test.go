package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// duties are the Communications about somebody that a caller sees, as code, sent and what
// is said in English.
func (s *stand) duties(as, number string) (list []string) {
	s.t.Helper()
	for _, e := range s.get(as, "/Communication?"+about(number)).bundle(s.t).Entry {
		if e.Search.Mode == "outcome" {
			continue
		}
		var c struct {
			Category []struct {
				Coding []struct{ System, Code string }
			}
			Payload []struct{ ContentString string }
			Subject struct{ Reference string }
		}
		text, err := json.Marshal(e.Resource)
		must(s.t, err)
		must(s.t, json.Unmarshal(text, &c))
		if len(c.Payload) != 2 || c.Category[0].Coding[0].System != profiles.SystemDuty || !strings.HasPrefix(c.Subject.Reference, "Patient/") {
			s.t.Errorf("%s", text)
		}
		list = append(list, c.Category[0].Coding[0].Code+": "+c.Payload[0].ContentString)
	}
	return list
}

const silent = "9990000042" // Dewi, of whose wishes nothing is recorded

// Nothing is recorded of Dewi's wishes: that his crisis slice was read is told to whoever
// coordinates his care, once a day, and to nobody else; and his custodian's own system,
// which asked for that, is told that there is something to read.
func TestTheCoordinatorIsToldThatTheSliceWasRead(t *testing.T) {
	s, e := subscribedStand(t)
	o := s.tell("a", nil)
	s.subscribe("keeper", subscription(subscriptions.DutySent, e.URL, "id-only", ""))
	council := s.subscribe("social-care", subscription(subscriptions.DutySent, e.URL, "id-only", ""))
	s.rest(o) // from here on
	if got := s.duties("keeper", silent); len(got) > 0 {
		t.Fatalf("before: %q", got)
	}
	for range 2 {
		if a := s.get("ooh", "/CarePlan?"+about(silent, "category", profiles.SystemSNOMED+"|"+profiles.CodeCrisisPlan)); len(a.ids(t)) == 0 {
			t.Fatalf("the crisis team sees %d %s", a.status, a.body)
		}
	}
	until(t, func() bool { s.clock.advance(time.Second); return len(e.events()) == 1 }, o)
	s.rest(o)
	got := s.duties("keeper", silent)
	if len(got) != 1 || !strings.HasPrefix(got[0], "crisis-slice-read: On 31 July 2026 at 10:0") || !strings.Contains(got[0], "the team crht of 7A4 read the crisis slice") {
		t.Errorf("told %q", got)
	}
	found := s.get("keeper", "/Communication?"+about(silent))
	if want := "1 PUT Communication/" + found.ids(t)[0]; len(e.events()) != 1 || e.events()[0] != want {
		t.Errorf("told %q, want %q", e.events(), want)
	}
	if recipients := found.bundle(t).Entry[0].Resource["recipient"]; recipients == nil {
		t.Errorf("for nobody: %s", found.body)
	}
	for _, as := range []string{"ooh", "gp", "social-care"} {
		if got := s.duties(as, silent); len(got) > 0 {
			t.Errorf("%s is told %q", as, got)
		}
	}
	if a := s.get("social-care", council+"/$status"); !strings.Contains(a.body, `"events-since-subscription-start","valueString":"0"`) {
		t.Errorf("the council: %s", a.body)
	}
	s.clock.advance(24 * time.Hour)
	s.get("ooh", "/CarePlan?"+about(silent, "category", profiles.SystemSNOMED+"|"+profiles.CodeCrisisPlan))
	until(t, func() bool { s.clock.advance(time.Second); return len(s.duties("keeper", silent)) == 2 }, o)
}
