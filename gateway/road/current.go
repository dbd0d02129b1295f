package road

import (
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A crisis team sees the current plan (docs/deciding.md, case 69): the active one, or,
// where no crisis plan is active and the switch staleCrisis is on, the last one
// that was. What the narrative then says is that it is not the current plan.
var (
	active     = statusIs("active")
	onceActive = statusIs("completed", "revoked", "on-hold")
	crisis     = search.Param{Name: "category", Kind: search.Token, Values: []search.Operand{{System: profiles.SystemSNOMED, Code: profiles.CodeCrisisPlan}}}
)

func statusIs(codes ...string) search.Param {
	p := search.Param{Name: "status", Kind: search.Token}
	for _, code := range codes {
		p.Values = append(p.Values, search.Operand{Code: code, AnySystem: true})
	}
	return p
}

// holdsToCurrent says whether an answer is held to the current plan.
func holdsToCurrent(t *trip, d consent.Decision) bool {
	return d.Outcome() == consent.Slice && t.ask.Type == "CarePlan"
}

// currentPlans runs a search over the plans that are current. Which plan that is
// does not hang on what is searched for: a filter that the active plan does not
// match brings no old one back. The last crisis plan stands on the last page.
func currentPlans(now records.Snapshot, d consent.Decision, q records.Query) (records.Page, error) {
	params := q.Params
	q.Params = append(slices.Clone(params), active)
	page, err := now.Find(d, q)
	if err != nil || page.Next != "" || slices.ContainsFunc(page.Matches, isCrisisPlan) || !slices.Contains(d.Obligations(), consent.MarkStale) {
		return page, err
	}
	last, err := lastCrisisPlan(now, d)
	if err != nil || last == "" {
		return page, err
	}
	it := search.Param{Name: "_id", Kind: search.ID, Values: []search.Operand{{Text: last}}}
	former, err := now.Find(d, records.Query{Type: q.Type, Params: append(slices.Clone(params), it), Count: 1})
	page.Matches = append(page.Matches, former.Matches...)
	return page, err
}

// lastCrisisPlan is the id of the crisis plan that was active last; empty where
// one is active now, or none ever was.
func lastCrisisPlan(now records.Snapshot, d consent.Decision) (string, error) {
	newest := []search.SortKey{{Param: "_lastUpdated", Descending: search.Descending}}
	find := func(status search.Param) (records.Page, error) {
		return now.Find(d, records.Query{Type: "CarePlan", Params: []search.Param{status, crisis}, Sort: newest, Count: 1})
	}
	current, err := find(active)
	if err != nil || len(current.Matches) > 0 {
		return "", err
	}
	before, err := find(onceActive)
	if err != nil || len(before.Matches) == 0 {
		return "", err
	}
	return before.Matches[0].ID, nil
}

// isCurrent tells of one plan that was read whether it is a current one.
func isCurrent(now records.Snapshot, d consent.Decision, v records.Visible) (bool, error) {
	resource, err := fhir.ParseResource(v.Body)
	if err != nil || resource.Get("status").Is("active") {
		return err == nil, err
	}
	page, err := currentPlans(now, d, records.Query{Type: v.Type, Count: 100})
	return slices.ContainsFunc(page.Matches, func(c records.Visible) bool { return c.ID == v.ID }), err
}

func isCrisisPlan(v records.Visible) bool { return v.Label.Need.Has(profiles.PlanCrisis) }
