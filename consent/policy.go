package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// Policy holds the switches that the deploying organisation's
// information-governance lead may set. The zero Policy is
// the strictest; DefaultPolicy is what is shipped.
type Policy struct {
	// CrisisWithoutConsent gives the slice where nothing is recorded about crisis (cases 60a, 61).
	CrisisWithoutConsent Switch `json:"crisisWithoutConsent" yaml:"crisisWithoutConsent"`
	// CrisisOnRoutineRefusal gives the slice, with an alert, where routine sharing
	// was refused or withdrawn and nothing was said about crisis (case 62).
	CrisisOnRoutineRefusal Switch `json:"crisisOnRoutineRefusal" yaml:"crisisOnRoutineRefusal"`
	// CrisisSlice is how much a crisis team sees: the crisis and contingency
	// component of W¶177 alone, or the full slice (docs/items.md).
	CrisisSlice SliceWidth `json:"crisisSlice" yaml:"crisisSlice"`
	// CrisisReviewGraceDays keeps a crisis flow alive, with an alert, after its agreement's review date (case 70).
	CrisisReviewGraceDays int `json:"crisisReviewGraceDays" yaml:"crisisReviewGraceDays"`
	// StaleCrisis lets the last active plan stand in, marked stale, where none is active (case 69).
	StaleCrisis Switch `json:"staleCrisis" yaml:"staleCrisis"`
	// Verbal accepts a grant given by word of mouth with recorder, date and witness (case 37).
	Verbal Switch `json:"verbal" yaml:"verbal"`
	// CapacityDays is how many days after the person was assessed as unable to decide what
	// others decide for them still counts (case 47).
	CapacityDays int `json:"capacityDays" yaml:"capacityDays"`
	// BreakGlass says who may see the crisis slice of somebody who refused, and when.
	BreakGlass GlassPolicy `json:"breakGlass" yaml:"breakGlass"`
	// PolicyVersions lists the Consent.policy.uri versions under which a grant still stands (case 39).
	PolicyVersions []string `json:"policyVersions" yaml:"policyVersions"`
}

// Check names what could never hold, or would hold for longer than anybody means.
func (p Policy) Check() error {
	switch {
	case p.CrisisReviewGraceDays < 0:
		return errors.New("crisisReviewGraceDays must not be negative")
	case p.CapacityDays < 1 || p.CapacityDays > 366:
		return errors.New("capacityDays must be from 1 to 366")
	}
	return p.BreakGlass.check()
}

// DefaultPolicy is the safe default of every switch.
func DefaultPolicy() Policy {
	return Policy{
		CrisisWithoutConsent:  On,
		CrisisSlice:           Full,
		CrisisReviewGraceDays: 90,
		StaleCrisis:           On,
		Verbal:                On,
		CapacityDays:          180,
		BreakGlass:            GlassPolicy{Roles: []string{}, Suspended: []string{}},
		PolicyVersions:        []string{facts.SharingPolicy},
	}
}

// Switch is off unless it was switched on; configuration writes on or off.
type Switch uint8

// The two positions.
const (
	Off Switch = iota
	On
)

// MarshalText writes the position.
func (s Switch) MarshalText() ([]byte, error) {
	return []byte([...]string{"off", "on"}[min(s, On)]), nil
}

// UnmarshalText reads "on" or "off" and nothing else.
func (s *Switch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "on":
		*s = On
	case "off":
		*s = Off
	default:
		return fmt.Errorf("a switch is on or off")
	}
	return nil
}

// SliceWidth is the width of the crisis slice.
type SliceWidth uint8

// The two widths.
const (
	Component SliceWidth = iota // plan.crisis and plan.contingency
	Full                        // all ten items of profiles.CrisisSlice
)

// Items is what a crisis team may have at most.
func (w SliceWidth) Items() profiles.ItemSet {
	if w == Full {
		return profiles.CrisisSlice
	}
	return profiles.SetOf(profiles.PlanCrisis, profiles.PlanContingency)
}

// MarshalText writes the width.
func (w SliceWidth) MarshalText() ([]byte, error) {
	return []byte([...]string{"component", "full"}[min(w, Full)]), nil
}

// UnmarshalText reads "full" or "component" and nothing else.
func (w *SliceWidth) UnmarshalText(text []byte) error {
	switch string(text) {
	case "full":
		*w = Full
	case "component":
		*w = Component
	default:
		return fmt.Errorf("the crisis slice is full or component")
	}
	return nil
}

// named is a policy and the hash of the agreements with it, and their hash together.
type named struct {
	policy         Policy
	register, hash string
}

// lastNamed is what was named last: decisions rest on one policy and one register, until
// the agreements are loaded again.
var lastNamed atomic.Pointer[named]

// hash names a policy with agreements. It is worked out once for each two.
func (p Policy) hash(register string) string {
	if last := lastNamed.Load(); last != nil && last.register == register && last.policy.equal(p) {
		return last.hash
	}
	hash := p.newHash(register)
	p.PolicyVersions = slices.Clone(p.PolicyVersions)
	p.BreakGlass.Roles, p.BreakGlass.Suspended = slices.Clone(p.BreakGlass.Roles), slices.Clone(p.BreakGlass.Suspended)
	lastNamed.Store(&named{p, register, hash})
	return hash
}

func (p Policy) equal(q Policy) bool {
	return p.CrisisWithoutConsent == q.CrisisWithoutConsent && p.CrisisOnRoutineRefusal == q.CrisisOnRoutineRefusal &&
		p.CrisisSlice == q.CrisisSlice && p.CrisisReviewGraceDays == q.CrisisReviewGraceDays &&
		p.StaleCrisis == q.StaleCrisis && p.Verbal == q.Verbal && p.CapacityDays == q.CapacityDays && p.BreakGlass.equal(q.BreakGlass) && slices.Equal(p.PolicyVersions, q.PolicyVersions)
}

func (p Policy) newHash(register string) string {
	p.PolicyVersions = append([]string{}, p.PolicyVersions...) // none is none, however it is written
	body, err := json.Marshal(p)
	if err != nil {
		panic("consent: a Policy holds nothing that JSON cannot write: " + err.Error())
	}
	sum := sha256.Sum256(append(body, register...))
	return hex.EncodeToString(sum[:])
}
