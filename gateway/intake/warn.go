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
			if profiles.UnmarkedActivity(activity) {
				warnings[warnUnmarked]++
			}
		}
	}
}
