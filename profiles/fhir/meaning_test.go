package fhir

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// meaning is what encoding/json with UseNumber makes of a document.
func meaning(v Value) any {
	switch v.Kind() {
	case Object:
		object := map[string]any{}
		for name, member := range v.Members() {
			object[name] = meaning(member)
		}
		return object
	case Array:
		array := []any{}
		for element := range v.Each() {
			array = append(array, meaning(element))
		}
		return array
	case String:
		return v.Text()
	case Number:
		return json.Number(v.Raw())
	case Bool:
		return v.Bool()
	default:
		return nil
	}
}

// sameMeaning asks encoding/json, which nobody here wrote.
func sameMeaning(v Value, src []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	var read any
	return decoder.Decode(&read) == nil && reflect.DeepEqual(meaning(v), read)
}
