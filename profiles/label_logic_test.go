package profiles_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
)

// someItems is few enough that every set of them can be tried.
var someItems = []profiles.Item{profiles.PersonIdentity, profiles.PlanCrisis, profiles.CrisisContacts, profiles.RestrictedVery}

func drawSet(t *rapid.T, name string) profiles.ItemSet {
	return profiles.SetOf(rapid.SliceOf(rapid.SampledFrom(someItems)).Draw(t, name)...)
}

func drawLabel(t *rapid.T, name string) profiles.Label {
	return profiles.Label{Need: drawSet(t, name), Any: drawSet(t, name)}
}

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

// TestLabelsAreLogic: covering is implication, And is conjunction, and Weakest says
// the same as what it was given, in one way.
func TestLabelsAreLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m, more := drawLabel(t, "l"), drawLabel(t, "m"), drawLabel(t, "more")
		both, any := l.And(m), profiles.Weakest([]profiles.Label{l, m, more})
		covers := true
		for _, granted := range everySet() {
			covers = covers && (l.Within(granted) || !m.Within(granted))
			if got, want := withinAny(both, granted), l.Within(granted) && m.Within(granted); got != want {
				t.Fatalf("%v and %v is %v: with %v %v", l, m, both, granted, got)
			}
			if got, want := withinAny(any, granted), withinAny([]profiles.Label{l, m, more}, granted); got != want {
				t.Fatalf("the weakest are %v: with %v %v", any, granted, got)
			}
		}
		if l.Covers(m) != covers {
			t.Fatalf("%v covers %v: %v", l, m, !covers)
		}
		if other := profiles.Weakest([]profiles.Label{more, m, l, m}); !slices.Equal(any, other) {
			t.Fatalf("%v in one order, %v in another", any, other)
		}
		for i, a := range any {
			for j, b := range any {
				if i != j && a.Covers(b) {
					t.Fatalf("%v is left beside %v", b, a)
				}
			}
		}
	})
}
