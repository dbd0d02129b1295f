package mapping

import (
	"strings"

	"cpagateway/profiles/fhir"
)

// Record is what a map reads: a row with its joined rows, or an object of a
// JSON document. Implementations need not be safe for concurrent use.
type Record interface {
	// Field is the text of a named field, false where it is blank or missing. A
	// dotted name steps into joined records or inner objects; "." is the text of
	// the record itself, for lists of plain strings. Blank means empty or white
	// space only, so a map never has to ask twice.
	Field(name string) (text string, ok bool)
	// Group is the records of a named repeated group in their order, empty where
	// there are none.
	Group(name string) []Record
	// At is where the field stands in what was read; "" asks for the record.
	At(name string) Position
}

// Object is a Record over a JSON value. A number, true and false read as they
// are written; null, objects and arrays have no text.
type Object struct {
	value fhir.Value
	file  string
	row   int
}

// NewObject makes the Record of a parsed document. File and row say where it
// stood: row is the line or entry, 1-based, 0 for a file that is one document.
func NewObject(v fhir.Value, file string, row int) Object {
	return Object{value: v, file: file, row: row}
}

// Value is the JSON value under the record.
func (o Object) Value() fhir.Value { return o.value }

// Field implements Record.
func (o Object) Field(name string) (string, bool) {
	return scalar(o.step(name))
}

// Group implements Record. A value that is not a list is a group of one.
func (o Object) Group(name string) []Record {
	var group []Record
	for v := range o.value.All(strings.Split(name, ".")...) {
		if v.Kind() != fhir.Null {
			group = append(group, Object{value: v, file: o.file, row: o.row})
		}
	}
	return group
}

// At implements Record.
func (o Object) At(name string) Position {
	path := strings.TrimPrefix(strings.TrimPrefix(o.value.Path(), "$"), ".")
	switch {
	case name == "" || name == ".":
	case path == "":
		path = name
	default:
		path += "." + name
	}
	return Position{File: o.file, Row: o.row, Field: path}
}

// step follows objects only: stepping into a list by name would silently read
// its first element and drop the others.
func (o Object) step(name string) fhir.Value {
	v := o.value
	if name == "." {
		return v
	}
	for name != "" {
		first, rest, _ := strings.Cut(name, ".")
		v, name = v.Get(first), rest
	}
	return v
}

func scalar(v fhir.Value) (string, bool) {
	var text string
	switch v.Kind() {
	case fhir.String:
		text = v.Text()
	case fhir.Number, fhir.Bool:
		text = string(v.Raw())
	}
	return text, strings.TrimSpace(text) != ""
}
