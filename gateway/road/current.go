package road

import (
	"context"
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A crisis team sees the current plan (consent.md §9 row 69): the active one, or,
// where no crisis plan is active and the switch staleCrisis is on, the last one
// that was. What the narrative then says is that it is not the current plan.
var (
	active     = statusIs("active")
	onceActive = statusIs("completed", "revoked", "on-hold")
)

func statusIs(codes ...string) profiles.Param {
	p := profiles.Param{Name: "status", Kind: profiles.ParamToken}
	for _, code := range codes {
		p.Values = append(p.Values, profiles.Operand{Code: code, AnySystem: true})
	}
	return p
}

// holdsToCurrent says whether an answer is held to the current plan.
func holdsToCurrent(t *trip, d consent.Decision) bool {
	return d.Outcome() == consent.Slice && t.ask.Type == "CarePlan"
}

// currentPlans runs a search over the plans that are current.
func (r *Road) currentPlans(ctx context.Context, d consent.Decision, q records.Query) (records.Page, error) {
	params := q.Params
	q.Params = append(slices.Clone(params), active)
	page, err := r.Records.Find(ctx, d, q)
	if err != nil || q.After != "" || page.Next != "" || !slices.Contains(d.Obligations(), consent.MarkStale) || slices.ContainsFunc(page.Matches, isCrisisPlan) {
		return page, err
	}
	q.Params = append(slices.Clone(params), onceActive)
	q.Sort = []profiles.SortKey{{Param: "_lastUpdated", Descending: profiles.Descending}}
	former, err := r.Records.Find(ctx, d, q)
	if err != nil {
		return records.Page{}, err
	}
	if i := slices.IndexFunc(former.Matches, isCrisisPlan); i >= 0 {
		page.Matches = append(page.Matches, former.Matches[i])
	}
	return page, nil
}

// isCurrent tells of one plan that was read whether it is a current one.
func (r *Road) isCurrent(ctx context.Context, d consent.Decision, v records.Visible) (bool, error) {
	resource, err := fhir.ParseResource(v.Body)
	if err != nil || resource.Get("status").Is("active") {
		return err == nil, err
	}
	page, err := r.currentPlans(ctx, d, records.Query{Type: v.Type, Count: 100})
	return slices.ContainsFunc(page.Matches, func(c records.Visible) bool { return c.ID == v.ID }), err
}

func isCrisisPlan(v records.Visible) bool { return v.Label.Need.Has(profiles.PlanCrisis) }
