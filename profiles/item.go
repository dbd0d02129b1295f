package profiles

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// Item is a kind of information that an agreement's flow may name: the unit of
// every disclosure. The codes are normative (docs/items.md) and are stored as
// bits, so an Item's position never changes: new ones go at the end.
type Item uint8

// The items. The comment of each says what a reader of an agreement gets.
const (
	Unlabelled        Item = iota // what no rule labels; no flow can name it
	PersonIdentity                // name, NHS number, birth date, gender
	PersonContact                 // addresses, telephone numbers, next of kin
	PersonSupport                 // language, interpreter, support to decide (W¶81, 183)
	PersonDependants              // children and others who depend on the person (W¶54, 58)
	PlanSummary                   // that there is a care and treatment plan, its status, level and dates
	PlanNeeds                     // assessed needs and strengths (W¶43, 49)
	PlanUnmet                     // needs that are not met, and why (W¶50, 83-84)
	AreaFinance                   // finance and money
	AreaAccommodation             // accommodation
	AreaPersonalCare              // personal care and physical well-being
	AreaEducation                 // education and training
	AreaWork                      // work and occupation
	AreaCaring                    // parenting or caring relationships
	AreaSocial                    // social, cultural or spiritual
	AreaMedical                   // medical treatment
	AreaTherapy                   // other forms of treatment, including psychological interventions
	PlanCrisis                    // early warning signs, what helps, actions (W¶86, 112)
	PlanContingency               // contingency arrangements (W¶79, 85-87)
	PlanReview                    // reviews held and due (W¶105-110)
	PlanFreshness                 // author, last reviewed, review due (W¶105, 110)
	PlanCopies                    // who was sent a copy (W¶90-93)
	PlanViews                     // the person's own views (W¶90)
	PlanOther                     // any other kind of plan
	TeamMembership                // who is in the care team (W¶67)
	TeamCoordinator               // the care coordinator and how to reach them (W¶150-151)
	EpisodeSummary                // that secondary care began, its status and dates
	EpisodeLevel                  // standard or enhanced (W¶167-173)
	CrisisContacts                // whom to call, the 24-hour number first (W¶87, 150)
	RiskCurrent                   // dated alerts and their management, no history (W¶57-61)
	RiskHistory                   // past risks
	LawStatus                     // section, CTO, leave, DoLS (W¶82, 86, 119)
	LawDecisions                  // advance decision, attorney, deputy (W¶52, 69)
	CareCritical                  // critical medicines, depot due, adverse reactions (W¶62, 77)
	ConsentRecord                 // the person's directives; custodian and person only
	Directory                     // practitioners, roles, organisations: about staff, not about a person
	RestrictedThird               // tells of a third party (case 43); never released outside the treating team
	RestrictedHarm                // would cause serious harm if seen; as above
	RestrictedVery                // label V: only where a directive lists it
	itemCount
)

var itemCodes = [itemCount]string{
	"unlabelled", "person.identity", "person.contact", "person.support", "person.dependants",
	"plan.summary", "plan.needs", "plan.unmet",
	"plan.area.finance", "plan.area.accommodation", "plan.area.personal-care", "plan.area.education",
	"plan.area.work", "plan.area.caring", "plan.area.social", "plan.area.medical", "plan.area.therapy",
	"plan.crisis", "plan.contingency", "plan.review", "plan.freshness", "plan.copies", "plan.views", "plan.other",
	"team.membership", "team.coordinator", "episode.summary", "episode.level",
	"crisis.contacts", "risk.current", "risk.history", "law.status", "law.decisions", "care.critical",
	"consent.record", "directory", "restricted.third-party", "restricted.serious-harm", "restricted.very",
}

// String is the item's code, as agreements and directives write it.
func (i Item) String() string {
	if i < itemCount {
		return itemCodes[i]
	}
	return fmt.Sprintf("item(%d)", uint8(i))
}

// ItemSet is a set of items; the zero value is the empty set and grants nothing.
type ItemSet uint64

// Sets that have a name of their own. Areas and CrisisSlice are also words of
// the agreement format: "plan.goals" and "crisis-slice".
const (
	Areas = ItemSet(1<<AreaFinance | 1<<AreaAccommodation | 1<<AreaPersonalCare | 1<<AreaEducation |
		1<<AreaWork | 1<<AreaCaring | 1<<AreaSocial | 1<<AreaMedical | 1<<AreaTherapy)

	CrisisSlice = ItemSet(1<<PersonSupport | 1<<PlanCrisis | 1<<PlanContingency | 1<<CrisisContacts | 1<<RiskCurrent |
		1<<PersonDependants | 1<<LawStatus | 1<<LawDecisions | 1<<CareCritical | 1<<PlanFreshness)

	Restricted = ItemSet(1<<RestrictedThird | 1<<RestrictedHarm | 1<<RestrictedVery)

	AllItems = ItemSet(1<<itemCount - 1)
)

// Items of a flow may use these words for a whole set.
var itemGroups = map[string]ItemSet{"plan.goals": Areas, "crisis-slice": CrisisSlice}

// SetOf makes a set.
func SetOf(items ...Item) ItemSet {
	var s ItemSet
	for _, i := range items {
		s |= 1 << i
	}
	return s
}

// ParseItem reads one code or group word as a flow or directive writes it.
// An unknown word is an error: a flow that names it means something we do not.
func ParseItem(code string) (ItemSet, error) {
	if s, ok := itemGroups[code]; ok {
		return s, nil
	}
	for i, c := range itemCodes {
		if c == code {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("unknown item %q", code)
}

// Has reports whether the set holds the item.
func (s ItemSet) Has(i Item) bool { return s&(1<<i) != 0 }

// Union is the items of both.
func (s ItemSet) Union(t ItemSet) ItemSet { return s | t }

// Intersect is the items that both hold.
func (s ItemSet) Intersect(t ItemSet) ItemSet { return s & t }

// Minus is the items of s that t does not hold.
func (s ItemSet) Minus(t ItemSet) ItemSet { return s &^ t }

// Covers reports whether s holds every item of t.
func (s ItemSet) Covers(t ItemSet) bool { return t&^s == 0 }

// Meets reports whether s and t have an item in common.
func (s ItemSet) Meets(t ItemSet) bool { return s&t != 0 }

// Empty reports whether the set holds nothing.
func (s ItemSet) Empty() bool { return s == 0 }

// All yields the items in their order.
func (s ItemSet) All() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i := range itemCount {
			if s.Has(i) && !yield(i) {
				return
			}
		}
	}
}

// Len is the number of items.
func (s ItemSet) Len() int { return bits.OnesCount64(uint64(s)) }

// Codes lists the items in their order.
func (s ItemSet) Codes() []string {
	codes := make([]string, 0, s.Len())
	for i := range itemCount {
		if s.Has(i) {
			codes = append(codes, itemCodes[i])
		}
	}
	return codes
}

// String joins the codes with a comma and a blank.
func (s ItemSet) String() string { return strings.Join(s.Codes(), ", ") }
