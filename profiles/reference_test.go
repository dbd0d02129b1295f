package profiles

import "testing"

// TestWhatACopyKeepsOfAReference: of every Reference of the types that are served, a name is kept
// in two places, and no identifier but that of an organisation or team, or of the person.
func TestWhatACopyKeepsOfAReference(t *testing.T) {
	named := map[string]Item{"CarePlan.author": PlanFreshness, "CarePlan.activity.detail.performer": CrisisContacts}
	seen := 0
	var walk func(s *Shape)
	walk = func(s *Shape) {
		for _, c := range s.children {
			walk(c)
		}
		if s.Type != "Reference" {
			return
		}
		seen++
		item, keeps := s.KeepsDisplay()
		if want, listed := named[s.path]; item != want || keeps != listed {
			t.Errorf("%s keeps its display with %v (%t), want %v (%t)", s.path, item, keeps, want, listed)
		}
		organisation := s.Use != UsePerson
		for system, want := range map[string]bool{
			SystemODS: organisation, TeamSystem("7A4"): organisation, SystemNHSNumber: !organisation, "https://council.example/staff": false, "": false,
		} {
			if got := s.KeepsIdentifier(system); got != want {
				t.Errorf("%s keeps an identifier of %q: %t", s.path, system, got)
			}
		}
	}
	for _, typ := range ServedTypes() {
		s, _ := ShapeOf(typ)
		walk(s)
	}
	if seen < 40 {
		t.Errorf("%d references", seen)
	}
}
