package audit

import (
	"slices"
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
	KindRequest  Kind = "request"  // a request that came to no decision
	KindDecision Kind = "decision" // one decision on a request, with what it released
	KindImport   Kind = "import"   // one batch that a source system brought in
	KindOperator Kind = "operator" // what somebody at the command line did or looked at
)

// The outcomes of entries that no Decision was made for. The others are those of consent.Outcome.
const (
	OutcomeRefused = "refused" // before a decision: unknown caller, unlisted interaction, bad request, a failure
	OutcomePublic  = "public"  // about nobody
	OutcomeOwn     = "own"     // about what the caller itself keeps here, such as its subscriptions
)

// Entry is one record of the log. It names persons by their opaque PersonID and
// what was released by type, id and version: never a name, an NHS number or
// anything clinical, but for what somebody who broke the glass wrote. Empty fields are
// not written, but for time and kind. The names and the order of the JSON are those of
// the fields.
type Entry struct {
	Time time.Time `json:"time"` // when it was recorded, by the log's clock: UTC, nanoseconds
	Kind Kind      `json:"kind"`

	At          time.Time `json:"at"` // when the request arrived
	RequestID   string    `json:"requestId"`
	Interaction string    `json:"interaction"`
	Type        string    `json:"type"`
	Params      []string  `json:"params"`
	Status      int       `json:"status"`

	Client       consent.ClientID `json:"client"`
	Organisation profiles.OrgCode `json:"organisation"`
	Team         profiles.TeamID  `json:"team"`
	Professional string           `json:"professional"` // the caller's own identifier; empty for an unattended system
	Role         string           `json:"role"`
	Purpose      profiles.Purpose `json:"purpose"`

	Decision    int                  `json:"decision"`  // 1, 2 ... of the request's decisions, which stand one after the other
	Decisions   int                  `json:"decisions"` // how many these are
	Custodian   profiles.OrgCode     `json:"custodian"` // whose record was decided on
	Person      profiles.PersonID    `json:"person"`
	Epoch       uint64               `json:"epoch"`   // of the person's record, as decided on
	Outcome     string               `json:"outcome"` // permit, slice, deny, refused, public or own
	Deciding    string               `json:"deciding"`
	Code        string               `json:"code"`   // the reason of the deciding rule, or of a refusal
	Failed      []string             `json:"failed"` // reasons of all rules that failed
	Items       []string             `json:"items"`  // codes of the items granted
	Obligations []consent.Obligation `json:"obligations"`
	Agreement   agreements.Ref       `json:"agreement"`
	Directive   string               `json:"directive"` // id of the Consent that decided
	Policy      string               `json:"policy"`    // hash of the agreements and switches decided under
	Released    []Release            `json:"released"`
	Stored      []string             `json:"stored"` // Type/id/number of each version that was put under the decision

	Source string `json:"source"` // of an import: the source's name
	Counts Counts `json:"counts"` // of an import

	Move      string `json:"move"`      // of an operator: id of the move of records that was made
	Reference string `json:"reference"` // what was named as the ground, such as a ticket of an operator or a court order, or what was looked at

	Glass consent.GlassReason `json:"glass"` // why the glass was broken, of all that was asked through it
	Grant string              `json:"grant"` // by which grant
	Words string              `json:"words"` // of the request that broke it: why, as the professional wrote it
}

// Release is one resource that left the gateway.
type Release struct {
	Ref   string   `json:"ref"`   // Type/id/versionId, as the caller saw them
	Items []string `json:"items"` // codes of the items that its content belongs to
}

// Counts is the outcome of an import, in records of the source.
type Counts struct {
	Read        int `json:"read"`
	Stored      int `json:"stored"`
	Unchanged   int `json:"unchanged"`
	Quarantined int `json:"quarantined"`
	LeftBehind  int `json:"leftBehind"`
	CameRight   int `json:"cameRight"` // faults of earlier imports that are off the list
}

// columns is what the entry is found by.
func (e Entry) columns() Columns {
	return Columns{
		Time: e.Time, Request: e.RequestID, Person: e.Person, Agreement: e.ground(), Duty: len(e.Duties()) > 0,
		Caller: Caller{e.Client, e.Organisation, e.Professional},
	}
}

// ground is what a decision rests on: an agreement, or that the glass was broken.
func (e Entry) ground() string {
	if e.Glass != "" {
		return agreements.BrokenGlass
	}
	return e.Agreement.ID
}

func (c Columns) equal(o Columns) bool {
	return c.Time.Equal(o.Time) && c.Request == o.Request && c.Person == o.Person && c.Caller == o.Caller && c.Agreement == o.Agreement && c.Duty == o.Duty
}

// asked is the entry of an event as far as the request itself says it.
func asked(kind Kind, e Event, c consent.Caller) Entry {
	return Entry{
		Kind: kind, At: e.At, RequestID: e.RequestID, Interaction: word(e.Interaction),
		Type: word(e.Type), Params: words(e.Params), Status: e.Status,
		Client: c.Client, Organisation: c.Organisation, Team: c.Team,
		Professional: c.Person, Role: c.Role, Purpose: c.Purpose,
		Glass: e.Glass.Reason, Grant: e.Glass.Grant, Words: e.Glass.Words, Reference: e.Glass.Reference,
	}
}

// search is the interaction that looks for what there is.
const search = "search-type"

// decided is the entry of an event with all that a decision says about it.
func decided(kind Kind, e Event, d consent.Decision) Entry {
	entry := asked(kind, e, d.Caller())
	deciding := d.Deciding()
	entry.Custodian, entry.Person, entry.Epoch = d.Source(), d.Person(), d.Epoch()
	entry.Outcome, entry.Deciding, entry.Code = d.Outcome().String(), deciding.ID, deciding.Code
	for _, rule := range d.Rules() {
		if rule.Outcome == consent.Fail {
			entry.Failed = append(entry.Failed, rule.Code)
		}
	}
	entry.Items, entry.Obligations = d.Items().Codes(), d.Obligations()
	if e.Interaction != search { // only who looks for a plan finds that there is none
		entry.Obligations = slices.DeleteFunc(entry.Obligations, func(o consent.Obligation) bool { return o == consent.NotifyIfNoPlan })
	}
	entry.Agreement, entry.Directive, entry.Policy = d.Agreement(), d.Directive(), d.PolicyHash()
	return entry
}

// release is what the log says of one disclosure.
func release(x disclosure.Disclosure) Release {
	return Release{Ref: x.Type() + "/" + x.ID() + "/" + x.VersionID(), Items: x.Items().Codes()}
}
