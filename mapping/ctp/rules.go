package ctp

import (
	"fmt"
	"slices"
	"time"

	"cpagateway/mapping"
	"cpagateway/profiles"
)

// Rules that no schema can say.
const (
	ruleTwice      = "CTP-040" // two parts of the plan, or two plans of the extract, have one key
	ruleCarer      = "CTP-041" // a wish names a carer who is not in the care team
	ruleOtherwise  = "CTP-042" // another plan of the extract tells the same thing differently
	ruleNoReview   = "CTP-050" // warning: no review is due, or not within twelve months
	ruleNoCrisis   = "CTP-051" // warning: no crisis plan or no contingency plan
	ruleDecided    = "CTP-052" // warning: a grant that somebody else gave for the person does not show that they may
	ruleDecides    = "CTP-053" // warning: decided in best interests, where an attorney or a deputy decides
	reviewInterval = 12        // months between reviews at most (W¶105)
)

// keyed are the lists whose members have keys.
var keyed = []string{"outcomes", "needs", "risks", "alerts", "directives", "team.members"}

// check asks the rules that compare parts of a plan with each other.
func (p plan) check() []mapping.Fault {
	var faults []mapping.Fault
	carers := map[string]bool{}
	for _, list := range keyed {
		keys := map[string]bool{}
		for _, record := range p.Group(list) {
			key, ok := mapping.Text(record, "key")
			if ok && keys[key] {
				faults = append(faults, mapping.Fault{At: record.At("key"), Value: key, Rule: ruleTwice, Reason: "another member of this list has the same key"})
			}
			keys[key] = true
			if kind, _ := mapping.Text(record, "kind"); kind == "carer" {
				carers[key] = true
			}
		}
	}
	for _, directive := range p.Group("directives") {
		for _, recipient := range directive.Group("recipients") {
			if carer, ok := mapping.Text(recipient, "carer"); ok && !carers[carer] {
				faults = append(faults, mapping.Fault{At: recipient.At("carer"), Value: carer, Rule: ruleCarer, Reason: "no carer in team.members has this key"})
			}
		}
	}
	return faults
}

// shows is what a decision for a person who cannot decide has to show, and showsAs what
// else by its authority.
var (
	shows   = []string{"decidedFor.authority", "decidedFor.assessed", "decidedFor.assessor"}
	showsAs = map[string][]string{
		profiles.CodeDecidedWelfareAttorney: {"decidedFor.reference"},
		profiles.CodeDecidedWelfareDeputy:   {"decidedFor.reference"},
		profiles.CodeDecidedBestInterests:   {"decidedFor.consulted", "until"},
	}
)

// grantsForThePerson warns of grants in force that do not show that whoever gave them
// may decide for the person. Such a grant counts for nothing, so its plan need not be
// set aside: somebody may need the crisis plan meanwhile.
func (p plan) grantsForThePerson() []mapping.Fault {
	kind, _ := mapping.Text(p, "decisions.lpa.kind")
	otherDecides := kind == "welfare" || len(p.Group("decisions.deputy")) > 0
	var faults []mapping.Fault
	for _, d := range p.Group("directives") {
		template, _ := mapping.Text(d, "template")
		status, _ := mapping.Text(d, "status")
		if status != "given" || !slices.Contains([]string{"T1", "T3", "T5"}, template) {
			continue
		}
		warn := func(field, rule, reason string) {
			faults = append(faults, mapping.Fault{At: d.At(field), Rule: rule, Reason: reason, Warning: true})
		}
		by, _ := mapping.Text(d, "givenBy")
		if by == "person" {
			if len(d.Group("decidedFor")) > 0 {
				warn("givenBy", ruleDecided, "the person gave it, and decidedFor says that they could not: such a grant counts for nothing")
			}
			continue
		}
		authority, _ := mapping.Text(d, "decidedFor.authority")
		for _, field := range slices.Concat(shows, showsAs[authority]) {
			if _, ok := mapping.Text(d, field); !ok {
				warn(field, ruleDecided, "missing: without it a grant by a representative counts for nothing")
			}
		}
		if authority == profiles.CodeDecidedBestInterests && otherDecides {
			warn("decidedFor.authority", ruleDecides, "the plan names an attorney for health and welfare, or a deputy, who decides instead (Mental Capacity Act 2005 s.9, 16)")
		}
	}
	return faults
}

// warnings are what counts for nothing in a plan, and what the guidance asks of one in
// force and a source may not yet have.
func (p plan) warnings() []mapping.Fault {
	faults := p.grantsForThePerson()
	if status, _ := mapping.Text(p, "status"); status != "active" {
		return faults
	}
	warn := func(field, rule, reason string) {
		faults = append(faults, mapping.Fault{At: p.At(field), Rule: rule, Reason: reason, Warning: true})
	}
	for _, part := range []string{"crisis", "contingency"} {
		if len(p.Group(part)) == 0 {
			warn(part, ruleNoCrisis, "missing: every plan should include a crisis and a contingency plan (W¶79, 85)")
		}
	}
	last, ok := mapping.Text(p, "reviewed")
	if !ok {
		last, _ = mapping.Text(p, "made")
	}
	due, _ := mapping.Text(p, "reviewDue")
	if latest, err := time.Parse(time.DateOnly, last); due == "" {
		warn("reviewDue", ruleNoReview, "missing: a plan says by when it is reviewed next (W¶110)")
	} else if err == nil && due > latest.AddDate(0, reviewInterval, 0).Format(time.DateOnly) {
		warn("reviewDue", ruleNoReview, fmt.Sprintf("more than %d months after the plan was last reviewed or made (W¶105)", reviewInterval))
	}
	return faults
}

// inForce reports whether a plan is the one that the person is cared for by.
func (p plan) inForce() bool {
	status, _ := mapping.Text(p, "status")
	return status == "active" || status == "on-hold"
}
