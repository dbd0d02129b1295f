package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// taken are the reads of the store that a request makes of an empty memory.
func (s *stand) taken(t *testing.T, as, path string) string {
	t.Helper()
	var steps []string
	s.memory.Clear()
	s.reader.before = func(_ context.Context, method string) error { steps = append(steps, method); return nil }
	a := s.get(as, path)
	s.reader.before = nil
	if a.status >= http.StatusInternalServerError {
		t.Fatalf("%s: %d", path, a.status)
	}
	return strings.Join(steps, " ")
}

// Each kind of request reads what it needs and no more; one about somebody who is
// hidden or unknown reads the same as far as it knows.
func TestEachRequestTakesItsStepsAndNoOthers(t *testing.T) {
	s := openStand(t)
	plan := s.get("gp", crisisPath()).ids(t)[0]
	const beside = " Find" // what a narrative reads out: Patient, Flag and RiskAssessment
	for _, c := range []struct{ as, path, want string }{
		{"gp", crisisPath(), "Person Holdings Find" + beside + " Targets"},
		{"gp", crisisPath() + "&_total=accurate", "Person Holdings Find" + beside + " Targets Find Targets"},
		{"gp", crisisPath() + "&_count=0&_total=accurate", "Person Holdings Targets Find Targets"},
		{"gp", crisisPath() + "&goal=Goal/unknown", "Person Holdings Targets Targets"},
		{"ooh", "/CarePlan?" + about(elin), "Person Holdings Find Targets"},
		{"ooh", "/CarePlan?" + about(nobody), "Person Holdings Find Targets"},
		{"cmht", "/Goal?" + about(ann), "Person Holdings Find Targets"},
		{"cmht", "/Flag?" + about(ann), "Person Holdings Find Targets"},
		{"gp", "/CarePlan/" + plan, "PersonOf Holdings Read" + beside + " Targets"},
		{"gp", "/CarePlan/" + plan + "/_history/1", "PersonOf Holdings"}, // which is no version that was given out here
		{"gp", "/CarePlan/unknown", "PersonOf Holdings Read"},
		{"cmht", "/Practitioner/unknown", "Read"},
		{"cmht", "/Practitioner?_id=unknown", "Holdings Find Targets"},
	} {
		if got := s.taken(t, c.as, c.path); got != c.want {
			t.Errorf("%s %s\n got %s\nwant %s", c.as, c.path, got, c.want)
		}
	}
}

// Whichever read of the store fails, nothing is released, and what failed is on record:
// a page that went on without it would say that something is not there.
func TestWhicheverStepFailsNothingIsReleased(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		slow := fmt.Errorf("the disk is slow: %w", context.DeadlineExceeded) // which is told from what else may fail because of it
		broken := 0
		for _, c := range []struct{ as, path string }{
			{"cmht", crisisPath() + "&_total=accurate&_include=CarePlan:subject&_include=CarePlan:care-team"},
			{"cmht", "/CarePlan/" + s.get("cmht", crisisPath()).ids(t)[0]},
			{"cmht", "/CareTeam?" + about(ann) + "&_include=CareTeam:participant:PractitionerRole"},
			{"gp", crisisPath() + "&goal=Goal/unknown&_total=accurate"},
			{"cmht", "/Organization?identifier=" + profiles.SystemODS + "|7A4"},
		} {
			for at := range strings.Fields(s.taken(t, c.as, c.path)) {
				n := 0
				s.memory.Clear()
				s.reader.before = func(context.Context, string) error {
					if n++; n == at+1 {
						return slow
					}
					return nil
				}
				name := fmt.Sprintf("11111111-2222-4333-8444-%012d", broken)
				a := s.get(c.as, c.path, "X-Request-Id", name)
				s.reader.before = nil
				broken++
				holdsBack(t, a, http.StatusGatewayTimeout)
				if rows := s.recorded(name); len(rows) != 1 || rows[0].Code != "TIMED_OUT" || rows[0].Outcome != "refused" || disclosures(rows) != 0 {
					t.Errorf("%s, step %d: on record %+v", c.path, at+1, rows)
				}
			}
		}
		if broken < 30 {
			t.Errorf("only %d steps were broken", broken)
		}
		s.verified()
	})
}

