// Package consent decides what may be disclosed, to whom, and why: WASPI
// agreements, the person's directives, the decision and the disclosure.
//
// It is pure: no clock, no I/O, no HTTP. The chain of types is the safe order:
// Decide makes a Decision, Decision.Disclose a Disclosure, Decision.Accept an
// Accepted; each has one maker and a zero value that carries nothing.
package consent

import (
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Distinct names for what must not be swapped.
type (
	PersonID string // the person a record is about: opaque, the same for every source
	OrgCode  string // ODS code of an organisation
	TeamID   string // a team within its organisation, as agreements write it
	ClientID string // a calling system in the client register
	Purpose  string // v3-ActReason code, such as COC or ETREAT
)

// The purposes the gateway knows by name. Any other code is kept and refused by gate A8.
const (
	CareCoordination   Purpose = "COC"
	EmergencyTreatment Purpose = "ETREAT"
	Treatment          Purpose = "TREAT"
	BreakGlass         Purpose = "BTG"
	OwnRequest         Purpose = "PATRQT" // the person asks for their own record
)

// Caller is who asks. Identity makes it from a verified token; scenarios make
// it by hand. A zero Caller is unknown and is refused by gate A1.
type Caller struct {
	Client       ClientID
	Organisation OrgCode
	Team         TeamID
	Person       string  // the professional's identifier; empty for an unattended system
	Role         string  // subject_role of the token
	Purpose      Purpose // exactly one; empty is PURPOSE_MISSING
	Ambiguous    bool    // the token named several purposes and the request chose none: PURPOSE_AMBIGUOUS
	Scopes       []Scope // a ceiling, never a grant
	TokenID      string  // jti
}

// Scope is one SMART scope, read (v1 is translated): a ceiling on types and interactions.
type Scope struct {
	Context  string // system, user or patient
	Type     string // a resource type, or * for all that are routed
	Read     bool   // r
	Search   bool   // s
	Write    bool   // any of c, u, d
	Category string // system|code of ?category=, empty for all
}

// Action is what the caller asks to do.
type Action uint8

// The actions. The zero Action is refused.
const (
	NoAction Action = iota
	Read            // read and vread; also search, for a caller of Decide that does not tell them apart
	Import          // a source system's own extract, by its custodian
	Search          // as Read, under the scope letter s instead of r
)

// Held is one stored version on its way to disclosure.
type Held struct {
	Resource  fhir.Value
	Person    PersonID // empty for staff and organisations
	Label     profiles.Label
	VersionID string    // what this caller sees as meta.versionId
	Updated   time.Time // what this caller sees as meta.lastUpdated
}

// Target is what the store knows of a resource that another one refers to.
type Target struct {
	Person PersonID
	Label  profiles.Label
}

// Relation is a standing of an organisation or team towards a person, with the
// time it covers: an open participation in the care team, or the registered practice.
type Relation struct {
	Organisation OrgCode
	Team         TeamID // empty: the organisation as a whole (a registered practice)
	Kind         RelationKind
	From, Until  time.Time // zero Until: open
}

// RelationKind says what the relation rests on.
type RelationKind uint8

// The kinds of relation, in the words of gate P1.
const (
	NoRelation RelationKind = iota
	CareTeamMember
	RegisteredPractice
	EpisodeProvider
)

// Person is what is known of the person at the moment of decision. Gather makes
// it from the records that are facts: Patient, CareTeam, EpisodeOfCare, Consent.
// A zero Person is nobody: every person gate fails the same way as for somebody
// who is known and hidden.
type Person struct {
	ID         PersonID
	Epoch      uint64  // changes with every fact about the person
	Custodian  OrgCode // whose record this is: the source side of an agreement
	Unverified bool    // an identity that is merged, linked or replaced and not resolved
	Born       time.Time
	BornUntil  time.Time // end of the interval that a partial birth date covers
	Deceased   bool
	Relations  []Relation
	Directives []Directive
}

// Request is one question to Decide.
type Request struct {
	Caller   Caller
	Action   Action
	Type     string           // the FHIR type asked for; the scope ceiling applies to it
	Wanted   profiles.ItemSet // what the request could at most use; chooses the narrowest agreement that covers it
	At       time.Time        // the instant of the request; days are counted in Europe/London
	Register *Register        // the agreements; immutable
	Policy   Policy           // the switches an IG lead may set
	Person   *Person          // nil for directory types, which are about nobody
	Source   OrgCode          // the custodian asked: of the person's record, or of the directory
}
