package disclosure

import (
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// reference copies a Reference whose target the caller may see, and of it no
// more than where it leads: a display can name what the target's own label would
// hide. One whose target they may not see is dropped, as if it had not been there.
//
// A logical reference (an identifier and nothing else) to an organisation or a team
// has no target to ask; it is kept where the caller may know who is involved.
// A display is copied, with the reference or alone, where profiles keeps it; of the author
// the name alone.
func (c *copier) reference(dst []byte, s *profiles.Shape, v fhir.Value) ([]byte, bool) {
	start := len(dst)
	if literal := v.Get("reference"); literal.Exists() {
		if label, known := c.follows(literal.Text()); known && label.Within(c.granted) {
			dst = appendMember(dst, "reference", literal.Text())
			c.note(start+len(`,"reference":`), label)
		}
	} else if id := v.Get("identifier"); id.Get("value").Text() != "" && s.KeepsIdentifier(id.Get("system").Text()) && naming.Within(c.granted) {
		dst = append(dst, `,"identifier":`...)
		c.note(len(dst), naming)
		dst = appendIdentifier(dst, id)
	}
	if item, kept := s.KeepsDisplay(); kept && c.need.Has(item) {
		display := v.Get("display").Text()
		if item == profiles.PlanFreshness {
			display = nameAlone(display)
		}
		dst = appendMember(dst, "display", display)
	}
	return closed(dst, start, '{')
}

// nameAlone is a display without what it says after the name: "Dr X, forensic psychiatry"
// tells of a service.
func nameAlone(display string) string {
	if at := strings.IndexAny(display, ",;:/|(["); at >= 0 {
		display = display[:at]
	}
	display, _, _ = strings.Cut(display, " - ")
	return strings.TrimSpace(display)
}

// subject writes the reference to the person the resource is about. It is always
// there: to whom it belongs is the one thing that a reader must know. A resource
// that names somebody else than the store says is withheld.
func (c *copier) subject(dst []byte, s *profiles.Shape, v fhir.Value) ([]byte, bool) {
	start := len(dst)
	target, stored := c.targets[c.self]
	if stored && target.Person != c.person {
		c.refuse()
	}
	typ, rest, relative := strings.Cut(c.self, "/")
	switch {
	case typ == "Patient" && rest != "":
		dst = appendMember(dst, "reference", c.self)
	case relative && !strings.Contains(typ, ":"): // of another type: about no person at all
		c.refuse()
	default:
		dst = appendMember(dst, "type", "Patient")
		id := v.Get("identifier")
		if s.KeepsIdentifier(id.Get("system").Text()) && identity.Within(c.granted) {
			dst = append(dst, `,"identifier":`...)
			c.note(len(dst), identity)
			dst = appendIdentifier(dst, id)
		}
	}
	return closed(dst, start, '{')
}

// follows says what a caller must be granted to follow a literal reference, and
// whether it leads anywhere: to something of this person, or of the directory. One
// that the store does not know leads nowhere, nor does one to something that was
// never labelled, and a contained resource is never copied.
func (c *copier) follows(reference string) (profiles.Label, bool) {
	typ, _, _ := strings.Cut(reference, "/")
	target := c.targets[reference] // about nobody and without a label, where it is not known
	switch {
	case typ == "Patient" && reference == c.self:
		return profiles.Label{}, true
	case strings.HasPrefix(reference, "#"):
		return profiles.Label{}, false
	case profiles.DirectoryType(typ):
		return target.Label, target.Person == "" && !target.Label.Items().Empty()
	case target.Person == "" || target.Person != c.person:
		return profiles.Label{}, false
	case typ == "Patient":
		return profiles.Label{}, true
	}
	return target.Label, !target.Label.Items().Empty()
}

var (
	// naming: any of these items lets a caller know which organisations and teams
	// are involved.
	naming = profiles.Label{Any: profiles.SetOf(profiles.TeamMembership, profiles.TeamCoordinator, profiles.Directory, profiles.CrisisContacts)}
	// identity lets a caller know who a person is by number.
	identity = profiles.Label{Need: profiles.SetOf(profiles.PersonIdentity)}
)

// appendIdentifier writes system and value: what else an Identifier may hold is
// not needed to know who is meant.
func appendIdentifier(dst []byte, identifier fhir.Value) []byte {
	w := fhir.NewWriter(dst)
	w.Object(func() {
		w.Member("system", identifier.Get("system").Text())
		w.Member("value", identifier.Get("value").Text())
	})
	return w.Bytes()
}

// appendMember writes a member with a comma before it, nothing where the text is empty.
func appendMember(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(fhir.AppendString(append(dst, ','), name), ':')
	return fhir.AppendString(dst, text)
}
