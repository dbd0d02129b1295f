package profiles

import (
	"strings"
	"time"

	"cpagateway/profiles/fhir"
)

// rules are the invariants that are held, by the type or element whose every
// occurrence they speak of.
var rules = map[string]func(c *checker, v fhir.Value){
	"CarePlan.activity":    activityOnce,
	"CareTeam":             oneCoordinator,
	"CareTeam.participant": onBehalfOfPractitioner,
	"Extension":            valueOrExtensions,
	"Period":               startBeforeEnd,
}

// activityOnce is cpl-3: what an activity is stands in one place.
func activityOnce(c *checker, v fhir.Value) {
	if v.Get("reference").Exists() && v.Get("detail").Exists() {
		c.refuse("invariant", v, "has a reference and a detail; only one may be given (cpl-3)")
	}
}

// onBehalfOfPractitioner is ctm-1: a role already says whom it is held for.
func onBehalfOfPractitioner(c *checker, v fhir.Value) {
	if !v.Get("onBehalfOf").Exists() {
		return
	}
	member := v.Get("member")
	typ := typeOfReference(member.Get("reference").Text())
	if typ == "" {
		typ = member.Get("type").Text()
	}
	if !member.Exists() || typ != "" && typ != "Practitioner" {
		c.refuse("invariant", v, "has onBehalfOf although its member is no Practitioner (ctm-1)")
	}
}

// oneCoordinator warns of an active team with several care coordinators at a
// time (W¶136, 149). None at all is no fault of the structure: extracts bring
// teams before their coordinator.
func oneCoordinator(c *checker, v fhir.Value) {
	open := 0
	for participant := range v.Get("participant").Each() {
		isOpen := !participant.Find("period", "end").Exists()
		if isOpen && fhir.HasCode(participant.Get("role"), SystemSNOMED, CodeCareCoordinator) {
			open++
		}
	}
	if open > 1 && v.Get("status").Text() == "active" {
		c.report(SeverityWarning, "business-rule", v, ".participant", "names more than one current care coordinator")
	}
}

// codeExtensions are our extensions that the gateway acts on, with the system
// of their code. One that cannot be read must not pass for one that is not there.
var codeExtensions = map[string]string{
	ExtArea: SystemArea, ExtPlanPart: SystemPlanPart, ExtRestriction: SystemRestriction,
}

// valueOrExtensions is ext-1, and the codes of our own extensions.
func valueOrExtensions(c *checker, v fhir.Value) {
	hasValue := false
	for name := range v.Members() {
		hasValue = hasValue || strings.HasPrefix(strings.TrimPrefix(name, "_"), "value")
	}
	if hasValue == v.Get("extension").Exists() {
		c.refuse("invariant", v, "must have either a value or extensions (ext-1)")
	}
	system, ours := codeExtensions[v.Get("url").Text()]
	if ours && !Known(system, v.Get("valueCode").Text()) {
		c.report(SeverityError, "code-invalid", v, ".valueCode", "is not a code of "+system)
	}
}

// startBeforeEnd is per-1, by what the two dates cover: both may be one day.
func startBeforeEnd(c *checker, v fhir.Value) {
	start, _, errStart := fhir.Interval(v.Get("start").Text(), time.UTC)
	_, end, errEnd := fhir.Interval(v.Get("end").Text(), time.UTC)
	if errStart == nil && errEnd == nil && !start.Before(end) {
		c.refuse("invariant", v, "ends before it starts (per-1)")
	}
}
