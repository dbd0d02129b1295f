package road

import (
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
)

// besideTypes are what the narrative of a plan reads out beside the plan.
var besideTypes = []string{"Patient", "Flag", "RiskAssessment"}

// maxBeside is how many resources of a type a narrative reads out at most; of a
// person with more, a search for that type shows the rest.
const maxBeside = 100

// beside copies what the narratives of the plans found read out of other resources: what
// the caller could have asked for by its own type, by the terms for the plans of its
// custodian.
func (r *Road) beside(now records.Reader, q question, plans []records.Visible) ([]disclosure.Copy, error) {
	if q.typ != records.PlanType || len(plans) == 0 {
		return nil, nil
	}
	var all []disclosure.Copy
	for _, typ := range besideTypes {
		own, _ := q.part(typ)
		found, err := now.Find(own.scopes, records.Query{Type: typ, Count: maxBeside})
		if err != nil {
			return nil, err
		}
		copies, err := r.copies(now, q, q.asked(), found.Matches)
		if err != nil {
			return nil, err
		}
		all = append(all, copies...)
	}
	return all, nil
}
