package profiles

import (
	"math/bits"

	"cpagateway/profiles/fhir"
)

// Changed says which items a new version changed: what a caller is shown as
// version and time of a resource is that of the last version that changed an
// item they may see. The first version (before absent) changes all it carries.
//
// A difference in what is released with the resource, in its label, or in what
// withholds it whole, counts for every item of both labels. A difference in a part that needs several items
// counts for one of them, a restricted one if there is any: nobody can see the
// part without that one, and it tells the fewest others that something changed.
// The mere order of parts that need different items counts for none.
func Changed(before, after fhir.Value) ItemSet {
	frame := Items(before).Items()
	if !before.Exists() {
		frame = 0
	}
	frame |= Items(after).Items()
	was, is := parts(before), parts(after)

	var changed ItemSet
	if !before.Exists() || Items(before) != Items(after) || unusable(before) != unusable(after) {
		changed = frame
	}
	for key, now := range is {
		if !equalParts(was[key], now) {
			changed |= key.items(frame)
		}
	}
	for key := range was {
		if _, still := is[key]; !still {
			changed |= key.items(frame)
		}
	}
	return changed
}

// partKey gathers the repetitions of one element that need the same items.
type partKey struct {
	name string
	need ItemSet
}

func (k partKey) items(frame ItemSet) ItemSet {
	if k.need == 0 {
		return frame
	}
	return 1 << (bits.Len64(uint64(k.need)) - 1)
}

// parts sorts a resource's content by what it needs. What the gateway writes
// anew in every answer is left out.
func parts(r fhir.Value) map[partKey][]fhir.Value {
	sorted := make(map[partKey][]fhir.Value)
	for name, member := range r.Members() {
		switch name {
		case "resourceType", "id", "meta", "text":
			continue
		}
		// A list without elements says nothing, but where it is copied whole or not at all.
		if empty := member.Kind() == fhir.Array && member.Len() == 0; empty && PartItems(r, name, member) == 0 {
			sorted[partKey{name: name}] = []fhir.Value{member}
		}
		for part := range member.Each() {
			key := partKey{name, PartItems(r, name, part)}
			sorted[key] = append(sorted[key], part)
		}
	}
	return sorted
}

func equalParts(a, b []fhir.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !fhir.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
