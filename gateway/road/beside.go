package road

import "cpagateway/gateway/records"

// besideTypes are what the narrative of a plan reads out beside the plan.
var besideTypes = []string{"Patient", "Flag", "RiskAssessment"}

// maxBeside is how many resources a narrative reads out at most, the first that were
// stored; of a person with more, searches for those types show the rest.
const maxBeside = 300

// beside is what the narratives of the plans found read out of other resources: what the
// caller could have asked for by its own type.
func (r *Road) beside(now records.Reader, q question, plans []records.Visible) ([]records.Visible, error) {
	if q.typ != records.PlanType || len(plans) == 0 {
		return nil, nil
	}
	var scopes []records.Scope
	for _, typ := range besideTypes {
		own, _ := q.part(typ)
		scopes = append(scopes, own.scopes...)
	}
	found, err := now.Find(scopes, records.Query{Count: maxBeside})
	return found.Matches, err
}
