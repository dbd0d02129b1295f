package disclosure

import (
	"cmp"
	"slices"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// notes is what each piece of a copy needs, gathered while all of a resource is
// copied that anybody may see. The nil notes gather nothing.
type notes struct {
	pieces []piece
	shows  []profiles.Label // any of these shows the resource at all
	closes []profiles.Label // any of these meets something that withholds the resource
}

// piece is a value in the copy, by its offset, and what it needs beside what is
// needed by all that it stands in.
type piece struct {
	at    int
	label profiles.Label
}

// note keeps what the value at an offset of the copy needs. Where an element is
// copied whole or the resource withheld, the resource needs it.
func (c *copier) note(at int, l profiles.Label) {
	switch n := c.noted; {
	case n == nil || l == profiles.Label{}:
	case c.whole:
		n.shows = and(n.shows, []profiles.Label{l})
	default:
		n.pieces = append(n.pieces, piece{at, l})
	}
}

func (n *notes) refused(need profiles.ItemSet) {
	if n != nil {
		n.closes = append(n.closes, profiles.Label{Need: need})
	}
}

func (n *notes) cut(mark int) {
	for n != nil && len(n.pieces) > 0 && n.pieces[len(n.pieces)-1].at >= mark {
		n.pieces = n.pieces[:len(n.pieces)-1]
	}
}

// and labels what is within some label of a and within some of b.
func and(a, b []profiles.Label) []profiles.Label {
	var both []profiles.Label
	for _, l := range a {
		for _, m := range b {
			both = append(both, l.And(m)...)
		}
	}
	return profiles.Weakest(both)
}

// noted is everything of a resource that anybody may see, with what each piece
// needs. The zero noted is of a resource that nobody may see any of.
type noted struct {
	notes
	content fhir.Value
	profile bool // whether meta claims our own profile
}

func noteAll(r fhir.Value, person profiles.PersonID, targets map[string]Target) noted {
	shape, served := profiles.ShapeOf(r.Type())
	if !served {
		return noted{}
	}
	all := noted{notes: notes{shows: []profiles.Label{profiles.Items(r)}}, profile: claimsProfile(r)}
	c := copier{resource: r, self: selfOf(r), person: person, granted: profiles.AllItems, targets: targets, noted: &all.notes}
	content, ok := c.members(nil, shape, r)
	all.closes = profiles.Weakest(all.closes)
	if !ok || slices.Contains(all.closes, profiles.Label{}) {
		return noted{}
	}
	all.content = objectOf(content)
	slices.SortFunc(all.pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	return all
}

// own is what a value needs beside what it stands in.
func (n noted) own(v fhir.Value) profiles.Label {
	at, found := slices.BinarySearchFunc(n.pieces, v.Offset(), func(p piece, at int) int { return cmp.Compare(p.at, at) })
	if !found {
		return profiles.Label{}
	}
	return n.pieces[at].label
}

// within are the pieces inside a value, itself aside, by their place in it.
func (n noted) within(v fhir.Value) []piece {
	start := v.Offset()
	var inside []piece
	for _, p := range n.pieces {
		if p.at > start && p.at < start+len(v.Raw()) {
			inside = append(inside, piece{p.at - start, p.label})
		}
	}
	return inside
}

// seen says which labels show anything of a value, beside what it stands in. An
// object without content is not copied, and extensions alone are none.
func (n noted) seen(v fhir.Value) []profiles.Label {
	own := []profiles.Label{n.own(v)}
	if len(n.within(v)) == 0 {
		return own
	}
	var content, extensions []profiles.Label
	for name, member := range v.Members() {
		switch name {
		case "extension":
			extensions = n.seen(member)
		case "url":
		default:
			content = append(content, n.seen(member)...)
		}
	}
	if v.Kind() == fhir.Array {
		for element := range v.Each() {
			content = append(content, n.seen(element)...)
		}
	} else if len(content) == 0 {
		content = extensions
	}
	return and(own, content)
}
