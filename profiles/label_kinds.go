package profiles

import (
	"iter"

	"cpagateway/profiles/fhir"
)

// labelRules label a whole resource, by type.
var labelRules = map[string]func(fhir.Value) Label{
	"Patient":          anyOf(PersonIdentity, PersonContact, PersonSupport),
	"CareTeam":         anyOf(TeamMembership, TeamCoordinator),
	"CarePlan":         func(r fhir.Value) Label { return Label{Need: planKinds(r)} },
	"Goal":             goalLabel,
	"EpisodeOfCare":    episodeLabel,
	"Flag":             func(r fhir.Value) Label { return Label{Need: flagItems(r)} },
	"RiskAssessment":   riskLabel,
	"Encounter":        encounterLabel,
	"Consent":          allOf(ConsentRecord),
	"Communication":    allOf(Duties),
	"Task":             allOf(Duties), // and what its excerpts need
	"Practitioner":     allOf(Directory),
	"PractitionerRole": allOf(Directory),
	"Organization":     allOf(Directory),
	"Location":         locationLabel,
}

func allOf(items ...Item) func(fhir.Value) Label {
	label := Label{Need: SetOf(items...)}
	return func(fhir.Value) Label { return label }
}

func anyOf(items ...Item) func(fhir.Value) Label {
	label := Label{Any: SetOf(items...)}
	return func(fhir.Value) Label { return label }
}

// excerpts is what a Task needs for what it has excerpts of: all that those resources
// need, whole and in part, of what stands in the excerpt.
func excerpts(r fhir.Value) (need ItemSet) {
	if r.Type() != "Task" {
		return need
	}
	for excerpt := range r.Get("contained").Each() {
		need = need.Union(Items(excerpt).Items())
		for name, member := range excerpt.Members() {
			if name == "resourceType" || name == "id" {
				continue
			}
			for part := range repetitions(member) {
				need = need.Union(PartItems(excerpt, name, part))
			}
		}
	}
	return need
}

// repetitions are the elements of a list, or the one value that is none.
func repetitions(v fhir.Value) iter.Seq[fhir.Value] {
	if v.Kind() == fhir.Array {
		return v.Each()
	}
	return func(yield func(fhir.Value) bool) { yield(v) }
}

// orUnlabelled turns "no rule named it" into the item that nobody is granted.
func orUnlabelled(s ItemSet) ItemSet {
	if s.Empty() {
		return SetOf(Unlabelled)
	}
	return s
}

// lookUp unites what a table says of each code.
func lookUp(table map[coding]ItemSet, codes iter.Seq2[string, string]) ItemSet {
	var items ItemSet
	for system, code := range codes {
		items = items.Union(table[coding{system, code}])
	}
	return items
}

// itemByPlanCategory are the categories that make a CarePlan one of the kinds with an
// item of its own. A plan of two kinds needs both.
var itemByPlanCategory = map[coding]ItemSet{
	{SystemSNOMED, CodeCrisisPlan}:             SetOf(PlanCrisis),
	{SystemPlanType, CodePlanTypeCrisis}:       SetOf(PlanCrisis),
	{SystemSNOMED, CodeContingencyPlan}:        SetOf(PlanContingency),
	{SystemSNOMED, CodeMentalHealthPlan}:       SetOf(PlanSummary),
	{SystemSNOMED, CodeCPA}:                    SetOf(PlanSummary),
	{SystemPlanType, CodePlanTypeMentalHealth}: SetOf(PlanSummary),
}

func planKinds(r fhir.Value) ItemSet {
	if kinds := lookUp(itemByPlanCategory, fhir.Codes(r.Get("category"))); !kinds.Empty() {
		return kinds
	}
	return SetOf(PlanOther)
}

// areaItems is the item of each of the nine areas.
var areaItems = map[string]ItemSet{
	CodeAreaFinance: SetOf(AreaFinance), CodeAreaAccommodation: SetOf(AreaAccommodation),
	CodeAreaPersonalCare: SetOf(AreaPersonalCare), CodeAreaEducation: SetOf(AreaEducation),
	CodeAreaWork: SetOf(AreaWork), CodeAreaCaring: SetOf(AreaCaring), CodeAreaSocial: SetOf(AreaSocial),
	CodeAreaMedical: SetOf(AreaMedical), CodeAreaTherapy: SetOf(AreaTherapy),
}

// areasOf unites the areas that a concept names. One that we do not know makes
// the whole unlabelled.
func areasOf(concept fhir.Value) ItemSet {
	var items ItemSet
	for system, code := range fhir.Codes(concept) {
		if system == SystemArea {
			items = items.Union(orUnlabelled(areaItems[code]))
		}
	}
	return items
}

// UnmarkedGoal reports that a Goal names no area.
func UnmarkedGoal(r fhir.Value) bool { return areasOf(r.Get("category")).Empty() }

// goalLabel: a goal that names no area could be of any.
func goalLabel(r fhir.Value) Label {
	if UnmarkedGoal(r) {
		return Label{Need: Areas}
	}
	return Label{Need: areasOf(r.Get("category"))}
}

