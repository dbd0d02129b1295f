// Package merge carries what one writer changed over to a resource that others have
// changed meanwhile, or of which the writer sees only a part.
//
// A write is read as an edit: the difference between what the writer was given (base)
// and what comes back (mine). Only the edit is carried over to the resource as it is now;
// everything else of it stays byte for byte, whether the writer sees it or not.
//
// All of it is pure.
package merge

import (
	"bytes"
	"errors"
	"slices"

	"cpagateway/profiles/fhir"
)

// View is what a writer sees of a resource now, and the way back from it.
type View struct {
	Content fhir.Value
	// From is the element of an array of the resource that an element of an array of
	// Content shows. nil: the writer sees the resource itself.
	From func(element fhir.Value) fhir.Value
}

// Edit is one change that a writer made, of what is kept as one part: a member of the
// resource, or, where that is a list of objects, one of its elements.
type Edit struct {
	Member string     // of the resource
	Path   string     // where it stands in what the writer sent, or in base where it is no more
	Was    fhir.Value // the part as the resource has it; Absent where it is new
	Is     []byte     // the part as it is to be; nil where it is to be no more
}

// Clash is an edit of a part that somebody else has changed since base.
type Clash struct {
	Member string
	Path   string
	Was    fhir.Value // as base had it; Absent: it was new
	Mine   fhir.Value // Absent: the writer took it away
	Theirs fhir.Value // as the writer sees it now; Absent: it is no more
}

// Merged is what becomes of a resource.
type Merged struct {
	Resource []byte // with every edit that does not clash
	Edits    []Edit // those, without what was so already
	Clashes  []Clash
}

// What Merge refuses.
var (
	// ErrHidden: an edit would change what the writer does not see.
	ErrHidden = errors.New("the edit meets what its writer does not see")
	// ErrTooLong: a list has more parts than can be told apart in reasonable time.
	ErrTooLong = errors.New("a list has more than 300 parts")
)

const maxParts = 300 // each is compared with each, under the store's lock

// Merge carries the difference between base and mine over to a resource, of which the
// writer now sees a view. What the writer says of members that are the gateway's changes
// nothing.
//
// Lists of objects are taken as sets of parts, told apart by what they say: their order is
// that of the resource, and what is new comes last. A part that both changed alike, or
// both added, is there once. One that left the view since base has ended.
func Merge(base, mine fhir.Value, view View, resource fhir.Value, gateways ...string) (Merged, error) {
	if view.From == nil {
		view.From = func(element fhir.Value) fhir.Value { return element }
	}
	m := merger{view: view}
	w := fhir.NewWriter(make([]byte, 0, len(resource.Raw())+1024))
	w.BeginObject()
	for _, name := range names(resource, mine) {
		own := resource.Get(name)
		raw := own.Raw()
		if !slices.Contains(gateways, name) {
			raw = m.member(name, base.Get(name), mine.Get(name), view.Content.Get(name), own)
			m.attached(resource, view.Content, name, raw)
		}
		member(w, name, raw)
	}
	w.EndObject()
	m.Resource = w.Bytes()
	return m.Merged, m.err
}

// merger gathers what comes of one edit. In its methods base and mine are a value before
// and after the edit, seen is what the writer sees of it now, and own is what the
// resource has there. Each of them may be Absent.
type merger struct {
	Merged
	view View
	err  error
}

