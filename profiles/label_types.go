package profiles

// typeItems is what resources of a type can be labelled with, whole or in part.
var typeItems = map[string]ItemSet{
	"Patient":        SetOf(PersonIdentity, PersonContact, PersonSupport, TeamMembership),
	"CareTeam":       SetOf(TeamMembership, TeamCoordinator),
	"EpisodeOfCare":  SetOf(EpisodeSummary, EpisodeLevel, TeamCoordinator, TeamMembership, LawStatus),
	"Goal":           Areas.Union(SetOf(PlanViews)),
	"Flag":           SetOf(RiskCurrent, RiskHistory, LawStatus, LawDecisions, PersonDependants, CareCritical),
	"RiskAssessment": SetOf(RiskCurrent, RiskHistory),
	"Communication":  SetOf(Duties),
	"Task":           SetOf(Duties),
	"CarePlan": Areas.Union(SetOf(PlanSummary, PlanNeeds, PlanUnmet, PlanCrisis, PlanContingency, PlanReview, PlanFreshness,
		PlanCopies, PlanViews, PlanOther, EpisodeLevel, CrisisContacts, PersonDependants, LawStatus, LawDecisions, CareCritical)),
	"Practitioner": SetOf(Directory), "PractitionerRole": SetOf(Directory), "Organization": SetOf(Directory), "Location": SetOf(Directory),
}

// ItemsOfType is what a request for a type could at most use: consent chooses by
// it between several agreements. A request for a type without a row could use anything.
func ItemsOfType(typ string) ItemSet {
	if items, ok := typeItems[typ]; ok {
		return items
	}
	return AllItems
}
