package disclosure

import (
	"cmp"
	"slices"

	"cpagateway/profiles/fhir"
)

// Trace is the content of a copy, with where each repetition of it was copied from: what
// a change of the copy has to be carried over to. It is never disclosed. The zero Trace
// is of a resource of which nothing may be seen.
type Trace struct {
	Content   fhir.Value // what was copied: without what the gateway writes anew
	Digest    Digest     // as Tag is given it
	VersionID string     // as that of the copy
	origins   origins
}

// Trace copies as Copy does, by the same terms, and keeps where from.
func (t Terms) Trace(h Held, targets map[string]Target) Trace {
	var from origins
	made, content := t.copy(h, targets, &from)
	if content == nil {
		return Trace{}
	}
	trace := Trace{Digest: digestOf(content), VersionID: made.versionID, origins: from}
	trace.Content = objectOf(content)
	slices.SortFunc(trace.origins, func(a, b origin) int { return cmp.Compare(a.at, b.at) })
	return trace
}

// objectOf is the object of what the copier wrote, whose members follow each other as JSON.
func objectOf(content []byte) fhir.Value {
	content[0] = '{'
	object, _ := fhir.Parse(append(content, '}'))
	return object
}

// From is the element of an array of the original that an element of an array of Content
// was copied from; Absent for any other value.
func (t Trace) From(element fhir.Value) fhir.Value {
	at, found := slices.BinarySearchFunc(t.origins, element.Offset(), func(o origin, at int) int { return cmp.Compare(o.at, at) })
	if !found {
		return fhir.Value{}
	}
	return t.origins[at].of
}

// origins says where the elements of arrays come from, by their offset in the copy. The
// nil origins keep nothing.
type origins []origin

type origin struct {
	at int
	of fhir.Value
}

func (o *origins) add(at int, of fhir.Value) {
	if o != nil {
		*o = append(*o, origin{at, of})
	}
}

func (o *origins) cut(mark int) {
	for o != nil && len(*o) > 0 && (*o)[len(*o)-1].at >= mark {
		*o = (*o)[:len(*o)-1]
	}
}