// member merges one member of the resource.
func (m *merger) member(name string, base, mine, seen, own fhir.Value) []byte {
	if !areLists(base, mine, seen, own) {
		return m.part(name, base, mine, seen, own)
	}
	was, is, now := m.parts(base), m.parts(mine), m.parts(seen)
	toMine, toSeen := align(was, is), align(was, now)
	theirs := others(was, now, toSeen)
	changed := map[fhir.Value][]byte{}
	var added [][]byte
	for _, part := range unmatched(is, toMine) {
		if !theirs.take(part) {
			added = append(added, m.part(name, fhir.Value{}, part, fhir.Value{}, fhir.Value{}))
		}
	}
	for i, part := range was {
		seen, mine := at(now, toSeen[i]), at(is, toMine[i])
		switch {
		case same(part, mine), same(part, seen):
		case mine.Exists() && theirs.take(mine):
			continue // they made of it what the writer did
		case !mine.Exists() && len(theirs) == 0:
			continue // they ended it too
		case !mine.Exists():
			seen = theirs[0] // what they made of it, as far as can be told
		}
		own := m.from(seen)
		if raw := m.part(name, part, mine, seen, own); own.Exists() {
			changed[own] = raw
		}
	}
	return list(own, changed, added)
}

// part merges one part: it is edited as a whole, or clashes as a whole.
func (m *merger) part(name string, base, mine, seen, own fhir.Value) []byte {
	path := mine.Path()
	if !mine.Exists() {
		path = base.Path()
	}
	switch {
	case same(base, mine), same(seen, mine):
		return own.Raw() // there is no edit, or it is so already
	case !fhir.Alike(seen, base):
		m.Clashes = append(m.Clashes, Clash{Member: name, Path: path, Was: base, Mine: mine, Theirs: seen})
		return own.Raw()
	}
	raw := m.carry(seen, mine, own)
	if !bytes.Equal(raw, own.Raw()) { // another order is none
		m.Edits = append(m.Edits, Edit{Member: name, Path: path, Was: own, Is: raw})
	}
	return raw
}

// carry makes of a value what the writer made of what is seen of it.
func (m *merger) carry(seen, mine, own fhir.Value) []byte {
	switch {
	case same(seen, mine):
		return own.Raw()
	case areLists(seen, mine, own):
		return m.carryList(seen, mine, own)
	case seen.Kind() == fhir.Object && mine.Kind() == fhir.Object && !isReference(seen) && !isReference(mine):
		return m.carryObject(seen, mine, own)
	case own.Exists() != seen.Exists(), own.Kind() != fhir.Object && !fhir.Alike(seen, own):
		m.err = ErrHidden
	}
	return mine.Raw()
}

func (m *merger) carryObject(seen, mine, own fhir.Value) []byte {
	w := fhir.NewWriter(nil)
	w.BeginObject()
	for _, name := range names(own, mine) {
		raw := m.carry(seen.Get(name), mine.Get(name), own.Get(name))
		m.attached(own, seen, name, raw)
		member(w, name, raw)
	}
	w.EndObject()
	return w.Bytes()
}

func (m *merger) carryList(seen, mine, own fhir.Value) []byte {
	was, is := m.parts(seen), m.parts(mine)
	to := align(was, is)
	changed := map[fhir.Value][]byte{}
	for i, part := range was {
		own := m.from(part)
		changed[own] = m.carry(part, at(is, to[i]), own)
	}
	var added [][]byte
	for _, part := range unmatched(is, to) {
		added = append(added, part.Raw())
	}
	return list(own, changed, added)
}

// attached refuses to change a primitive under extensions of it that the writer does not
// see: they say something of the value that was there.
func (m *merger) attached(own, seen fhir.Value, name string, raw []byte) {
	beside := "_" + name
	if own.Get(beside).Exists() && !seen.Get(beside).Exists() && !bytes.Equal(raw, own.Get(name).Raw()) {
		m.err = ErrHidden
	}
}

func (m *merger) from(seen fhir.Value) fhir.Value {
	if !seen.Exists() {
		return fhir.Value{}
	}
	own := m.view.From(seen)
	if !own.Exists() {
		m.err = ErrHidden // which would be a defect: what is seen comes from somewhere
	}
	return own
}

func (m *merger) parts(list fhir.Value) []fhir.Value {
	if list.Len() > maxParts {
		m.err = ErrTooLong
		return nil
	}
	return slices.Collect(list.Each())
}
