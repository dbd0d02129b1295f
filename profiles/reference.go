package profiles

import "strings"

// A copy keeps of a Reference where it leads, if the target may be seen. What it can keep
// beside that, by the place where the Reference stands, is said here.

// KeepsDisplay reports whether a copy can keep the display of this Reference, and the item that the
// part around it must need for that: whom to call, and who wrote a plan. Anywhere else a display
// could name what the label of the target would hide.
func (s *Shape) KeepsDisplay() (Item, bool) {
	switch s.path {
	case "CarePlan.activity.detail.performer":
		return CrisisContacts, true
	case "CarePlan.author":
		return PlanFreshness, true
	}
	return Unlabelled, false
}

// KeepsIdentifier reports whether a copy can keep an identifier of this system where the Reference
// leads nowhere: that of an organisation or a team, and of the person whom a resource is about the
// NHS number. Any other could be a relative's NHS number.
func (s *Shape) KeepsIdentifier(system string) bool {
	if s.Use == UsePerson {
		return system == SystemNHSNumber
	}
	return system == SystemODS || strings.HasPrefix(system, TeamSystem(""))
}
