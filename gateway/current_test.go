package gateway_test

import (
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// old is Bryn's plan under another id and status, without the wishes that only a
// current plan may tell.
func (s *stand) old(id, status string) fs.FS {
	return s.plan("bryn.json", func(plan map[string]any) {
		plan["id"], plan["status"], plan["directives"] = id, status, []any{}
		if status != "active" {
			plan["ended"] = "2026-07-01"
		}
	})
}

// crisisOf is what the out-of-hours team finds of Bryn, asking for crisis plans.
func (s *stand) crisisOf(more string) []string {
	s.t.Helper()
	return s.get("ooh", "/CarePlan?"+about(bryn, "category", profiles.CodeCrisisPlan)+more).ids(s.t)
}

// own is the id of Bryn's plan as the cast has it.
func (s *stand) own() string { return "CTP-0002" }

func (s *stand) bringOld(id, status string) {
	s.t.Helper()
	if sum := s.bringIn(s.old(id, status)); sum.Quarantined != 0 || sum.Stored != 1 {
		s.t.Fatalf("the plan did not come in: %+v", sum)
	}
}

func TestTheLastActiveCrisisPlanIsShownOnlyWhereNoneIsActive(t *testing.T) {
	for _, status := range []string{"superseded", "ended", "on-hold"} {
		t.Run(status, func(t *testing.T) {
			s := openStand(t)
			current := s.crisisOf("")
			if len(current) != 1 {
				t.Fatalf("%d current plans", len(current))
			}
			s.bringOld("CTP-OLD", status)
			if got := s.crisisOf(""); !slices.Equal(got, current) {
				t.Fatalf("an old plan beside the active one: %v", got)
			}
			s.bringOld(s.own(), status)
			got := s.crisisOf("")
			if len(got) != 1 || got[0] != current[0] {
				t.Fatalf("no plan is active: want the last active one %v, got %v", current, got)
			}
			if a := s.get("ooh", "/CarePlan/"+got[0]); a.status != http.StatusOK || !strings.Contains(a.body, "completed") && !strings.Contains(a.body, "on-hold") {
				t.Errorf("its read: %d", a.status)
			}
			s.bringOld("CTP-NEW", "active")
			if now := s.crisisOf(""); len(now) != 1 || now[0] == got[0] {
				t.Errorf("a plan is active again: %v", now)
			}
			if a := s.get("ooh", "/CarePlan/"+got[0]); a.status != http.StatusNotFound {
				t.Errorf("the old one can still be read: %d", a.status)
			}
		})
	}
}

// A filter that the active plan does not match made the old one the last.
func TestAFilterDoesNotBringAnOldCrisisPlanBack(t *testing.T) {
	s := openStand(t)
	s.bringOld("CTP-OLD", "superseded")
	for _, filter := range []string{"&status=completed", "&status:not=active", "&date=lt1990-01-01"} {
		if got := s.crisisOf(filter); len(got) != 0 {
			t.Errorf("%s found %v although a plan is active", filter, got)
		}
	}
}

// On a page of one the old contingency plan stood in the crisis plan's place.
func TestASmallPageStillHoldsTheLastCrisisPlan(t *testing.T) {
	s := openStand(t)
	s.bringOld(s.own(), "superseded")
	s.bringIn(s.plan("bryn.json", func(plan map[string]any) { // the contingency plan was the last to change
		plan["status"], plan["directives"], plan["ended"] = "superseded", []any{}, "2026-07-01"
		plan["contingency"].(map[string]any)["name"] = "Another name"
	}))
	all := s.get("ooh", "/CarePlan?"+about(bryn))
	if len(all.ids(t)) != 1 {
		t.Fatalf("want the last crisis plan alone, got %v", all.ids(t))
	}
	small := s.get("ooh", "/CarePlan?"+about(bryn)+"&_count=1")
	if !slices.Equal(small.ids(t), all.ids(t)) {
		t.Errorf("on a page of one: %v, want %v", small.ids(t), all.ids(t))
	}
}

// An old version of a crisis plan could be read by its number, although the read
// of the plan gave another or none.
func TestAnOldVersionOfACrisisPlanIsNotReadByItsNumber(t *testing.T) {
	s := openStand(t)
	id := s.crisisOf("")[0]
	version := func() string {
		t.Helper()
		tag := s.get("ooh", "/CarePlan/"+id).header.Get("ETag")
		if tag == "" {
			t.Fatal("the plan is not read: the test could not fail")
		}
		return "/CarePlan/" + id + "/_history/" + strings.Trim(tag, `W/"`)
	}
	answers := func(path string, status int) {
		t.Helper()
		if a := s.get("ooh", path); a.status != status {
			t.Errorf("answered %d, want %d: %.200s", a.status, status, a.body)
		}
	}
	first := version()
	answers(first, http.StatusOK)
	s.bringOld(s.own(), "superseded") // none is active: the last one is still shown, as it is now
	second := version()
	if first == second {
		t.Fatal("there is one version only: the test could not fail")
	}
	answers(first, http.StatusNotFound)
	answers(second, http.StatusOK)
	if a, b := s.get("ooh", second), s.get("ooh", "/CarePlan/"+id); a.body != b.body || a.header.Get("ETag") != b.header.Get("ETag") {
		t.Error("the version that a read gives is not what it gives")
	}
	s.bringOld("CTP-NEW", "active")
	answers(first, http.StatusNotFound)
	answers(second, http.StatusNotFound)
}
