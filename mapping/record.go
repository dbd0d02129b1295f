package mapping

import (
	"strings"

	"cpagateway/profiles/fhir"
)

// Record is what a map reads: a row with its joined rows, or an object of a
// JSON document. Implementations need not be safe for concurrent use.
type Record interface {
	// Field is the text of a field, false where it is blank or missing. A
	// dotted name steps into joined records or inner objects; "." is the text of
	// the record itself, for lists of plain strings. Blank means empty or white
	// space only, so a map never has to ask twice.
	Field(f *Field) (text string, ok bool)
	// Group is the records of a named repeated group in their order, empty where
	// there are none.
	Group(name string) []Record
	// At is where the field stands in what was read; "" asks for the record.
	At(name string) Position
}

// Field is what maps and conditions call a field. A program has each name once, and numbers
// it, so that a format can note once for many records where a field stands.
type Field struct {
	Name   string
	Number int    // among those of its program, from 1; 0: of none
	Of     string // what stands before the first dot of the name
	Rest   *Field // what stands behind it; nil where there is no dot
}

// fieldOf is the one that is known by a name, or a new one; of no program where known is nil.
func fieldOf(known map[string]*Field, name string) *Field {
	if f := known[name]; f != nil {
		return f
	}
	f := &Field{Name: name}
	if known != nil {
		known[name], f.Number = f, len(known)+1
	}
	if of, rest, dotted := strings.Cut(name, "."); dotted {
		f.Of, f.Rest = of, fieldOf(known, rest)
	}
	return f
}

// Field is the one of a name, for a format that is made of the program: until then alone.
func (p *Program) Field(name string) *Field { return fieldOf(p.fields, name) }

// Text is the text of a field by its name alone.
func Text(r Record, name string) (string, bool) {
	return r.Field(fieldOf(nil, name))
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
func (o Object) Field(f *Field) (string, bool) {
	return scalar(o.step(f.Name))
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
