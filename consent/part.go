package consent

import (
	"slices"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Part is one part of a resource that somebody wants to change: a member, or one element
// of a member that is a list.
type Part struct {
	Member string
	Was    fhir.Value       // Absent: it is new
	Is     fhir.Value       // Absent: it is to be no more
	Author profiles.OrgCode // who wrote what it was
}

// subjects are the members that say whom a resource is about, which never changes.
var subjects = []string{"subject", "patient", "for"}

// contributable are the members of a plan that hold parts which others may write.
var contributable = []string{"activity"}

// CarriesRemoval reports whether the decision lets a resource be taken away: a token that
// reaches some kinds of plan takes no other away.
func (d Decision) CarriesRemoval(resource fhir.Value) bool {
	return d.outcome == Permit && d.action == Delete && profiles.Items(resource).Within(d.granted)
}

// Carries reports whether the decision lets every one of some parts be changed, before
// and after. Who keeps the record may change all of it but whom it is about. A
// contribution adds parts of its items, and changes or ends those that the same
// organisation wrote; what the resource as a whole is stays as it was.
func (d Decision) Carries(before, after fhir.Value, parts []Part) bool {
	if d.outcome == Deny || d.action != Update {
		return false
	}
	if d.Custodial() && !profiles.Items(before).Within(d.granted) || !d.Custodial() && profiles.Items(before) != profiles.Items(after) {
		return false
	}
	return !slices.ContainsFunc(parts, func(p Part) bool {
		if d.Custodial() {
			return slices.Contains(subjects, p.Member)
		}
		return !d.contributes(before, p.Member, p.Was, p.Author) || !d.contributes(after, p.Member, p.Is, d.caller.Organisation)
	})
}

// contributes reports whether a contribution may write, change or end a part of a
// resource, as it stands there.
func (d Decision) contributes(resource fhir.Value, member string, part fhir.Value, author profiles.OrgCode) bool {
	if !slices.Contains(contributable, member) {
		return false
	}
	if !part.Exists() {
		return true
	}
	items := profiles.PartItems(resource, member, part)
	return author == d.caller.Organisation && !items.Empty() && d.granted.Covers(items)
}
