package recordstest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// itemsGranted are what scopes of random worlds may see.
var itemsGranted = []profiles.ItemSet{
	profiles.AllItems, {},
	profiles.SetOf(profiles.PlanCrisis),
	profiles.SetOf(profiles.PlanCrisis, profiles.EpisodeLevel),
	profiles.SetOf(profiles.PlanContingency, profiles.PlanOther),
	profiles.SetOf(profiles.PlanSummary, profiles.PlanCrisis, profiles.PlanContingency, profiles.PlanOther, profiles.PlanReview),
	profiles.AllItems.Minus(profiles.SetOf(profiles.RestrictedVery)),
}

// randomWorld writes what two custodians hold about one person: plans and goals
// that refer to each other, changed, restricted, opened and deleted, kept by a store
// and by the model alike.
func randomWorld(t *testing.T, r *rapid.T, store Store) *model {
	m := &model{person: newPerson()}
	plans := make(map[string][]string)
	for i := range rapid.IntRange(1, 14).Draw(r, "writes") {
		at := start.Add(time.Duration(i) * time.Minute)
		custodian := rapid.SampledFrom([]profiles.OrgCode{home, another}).Draw(r, "custodian")
		typ := rapid.SampledFrom([]string{"CarePlan", "CarePlan", "CarePlan", "Goal"}).Draw(r, "type")
		id := fmt.Sprint(m.person, "-", custodian, "-", rapid.IntRange(0, 2).Draw(r, "id"))
		if rapid.IntRange(0, 7).Draw(r, "delete") == 0 {
			m.put(t, at, custodian, typ, id, "")
			Put(t, store, at, Remove(t, custodian, m.person, typ, id))
			continue
		}
		body := ""
		if typ == "Goal" {
			body = randomGoal(m.person, id).Draw(r, "goal")
		} else {
			plans[id] = randomPlan(m.person, custodian, plans[id]).Draw(r, "plan")
			body = planOf(m.person, id, plans[id])
		}
		m.put(t, at, custodian, typ, id, body)
		Put(t, store, at, Accept(t, custodian, m.person, body))
	}
	return m
}

// randomScopes ask one or two custodians about the person, or about somebody else.
func randomScopes(r *rapid.T, person profiles.PersonID) []records.Scope {
	var list []records.Scope
	for _, custodian := range rapid.SampledFrom([][]profiles.OrgCode{{home}, {another}, {home, another}, {another, home}}).Draw(r, "custodians") {
		s := records.Scope{
			Person: person, Custodian: custodian, Items: rapid.SampledFrom(itemsGranted).Draw(r, "items"),
			Current: rapid.SampledFrom([]records.Current{records.AllPlans, records.ActiveOnly, records.ActiveElseLast}).Draw(r, "current"),
		}
		if rapid.IntRange(0, 9).Draw(r, "other") == 0 {
			s.Person = "somebody else"
		}
		list = append(list, s)
	}
	return list
}

// ofType are scopes for a type.
func ofType(scopes []records.Scope, typ string) []records.Scope {
	scopes = slices.Clone(scopes)
	for i := range scopes {
		scopes[i].Type = typ
	}
	return scopes
}

// worldsAgree holds a store to the model over random worlds, scopes, searches and
// sortings; what a search finds is what a read finds, and no other version of what
// is held to current plans is given than that one.
func worldsAgree(t *testing.T, store Store) {
	rapid.Check(t, func(r *rapid.T) {
		m := randomWorld(t, r, store)
		scopes := randomScopes(r, m.person)
		searched := ofType(scopes, "CarePlan")
		var q records.Query
		switch rapid.SampledFrom([]string{"plans", "plans", "plans", "goals", "both"}).Draw(r, "searched") {
		case "plans":
			q = query(t, "CarePlan", rapid.SampledFrom(sortings).Draw(r, "sort"), randomPairs(m.person).Draw(r, "search")...)
		case "goals":
			searched = ofType(scopes, "Goal")
		case "both":
			searched = append(searched, ofType(scopes, "Goal")...)
		}
		for _, p := range q.Params {
			for i, v := range p.Values {
				if v.Ref != "" {
					p.Values[i].Holder = rapid.SampledFrom([]profiles.OrgCode{"", home, another}).Draw(r, "holder")
				}
			}
		}
		q.Count = rapid.IntRange(1, 4).Draw(r, "count")
		compare(r, m.find(t, searched, q), walkIn(t, store, searched, q))
		readsAgree(t, r, store, m, scopes)
	})
}

// readsAgree reads everything, in every version.
func readsAgree(t *testing.T, r *rapid.T, store Store, m *model, scopes []records.Scope) {
	for _, it := range m.resources {
		scopes := ofType(scopes, it.typ)
		var want *modelMatch
		for _, match := range m.find(t, scopes, records.Query{}) {
			if match.id == it.id {
				want = &match
			}
		}
		err := store.View(t.Context(), func(now records.Snapshot) error {
			v, err := now.Read(scopes, it.id)
			expectVisible(r, "a read of "+it.id, want, v, err)
			var versions []modelMatch
			for number := range uint64(len(it.versions) + 2) {
				v, err := now.ReadVersion(scopes, it.id, number)
				want := it.version(want, number, m.changes(t, it, max(1, min(number, uint64(len(it.versions))))))
				expectVisible(r, fmt.Sprintf("version %d of %s", number, it.id), want, v, err)
				if want != nil {
					versions = append([]modelMatch{*want}, versions...)
				}
			}
			below, limit := rapid.Uint64Range(1, uint64(len(it.versions)+2)).Draw(r, "below"), rapid.IntRange(1, 4).Draw(r, "versions")
			versions = slices.DeleteFunc(versions, func(v modelMatch) bool { return v.seen.number >= below })
			found, err := now.Versions(scopes, it.id, below, limit)
			compare(r, versions[:min(limit, len(versions))], found)
			return err
		})
		if err != nil {
			r.Fatal(err)
		}
	}
}

// version is what reading a version should give where a read gives now.
func (it *modelResource) version(now *modelMatch, number uint64, changes []profiles.Label) *modelMatch {
	switch {
	case now == nil:
		return nil
	case now.scope.Current != records.AllPlans:
		if now.seen.number == number {
			return now
		}
		return nil
	case number < 1 || number > uint64(len(it.versions)):
		return nil
	}
	v := it.versions[number-1]
	if v.body == "" || !v.label.Within(now.scope.Items) || !now.scope.Notices(changes) {
		return nil
	}
	return &modelMatch{id: it.id, current: v, seen: v}
}

func expectVisible(r *rapid.T, what string, want *modelMatch, got records.Visible, err error) {
	switch {
	case want == nil:
		if !errors.Is(err, records.ErrNothing) {
			r.Fatalf("%s gives version %d, %v", what, got.Number, err)
		}
	case err != nil:
		r.Fatalf("%s: %v, want version %d", what, err, want.current.number)
	default:
		compare(r, []modelMatch{*want}, []records.Visible{got})
	}
}

func compare(r *rapid.T, want []modelMatch, got []records.Visible) {
	if len(got) != len(want) {
		r.Fatalf("found %d, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.ID != w.id || g.Number != w.current.number || g.SeenNumber != w.seen.number || !g.SeenAt.Equal(w.seen.at) || string(g.Body) != w.current.body || g.Label != w.current.label {
			r.Fatalf("match %d is %s version %d seen as %d of %v, want %s version %d seen as %d of %v", i+1,
				g.ID, g.Number, g.SeenNumber, g.SeenAt, w.id, w.current.number, w.seen.number, w.seen.at)
		}
	}
}
