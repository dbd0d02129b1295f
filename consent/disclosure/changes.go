package disclosure

import (
	"bytes"
	"slices"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ChangeRules numbers the rules of Changes. It is raised with every change of what the
// copier copies or Changes makes of it; a change of labels has its own number.
const ChangeRules = 2

// Changes says to whom a new version of a resource is a new version: to those
// whose items some of the labels are within, and to nobody else. Whoever has none
// of them is shown the same bytes of both, with the same targets. The labels are
// the fewest that say so.
//
// A version is compared as it is disclosed. So what is never copied changes
// nothing, nor does a reference that leads nowhere; a reference is of its target's
// items beside those of its place; and a change of the resource's label is one to
// those who see it before and to those who see it after. The order of two parts
// concerns those who see both.
//
// before is absent for the first version, which is one to everybody who may see
// anything of the resource.
func Changes(before, after fhir.Value, person profiles.PersonID, targets map[string]Target) []profiles.Label {
	if !before.Exists() {
		return profiles.Weakest([]profiles.Label{profiles.Items(after)})
	}
	d := comparison{before: noteAll(before, person, targets), after: noteAll(after, person, targets)}
	was, is := d.before.shows, d.after.shows
	if !slices.Equal(was, is) || d.before.profile != d.after.profile {
		d.found = slices.Concat(was, is)
	} else {
		d.compare(was, d.before.content, d.after.content)
	}
	d.closures(slices.Concat(was, is))
	return profiles.Weakest(d.found)
}

// comparison gathers the labels of what differs between two versions.
type comparison struct {
	before, after noted
	found         []profiles.Label
}

func (d *comparison) differ(labels ...[]profiles.Label) {
	all := []profiles.Label{{}} // which everything is within
	for _, more := range labels {
		all = and(all, more)
	}
	d.found = append(d.found, all...)
}

// closures looks at what withholds the resource from those who are granted the
// part that it stands in. To them it is a change where it comes or goes; where it
// stays they see neither version.
func (d *comparison) closures(shows []profiles.Label) {
	for _, l := range d.before.closes {
		d.found = slices.DeleteFunc(d.found, l.Covers)
	}
	for _, l := range slices.Concat(d.before.closes, d.after.closes) {
		if !slices.Contains(d.before.closes, l) || !slices.Contains(d.after.closes, l) {
			d.differ(shows, []profiles.Label{l})
		}
	}
}

// compare compares two values that stand at one place, whatever they need
// already among the labels on. They are of one JSON kind, that of the place.
func (d *comparison) compare(on []profiles.Label, v, w fhir.Value) {
	switch {
	case bytes.Equal(v.Raw(), w.Raw()) && slices.Equal(d.before.within(v), d.after.within(w)):
	case v.Kind() == fhir.Object:
		d.members(on, v, w)
	case v.Kind() == fhir.Array:
		d.elements(on, v, w)
	default:
		d.differ(on)
	}
}

func (d *comparison) members(on []profiles.Label, v, w fhir.Value) {
	var stayed []string
	for name, was := range v.Members() {
		is := w.Get(name)
		switch own := d.before.own(was); {
		case !is.Exists():
			d.differ(on, d.before.seen(was))
		case own != d.after.own(is):
			d.differ(on, d.before.seen(was))
			d.differ(on, d.after.seen(is))
		default:
			d.compare(and(on, []profiles.Label{own}), was, is)
			stayed = append(stayed, name)
		}
	}
	place := make(map[string]int)
	for name, is := range w.Members() {
		place[name] = len(place)
		if !v.Get(name).Exists() {
			d.differ(on, d.after.seen(is))
		}
	}
	for i, name := range stayed {
		for _, earlier := range stayed[:i] {
			if place[name] < place[earlier] {
				d.differ(on, d.before.seen(v.Get(name)), d.before.seen(v.Get(earlier)))
			}
		}
	}
}

// alike are the elements of two arrays that need the same to be seen.
type alike struct {
	seen    []profiles.Label
	was, is []fhir.Value
}

// elements compares two arrays: for whoever sees some of the elements, those
// that need the same one by one, then the order of any two kinds.
func (d *comparison) elements(on []profiles.Label, v, w fhir.Value) {
	var kinds []*alike
	kindOf := func(seen []profiles.Label) (*alike, int) {
		at := slices.IndexFunc(kinds, func(k *alike) bool { return slices.Equal(k.seen, seen) })
		if at < 0 {
			at, kinds = len(kinds), append(kinds, &alike{seen: seen})
		}
		return kinds[at], at
	}
	var order, newOrder []int
	for element := range v.Each() {
		kind, at := kindOf(d.before.seen(element))
		kind.was, order = append(kind.was, element), append(order, at)
	}
	for element := range w.Each() {
		kind, at := kindOf(d.after.seen(element))
		kind.is, newOrder = append(kind.is, element), append(newOrder, at)
	}
	for _, kind := range kinds {
		if len(kind.was) != len(kind.is) {
			d.differ(on, kind.seen)
			continue
		}
		for i := range kind.was {
			d.compare(and(on, kind.seen), kind.was[i], kind.is[i])
		}
	}
	for i := range kinds {
		for j := range i {
			others := func(at int) bool { return at != i && at != j }
			if !slices.Equal(slices.DeleteFunc(slices.Clone(order), others), slices.DeleteFunc(slices.Clone(newOrder), others)) {
				d.differ(on, kinds[i].seen, kinds[j].seen)
			}
		}
	}
}
