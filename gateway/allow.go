package gateway

import (
	"slices"

	"cpagateway/gateway/road"
	"cpagateway/gateway/subscriptions"
)

// allowed is the allow-list: what is not here is not served, and the
// CapabilityStatement is written from it, so that the two cannot disagree. The
// search parameters of each type are the closed lists of search.Definitions.
var allowed = []served{
	{"CarePlan", written}, {"CareTeam", written}, {"Communication", read}, {"EpisodeOfCare", written}, {"Flag", written}, {"Goal", written},
	{"Organization", written}, {"Patient", append(slices.Clone(read), road.BreakGlass)}, {"Practitioner", written}, {"PractitionerRole", written}, {"RiskAssessment", written},
	{"Task", answered}, {subscriptions.Type, subscribed}, {structureMap, []road.Interaction{road.Transform}},
}

// Who somebody is, is found out where records are brought in: a Patient is only read.
var (
	read    = []road.Interaction{road.Read, road.VRead, road.History, road.Search}
	written = append(slices.Clone(read), road.Create, road.Update, road.Patch, road.Delete)
	// The gateway asks by a Task, and whoever keeps the record answers it.
	answered = append(slices.Clone(read), road.Update, road.Patch)
)

// served is one type with the interactions it allows.
type served struct {
	typ          string
	interactions []road.Interaction
}

// allows looks an interaction up.
func allows(typ string, interaction road.Interaction) bool {
	i := slices.IndexFunc(allowed, func(s served) bool { return s.typ == typ })
	return i >= 0 && slices.Contains(allowed[i].interactions, interaction)
}

// knownType is the type where it is on the list and empty otherwise: nothing
// that a caller wrote into a path reaches a log or a record.
func knownType(typ string) string {
	if slices.ContainsFunc(allowed, func(s served) bool { return s.typ == typ }) {
		return typ
	}
	return ""
}
