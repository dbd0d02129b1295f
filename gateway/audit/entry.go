package audit

import (
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// Kind is what an entry is about.
type Kind string

// The kinds of entry.
const (
	KindRequest    Kind = "request"    // one per request, whatever became of it
	KindDisclosure Kind = "disclosure" // one per person of whom that request released something
	KindImport     Kind = "import"     // one per batch that a source system brought in
	KindCheckpoint Kind = "checkpoint" // a signature over the chain before it
)

// The outcomes of entries that no Decision was made for. The others are those of consent.Outcome.
const (
	OutcomeRefused = "refused" // before a decision: unknown caller, unlisted interaction, bad request, a failure
	OutcomePublic  = "public"  // about nobody
)

// Entry is one record of the log. It names persons by their opaque PersonID and
// what was released by type, id and version: never a name, an NHS number or
// anything clinical. Empty fields are not written. The comment of a field gives
// the kinds it belongs to where these are not all but checkpoints.
type Entry struct {
	Kind Kind
	Time time.Time // when it was recorded, by the log's clock: UTC, nanoseconds

	At          time.Time // when the request arrived
	RequestID   string
	Interaction string
	Type        string
	Params      []string
	Status      int

	Client       consent.ClientID
	Organisation profiles.OrgCode
	Team         profiles.TeamID
	Professional string // the caller's own identifier; empty for an unattended system
	Role         string
	Purpose      profiles.Purpose

	Outcome     string   // permit, slice, deny, refused or public
	Deciding    string   // id of the deciding rule
	Code        string   // its reason, or the reason of a refusal
	Failed      []string // reasons of all rules that failed
	Items       []string // codes of the items granted
	Obligations []consent.Obligation
	Agreement   agreements.Ref
	Directive   string // id of the Consent that decided
	Person      profiles.PersonID
	Epoch       uint64 // of the person's record, as decided on
	Policy      string // hash of the agreements and switches decided under

	Released []Release // disclosure

	Source string // import: the source's name
	Counts Counts // import

	Note string // checkpoint: the signed note
}

// Release is one resource that left the gateway.
type Release struct {
	Ref   string   // Type/id/versionId, as the caller saw them
	Items []string // codes of the items that its content belongs to
}

// decided is the entry of an event with all that a decision says about it.
func decided(kind Kind, e Event, d consent.Decision) Entry {
	entry := asked(kind, e, d.Caller())
	deciding := d.Deciding()
	entry.Outcome = d.Outcome().String()
	entry.Deciding, entry.Code = deciding.ID, deciding.Code
	for _, rule := range d.Rules() {
		if rule.Outcome == consent.Fail {
			entry.Failed = append(entry.Failed, rule.Code)
		}
	}
	entry.Items = d.Items().Codes()
	entry.Obligations = d.Obligations()
	entry.Agreement = d.Agreement()
	entry.Directive = d.Directive()
	entry.Person, entry.Epoch = d.Person(), d.Epoch()
	entry.Policy = d.PolicyHash()
	return entry
}

// asked is the entry of an event as far as the request itself says it.
func asked(kind Kind, e Event, c consent.Caller) Entry {
	return Entry{
		Kind: kind, At: e.At, RequestID: e.RequestID, Interaction: word(e.Interaction),
		Type: word(e.Type), Params: words(e.Params), Status: e.Status,
		Client: c.Client, Organisation: c.Organisation, Team: c.Team,
		Professional: c.Person, Role: c.Role, Purpose: c.Purpose,
	}
}

// release is what the log says of one disclosure.
func release(x disclosure.Disclosure) Release {
	return Release{Ref: x.Type() + "/" + x.ID() + "/" + x.VersionID(), Items: x.Items().Codes()}
}
