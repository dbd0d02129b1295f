package intake

import (
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Warnings of what a record that was taken will not do (docs/import.md).
const (
	warnUnmarked   = "UNMARKED"        // parts of plans, and goals, that name neither kind nor area: for who may see the whole
	warnNoCrisis   = "NO-CRISIS-PLAN"  // parts of plans that are for a crisis, in a plan that no crisis flow reaches
	warnUnlabelled = "UNLABELLED"      // resources that no rule labels: for the treating team alone
	warnLeaflet    = "LEAFLET-UNKNOWN" // grants under a leaflet that is not one of those that stand: they permit nothing
)

// warn counts what the person who brings a resource in should know.
func (r *run) warn(a consent.Accepted, warnings map[string]int) {
	resource := a.Resource()
	countMarks(resource, a.Label(), warnings)
	if resource.Type() != "Consent" || r.source.Grants != consent.On {
		return
	}
	d := facts.ReadDirective(resource)
	if d.Status == facts.Active && d.Template.Grants() && !slices.Contains(r.Leaflets, d.PolicyURI) {
		warnings[warnLeaflet]++
	}
}

// countMarks counts what few will see of a resource.
func countMarks(r fhir.Value, label profiles.Label, warnings map[string]int) {
	switch status := r.Get("status").Text(); {
	case status == "cancelled" || status == "entered-in-error": // it says nothing any more
		return
	case label.Need.Has(profiles.Unlabelled):
		warnings[warnUnlabelled]++
		return
	}
	switch r.Type() {
	case "Goal":
		if profiles.UnmarkedGoal(r) {
			warnings[warnUnmarked]++
		}
	case "CarePlan":
		for activity := range r.Get("activity").Each() {
			switch {
			case profiles.UnmarkedActivity(activity):
				warnings[warnUnmarked]++
			case !profiles.CrisisSlice.Covers(label.Need) && profiles.PartItems(r, "activity", activity).Meets(forACrisis):
				warnings[warnNoCrisis]++
			}
		}
	}
}

// forACrisis are the items of the parts of a plan that somebody reads in a crisis and at no other time.
var forACrisis = profiles.SetOf(profiles.PlanCrisis, profiles.PlanContingency, profiles.CrisisContacts)
