package recordstest

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// worlds numbers the persons of property tests, so that every try has its own in
// the one store.
var worlds atomic.Int64

func newPerson() profiles.PersonID {
	return profiles.PersonID(fmt.Sprint("person-", worlds.Add(1)))
}

// modelVersion is one stored version, worked out from profiles and disclosure alone.
type modelVersion struct {
	number  uint64
	at      time.Time
	body    string // empty: the resource is deleted
	label   profiles.Label
	entries []search.Entry
	status  string // of a plan
}

// modelResource is every version of one resource.
type modelResource struct {
	typ, id   string
	custodian profiles.OrgCode
	versions  []modelVersion
}

func (r *modelResource) current() modelVersion { return r.versions[len(r.versions)-1] }

// model is what a store should hold of one person, in the order of first storing.
type model struct {
	person    profiles.PersonID
	resources []*modelResource
}

// put keeps a body, or a deletion where it is empty.
func (m *model) put(t testing.TB, at time.Time, custodian profiles.OrgCode, typ, id, body string) {
	at = at.UTC()
	i := slices.IndexFunc(m.resources, func(r *modelResource) bool { return r.typ == typ && r.id == id })
	if i < 0 {
		if body == "" {
			return
		}
		i, m.resources = len(m.resources), append(m.resources, &modelResource{typ: typ, id: id, custodian: custodian})
	}
	r := m.resources[i]
	v := modelVersion{number: uint64(len(r.versions)) + 1, at: at, body: body}
	var before modelVersion
	if len(r.versions) > 0 {
		before = r.current()
	}
	if before.body == body {
		return
	}
	if body == "" {
		v.label = before.label
	} else {
		is := parsed(t, body)
		v.label, v.entries = profiles.Items(is), search.Index(is)
		if profiles.PartItems(is, "status", is.Get("status")).Empty() {
			v.status = is.Get("status").Text()
		}
	}
	r.versions = append(r.versions, v)
}

func parsed(t testing.TB, body string) fhir.Value {
	if body == "" {
		return fhir.Value{}
	}
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatalf("the suite's own resource: %v", err)
	}
	return r
}

// changes are the labels of what a version changed: as it is disclosed beside the
// one before it, with references that lead to what they lead to today.
func (m *model) changes(t testing.TB, r *modelResource, number uint64) []profiles.Label {
	v, before := r.versions[number-1], modelVersion{}
	if number > 1 {
		before = r.versions[number-2]
	}
	if v.body == "" {
		return []profiles.Label{before.label}
	}
	return disclosure.Changes(parsed(t, before.body), parsed(t, v.body), m.person, m.targets(r.custodian))
}

// targets is everything that a reference of the custodian's may lead to.
func (m *model) targets(custodian profiles.OrgCode) map[string]disclosure.Target {
	targets := make(map[string]disclosure.Target)
	for _, r := range m.resources {
		if len(r.versions) > 0 && r.current().body != "" && r.custodian == custodian {
			targets[r.typ+"/"+r.id] = disclosure.Target{Person: m.person, Label: r.current().label}
		}
	}
	return targets
}

// modelMatch is one expected match.
type modelMatch struct {
	id       string
	place    int
	current  modelVersion
	seen     modelVersion
	scope    records.Scope
	from     time.Time // of the date that may be seen; zero: open
	until    time.Time
	hasDates bool
}

// seen is what may be seen, whatever the scopes hold to.
func (m *model) seen(t testing.TB, scopes []records.Scope) []modelMatch {
	var found []modelMatch
	for place, r := range m.resources {
		i := slices.IndexFunc(scopes, func(s records.Scope) bool {
			return s.Custodian == r.custodian && s.Person == m.person && s.Type == r.typ
		})
		if i < 0 || r.current().body == "" || !r.current().label.Within(scopes[i].Items) {
			continue
		}
		match := modelMatch{id: r.id, place: place, current: r.current(), scope: scopes[i]}
		for _, v := range r.versions {
			if slices.ContainsFunc(m.changes(t, r, v.number), func(l profiles.Label) bool { return l.Within(scopes[i].Items) }) {
				match.seen = v
			}
		}
		if match.seen.number > 0 {
			match.dates(search.Usable(match.current.entries, scopes[i].Items))
			found = append(found, match)
		}
	}
	return found
}

