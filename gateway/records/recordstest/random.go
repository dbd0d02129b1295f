package recordstest

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"cpagateway/profiles"
)

// The values that random plans are made of and random searches look for: few, so
// that searches find something.
var (
	planCategories = []string{
		profiles.CodeCrisisPlan, profiles.CodeContingencyPlan, profiles.CodeMentalHealthPlan, profiles.CodeEnhanced, "1", "it's \\\"odd\\\"",
	}
	planStatuses = []string{"active", "completed", "draft", "revoked", "on-hold"}
	planPeriods  = []string{
		"", `"period":{"start":"2026-01-10"}`, `"period":{"end":"2026-03-29"}`, `"period":{}`, `"period":{"start":"soon"}`,
		`"period":{"start":"2025","end":"2026-02"}`, `"period":{"start":"2026-03-29T00:30:00Z","end":"2026-03-29T01:30:00.123456789Z"}`,
		`"period":{"start":"0001-01-01","end":"9999-12-31"}`, `"period":{"start":"2026-03-29","end":"2026-03-29"}`,
	}
	planExtras = []string{
		"", `"careTeam":[{"reference":"CareTeam/t1"},{"reference":"CareTeam/t2"}]`, `"careTeam":[{"reference":"Patient/t1"}]`,
		`"goal":[{"reference":"Goal/OWN-0"}]`, `"goal":[{"reference":"Goal/OWN-1"},{"reference":"Goal/OWN-0"}]`, `"goal":[{"reference":"Goal/g1"}]`,
		`"_status":{"extension":[{"url":"urn:x","valueCode":"x"}]}`, `"identifier":[{"value":"17"},{"system":"urn:x","value":"17"}]`,
		`"identifier":[{"system":"urn:x","value":"a,b|c"}]`, `"description":"a plan"`,
		`"activity":[{"detail":{"status":"scheduled","scheduledPeriod":{"start":"2026-03-01","end":"2026-03-31"}}}]`,
		`"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}`,
	}
	sortings = []string{"", "_id", "-_id", "_lastUpdated", "-_lastUpdated", "date", "-date", "date,-_lastUpdated", "-date,_id"}

	planSearches = [][2]string{
		{"status", "active"}, {"status", "active,draft"}, {"status:not", "active"}, {"status:not", "active,completed"},
		{"status", "http://hl7.org/fhir/request-status|active"}, {"status", "http://hl7.org/fhir/request-status|"}, {"status", "|active"},
		{"category", profiles.CodeCrisisPlan}, {"category", profiles.SystemSNOMED + "|" + profiles.CodeContingencyPlan},
		{"category", profiles.SystemSNOMED + "|"}, {"category", "|" + profiles.CodeCrisisPlan}, {"category", profiles.CodeEnhanced},
		{"category", profiles.CodeCrisisPlan + "," + profiles.SystemSNOMED + "|" + profiles.CodeMentalHealthPlan},
		{"category", `it's "odd"`}, {"identifier", "17"}, {"identifier", "|17"}, {"identifier", `urn:x|a\,b\|c`}, {"identifier", "urn:x|"},
		{"care-team", "CareTeam/t1"}, {"care-team", "t2"}, {"care-team", "CareTeam/t9,CareTeam/t2"}, {"goal", "Goal/g1"},
		{"date", "2026-03-29"}, {"date", "ge2026-02"}, {"date", "lt2026-01-10"}, {"date", "gt2026-03-28"}, {"date", "le2025"},
		{"date", "sa2026-01"}, {"date", "eb2026-03-01"}, {"date", "ne2026-03-29"}, {"date", "ap2026-02-15"}, {"date", "gt9999"},
		{"date", "lt0001-01-02"}, {"date", "eb2026-01-01,sa2026-03-29T00:00:00Z"}, {"date", "2026-03-29T02:30:00.123456789+01:00"},
		{"activity-date", "2026-03"}, {"activity-date", "ge2026-03-15"}, {"_security", "R"}, {"_security", "V"}, {"_profile", "urn:x"},
		{"_lastUpdated", "2026-03-02"}, {"_lastUpdated", "gt2026-03-02T09:02:00Z"}, {"_lastUpdated", "le2026-03-02T09:03"},
		{"_lastUpdated", "2026-03-02T09:01:00Z,2026-03-02T09:04:00Z"}, {"intent", "plan"}, {"intent:not", "plan"}, {"part-of", "CarePlan/x"},
	}
)

// randomPlan is a plan that refers to goals of its own custodian, where it refers to
// any. Half of those that follow another differ from it in one member only: what
// that changes is seen by itself.
func randomPlan(person profiles.PersonID, custodian profiles.OrgCode, before []string) *rapid.Generator[[]string] {
	return rapid.Custom(func(r *rapid.T) []string {
		members := []string{
			fmt.Sprintf(`"status":%q`, rapid.SampledFrom(planStatuses).Draw(r, "status")),
			category(rapid.SliceOfNDistinct(rapid.SampledFrom(planCategories), 0, 3, rapid.ID).Draw(r, "category")...),
			rapid.SampledFrom(planPeriods).Draw(r, "period"),
			strings.ReplaceAll(rapid.SampledFrom(planExtras).Draw(r, "extra"), "OWN", fmt.Sprint(person, "-", custodian)),
		}
		if only := rapid.IntRange(0, 2*len(members)-1).Draw(r, "only"); before != nil && only < len(members) {
			kept := slices.Clone(before)
			kept[only] = members[only]
			return kept
		}
		return members
	})
}

// planOf writes a plan with the members that are not empty.
func planOf(person profiles.PersonID, id string, members []string) string {
	members = slices.DeleteFunc(slices.Clone(members), func(member string) bool { return member == "" })
	return resource("CarePlan", id, append([]string{subject(person), `"intent":"plan"`}, members...)...)
}

func randomGoal(person profiles.PersonID, id string) *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		members := []string{subject(person), `"lifecycleStatus":"active"`,
			fmt.Sprintf(`"description":{"text":"goal %d"}`, rapid.IntRange(0, 1).Draw(r, "text"))}
		if rapid.Bool().Draw(r, "restricted") {
			members = append(members, veryRestricted())
		}
		return resource("Goal", id, members...)
	})
}

// randomPairs is a search of up to three parameters, as name and value in turn.
func randomPairs(person profiles.PersonID) *rapid.Generator[[]string] {
	searches := append([][2]string{
		{"patient", "Patient/" + string(person)}, {"subject", "Patient/nobody," + string(person)}, {"patient", "nobody"},
		{"_id", string(person) + "-0"}, {"_id", string(person) + "-1," + string(person) + "-2"},
	}, planSearches...)
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(searches), 0, 3), func(list [][2]string) []string {
		var pairs []string
		for _, s := range list {
			pairs = append(pairs, s[0], s[1])
		}
		return pairs
	})
}
