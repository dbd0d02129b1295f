package fhir

import "iter"

// A Value is one value of a parsed document: cheap to copy, comparable, never
// changing. The zero Value is Absent, and so is whatever is asked of it, so
// that a path can be followed without asking at each step.
type Value struct {
	doc *document
	i   uint32
}

// node is only called where doc is not nil.
func (v Value) node() *node { return &v.doc.nodes[v.i] }

// Kind is the JSON kind; Absent for the zero Value.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.node().kind
}

// Exists reports whether there is a value at all; null is one.
func (v Value) Exists() bool { return v.doc != nil }

// Len is the number of an object's members or an array's elements, 0 for
// anything else.
func (v Value) Len() int {
	if v.doc == nil {
		return 0
	}
	return int(v.node().count)
}

// children walks an array's or object's direct content.
func (v Value) children() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Len() == 0 {
			return
		}
		for i := v.i + 1; i < v.node().next; i = v.doc.nodes[i].next {
			if !yield(Value{v.doc, i}) {
				return
			}
		}
	}
}

// Get is the member of an object, Absent where there is none or v is no object.
func (v Value) Get(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	for member := range v.children() {
		if v.doc.nameIs(member.node(), name) {
			return member
		}
	}
	return Value{}
}

// At is element i of an array, from 0; Absent beyond its ends or where v is no
// array. It counts from the front: to see all elements use Each.
func (v Value) At(i int) Value {
	if v.Kind() != Array {
		return Value{}
	}
	for element := range v.children() {
		if int(element.node().name) == i {
			return element
		}
	}
	return Value{}
}

// Members are an object's members in the order of the document, names
// unescaped; none where v is no object.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for member := range v.children() {
			if !yield(v.doc.memberName(member.node()), member) {
				return
			}
		}
	}
}

// Each is an array's elements, or v itself where it is anything else, or
// nothing where it is Absent: FHIR's 0..* and 0..1 read alike.
func (v Value) Each() iter.Seq[Value] {
	return func(yield func(Value) bool) { v.each(yield) }
}

// each reports whether yield wanted everything.
func (v Value) each(yield func(Value) bool) bool {
	if v.Kind() != Array {
		return !v.Exists() || yield(v)
	}
	for element := range v.children() {
		if !yield(element) {
			return false
		}
	}
	return true
}

// Find follows the names, stepping into the first element of each array on the
// way. Where the last name is of an array, the array is what it finds.
func (v Value) Find(path ...string) Value {
	for _, name := range path {
		if v.Kind() == Array {
			v = v.At(0)
		}
		v = v.Get(name)
	}
	return v
}

// All is every value at the path, stepping into every element of each array on
// the way and at its end.
func (v Value) All(path ...string) iter.Seq[Value] {
	return func(yield func(Value) bool) { v.all(path, yield) }
}

func (v Value) all(path []string, yield func(Value) bool) bool {
	for one := range v.Each() {
		if len(path) == 0 {
			if !yield(one) {
				return false
			}
		} else if !one.Get(path[0]).all(path[1:], yield) {
			return false
		}
	}
	return true
}
