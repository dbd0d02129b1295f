package recordstest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
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

// modelVersion is one stored version, worked out from profiles alone.
type modelVersion struct {
	number  uint64
	at      time.Time
	body    []byte
	label   profiles.Label
	changed profiles.ItemSet
	entries []search.Entry
}

// model is what a store should hold of one person: by id, and in the order of
// first storing.
type model struct {
	person   profiles.PersonID
	order    []string
	versions map[string][]modelVersion
}

func (m *model) put(t testing.TB, at time.Time, id, body string) {
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatalf("the suite's own resource: %v", err)
	}
	var before fhir.Value
	all := m.versions[id]
	if len(all) == 0 {
		m.order = append(m.order, id)
	} else {
		last := all[len(all)-1].body
		if string(last) == body {
			return
		}
		if before, err = fhir.ParseResource(last); err != nil {
			t.Fatal(err)
		}
	}
	m.versions[id] = append(all, modelVersion{
		number: uint64(len(all)) + 1, at: at, body: []byte(body), label: profiles.Items(r),
		changed: records.Changed(before, r, m.person), entries: search.Index(r, London),
	})
}

// modelMatch is one expected match.
type modelMatch struct {
	id       string
	current  modelVersion
	seen     modelVersion
	from     time.Time // of the date that may be seen; zero: open
	until    time.Time
	hasDates bool
}

// find is a search by the letter: look at everything, keep what may be seen and
// matches, sort.
func (m *model) find(items profiles.ItemSet, q records.Query) []modelMatch {
	var found []modelMatch
	for _, id := range m.order {
		all := m.versions[id]
		match := modelMatch{id: id, current: all[len(all)-1]}
		for _, v := range all {
			if v.changed.Meets(items) {
				match.seen = v
			}
		}
		if match.seen.number == 0 || !match.current.label.Within(items) {
			continue
		}
		entries := append(search.Usable(match.current.entries, items),
			search.Entry{Param: "_id", Kind: search.ID, Text: id},
			search.Entry{Param: "_lastUpdated", Kind: search.Date, From: match.seen.at, Until: match.seen.at.Add(1)})
		if slices.ContainsFunc(q.Params, func(p search.Param) bool { return !p.Match(entries) }) {
			continue
		}
		match.dates(entries)
		found = append(found, match)
	}
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

// searches holds a store to the model over random resources, decisions, searches
// and sortings.
func searches(t *testing.T, store Store) {
	decisions := grants(t)
	rapid.Check(t, func(r *rapid.T) {
		person := newPerson()
		m := model{person: person, versions: make(map[string][]modelVersion)}
		for i := range rapid.IntRange(1, 10).Draw(r, "writes") {
			id := fmt.Sprint(person, "-", rapid.IntRange(0, 4).Draw(r, "id"))
			body := randomPlan(person, id).Draw(r, "plan")
			at := start.Add(time.Duration(i) * time.Minute)
			m.put(t, at, id, body)
			Put(t, store, at, Accept(t, home, person, body))
		}
		d := rapid.SampledFrom(decisions).Draw(r, "decision")(person)
		q := query(t, "CarePlan", rapid.SampledFrom(sortings).Draw(r, "sort"), randomPairs(person).Draw(r, "search")...)
		q.Count = rapid.IntRange(1, 4).Draw(r, "count")
		var want []modelMatch
		if d.Person() == person {
			want = m.find(d.Items(), q)
		}
		compare(r, want, walk(t, store, d, q))
	})
}

func compare(r *rapid.T, want []modelMatch, got []records.Visible) {
	if len(got) != len(want) {
		r.Fatalf("found %d, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.ID != w.id || g.Number != w.current.number || g.SeenNumber != w.seen.number || !g.SeenAt.Equal(w.seen.at) || !bytes.Equal(g.Body, w.current.body) {
			r.Fatalf("match %d is %s version %d seen as %d of %v, want %s version %d seen as %d of %v", i+1,
				g.ID, g.Number, g.SeenNumber, g.SeenAt, w.id, w.current.number, w.seen.number, w.seen.at)
		}
	}
}

// grants are kinds of decision, each made anew for a person.
func grants(t *testing.T) []func(profiles.PersonID) consent.Decision {
	list := []func(profiles.PersonID) consent.Decision{
		func(p profiles.PersonID) consent.Decision { return Treating(t, p) },
		func(p profiles.PersonID) consent.Decision { return Refused(t, p) },
		func(profiles.PersonID) consent.Decision { return Treating(t, "somebody else") },
	}
	for _, items := range [][]profiles.Item{
		{profiles.PlanCrisis},
		{profiles.PlanCrisis, profiles.EpisodeLevel},
		{profiles.PlanContingency, profiles.PlanOther},
		{profiles.PlanSummary, profiles.PlanCrisis, profiles.PlanContingency, profiles.PlanOther, profiles.PlanReview},
	} {
		list = append(list, func(p profiles.PersonID) consent.Decision { return Grant(t, p, items...) })
	}
	return list
}
