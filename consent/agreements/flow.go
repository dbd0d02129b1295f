package agreements

import "cpagateway/profiles"

// Flow is one row of the Information Reference Table: who tells whom what, why.
type Flow struct {
	Ref             string           `yaml:"ref"`
	From            Party            `yaml:"from"`
	To              Party            `yaml:"to"`
	Purpose         profiles.Purpose `yaml:"purpose"`
	Names           []string         `yaml:"items"`     // as written: item codes and the words for whole sets
	Resources       []string         `yaml:"resources"` // FHIR types; nil: every type that carries the items
	ConsentRule     ConsentRule      `yaml:"consentRule"`
	Confidentiality Confidentiality  `yaml:"confidentiality"` // of this flow; empty: the agreement's
	Relationship    RelationshipRule `yaml:"relationship"`
	Contribute      Contribution     `yaml:"contribute"` // empty: the flow discloses, and lets nobody write
	When            string           `yaml:"when"`
	How             string           `yaml:"how"`
	Items           profiles.ItemSet `yaml:"-"` // what Names amount to
}

// Party is one end of a flow. At the giving end a team of "*", or none, is
// every team; at the receiving end a team is always named, but where the flow is for
// contributions alone.
type Party struct {
	Organisation profiles.OrgCode `yaml:"org"`
	Team         profiles.TeamID  `yaml:"team"`
}

// ConsentRule says how the person's wishes bear on a flow.
type ConsentRule string

// The rules. Statutory is decided as Standard: the guidance asks for consent,
// and the switch for statutory recipients is shipped off.
const (
	Standard  ConsentRule = "standard"
	Crisis    ConsentRule = "crisis"
	Statutory ConsentRule = "statutory"
)

// RelationshipRule says whether a flow asks for a recorded part in the person's care.
type RelationshipRule string

// The rules. A flow that does not say asks for one.
const (
	Required    RelationshipRule = "required"
	NotRequired RelationshipRule = "none"
)

// Contribution says what the giving end of a flow may write into the plans of the
// receiving end: what it writes there is what it discloses.
type Contribution string

// OwnParts lets the giving end add parts of the flow's items, and change or end those
// that it wrote itself.
const OwnParts Contribution = "own"

// Contributable is what a flow that lets somebody write may name: what a part of a
// plan can need.
var Contributable = Releasable.Intersect(profiles.ActivityItems)

// Releasable is what a flow may name at all. Nothing else leaves the treating
// team, whoever asks: no flow can name it (gate P4).
var Releasable = profiles.AllItems.Minus(profiles.Restricted.Union(profiles.SetOf(profiles.ConsentRecord, profiles.Duties, profiles.Unlabelled)))
