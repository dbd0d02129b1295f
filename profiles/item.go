package profiles

import "fmt"

// Item is a kind of information that an agreement's flow may name: the unit of
// every disclosure. The codes are normative (docs/items.md). What is stored is an
// Item's position, which never changes: new ones go at the end.
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
	Duties                        // what the custodian's people were told to do about the record; custodian only
	itemCount
)

// trait is what distinguishes an item from the others.
type trait uint8

const (
	plain      trait = iota
	area             // one of the nine areas of a plan
	crisis           // what a crisis team needs
	restricted       // never released outside the treating team
)

var itemTable = [itemCount]struct {
	code string // as agreements and directives write it
	trait
}{
	Unlabelled:        {"unlabelled", plain},
	PersonIdentity:    {"person.identity", plain},
	PersonContact:     {"person.contact", plain},
	PersonSupport:     {"person.support", crisis},
	PersonDependants:  {"person.dependants", crisis},
	PlanSummary:       {"plan.summary", plain},
	PlanNeeds:         {"plan.needs", plain},
	PlanUnmet:         {"plan.unmet", plain},
	AreaFinance:       {"plan.area.finance", area},
	AreaAccommodation: {"plan.area.accommodation", area},
	AreaPersonalCare:  {"plan.area.personal-care", area},
	AreaEducation:     {"plan.area.education", area},
	AreaWork:          {"plan.area.work", area},
	AreaCaring:        {"plan.area.caring", area},
	AreaSocial:        {"plan.area.social", area},
	AreaMedical:       {"plan.area.medical", area},
	AreaTherapy:       {"plan.area.therapy", area},
	PlanCrisis:        {"plan.crisis", crisis},
	PlanContingency:   {"plan.contingency", crisis},
	PlanReview:        {"plan.review", plain},
	PlanFreshness:     {"plan.freshness", crisis},
	PlanCopies:        {"plan.copies", plain},
	PlanViews:         {"plan.views", plain},
	PlanOther:         {"plan.other", plain},
	TeamMembership:    {"team.membership", plain},
	TeamCoordinator:   {"team.coordinator", plain},
	EpisodeSummary:    {"episode.summary", plain},
	EpisodeLevel:      {"episode.level", plain},
	CrisisContacts:    {"crisis.contacts", crisis},
	RiskCurrent:       {"risk.current", crisis},
	RiskHistory:       {"risk.history", plain},
	LawStatus:         {"law.status", crisis},
	LawDecisions:      {"law.decisions", crisis},
	CareCritical:      {"care.critical", crisis},
	ConsentRecord:     {"consent.record", plain},
	Directory:         {"directory", plain},
	RestrictedThird:   {"restricted.third-party", restricted},
	RestrictedHarm:    {"restricted.serious-harm", restricted},
	RestrictedVery:    {"restricted.very", restricted},
	Duties:            {"duties", plain},
}

// String is the item's code, as agreements and directives write it.
func (i Item) String() string {
	if i < itemCount {
		return itemTable[i].code
	}
	return fmt.Sprintf("item(%d)", uint8(i))
}

// Restricted reports whether the item is never released outside the treating team.
func (i Item) Restricted() bool { return i < itemCount && itemTable[i].trait == restricted }
