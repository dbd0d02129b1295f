package search_test

import (
	"slices"
	"testing"

	"cpagateway/gateway/search"
)

func TestParseIncludeTakesWhatIsListed(t *testing.T) {
	for value, want := range map[string][]string{
		"CareTeam:subject":                      {"Patient"},
		"CareTeam:participant":                  {"Practitioner", "PractitionerRole", "Organization", "Patient", "CareTeam"},
		"CareTeam:participant:PractitionerRole": {"PractitionerRole"},
		"CareTeam:participant:RelatedPerson":    nil, // which cannot be asked for
		"CareTeam:status":                       nil,
		"CareTeam":                              nil,
		"CareTeam:":                             nil,
		"CareTeam:subject:Patient:x":            nil,
		"CarePlan:subject":                      nil,
		"*":                                     nil,
		"":                                      nil,
	} {
		if i, err := search.ParseInclude("CareTeam", value); (err == nil) != (want != nil) || !slices.Equal(i.Types, want) {
			t.Errorf("%q: %+v, %v", value, i, err)
		}
	}
	if got := search.Includes("Patient"); len(got) != 0 {
		t.Errorf("a Patient includes %v", got)
	}
}
