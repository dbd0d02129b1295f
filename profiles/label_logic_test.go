package profiles_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
)

// someItems is few enough that every set of them can be tried.
var someItems = []profiles.Item{profiles.PersonIdentity, profiles.PlanCrisis, profiles.CrisisContacts, profiles.RestrictedVery}

func everySet() []profiles.ItemSet {
	sets := []profiles.ItemSet{profiles.SetOf()}
	for _, item := range someItems {
		for _, s := range sets {
			sets = append(sets, s.Union(profiles.SetOf(item)))
		}
	}
	return sets
}

func withinAny(labels []profiles.Label, granted profiles.ItemSet) bool {
	return slices.ContainsFunc(labels, func(l profiles.Label) bool { return l.Within(granted) })
}

func everyLabel() []profiles.Label {
	var labels []profiles.Label
	for _, need := range everySet() {
		for _, any := range everySet() {
			labels = append(labels, profiles.Label{Need: need, Any: any})
		}
	}
	return labels
}

// TestLabelsAreLogic: covering is implication and And is conjunction, of any two labels.
func TestLabelsAreLogic(t *testing.T) {
	labels, sets := everyLabel(), everySet()
	for _, l := range labels {
		for _, m := range labels {
			covers, both := true, l.And(m)
			for _, granted := range sets {
				covers = covers && (l.Within(granted) || !m.Within(granted))
				if got, want := withinAny(both, granted), l.Within(granted) && m.Within(granted); got != want {
					t.Fatalf("%v and %v is %v: with %v %v", l, m, both, granted, got)
				}
			}
			if l.Covers(m) != covers {
				t.Fatalf("%v covers %v: %v", l, m, !covers)
			}
		}
	}
}

// TestWeakest: the weakest of some labels say the same as all of them, in one way.
func TestWeakest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.SampledFrom(everyLabel()), 0, 5).Draw(t, "labels")
		weakest := profiles.Weakest(all)
		for _, granted := range everySet() {
			if got, want := withinAny(weakest, granted), withinAny(all, granted); got != want {
				t.Fatalf("the weakest are %v: with %v %v", weakest, granted, got)
			}
		}
		if other := profiles.Weakest(rapid.Permutation(append(all, all...)).Draw(t, "order")); !slices.Equal(weakest, other) {
			t.Fatalf("%v in one order, %v in another", weakest, other)
		}
		for i, a := range weakest {
			for j, b := range weakest {
				if i != j && a.Covers(b) {
					t.Fatalf("%v is left beside %v", b, a)
				}
			}
		}
	})
}
