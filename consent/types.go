// Package consent decides what may be disclosed, to whom, and why, by the
// agreements in its folder agreements and what its folder facts knows of the person.
//
// In comments and texts, "case 16" is a row of the table of cases in docs/deciding.md,
// and W¶179 is paragraph 179 of the Welsh interim guidance of 2010 (docs/items.md).
//
// It is pure: no clock, no I/O, no HTTP. The chain of types is the safe order:
// Decide makes a Decision, disclosure.Copy.Under a Disclosure, Decision.Accept an
// Accepted; each has one maker and a zero value that carries nothing.
package consent

import (
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// ClientID is a calling system in the client register.
type ClientID string

// Caller is who asks. Identity makes it from a verified token; scenarios make
// it by hand. A zero Caller is unknown and is refused by gate A1.
type Caller struct {
	Client       ClientID
	Organisation profiles.OrgCode
	Team         profiles.TeamID
	Person       string           // the professional's identifier; empty for an unattended system
	Role         string           // subject_role of the token
	Purpose      profiles.Purpose // exactly one; empty is PURPOSE_MISSING
	Ambiguous    bool             // the token named several purposes and the request chose none: PURPOSE_AMBIGUOUS
	Scopes       []Scope          // a ceiling, never a grant
	TokenID      string           // jti
	Custody      Switch           // the client is registered as keeping its own organisation's records through the API
}

// Emergency reports whether the caller treats somebody in an emergency: the crisis slice is
// what it could use.
func (c *Caller) Emergency() bool {
	return c.Purpose == profiles.EmergencyTreatment || c.Purpose == profiles.BreakGlass
}

// Scope is one SMART scope, read (v1 is translated): a ceiling on types and interactions.
type Scope struct {
	Context  string // system, user or patient
	Type     string // a resource type, or * for all that are routed
	Read     bool   // r
	Search   bool   // s
	Create   bool   // c
	Update   bool   // u
	Delete   bool   // d
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
	Create          // to store a record that was not there
	Update          // to store a record in another version
	Delete          // to remove a record; its history stays
)

// Actions names the actions that a caller may ask for, as scenarios and explanations write them.
var Actions = map[string]Action{"read": Read, "search": Search, "create": Create, "update": Update, "delete": Delete}

// writes reports whether the action changes what is stored at a caller's request.
func (a Action) writes() bool { return a == Create || a == Update || a == Delete }

// reads reports whether the action discloses.
func (a Action) reads() bool { return a == Read || a == Search }

// Request is one question to Decide.
type Request struct {
	Caller   Caller
	Action   Action
	Type     string               // the FHIR type asked for; the scope ceiling applies to it
	Wanted   profiles.ItemSet     // what the request could at most use; chooses the narrowest agreement that covers it
	At       time.Time            // the instant of the request; days are counted in Europe/London
	Register *agreements.Register // the agreements; immutable
	Policy   Policy               // the switches an IG lead may set
	Person   *facts.Person        // nil for directory types, which are about nobody
	Glass    Glass                // how the glass was broken, if it was
	Source   profiles.OrgCode     // the custodian whose record it is or would be: of the person's record, or of the directory
}
