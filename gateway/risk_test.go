package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// Explain said that an out-of-hours team may see current risks, and no request
// could ask for them.
func TestRisksAndAlertsReachTheCrisisTeam(t *testing.T) {
	const now, past = "Gives money away when she is high", "Overdose after discharge"
	s := openStand(t)
	for _, c := range []struct {
		as        string
		now, past bool
	}{{"ooh", true, false}, {"cmht", true, true}, {"gp", false, false}, {"social-care", false, false}, {"ooh-unlisted", false, false}} {
		flags, risks := s.get(c.as, "/Flag?"+about(ann)), s.get(c.as, "/RiskAssessment?"+about(ann))
		if flags.status != http.StatusOK || risks.status != http.StatusOK {
			t.Fatalf("%s: answered %d and %d", c.as, flags.status, risks.status)
		}
		for text, seen := range map[string]bool{now: c.now, past: c.past} {
			if strings.Contains(flags.body, text) != seen {
				t.Errorf("%s: the flags hold %q: want %t", c.as, text, seen)
			}
		}
		if strings.Contains(risks.body, now) != c.now || strings.Contains(risks.body, past) {
			t.Errorf("%s: the assessments: %.300s", c.as, risks.body)
		}
		for _, id := range flags.ids(t) {
			if a := s.get(c.as, "/Flag/"+id); a.status != http.StatusOK {
				t.Errorf("%s: a flag that was found is not read: %d", c.as, a.status)
			}
		}
	}
	for query, want := range map[string]int{"&flag-status=active": 1, "&flag-status=inactive": 0, "&date=ge2025-01-01": 1, "&date=lt2020-01-01": 0, "&flag-code=vulnerability": 1, "&flag-code=self-harm": 0} {
		a := s.get("ooh", "/Flag?"+about(ann)+query)
		found := 0
		for _, id := range a.ids(t) {
			if strings.Contains(s.get("ooh", "/Flag/"+id).body, now) {
				found++
			}
		}
		if a.status != http.StatusOK || found != want {
			t.Errorf("Flag%s: %d, found the vulnerability %d times", query, a.status, found)
		}
	}
	if a := s.get("ooh", "/RiskAssessment?"+about(ann)+"&date=2025-02-10&status=final"); len(a.ids(t)) != 1 {
		t.Errorf("%d assessments of that day", len(a.ids(t)))
	}
}
