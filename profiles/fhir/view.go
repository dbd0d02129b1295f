package fhir

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// View reads a resource into one of samply's types, whose name must be its
// resourceType. It is for reading: the type has no place for contained
// resources, primitive extensions and elements it does not know, so never write
// from a view, edit the bytes (Splice, SetMember).
//
// Two things that the type would get wrong are errors here: a required code
// that is absent (it would read as the code set's first, a Consent without a
// status as draft), and a name in other capitals than FHIR's (it would read
// as the element, which Get does not). The error tells the path and never a
// value.
func View[T any](v Value) (T, error) {
	var view T
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct || v.Type() != t.Name() {
		return view, fmt.Errorf("viewing %s as %s: another resourceType", v.Path(), t.Name())
	}
	if err := faithful(v, t); err != nil {
		return view, fmt.Errorf("viewing a %s: %w", t.Name(), err)
	}
	if err := json.Unmarshal(v.Raw(), &view); err != nil {
		var zero T
		return zero, fmt.Errorf("viewing a %s: %w", t.Name(), withoutValue(err))
	}
	return view, nil
}

// withoutValue takes the place of an error that quotes the document.
func withoutValue(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is not of its JSON type", wrong.Field)
	}
	return errors.New("a code or number is not one that FHIR has")
}

// faithful compares the names in v with the elements of the type t.
func faithful(v Value, t reflect.Type) error {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t != rawMessage {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for one := range v.Each() {
		if err := faithfulStruct(one, t); err != nil {
			return err
		}
	}
	return nil
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

func faithfulStruct(v Value, t reflect.Type) error {
	for field := range t.Fields() {
		if name := elementName(field); isCode(field.Type) && !v.Get(name).Exists() {
			return fmt.Errorf("%s.%s: a required code is absent", v.Path(), name)
		}
	}
	for written, member := range v.Members() {
		for field := range t.Fields() {
			name := elementName(field)
			if written != name && strings.EqualFold(written, name) {
				return fmt.Errorf("%s.%s: written in other capitals", v.Path(), name)
			}
			if written != name {
				continue
			}
			if err := faithful(member, field.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

// elementName is the FHIR element that a field of samply's types stands for.
func elementName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// A coder is a value of a required code set; samply holds it as a number.
type coder interface{ Code() string }

func isCode(t reflect.Type) bool {
	return t.Kind() == reflect.Int && t.Implements(reflect.TypeFor[coder]())
}