// A request about nobody is put to the home organisation alone, whoever holds a
// directory: so it leaves as much on record wherever a directory is kept.
func TestNobodyIsAskedForAtHome(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	s.get("gp", "/CarePlan/unknown", "X-Request-Id", requestName)
	if rows := s.recorded(requestName); len(rows) != 1 {
		t.Errorf("%d decisions on a plan that is nowhere, want that of the home organisation", len(rows))
	}
}

// A GP practice reads the directory of two boards: each record by the agreement with
// the board that holds it, also on a second page, and none of a board that shares none.
func TestADirectoryIsReadByTheAgreementOfItsCustodian(t *testing.T) {
	s := openStand(t)
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	own := s.organisations(t, "gp")
	if slices.Contains(own, string(secondBoard)) {
		t.Fatalf("the second board shares its directory without an agreement: %v", own)
	}
	s.share()
	both := s.organisations(t, "gp")
	if !slices.Contains(both, string(secondBoard)) || len(both) != len(own)+1 {
		t.Errorf("of two boards: %v, of one: %v", both, own)
	}
	search := "/Organization?identifier=" + profiles.SystemODS + "|" + string(secondBoard)
	for _, id := range s.get("gp", search).ids(t) {
		if a := s.get("gp", "/Organization/"+id); a.status != http.StatusOK {
			t.Errorf("found, and not read: %d", a.status)
		}
		if a := s.get("social-care", "/Organization/"+id); a.status != http.StatusNotFound {
			t.Errorf("read without an agreement: %d", a.status)
		}
	}
	if n := len(s.get("gp", search).ids(t)); n != 1 {
		t.Errorf("%d records of the second board", n)
	}
}

// organisations are the codes of those that a caller finds among the first and the
// second board, page by page.
func (s *stand) organisations(t *testing.T, as string) (codes []string) {
	t.Helper()
	path := "/Organization?_count=1&identifier=" + profiles.SystemODS + "|7A4," + profiles.SystemODS + "|" + string(secondBoard)
	for _, page := range pages(t, s, as, path) {
		for _, e := range page.bundle(t).Entry {
			codes = append(codes, e.Resource["identifier"].([]any)[0].(map[string]any)["value"].(string))
		}
	}
	return codes
}

// A page is answered whole, however much there is of what stands beside it, up to the
// limits that docs/surface.md names; a total counts beyond them.
func TestLimitsOfAPage(t *testing.T) {
	s := openStand(t)
	flags, told := s.get("cmht", "/Flag?"+about(ann, "_count", "1", "_total", "accurate")).total(t)
	past, toldToo := s.get("cmht", "/RiskAssessment?"+about(ann, "status", "cancelled", "_count", "1", "_total", "accurate")).total(t)
	if !told || !toldToo {
		t.Fatal("the flags and the assessments of past risks are not counted")
	}
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		outcomes := plan["outcomes"].([]any)
		for i := range 230 {
			goal := map[string]any{}
			for k, v := range outcomes[0].(map[string]any) {
				goal[k] = v
			}
			goal["key"], goal["outcome"] = fmt.Sprint("more-", i), fmt.Sprint("outcome number ", i)
			outcomes = append(outcomes, goal)
		}
		plan["outcomes"] = outcomes
		for i := range 320 {
			plan["risks"] = append(plan["risks"].([]any), map[string]any{"key": fmt.Sprint("more-", i), "kind": "vulnerability", "text": fmt.Sprint("Risk number ", i), "status": "current", "level": "high", "identified": "2025-02-10"})
		}
	}))
	all := s.get("cmht", "/Goal?"+about(ann, "_count", "1", "_total", "accurate"))
	total, told := all.total(t)
	if !told || total < 231 {
		t.Fatalf("%d goals are counted (%t), want more than 230", total, told)
	}
	whole := "/CarePlan?" + about(ann, "category", profiles.CodeMentalHealthPlan)
	if n := len(s.get("cmht", whole+"&_include=CarePlan:goal").included(t)); n != 200 {
		t.Errorf("%d goals stand beside the plan, want 200", n)
	}
	beside := 1 + flags + past // stored before all risks but the first
	narrative := s.get("cmht", crisisPath()).bundle(t).Entry[0].Resource["text"].(map[string]any)["div"].(string)
	if n := strings.Count(narrative, "<li>Risk number ") + strings.Count(narrative, "<li>Gives money away"); n != 300-beside {
		t.Errorf("the narrative reads %d risks out, want %d, which with the person, %d flags and %d past risks are 300 resources", n, 300-beside, flags, past)
	}
}
