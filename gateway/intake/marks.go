package intake

import (
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Warnings of what few will see of a record that was taken (docs/fhir-bundles.md).
const (
	warnUnmarked   = "UNMARKED"   // parts of plans, and goals, that name neither kind nor area: for who may see the whole
	warnUnlabelled = "UNLABELLED" // resources that no rule labels: for the treating team alone
)

// countMarks counts what few will see of a resource.
func countMarks(r fhir.Value, warnings map[string]int) {
	if profiles.Items(r).Need.Has(profiles.Unlabelled) {
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
