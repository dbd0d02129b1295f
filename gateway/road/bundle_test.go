package road

import (
	"slices"
	"testing"

	"cpagateway/profiles/fhir"
)

// A transaction removes, creates what is not there yet, creates, changes, and reads, each
// kind in the order in which it was sent (R4, http.html#trules).
func TestTheOrderOfATransaction(t *testing.T) {
	missing := Ask{Interaction: Create, Write: WriteAsk{Condition: &SearchAsk{}}}
	of := func(i Interaction) Ask { return Ask{Interaction: i} }
	a := Ask{Entries: []Ask{of(Read), of(Patch), of(Update), of(Create), missing, of(Delete), of(Patch), of(Create), missing, of(Delete), of(Read)}}
	if got, want := a.order(), []int{5, 9, 4, 8, 3, 7, 1, 2, 6, 0, 10}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A reference to an entry leads to what that creates; one to a resource stays as it is;
// one to an entry that is not there, or that may not stand there, is refused.
func TestReferencesOfATransaction(t *testing.T) {
	for was, want := range map[string]string{"urn:uuid:a": "Goal/1", "Goal/3": "Goal/3", "urn:uuid:b": "", "urn:uuid:c": ""} {
		resource, err := fhir.ParseResource([]byte(`{"resourceType":"CarePlan","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},"goal":[{"reference":"Goal/2"},{"reference":"` + was + `"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		ask, fault := names{"urn:uuid:a": "Goal/1", "urn:uuid:b": "CareTeam/1"}.resolved(Ask{Write: WriteAsk{Resource: resource}})
		if want == "" {
			if fault == nil || (fault == faultBadBundle) != (was == "urn:uuid:c") {
				t.Errorf("%s: %v", was, fault)
			}
			continue
		}
		goals := ask.Write.Resource.Get("goal")
		if first, second := goals.At(0).Get("reference").Text(), goals.At(1).Get("reference").Text(); fault != nil || first != "Goal/2" || second != want {
			t.Errorf("%s leads to %s, beside %s: %v", was, second, first, fault)
		}
	}
}
