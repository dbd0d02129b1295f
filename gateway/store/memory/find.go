package memory

import (
	"cmp"
	"slices"

	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
)

// match is one resource that a search found, and where it stands.
type match struct {
	records.Visible
	position records.Position
}

// Find runs a search inside the scopes. It implements records.Snapshot.
func (s snapshot) Find(scopes []records.Scope, q records.Query) (records.Page, error) {
	after, err := q.Start()
	if err != nil {
		return records.Page{}, err
	}
	if err := s.ctx.Err(); err != nil {
		return records.Page{}, err
	}
	if len(q.Sort) > 0 && after.AsOf == 0 {
		after.AsOf = s.seq
	}
	var found []match
	for _, r := range s.resources {
		it, ok := s.see(scopes, r)
		if !ok {
			continue
		}
		m, ok := it.match(q, after.AsOf)
		if ok && (after.Place == 0 || order(q.Sort, m.position, after) > 0) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b match) int { return order(q.Sort, a.position, b.position) })
	return page(found, q.Count), nil
}

// match is the resource as a search finds it, if it does.
func (f seen) match(q records.Query, asOf uint64) (match, bool) {
	v := f.current()
	if !q.Matches(f.scope, v.Entries, v.ID, f.newest.Stored) {
		return match{}, false
	}
	m := match{f.visible(), records.Position{AsOf: asOf, Place: f.place}}
	if len(q.Sort) == 0 {
		return m, true
	}
	// Only what could be seen at that moment has a place in its order.
	then, ok := f.noticed(f.scope, asOf)
	for _, k := range q.Sort {
		m.position.Keys = append(m.position.Keys, f.scope.SortText(k, v.ID, then.Stored, f.asOf(asOf).Spans))
	}
	return m, ok
}

// order compares two positions by the sort keys, then by place.
func order(sort []search.SortKey, a, b records.Position) int {
	for i, k := range sort {
		c := cmp.Compare(a.Keys[i], b.Keys[i])
		if k.Descending == search.Descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Place, b.Place)
}

func page(found []match, count int) records.Page {
	var p records.Page
	if len(found) > count {
		found = found[:count]
		p.Next = found[count-1].position.String()
	}
	for _, m := range found {
		p.Matches = append(p.Matches, m.Visible)
	}
	return p
}
