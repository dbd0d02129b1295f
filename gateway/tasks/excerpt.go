package tasks

import (
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// excerpt is a resource with what makes its label and, of one member, some parts alone.
type excerpt struct {
	id     string
	member string
	parts  []fhir.Value
}

// heads are the members that say what a resource needs as a whole.
var heads = map[string]bool{
	"status": true, "_status": true, "intent": true, "_intent": true, "lifecycleStatus": true, "_lifecycleStatus": true, "category": true, "type": true,
	"code": true, "subject": true, "patient": true, "implicitRules": true, "modifierExtension": true, "extension": true,
}

func (e excerpt) write(w *fhir.Writer, record fhir.Value) {
	w.Object(func() {
		w.Member("resourceType", record.Type())
		w.Member("id", e.id)
		for name, member := range record.Members() {
			switch {
			case name == e.member || !heads[name]:
			case name == "extension":
				list(w, name, marks(member))
			default:
				w.Name(name).Value(member)
			}
		}
		switch {
		case e.ofList(record):
			list(w, e.member, e.parts)
		case len(e.parts) > 0:
			w.Name(e.member).Value(e.parts[0])
		}
	})
}

// ofList reports whether the parts are objects of a list: a list of anything else is a part
// itself.
func (e excerpt) ofList(record fhir.Value) bool {
	shape, _ := profiles.ShapeOf(record.Type())
	element, known := shape.Child(e.member)
	many := known && element.Many || record.Get(e.member).Kind() == fhir.Array
	return many && len(e.parts) > 0 && e.parts[len(e.parts)-1].Kind() == fhir.Object
}

// marks are the extensions that restrict a resource as a whole.
func marks(extensions fhir.Value) (list []fhir.Value) {
	for ext := range extensions.Each() {
		if ext.Get("url").Is(profiles.ExtRestriction) {
			list = append(list, ext)
		}
	}
	return list
}

func list(w *fhir.Writer, name string, elements []fhir.Value) {
	if len(elements) == 0 {
		return
	}
	w.Name(name).Array(func() {
		for _, one := range elements {
			w.Value(one)
		}
	})
}
