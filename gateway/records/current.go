package records

import (
	"cmp"
	"slices"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Current says which care plans a scope holds to (docs/deciding.md, case 69).
type Current uint8

// The choices. ActiveElseLast looks at crisis plans alone to find out whether it has
// to fall back, whatever the query asks for.
const (
	AllPlans       Current = iota
	ActiveOnly             // plans with status active
	ActiveElseLast         // those; with no active crisis plan in its sight, also the crisis plan that was in force last
)

// What a plan's being current rests on: its type, the status of a plan in force,
// those of plans that were, and the item of crisis plans.
const (
	PlanType = "CarePlan"
	Active   = "active"
	Crisis   = profiles.PlanCrisis
)

// OnceActive are the statuses of plans that were in force.
var OnceActive = []string{"completed", "revoked", "on-hold"}

// statusOf is the status of a resource, where everybody who sees the resource sees
// its status.
func statusOf(r fhir.Value) string {
	status := r.Get("status")
	if !profiles.PartItems(r, "status", status).Empty() {
		return ""
	}
	return status.Text()
}

// Plan is a care plan as a scope sees it.
type Plan struct {
	Place  uint64
	Status string
	Label  profiles.Label
	Spans  []Span    // of its current version
	SeenAt time.Time // when its newest version was stored that the scope notices
}

func (p Plan) onceInForce() bool { return slices.Contains(OnceActive, p.Status) }

// lapsed is by when the plan was no longer in force, as far as the scope can tell:
// its latest end, if that came before its last change.
func (p Plan) lapsed(s Scope) string {
	end := ""
	for _, span := range p.Spans {
		if span.Param == "date" && s.Items.Covers(span.Need) {
			end = max(end, span.High)
		}
	}
	if end == "" {
		end = OpenEnd
	}
	return min(end, TimeText(p.SeenAt))
}

// compare is positive where a plan was in force after another, as far as the scope
// can tell; of two that ended at once, the one that changed last.
func (p Plan) compare(o Plan, s Scope) int {
	return cmp.Or(cmp.Compare(p.lapsed(s), o.lapsed(s)), p.SeenAt.Compare(o.SeenAt), cmp.Compare(p.Place, o.Place))
}

// LastInForce is the place of the crisis plan that the scope holds to beside the
// active plans, 0 for none, given every plan that it sees. It is the meaning of
// ActiveElseLast; a store that finds it another way must find the same.
func (s Scope) LastInForce(plans []Plan) uint64 {
	var last Plan
	for _, p := range plans {
		switch {
		case s.Current != ActiveElseLast || !p.Label.Need.Has(Crisis):
		case p.Status == Active:
			return 0
		case p.onceInForce() && (last.Place == 0 || p.compare(last, s) > 0):
			last = p
		}
	}
	return last.Place
}
