package fhir

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// An Edit replaces the bytes of one value by those of another.
type Edit struct {
	At   Value  // within the value that is spliced
	With []byte // one JSON value, as strict as Parse wants it
}

// Splice is a copy of src's bytes with the edits made; everything outside them
// stays byte for byte. What it returns Parse accepts: an edit that is not one
// JSON value, would nest too deep, does not lie in src or meets another edit is
// an error, and then nothing is returned.
func Splice(src Value, edits ...Edit) ([]byte, error) {
	if !src.Exists() {
		return nil, errors.New("splicing: there is nothing to splice")
	}
	sorted := slices.SortedFunc(slices.Values(edits), func(a, b Edit) int {
		return cmp.Compare(a.At.Offset(), b.At.Offset())
	})
	var out []byte
	done := src.node().start
	for _, e := range sorted {
		depth, inside := depthWithin(src, e.At)
		if !inside {
			return nil, fmt.Errorf("splicing %s: an edit lies outside it", src.Path())
		}
		if e.At.node().start < done {
			return nil, fmt.Errorf("splicing %s: two edits of the same bytes", e.At.Path())
		}
		if _, err := parse(e.With, depth, maxBytes); err != nil {
			return nil, fmt.Errorf("splicing %s: %w", e.At.Path(), err)
		}
		out = append(out, src.doc.src[done:e.At.node().start]...)
		out = append(out, e.With...)
		done = e.At.node().end
	}
	return append(out, src.doc.src[done:src.node().end]...), nil
}

// depthWithin counts the containers around v, up to and with src.
func depthWithin(src, v Value) (depth int, inside bool) {
	if v.doc != src.doc {
		return 0, false
	}
	for ; v.i > src.i; depth++ {
		v.i = v.node().parent
	}
	return depth, v.i == src.i
}

// SetMember is a copy of an object's bytes in which the member has the value
// raw. Where there is no such member it is put at the end, an id right after
// the resourceType, without white space; all else stays byte for byte. As with
// Splice, Parse accepts the outcome.
func SetMember(obj Value, name string, raw []byte) ([]byte, error) {
	if obj.Kind() != Object {
		return nil, fmt.Errorf("setting a member of %s: it is no object", obj.Path())
	}
	if !utf8.ValidString(name) {
		return nil, fmt.Errorf("setting a member of %s: its name is not UTF-8", obj.Path())
	}
	if old := obj.Get(name); old.Exists() {
		return Splice(obj, Edit{At: old, With: raw})
	}
	if _, err := parse(raw, 1, maxBytes); err != nil {
		return nil, fmt.Errorf("setting a member of %s: %w", obj.Path(), err)
	}
	head, tail := split(obj, name)
	out := slices.Clone(head)
	if obj.Len() > 0 {
		out = append(out, ',')
	}
	out = append(AppendString(out, name), ':')
	return slices.Concat(out, raw, tail), nil
}

// split cuts an object where a new member of this name belongs: after the last
// member, after the brace that opens an empty object, or, for an id, after the
// resourceType.
func split(obj Value, name string) (head, tail []byte) {
	all := obj.Raw()
	after := 1
	for member := range obj.children() {
		after = int(member.node().end - obj.node().start)
		if name == "id" && obj.doc.nameIs(member.node(), "resourceType") {
			break
		}
	}
	return all[:after], all[after:]
}
