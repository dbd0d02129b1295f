package profiles

import "cpagateway/profiles/fhir"

// partRule says which items one repetition of an element needs.
type partRule func(r, part fhir.Value) ItemSet

// partRules are the rules that elements.txt names.
var partRules = map[string]partRule{
	"patient-identifier": patientIdentifier,
	"patient-name":       patientName,
	"work-contact":       workContact,
	"episode-type":       episodeType,
	"participant":        participant,
	"plan-category":      planCategory,
	"plan-period":        planPeriod,
	"activity":           activity,
}

// patientIdentifier: the NHS number is in the frame, so that a reader sees that
// it is the right person; a hospital's own number tells where somebody was.
func patientIdentifier(_, part fhir.Value) ItemSet {
	if part.Get("system").Is(SystemNHSNumber) {
		return ItemSet{}
	}
	return SetOf(PersonIdentity)
}

// patientName: the name in use is in the frame; a former or other name tells more.
func patientName(_, part fhir.Value) ItemSet {
	switch part.Get("use").Text() {
	case "", "usual", "official":
		return ItemSet{}
	}
	return SetOf(PersonIdentity)
}

// workContact: staff are reached at work and nowhere else.
func workContact(_, part fhir.Value) ItemSet {
	switch part.Get("use").Text() {
	case "", "work", "mobile":
		return ItemSet{}
	}
	return SetOf(Unlabelled)
}

// levels are the codes of the CPA level (W¶167-173).
var levels = map[coding]ItemSet{
	{SystemSNOMED, CodeCPALevel}: SetOf(EpisodeLevel),
	{SystemSNOMED, CodeStandard}: SetOf(EpisodeLevel),
	{SystemSNOMED, CodeEnhanced}: SetOf(EpisodeLevel),
}

// plainEpisodes are the types that tell no more than that the episode is one of
// secondary mental health care; plainPlans those that tell no more than the kind
// of plan, which the resource's label covers.
var (
	plainEpisodes = map[coding]bool{
		{SystemSNOMED, CodeCPA}:                       true,
		{SystemEpisodeKind, CodeEpisodeSecondaryCare}: true,
		{SystemEpisodeKind, CodeEpisodeReferral}:      true,
		{SystemEpisodeKind, CodeEpisodeAftercare}:     true, // the label needs law.status
	}
	plainPlans = map[coding]bool{
		{SystemSNOMED, CodeCarePlan}:               true,
		{SystemSNOMED, CodeMentalHealthPlan}:       true,
		{SystemSNOMED, CodeCrisisPlan}:             true,
		{SystemSNOMED, CodeContingencyPlan}:        true,
		{SystemSNOMED, CodeCPA}:                    true,
		{SystemPlanType, CodePlanTypeMentalHealth}: true,
		{SystemPlanType, CodePlanTypeCrisis}:       true,
		{SystemPlanCategory, CodePlanHospital}:     true,
		{SystemPlanCategory, CodePlanCommunity}:    true,
	}
	aftercarePlans = map[coding]ItemSet{{SystemPlanCategory, CodePlanAftercare}: SetOf(LawStatus)}
)

// episodeType: a type that we do not know could name a forensic or other service
// and is never shown.
func episodeType(_, part fhir.Value) ItemSet {
	return conceptItems(part, plainEpisodes, Unlabelled, levels)
}

// planCategory: a category that we do not know is one of any other kind of plan.
func planCategory(_, part fhir.Value) ItemSet {
	return conceptItems(part, plainPlans, PlanOther, levels, aftercarePlans)
}

// conceptItems unites what the tables say of a concept's codes. Where neither
// they nor plain know any of them, the concept needs the item otherwise.
func conceptItems(concept fhir.Value, plain map[coding]bool, otherwise Item, tables ...map[coding]ItemSet) ItemSet {
	var items ItemSet
	for _, table := range tables {
		items = items.Union(lookUp(table, fhir.Codes(concept)))
	}
	known := !items.Empty()
	for system, code := range fhir.Codes(concept) {
		known = known || plain[coding{system, code}]
	}
	if !known {
		return SetOf(otherwise)
	}
	return items
}