// episodeLabel: an episode that is section 117 aftercare tells of a detention.
func episodeLabel(r fhir.Value) Label {
	need := SetOf(EpisodeSummary)
	if fhir.HasCode(r.Get("type"), SystemEpisodeKind, CodeEpisodeAftercare) {
		need = need.Union(SetOf(LawStatus))
	}
	return Label{Need: need}
}

// flagCodes and flagCategories say what a Flag tells; a category counts only
// where the code says nothing.
var (
	flagCodes = map[coding]ItemSet{
		{SystemFlag, CodeFlagRisk}:            SetOf(RiskCurrent),
		{SystemFlag, CodeFlagSelfHarm}:        SetOf(RiskCurrent),
		{SystemFlag, CodeFlagSelfNeglect}:     SetOf(RiskCurrent),
		{SystemFlag, CodeFlagSubstance}:       SetOf(RiskCurrent),
		{SystemFlag, CodeFlagVulnerability}:   SetOf(RiskCurrent),
		{SystemSNOMED, CodeAtRisk}:            SetOf(RiskCurrent),
		{SystemSNOMED, CodeSuicide}:           SetOf(RiskCurrent),
		{SystemSNOMED, CodeHarmOthers}:        SetOf(RiskCurrent),
		{SystemSNOMED, CodeAbuse}:             SetOf(RiskCurrent),
		{SystemFlag, CodeFlagDependants}:      SetOf(PersonDependants),
		{SystemFlag, CodeFlagLegalStatus}:     SetOf(LawStatus),
		{SystemFlag, CodeFlagSection117}:      SetOf(LawStatus),
		{SystemFlag, CodeFlagDoLS}:            SetOf(LawStatus),
		{SystemFlag, CodeFlagGuardianship}:    SetOf(LawStatus),
		{SystemFlag, CodeFlagLeave}:           SetOf(LawStatus),
		{SystemFlag, CodeFlagConditional}:     SetOf(LawStatus),
		{SystemFlag, CodeFlagAdvanceDecision}: SetOf(LawDecisions),
		{SystemFlag, CodeFlagDeputy}:          SetOf(LawDecisions),
		{SystemSNOMED, CodeWelfareAttorney}:   SetOf(LawDecisions),
		{SystemSNOMED, CodeFinanceAttorney}:   SetOf(LawDecisions),
		{SystemSNOMED, CodeAdvanceStatement}:  SetOf(LawDecisions),
	}
	flagCategories = map[coding]ItemSet{
		{SystemFlagCategory, "safety"}:            SetOf(RiskCurrent),
		{SystemFlagCategory, "clinical"}:          SetOf(RiskCurrent),
		{SystemFlagCategory, "behavioral"}:        SetOf(RiskCurrent),
		{SystemFlagCategory, "drug"}:              SetOf(CareCritical),
		{SystemFlagCategory, "advance-directive"}: SetOf(LawDecisions),
	}
)

// flagItems: a flag that is no longer active tells of the past as well.
func flagItems(r fhir.Value) ItemSet {
	items := lookUp(flagCodes, fhir.Codes(r.Get("code")))
	for system := range fhir.Codes(r.Get("code")) {
		if system == SystemLegalStatusWales || system == SystemLegalStatusEngland {
			items = items.Union(SetOf(LawStatus))
		}
	}
	if items.Empty() {
		items = orUnlabelled(lookUp(flagCategories, fhir.Codes(r.Get("category"))))
	}
	switch r.Get("status").Text() {
	case "active":
		return items
	case "inactive":
		if items == SetOf(RiskCurrent) {
			return SetOf(RiskHistory)
		}
		return items.Union(SetOf(RiskHistory))
	}
	return SetOf(Unlabelled)
}

// riskLabel: an assessment that was made is current until it is withdrawn; the
// history it rests on has items of its own (elements.txt).
func riskLabel(r fhir.Value) Label {
	switch r.Get("status").Text() {
	case "registered", "preliminary", "final", "amended", "corrected":
		return Label{Need: SetOf(RiskCurrent)}
	}
	return Label{Need: SetOf(Unlabelled)}
}

// reviews are the kinds of Encounter that are a review of the plan.
var reviews = map[coding]ItemSet{
	{SystemSNOMED, CodeCPAReview}:          SetOf(PlanReview),
	{SystemSNOMED, CodeCPAReviewInitial}:   SetOf(PlanReview),
	{SystemSNOMED, CodeCPAReviewOngoing}:   SetOf(PlanReview),
	{SystemSNOMED, CodeCPAReviewDischarge}: SetOf(PlanReview),
	{SystemSNOMED, CodePlanReview}:         SetOf(PlanReview),
}

func encounterLabel(r fhir.Value) Label {
	return Label{Need: orUnlabelled(lookUp(reviews, fhir.Codes(r.Get("type"))))}
}

// homes are kinds of Location that are where somebody lives: not directory data.
var homes = map[coding]ItemSet{
	{"http://terminology.hl7.org/CodeSystem/location-physical-type", "ho"}: SetOf(Unlabelled),
	{SystemRoleCode, "PTRES"}: SetOf(Unlabelled),
}

func locationLabel(r fhir.Value) Label {
	return Label{Need: SetOf(Directory).Union(lookUp(homes, fhir.Codes(r.Get("physicalType"))), lookUp(homes, fhir.Codes(r.Get("type"))))}
}
