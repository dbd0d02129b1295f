package fhir

import (
	"encoding/json"
	"fmt"
	"reflect"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Marshal writes a resource that the gateway itself authors: a
// CapabilityStatement, OperationOutcome, Bundle or AuditEvent of samply's, as a
// value. Any other type is refused, because what is stored must not pass
// through types that lose part of it.
//
// samply's own encoding would put the resourceType last, escape < > &, and
// invent what FHIR has no room for: {} for a required element that was not set,
// "" for each type of a required choice, null for a required list. Here the
// resourceType comes first and what is empty is not written. Resources within
// (Bundle.entry.resource) are copied byte for byte.
//
// What was left out is the author's to know: a required code that is never set
// is written as the first of its code set (testdata/samply.txt lists them).
func Marshal(authored any) ([]byte, error) {
	switch authored.(type) {
	case models.CapabilityStatement, models.OperationOutcome, models.Bundle, models.AuditEvent:
	default:
		return nil, fmt.Errorf("writing a %T: not a type that the gateway authors", authored)
	}
	v := reflect.ValueOf(authored)
	e := encoder{Writer: NewWriter(nil), depth: 1}
	e.BeginObject()
	e.Member("resourceType", v.Type().Name())
	if err := e.members(v); err != nil {
		return nil, fmt.Errorf("writing a %s: %w", v.Type().Name(), err)
	}
	e.EndObject()
	return e.Bytes(), nil
}

// An encoder writes samply's structs; depth counts the containers around.
type encoder struct {
	*Writer
	depth int
}

// members writes the fields of a struct that hold something.
func (e *encoder) members(v reflect.Value) error {
	for field, content := range v.Fields() {
		before := len(e.buf)
		e.Name(elementName(field))
		bare := len(e.buf)
		if err := e.value(content); err != nil {
			return fmt.Errorf("%s: %w", elementName(field), err)
		}
		if len(e.buf) == bare {
			e.buf = e.buf[:before]
		}
	}
	return nil
}

// value writes a value, or nothing where it is empty. Numbers and booleans are
// never empty, unless behind a nil pointer.
func (e *encoder) value(v reflect.Value) error {
	switch content := v.Interface().(type) {
	case json.RawMessage:
		return e.document(content, Object)
	case json.Number:
		return e.document([]byte(content), Number)
	case coder:
		return e.code(v, content)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return e.value(v.Elem())
	case reflect.Struct:
		return e.within(e.BeginObject, e.EndObject, func() error { return e.members(v) })
	case reflect.Slice:
		return e.within(e.BeginArray, e.EndArray, func() error { return e.elements(v) })
	case reflect.String:
		if v.Len() > 0 {
			e.String(v.String())
		}
	case reflect.Bool:
		e.Bool(v.Bool())
	case reflect.Int:
		e.Int(v.Int())
	default:
		return fmt.Errorf("a field of kind %s", v.Kind())
	}
	return nil
}

// within writes a container, unless nothing comes to stand in it.
func (e *encoder) within(begin, end func(), content func() error) error {
	before := len(e.buf)
	begin()
	e.depth++
	bare := len(e.buf)
	if err := content(); err != nil {
		return err
	}
	e.depth--
	if len(e.buf) == bare {
		e.buf = e.buf[:before]
		return nil
	}
	end()
	return nil
}

func (e *encoder) elements(v reflect.Value) error {
	for i := range v.Len() {
		if err := e.value(v.Index(i)); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

// document copies JSON that is already written, if it is, and of this kind.
func (e *encoder) document(raw []byte, kind Kind) error {
	if len(raw) == 0 {
		return nil
	}
	d, err := parse(raw, e.depth, maxBytes)
	if err != nil {
		return err
	}
	if d.nodes[0].kind != kind {
		return fmt.Errorf("the JSON is not of kind %s", kind)
	}
	e.Raw(raw)
	return nil
}

// code writes a code. A pointer to one has the method too, also when it is nil.
func (e *encoder) code(v reflect.Value, c coder) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return e.value(v.Elem())
	}
	text := c.Code()
	if text == unknownCode {
		return fmt.Errorf("not a code of %s", v.Type().Name())
	}
	e.String(text)
	return nil
}

// What samply's types say of a number that is none of their codes.
const unknownCode = "<unknown>"
