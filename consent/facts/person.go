// Package facts is what is known of a person, read from FHIR: who takes part in
// their care, and what they wish about sharing. It decides nothing.
package facts

import (
	"time"

	"cpagateway/profiles"
)

// Relation is that an organisation or team has to do with a person, with the time it
// covers: a participation in the care team, an episode, or the registered practice.
type Relation struct {
	Organisation profiles.OrgCode
	Team         profiles.TeamID // empty: the organisation as a whole (a registered practice)
	Kind         RelationKind
	From, Until  time.Time // zero Until: open
}

// RelationKind says what the relation rests on.
type RelationKind uint8

// The kinds of relation, in the words of gate P1; their numbers are kept, and never change.
const (
	NoRelation RelationKind = iota
	CareTeamMember
	RegisteredPractice
	EpisodeProvider
)

// Person is what is known of the person at the moment of one decision, which is
// one custodian's. Compose makes it. All but the directives comes from that
// custodian's own records; directives come from every custodian's. A zero Person is
// nobody: every person gate fails the same way as for somebody who is known and hidden.
type Person struct {
	ID         profiles.PersonID
	Epoch      uint64           // changes with every fact about the person
	Custodian  profiles.OrgCode // whose record this is: the source side of an agreement
	Unverified bool             // an identity that is merged, linked or replaced and not resolved
	Born       time.Time
	BornUntil  time.Time // end of the interval that a partial birth date covers
	Deceased   bool
	Relations  []Relation
	Directives []Directive
}
