package fhir

import "bytes"

// Equal reports whether two values mean the same: white space, the escaping of
// strings and the order of members aside. Numbers are compared as written,
// because FHIR's decimals differ in precision too. Two Absent values are equal.
func Equal(a, b Value) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case String:
		return bytes.Equal(a.Raw(), b.Raw()) || a.Text() == b.Text()
	case Array:
		return equalArrays(a, b)
	case Object:
		return equalObjects(a, b)
	default:
		return bytes.Equal(a.Raw(), b.Raw())
	}
}

func equalArrays(a, b Value) bool {
	j := b.i + 1
	for one := range a.children() {
		if !Equal(one, Value{b.doc, j}) {
			return false
		}
		j = b.doc.nodes[j].next
	}
	return true
}

// equalObjects relies on both having as many members and no name twice.
func equalObjects(a, b Value) bool {
	member := b.Get
	if b.Len() > few {
		index := make(map[string]Value, b.Len())
		for name, v := range b.Members() {
			index[name] = v
		}
		member = func(name string) Value { return index[name] }
	}
	for name, v := range a.Members() {
		if !Equal(v, member(name)) {
			return false
		}
	}
	return true
}
