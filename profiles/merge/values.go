package merge

import (
	"slices"

	"cpagateway/profiles/fhir"
)

// same reports that nothing was changed. What a client writes beside a reference to
// show it, where the view shows nothing there, is no change.
func same(seen, mine fhir.Value) bool {
	if fhir.Alike(seen, mine) {
		return true
	}
	const shown = "display"
	if !seen.Get("reference").Exists() || seen.Get(shown).Exists() || !mine.Get(shown).Exists() {
		return false
	}
	for name, member := range mine.Members() {
		if name != shown && !fhir.Alike(seen.Get(name), member) {
			return false
		}
	}
	return seen.Len() == mine.Len()-1
}

// isReference reports that a value is a Reference. Its members mean something only
// together: what is left of one beside a new target would name somebody else.
func isReference(v fhir.Value) bool {
	return v.Get("reference").Kind() == fhir.String || v.Get("identifier").Kind() == fhir.Object
}

// areLists reports that each value is a list of objects or Absent, and one of them is there.
func areLists(values ...fhir.Value) bool {
	some := false
	for _, v := range values {
		switch v.Kind() {
		case fhir.Absent:
		case fhir.Array:
			some = true
			for element := range v.Each() {
				if element.Kind() != fhir.Object {
					return false
				}
			}
		default:
			return false
		}
	}
	return some
}

// names are the members of a value in its order, then those that only the other has.
func names(own, mine fhir.Value) []string {
	var all []string
	for name := range own.Members() {
		all = append(all, name)
	}
	for name := range mine.Members() {
		if !own.Get(name).Exists() {
			all = append(all, name)
		}
	}
	return all
}

// member writes a member, where it has a value.
func member(w *fhir.Writer, name string, raw []byte) {
	if len(raw) > 0 {
		w.Name(name).Raw(raw)
	}
}

// list is a list with some elements changed, or left out where they became nothing, and
// some added; nil where it is left with none.
func list(own fhir.Value, changed map[fhir.Value][]byte, added [][]byte) []byte {
	w := fhir.NewWriter(nil)
	w.BeginArray()
	for element := range own.Each() {
		raw, known := changed[element]
		if !known {
			raw = element.Raw()
		}
		if len(raw) > 0 {
			w.Raw(raw)
		}
	}
	for _, raw := range added {
		w.Raw(raw)
	}
	if w.EndArray(); len(w.Bytes()) == len("[]") {
		return nil
	}
	return w.Bytes()
}

// align says which element of another list each element of a list is or has become, -1
// for one that is in it no more. First those that are alike find each other, wherever
// they stand; the others are taken for changed where they stand behind the same one.
func align(from, to []fhir.Value) []int {
	place := make([]int, len(from))
	back := make([]int, len(to))
	for j := range back {
		back[j] = -1
	}
	for i, v := range from {
		place[i] = -1
		for j, w := range to {
			if back[j] < 0 && same(v, w) {
				place[i], back[j] = j, i
				break
			}
		}
	}
	behind := map[int][]int{} // the elements of from that found none, by the place of the one before them
	last := -1
	for i := range from {
		if place[i] >= 0 {
			last = place[i]
		} else {
			behind[last] = append(behind[last], i)
		}
	}
	last = -1
	for j := range to {
		if back[j] >= 0 {
			last = j
		} else if waiting := behind[last]; len(waiting) > 0 {
			place[waiting[0]] = j
			behind[last] = waiting[1:]
		}
	}
	return place
}

// unmatched are the elements that nothing was aligned to.
func unmatched(list []fhir.Value, places []int) []fhir.Value {
	var rest []fhir.Value
	for j, v := range list {
		if !slices.Contains(places, j) {
			rest = append(rest, v)
		}
	}
	return rest
}

// at is an element of a list, Absent for -1.
func at(list []fhir.Value, i int) fhir.Value {
	if i < 0 {
		return fhir.Value{}
	}
	return list[i]
}

// parts are some parts of a list.
type parts []fhir.Value

// others are the elements of a list that are not as some element of another was.
func others(was, now []fhir.Value, places []int) parts {
	var rest parts
	for j, v := range now {
		if i := slices.Index(places, j); i < 0 || !same(was[i], v) {
			rest = append(rest, v)
		}
	}
	return rest
}

// take takes one that says the same out, and reports whether there was any.
func (p *parts) take(v fhir.Value) bool {
	i := slices.IndexFunc(*p, func(one fhir.Value) bool { return same(one, v) })
	if i >= 0 {
		*p = slices.Delete(*p, i, i+1)
	}
	return i >= 0
}
