package intake

import (
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Warnings of what a record that was taken will not do (docs/import.md).
const (
	warnUnmarked   = "UNMARKED"        // parts of plans, and goals, that name neither kind nor area: for who may see the whole
	warnNoCrisis   = "NO-CRISIS-PLAN"  // parts of plans that are for a crisis, in a plan that no crisis flow reaches
	warnUnlabelled = "UNLABELLED"      // resources that no rule labels: for the treating team alone
	warnEmptied    = "EMPTIED"         // plans in force that had parts and, as their source sends them now, have none
	warnLeaflet    = "LEAFLET-UNKNOWN" // grants under a leaflet that is not one of those that stand: they permit nothing
	warnUnfounded  = "UNFOUNDED"       // grants by somebody who does not show that they may decide for the person: they permit nothing
)

// warn counts what the person who brings a resource in should know.
func (r *run) warn(a consent.Accepted, warnings map[string]int) {
	resource := a.Resource()
	countMarks(resource, a.Label(), warnings)
	if resource.Type() != "Consent" || r.source.Grants != consent.On {
		return
	}
	d := facts.ReadDirective(resource)
	if d.Status != facts.Active || !d.Template.Grants() {
		return
	}
	if !slices.Contains(r.Leaflets, d.PolicyURI) {
		warnings[warnLeaflet]++
	}
	if !d.Founded() {
		warnings[warnUnfounded]++
	}
}

// emptied counts a plan in force that loses all its parts by what its source sends now, as
// where the rows of a file of the extract are missing.
func emptied(now store.Snapshot, p pending, warnings map[string]int) error {
	if p.made.Type != "CarePlan" || p.resource.Get("activity").Len() > 0 || !p.resource.Get("status").Is("active") {
		return nil
	}
	current, err := now.Current(p.made.Type, p.made.ID)
	if errors.Is(err, records.ErrNothing) || err == nil && current.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	had, err := fhir.ParseResource(current.Body)
	if err == nil && had.Get("activity").Len() > 0 {
		warnings[warnEmptied]++
	}
	return err
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