// participant: the care coordinator has an item of its own (W¶150-151).
func participant(_, part fhir.Value) ItemSet {
	if fhir.HasCode(part.Get("role"), SystemSNOMED, CodeCareCoordinator) {
		return SetOf(TeamCoordinator)
	}
	return SetOf(TeamMembership)
}

// planPeriod: of a crisis or contingency plan the dates say how fresh it is; of
// any other plan they belong to its summary, which the label covers.
func planPeriod(r, _ fhir.Value) ItemSet {
	if planKinds(r).Meets(SetOf(PlanCrisis, PlanContingency)) {
		return SetOf(PlanFreshness)
	}
	return ItemSet{}
}

// planPartItems is the item of each kind of activity. An area activity has
// none: its area says.
var planPartItems = map[string]ItemSet{
	CodePartEarlyWarningSign: SetOf(PlanCrisis),
	CodePartWhatHelps:        SetOf(PlanCrisis),
	CodePartAction:           SetOf(PlanCrisis),
	CodePartEmergencyReview:  SetOf(PlanCrisis),
	CodePartTrigger:          SetOf(PlanContingency),
	CodePartArrangement:      SetOf(PlanContingency),
	CodePartContact:          SetOf(CrisisContacts),
	CodePartDependants:       SetOf(PersonDependants),
	CodePartCriticalCare:     SetOf(CareCritical),
	CodePartAdvanceWish:      SetOf(LawDecisions),
	CodePartReview:           SetOf(PlanFreshness),
	CodePartCopy:             SetOf(PlanCopies),
	// That nothing needs to be done in some areas tells, by what is missing, of
	// the others: it goes only to who may see all nine.
	CodePartNoAction: Areas,
}

// ActivityItems is everything that an activity of a whole plan can be about.
var ActivityItems = func() ItemSet {
	items := SetOf(PlanReview)
	for _, of := range planPartItems {
		items = items.Union(of)
	}
	return items
}()

// UnmarkedActivity reports that an activity names neither an area nor a kind, as most systems
// write plans: nothing says which part of the plan it is.
func UnmarkedActivity(activity fhir.Value) bool {
	for ext := range activity.Get("extension").Each() {
		if url := ext.Get("url"); url.Is(ExtArea) || url.Is(ExtPlanPart) {
			return false
		}
	}
	return areasOf(activity.Find("detail", "code")).Empty()
}

// unmarked needs everything that it could be about: all of a crisis or contingency
// plan, where the plan is no more than that, or of a whole plan.
func unmarked(r fhir.Value) ItemSet {
	if kinds := planKinds(r); SetOf(PlanCrisis, PlanContingency).Covers(kinds) {
		return kinds
	}
	return ActivityItems
}

// activity needs the items of every area and every part that it names; one that names
// only what we do not know is unlabelled.
func activity(r, part fhir.Value) ItemSet {
	if UnmarkedActivity(part) {
		return unmarked(r)
	}
	items := areasOf(part.Find("detail", "code"))
	for ext := range part.Get("extension").Each() {
		code := ext.Get("valueCode").Text()
		switch {
		case ext.Get("url").Is(ExtArea):
			items = items.Union(orUnlabelled(areaItems[code]))
		case !ext.Get("url").Is(ExtPlanPart), code == CodePartArea:
		case code == CodePartReview && part.Find("detail", "status").Is("completed"):
			items = items.Union(SetOf(PlanReview)) // one that was held is more than a date
		default:
			items = items.Union(orUnlabelled(planPartItems[code]))
		}
	}
	return orUnlabelled(items)
}

// PlanPart gives the kind of a CarePlan.activity as its ExtPlanPart says, empty
// where it has none.
func PlanPart(activity fhir.Value) string {
	for ext := range activity.Get("extension").Each() {
		if ext.Get("url").Is(ExtPlanPart) {
			return ext.Get("valueCode").Text()
		}
	}
	return ""
}
