package fhir

import (
	"iter"
	"regexp"
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)

// IsID reports whether a string has the form of a resource's id.
func IsID(s string) bool { return idForm.MatchString(s) }

// References are the strings of every member called "reference" anywhere inside
// v, contained resources and extensions included: where a FHIR resource says
// what it points to. Canonical and other URIs are not among them.
func References(v Value) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.doc == nil {
			return
		}
		for i := v.i + 1; i < v.node().next; i++ {
			n := &v.doc.nodes[i]
			inObject := v.doc.nodes[n.parent].kind == Object
			if n.kind == String && inObject && v.doc.nameIs(n, "reference") && !yield(Value{v.doc, i}) {
				return
			}
		}
	}
}

// Codes are the codes of a code, Coding or CodeableConcept, or of an array of
// these, each with its system: "" for a code, whose system the element implies,
// and for a Coding that names none. A Coding without a code is left out.
func Codes(v Value) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for coding := range codings(v) {
			system, code := coding.Get("system").Text(), coding.Get("code").Text()
			if coding.Kind() == String {
				code = coding.Text()
			}
			if code != "" && !yield(system, code) {
				return
			}
		}
	}
}

// HasCode reports whether v (as for Codes) holds the code of the system. For a
// code its element implies the system, so only the code is compared.
func HasCode(v Value, system, code string) bool {
	if code == "" {
		return false
	}
	for coding := range codings(v) {
		if coding.Is(code) || coding.Get("code").Is(code) && isSystem(coding.Get("system"), system) {
			return true
		}
	}
	return false
}

func isSystem(v Value, system string) bool {
	return v.Is(system) || system == "" && v.Text() == ""
}

// codings are the strings and objects that may hold a code: each value of v,
// and what its member "coding" holds. An object is not asked which of the two
// types it is: one that claims to be both must not hide a code.
func codings(v Value) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for one := range v.Each() {
			if !yield(one) || !one.Get("coding").each(yield) {
				return
			}
		}
	}
}
