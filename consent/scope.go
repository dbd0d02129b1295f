package consent

import "cpagateway/profiles"

// planKinds holds the items that say what kind of plan a CarePlan is; every
// CarePlan needs one of them.
var planKinds = profiles.SetOf(profiles.PlanSummary, profiles.PlanCrisis, profiles.PlanContingency, profiles.PlanOther)

// scopeCategories says what kind of plan a scope's ?category= reaches. A
// category that is not here reaches nothing.
var scopeCategories = [...]struct {
	category string
	kinds    profiles.ItemSet
}{
	{profiles.SystemSNOMED + "|" + profiles.CodeCarePlan, planKinds}, // any care plan
	{profiles.SystemSNOMED + "|" + profiles.CodeMentalHealthPlan, profiles.SetOf(profiles.PlanSummary)},
	{profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan, profiles.SetOf(profiles.PlanCrisis)},
	{profiles.SystemSNOMED + "|" + profiles.CodeContingencyPlan, profiles.SetOf(profiles.PlanContingency)},
}

// InScope reports whether the token's scopes reach what is asked at all. It depends on
// the caller, the type and the action alone, and tells nothing about anybody.
func (r Request) InScope() bool {
	items, _ := (&question{Request: r}).reach()
	return !items.Empty()
}

// reach is the scope ceiling SC: what the token's scopes let through at most. A
// scope with a category reaches only that kind of plan, and on other types,
// where the gateway cannot hold it to the category, nothing.
func (q *question) reach() (profiles.ItemSet, reason) {
	var kinds profiles.ItemSet
	for i := range q.Caller.Scopes {
		s := &q.Caller.Scopes[i]
		if !s.reaches(&q.Request) {
			continue
		}
		if s.Category == "" {
			return profiles.AllItems, plainPass
		}
		kinds = kinds.Union(categoryKinds(q.Type, s.Category))
	}
	switch {
	case kinds.Empty():
		return kinds, scopeExceeded
	case kinds == planKinds:
		return profiles.AllItems, plainPass
	}
	return profiles.AllItems.Minus(planKinds.Minus(kinds)), scopeNarrows
}

func categoryKinds(typ, category string) profiles.ItemSet {
	if typ != "CarePlan" {
		return profiles.ItemSet{}
	}
	for i := range scopeCategories {
		if scopeCategories[i].category == category {
			return scopeCategories[i].kinds
		}
	}
	return profiles.ItemSet{}
}

// reaches reports whether a scope is for this type, action and kind of caller:
// patient/ scopes are for the person themself, and for no change; system/ ones never.
func (s *Scope) reaches(q *Request) bool {
	if s.Type != "*" && s.Type != q.Type || q.Type == "" {
		return false
	}
	switch s.Context {
	case "user":
	case "patient":
		if q.Caller.Organisation != "" || q.Action.writes() {
			return false
		}
	case "system":
		if q.Caller.Organisation == "" {
			return false
		}
	default:
		return false
	}
	letters := [...]bool{Read: s.Read, Search: s.Search, Create: s.Create, Update: s.Update, Delete: s.Delete}
	return int(q.Action) < len(letters) && letters[q.Action]
}