// held leaves the plans that the scopes hold to: the active ones and, where that is
// asked for and a custodian's crisis plans that may be seen are none of them active,
// the one of these that ended last, or changed last of those.
func held(all []modelMatch) []modelMatch {
	crisis := func(m modelMatch) bool { return m.current.label.Need.Has(profiles.PlanCrisis) }
	return slices.DeleteFunc(slices.Clone(all), func(m modelMatch) bool {
		ended := func(m modelMatch) time.Time {
			if m.hasDates && !m.until.IsZero() && m.until.Before(m.seen.at) {
				return m.until
			}
			return m.seen.at
		}
		was := func(m modelMatch) bool {
			return m.current.status == "completed" || m.current.status == "revoked" || m.current.status == "on-hold"
		}
		switch {
		case m.scope.Type != "CarePlan", m.scope.Current == records.AllPlans, m.current.status == "active":
			return false
		case m.scope.Current == records.ActiveOnly, !crisis(m), !was(m):
			return true
		}
		return slices.ContainsFunc(all, func(o modelMatch) bool {
			later := cmp.Or(ended(o).Compare(ended(m)), o.seen.at.Compare(m.seen.at), cmp.Compare(o.place, m.place)) > 0
			return o.scope == m.scope && crisis(o) && (o.current.status == "active" || was(o) && later)
		})
	})
}

// find is a search by the letter: look at everything, keep what may be seen and
// matches, sort.
func (m *model) find(t testing.TB, scopes []records.Scope, q records.Query) []modelMatch {
	found := slices.DeleteFunc(held(m.seen(t, scopes)), func(match modelMatch) bool {
		entries := append(search.Usable(match.current.entries, match.scope.Items),
			search.Entry{Param: "_id", Kind: search.ID, Text: match.id},
			search.Entry{Param: "_lastUpdated", Kind: search.Date, From: match.seen.at, Until: match.seen.at.Add(1)})
		return slices.ContainsFunc(q.Params, func(p search.Param) bool { return !p.In(match.scope.Custodian).Match(entries) })
	})
	slices.SortStableFunc(found, func(a, b modelMatch) int {
		for _, k := range q.Sort {
			if c := compareBy(k, a, b); c != 0 {
				return c
			}
		}
		return 0
	})
	return found
}

func (m *modelMatch) dates(entries []search.Entry) {
	for _, e := range entries {
		if e.Param != "date" {
			continue
		}
		if !m.hasDates || e.From.Before(m.from) {
			m.from = e.From
		}
		if !m.hasDates || e.Until.IsZero() || !m.until.IsZero() && e.Until.After(m.until) {
			m.until = e.Until
		}
		m.hasDates = true
	}
}

// compareBy compares two matches by one key: the earliest start ascending, the
// latest end descending, and what has no date last.
func compareBy(k search.SortKey, a, b modelMatch) int {
	descending := k.Descending == search.Descending
	var c int
	switch k.Param {
	case "_id":
		c = cmp.Compare(a.id, b.id)
	case "_lastUpdated":
		c = a.seen.at.Compare(b.seen.at)
	default:
		switch {
		case a.hasDates != b.hasDates:
			if a.hasDates {
				return -1
			}
			return 1
		case !descending:
			c = a.from.Compare(b.from)
		case a.until.IsZero() != b.until.IsZero():
			c = 1
			if b.until.IsZero() {
				c = -1
			}
		default:
			c = a.until.Compare(b.until)
		}
	}
	if descending {
		return -c
	}
	return c
}
