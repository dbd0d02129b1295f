package facts

import (
	"time"

	"cpagateway/profiles"
)

// SharingPolicy is the version of the leaflet on sharing that a directive is
// given under (Consent.policy.uri), as the templates and the demo write it.
const SharingPolicy = profiles.Base + "/Policy/sharing-wishes/1"

// Template is one of the six closed forms in which a person's wish may be
// recorded (docs/agreements.md); the folder templates holds an example of each.
type Template uint8

// The templates; their numbers are kept, and never change. The zero Template is a Consent that fits none: it is kept and
// refuses everything until somebody has looked at it.
const (
	Uninterpretable Template = iota
	SharePlan                // T1: named organisations or teams may have the plan
	RefuseAll                // T2: no sharing
	CrisisOnly               // T3: no sharing but in a crisis
	RefuseCrisis             // T4: no sharing, in a crisis neither
	CarerCopy                // T5: a related person may have some items
	ExcludeItem              // T6: some items are left out of whatever else is shared
)

// String is the template's number, T1 to T6; T0 for the uninterpretable.
func (t Template) String() string {
	return [...]string{"T0", "T1", "T2", "T3", "T4", "T5", "T6"}[min(t, ExcludeItem)]
}

// Grants reports whether the template lets anybody see anything.
func (t Template) Grants() bool { return t == SharePlan || t == CrisisOnly || t == CarerCopy }

// Status is the state of a recorded wish.
type Status uint8

// The states; their numbers are kept, and never change. The zero Status is a wish that counts for nothing yet, or never
// did: draft, proposed, entered in error.
const (
	Silent    Status = iota
	Active           // in effect within its period
	Rejected         // a recorded refusal of what was proposed
	Withdrawn        // inactive: what was granted is taken back, however old the grant
	Unknown          // no status that FHIR knows: refuses, as anything unreadable
)

// Evidence says what a grant can show for itself (case 37).
type Evidence uint8

// The kinds of evidence; their numbers are kept, and never change.
const (
	NoEvidence Evidence = iota
	Written             // source[x]: a form, a document, or the Consent that it replaces
	Spoken              // the extension VerbalConsent with recorder, date and witness
)

// Directive is one wish of the person as a FHIR Consent records it, read by
// ReadDirective; Compile says who recorded it. It is a plain value, kept as JSON
// with what was compiled; scenarios make it by hand.
type Directive struct {
	ID             string             `json:"id"`        // id of the Consent
	Custodian      profiles.OrgCode   `json:"custodian"` // who recorded it: a grant opens that organisation's records and no others
	Apart          bool               `json:"-"`         // said in a record that is kept apart: it only refuses, and only routine sharing
	Template       Template           `json:"template,omitempty"`
	Status         Status             `json:"status,omitempty"`
	Recorded       time.Time          `json:"recorded,omitzero"`  // Consent.dateTime, its first instant; zero if absent
	Said           time.Time          `json:"said,omitzero"`      // by when it was certainly recorded: the end of the day, month or year that Consent.dateTime names; zero if absent
	From           time.Time          `json:"from,omitzero"`      // when the directive applies; zero: always so far
	Until          time.Time          `json:"until,omitzero"`     // exclusive; zero: no end
	Purposes       []profiles.Purpose `json:"purposes,omitempty"` // of the root, for T2 only: what is refused; empty: all, silent on crisis
	Clauses        []Clause           `json:"clauses,omitempty"`
	Replaces       string             `json:"replaces,omitempty"`      // id of the Consent that this one replaces; empty for none
	Performer      string             `json:"performer,omitempty"`     // who gave it, as Consent.performer names them; empty for several or none
	OwnWish        bool               `json:"ownWish,omitempty"`       // given by the person themself
	Authority      Authority          `json:"authority,omitempty"`     // of whoever else decided it
	Assessed       time.Time          `json:"assessed,omitzero"`       // the day on which the person was assessed as unable to decide; zero: none, or not by whom
	AuthorityUntil time.Time          `json:"authorityUntil,omitzero"` // exclusive: when the attorney or deputy ceased to decide for the person; zero: they do
	Weighed        []string           `json:"weighed,omitempty"`       // ids of the Consents whose refusal whoever decided has weighed
	PolicyURI      string             `json:"policyUri,omitempty"`     // the leaflet it was given under
	Evidence       Evidence           `json:"evidence,omitempty"`
	Fault          string             `json:"fault,omitempty"` // path of what could not be read; never a value
}

// Clause is one nested provision of a directive: in T1, T3 and T5 it grants, in
// T4 it refuses, in T6 it excludes.
type Clause struct {
	Recipients []Recipient        `json:"recipients,omitempty"` // T1, T5, T6; empty: everybody
	Purposes   []profiles.Purpose `json:"purposes,omitempty"`   // exact codes; in a refusal TREAT covers its descendants but BTG
	Items      profiles.ItemSet   `json:"items,omitzero"`
	From       time.Time          `json:"from,omitzero"`
	Until      time.Time          `json:"until,omitzero"` // exclusive; zero: no end
}

// Recipient is somebody a clause names: an organisation, one team of it, or a
// related person (T5).
type Recipient struct {
	Organisation profiles.OrgCode `json:"organisation,omitempty"`
	Team         profiles.TeamID  `json:"team,omitempty"`    // empty: the organisation as a whole
	Related      string           `json:"related,omitempty"` // reference of the related person; empty for organisations
}
