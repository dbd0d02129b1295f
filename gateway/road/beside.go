package road

import (
	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
)

// besideTypes are what the narrative of a plan reads out beside the plan.
var besideTypes = []string{"Patient", "Flag", "RiskAssessment"}

// maxBeside is how many resources of a type a narrative reads out at most; of a
// person with more, a search for that type shows the rest.
const maxBeside = 100

// beside copies what the narratives of the plans found read out of other resources,
// each by the decision on the plans of its custodian, and only where the caller could
// have asked for that type as well.
func (r *Road) beside(now records.Snapshot, t *exchange, ask consent.Request, decisions []consent.Decision, s subject, plans []records.Visible) ([]disclosure.Disclosure, error) {
	if t.ask.Type != "CarePlan" || len(plans) == 0 {
		return nil, nil
	}
	var all []disclosure.Disclosure
	for _, typ := range besideTypes {
		ask.Type = typ
		var open []consent.Decision
		for i, d := range s.decide(ask) {
			if d.Outcome() != consent.Deny {
				open = append(open, decisions[i])
			}
		}
		page, err := now.Find(records.ScopesOf(open, typ), records.Query{Type: typ, Count: maxBeside})
		if err != nil {
			return nil, err
		}
		copies, err := r.copies(now, t, open, page.Matches)
		if err != nil {
			return nil, err
		}
		all = append(all, copies...)
	}
	return all, nil
}
