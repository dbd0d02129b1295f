package consent

import (
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// Outcome is what a Decision comes to.
type Outcome uint8

// The outcomes, in rising order; the zero Outcome refuses.
const (
	Deny   Outcome = iota // nothing
	Slice                 // the crisis slice, as far as the flow names it
	Permit                // the items of one flow, or what is open to the treating team or the person themself
)

// String is the outcome as scenarios, explanations and the log write it.
func (o Outcome) String() string {
	return [...]string{"deny", "slice", "permit"}[min(o, Permit)]
}

// Rule is one gate's answer. Every gate answers in every decision: A1 to A11,
// SC, P1 to P4, W, in that order (docs/deciding.md).
type Rule struct {
	ID      string      `json:"id"`             // "A3"
	Outcome RuleOutcome `json:"outcome"`        // pass, fail or not-applicable
	Code    string      `json:"code,omitempty"` // stable reason, such as NO_AGREEMENT; empty for a plain pass
	Text    string      `json:"text"`           // the reason in the words of a care coordinator, with its source
}

// RuleOutcome is how a gate answered.
type RuleOutcome uint8

// The answers of a gate. The zero answer is no pass.
const (
	NotApplicable RuleOutcome = iota
	Pass
	Fail
)

// String is the answer as explanations and the log write it.
func (o RuleOutcome) String() string {
	return [...]string{"not-applicable", "pass", "fail"}[min(o, Fail)]
}

// MarshalText is String, for JSON.
func (o RuleOutcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Obligation is something that a decision asks to be done beside the answer.
type Obligation string

// The obligations, in the order in which a decision lists them.
const (
	NotifyCoordinator Obligation = "NOTIFY_COORDINATOR"            // tell the care coordinator that the slice was read (cases 60a, 61)
	NotifyIfNoPlan    Obligation = "NOTIFY_COORDINATOR_IF_NO_PLAN" // the same where the person turns out to have no crisis plan (case 68)
	Alert             Obligation = "ALERT"                         // an item for the privacy officer (cases 31, 35, 62, 65, 70)
	ReviewGrace       Obligation = "REVIEW_GRACE"                  // the agreement is past its review date and inside its grace (case 6)
	MarkStale         Obligation = "MARK_STALE"                    // where no plan is active the last active one may be shown, marked stale (case 69)
)

// obligationOrder lists the obligations; a Decision keeps them as bits by this position.
var obligationOrder = [...]Obligation{NotifyCoordinator, NotifyIfNoPlan, Alert, ReviewGrace, MarkStale}

// Decision is the answer to one Request, made by Decide only. Its zero value
// refuses everything. It is a plain value: copying it is safe and it may be
// shared between goroutines.
type Decision struct {
	outcome     Outcome
	action      Action
	deciding    gate
	obligations uint8 // bits by position in obligationOrder
	reasons     [gates]reason
	granted     profiles.ItemSet
	withheld    profiles.ItemSet
	kept        profiles.ItemSet // of a permitted write: what the record that is stored may need
	agreement   agreements.Ref
	directive   string
	person      profiles.PersonID
	epoch       uint64
	source      profiles.OrgCode
	typ         string
	caller      Caller
	at          time.Time
	register    *agreements.Register
	policy      Policy
}

// Outcome is what the decision comes to.
func (d Decision) Outcome() Outcome { return d.outcome }

// Items is what the caller may have; empty on Deny, never empty on Slice and
// on Permit, but for a permitted Import, which discloses nothing. Of a permitted write
// it is what the record may need, before and after, where the caller writes as the
// custodian, and else what a part of it may need that the caller changes. No write
// discloses anything: who is to see what was written is decided as a Read.
func (d Decision) Items() profiles.ItemSet { return d.granted }

// Withheld is what the flow names and this decision takes away.
func (d Decision) Withheld() profiles.ItemSet { return d.withheld }

// Rules is every gate's answer, in order. The slice is the caller's own.
func (d Decision) Rules() []Rule {
	rules := make([]Rule, 0, gates)
	for g := range gates {
		rules = append(rules, d.rule(g))
	}
	return rules
}

// Deciding is the one gate on which the outcome rests: the first failing
// agreement gate, else SC, else the first failing person gate, else W; where
// nothing fails, the gate that let the caller in.
func (d Decision) Deciding() Rule { return d.rule(d.deciding) }

// Agreement is the flow the decision rests on, or the one that came closest;
// the zero Ref where none covers the two organisations.
func (d Decision) Agreement() agreements.Ref { return d.agreement }

// Directive is the id of the Consent that decided, empty if none did.
func (d Decision) Directive() string { return d.directive }

// Obligations is what must be done beside the answer, in a fixed order.
func (d Decision) Obligations() []Obligation {
	var list []Obligation
	for i, o := range obligationOrder {
		if d.obligations&(1<<i) != 0 {
			list = append(list, o)
		}
	}
	return list
}

// Person is whom the decision is about; empty for directory types and for nobody.
func (d Decision) Person() profiles.PersonID { return d.person }

// Epoch is the state of the person's record that was decided on.
func (d Decision) Epoch() uint64 { return d.epoch }

// Caller is who asked.
func (d Decision) Caller() Caller { return d.caller }

// At is the instant the decision holds for.
func (d Decision) At() time.Time { return d.at }

// Action is what was asked for.
func (d Decision) Action() Action { return d.action }

// Type is the FHIR type asked for.
func (d Decision) Type() string { return d.typ }

// Custodial reports whether the decision lets the caller write as the custodian of
// the record; a permitted write that is not custodial is a contribution to a plan that
// another organisation holds.
func (d Decision) Custodial() bool {
	return d.action.writes() && d.outcome == Permit && d.caller.Organisation == d.source
}

// Source is the custodian asked.
func (d Decision) Source() profiles.OrgCode { return d.source }

// PolicyHash names the agreements and the switches decided under: SHA-256,
// hexadecimal. The same rules always have the same hash.
func (d Decision) PolicyHash() string { return d.policy.hash(d.register.Hash()) }

func (d Decision) rule(g gate) Rule {
	r := d.reasons[g]
	return Rule{ID: gateIDs[g], Outcome: r.outcome(), Code: r.code(), Text: wording(g, r, texts.English)}
}

// oblige is the bit of one obligation.
func oblige(o Obligation) uint8 {
	for i := range obligationOrder {
		if obligationOrder[i] == o {
			return 1 << i
		}
	}
	return 0
}
