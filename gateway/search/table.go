package search

import (
	"slices"
	"strings"
	"sync"
)

// The search parameters, by type. What is not here cannot be searched by: a
// filter over what a caller may not see answers questions about it. So no names
// and no dates of birth, and :not only where the element is released with
// whatever surrounds it (every plan shows its status).

var not = []string{"not"}

var commonParams = []Definition{
	{Name: "_id", Kind: ID, Sortable: true, Doc: "the resource's id"},
	{Name: "_lastUpdated", Kind: Date, Sortable: true, Doc: "when something changed that the caller may see"},
	{Name: "_profile", Kind: URI, Doc: "the profile of this gateway; others are not released and not searched"},
	{Name: "_security", Kind: Token, Doc: "security label, as released"},
	{Name: "_tag", Kind: Token, Doc: "confidentiality label, as the Wales guide has it; the same as _security"},
	{Name: "identifier", Kind: Token, Paths: []string{"identifier"}, Doc: "business identifier"},
}

// personParams are patient and subject, which find the same: people only.
func personParams(path string) []Definition {
	patient := Definition{
		Name: "patient", Kind: Reference, Modifiers: []string{"identifier"}, Chains: []string{"identifier"},
		Targets: []string{"Patient"}, Paths: []string{path}, Doc: "whom it is about, by reference or by identifier",
	}
	subject := patient
	subject.Name = "subject"
	return []Definition{patient, subject}
}

func reference(name, path, doc string, targets ...string) Definition {
	return Definition{Name: name, Kind: Reference, Targets: targets, Paths: []string{path}, Doc: doc}
}

func status(name, path, system, doc string) Definition {
	return Definition{Name: name, Kind: Token, Modifiers: not, Paths: []string{path}, System: system, Doc: doc}
}

func period(doc string) Definition {
	return Definition{Name: "date", Kind: Date, Paths: []string{"period"}, Sortable: true, Doc: doc}
}

func category(doc string) Definition {
	return Definition{Name: "category", Kind: Token, Paths: []string{"category"}, Doc: doc}
}

// ownParams are those of one type, beside the common ones.
func ownParams() map[string][]Definition {
	return map[string][]Definition{
		"Patient":      nil,
		"Practitioner": nil,
		"Organization": nil,
		"PractitionerRole": {
			reference("organization", "organization", "where the role is held", "Organization"),
			reference("practitioner", "practitioner", "who holds the role", "Practitioner"),
		},
		"CarePlan": append(personParams("subject"),
			category("kind of plan, level"),
			status("intent", "intent", "http://hl7.org/fhir/request-intent", "proposal, plan, order, option"),
			status("status", "status", "http://hl7.org/fhir/request-status", "draft, active, on-hold, revoked, completed"),
			period("the time that the plan covers"),
			Definition{
				Name: "activity-date", Kind: Date,
				Paths: []string{"activity.detail.scheduledPeriod", "activity.detail.scheduledTiming"},
				Doc:   "when an activity is planned; a planned review is one",
			},
			reference("care-team", "careTeam", "the team that carries the plan out", "CareTeam"),
			reference("goal", "goal", "an outcome the plan aims at", "Goal"),
			reference("part-of", "partOf", "the plan that this one is part of", "CarePlan"),
			reference("replaces", "replaces", "the plan that this one replaces", "CarePlan"),
		),
		"CareTeam": append(personParams("subject"),
			category("kind of team"),
			status("status", "status", "http://hl7.org/fhir/care-team-status", "proposed, active, suspended, inactive"),
			period("the time that the team cares"),
			reference("participant", "participant.member", "who is in the team",
				"Practitioner", "PractitionerRole", "Organization", "RelatedPerson", "Patient", "CareTeam"),
		),
		"Communication": append(personParams("subject"),
			category("what it is about"),
			status("status", "status", "http://hl7.org/fhir/event-status", "completed"),
			Definition{Name: "sent", Kind: Date, Paths: []string{"sent"}, Sortable: true, Doc: "when it was sent"},
			reference("recipient", "recipient", "for whom it is", "Practitioner", "PractitionerRole", "Organization"),
		),
		"EpisodeOfCare": append(personParams("patient"),
			status("status", "status", "http://hl7.org/fhir/episode-of-care-status", "planned, waitlist, active, onhold, finished, cancelled"),
			Definition{Name: "type", Kind: Token, Paths: []string{"type"}, Doc: "kind of episode, level"},
			period("the time that the episode covers"),
			reference("organization", "managingOrganization", "who is responsible", "Organization"),
			reference("care-manager", "careManager", "the care coordinator as a person", "Practitioner"),
			reference("care-manager-role", "careManager", "the care coordinator as a role: a parameter of this gateway, "+
				"since R4's care-manager finds no PractitionerRole", "PractitionerRole"),
		),
		"Flag": append(personParams("subject"),
			Definition{Name: "flag-code", Kind: Token, Paths: []string{"code"}, Doc: "what it warns of: a parameter of this gateway, since R4 has none"},
			status("flag-status", "status", "http://hl7.org/fhir/flag-status", "active, inactive: a parameter of this gateway, since R4 has none"),
			period("the time that the warning covers"),
		),
		"RiskAssessment": append(personParams("subject"),
			status("status", "status", "http://hl7.org/fhir/observation-status", "registered, preliminary, final, amended, corrected"),
			Definition{Name: "date", Kind: Date, Paths: []string{"occurrenceDateTime", "occurrencePeriod"}, Sortable: true, Doc: "when the risk was assessed"},
		),
		"Task": append(personParams("for"),
			Definition{Name: "code", Kind: Token, Paths: []string{"code"}, Doc: "what is to be chosen"},
			status("status", "status", "http://hl7.org/fhir/task-status", "requested, completed, rejected, cancelled"),
			Definition{Name: "authored-on", Kind: Date, Paths: []string{"authoredOn"}, Sortable: true, Doc: "when it was made"},
			reference("focus", "focus", "the record that it is about", "CarePlan", "CareTeam", "EpisodeOfCare", "Flag", "Goal", "RiskAssessment"),
			reference("owner", "owner", "who is to choose", "Practitioner", "PractitionerRole", "Organization"),
		),
		"Goal": append(personParams("subject"),
			category("the area it belongs to"),
			status("lifecycle-status", "lifecycleStatus", "http://hl7.org/fhir/goal-status", "proposed, planned, accepted, active, on-hold, completed, cancelled, rejected"),
			Definition{Name: "target-date", Kind: Date, Paths: []string{"target.dueDate"}, Sortable: true, Doc: "when it is to be reached"},
		),
	}
}

var definitions = sync.OnceValue(func() map[string][]Definition {
	table := ownParams()
	for typ, own := range table {
		all := slices.Concat(commonParams, own)
		slices.SortFunc(all, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
		table[typ] = all
	}
	return table
})
