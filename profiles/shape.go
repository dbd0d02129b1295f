package profiles

import (
	"iter"
	"slices"
	"sync"

	"cpagateway/profiles/fhir"
)

// Shape says what the gateway knows of one element: its FHIR type, how often it
// may stand, and on what terms it may be copied into an answer. Shapes come from
// shapes.txt, a closed list: an element that is not in it is never copied.
// Shapes are shared and never change after they are read.
type Shape struct {
	Name     string   // as it stands in JSON: "activity", "deceasedBoolean"
	Type     string   // FHIR type: "code", "Identifier", "Reference", "BackboneElement"
	Choice   string   // of a choice element its name without the type, such as "deceased"
	Targets  []string // of a Reference, the types it may lead to; "Resource" is any
	Many     bool     // an array in JSON
	Required bool     // at least one
	Use      Use      // terms on which it is copied
	Items    ItemSet  // with UseItems, what must be granted beside the resource's label

	rule       partRule
	of         *Shape // the datatype, whose children these are as well
	children   []*Shape
	byName     map[string]*Shape
	extensions []*Shape // allow-listed, Name is the URL
	required   int      // how many children are required
}

// Use is the terms on which an element is copied into an answer.
type Use uint8

// The uses. The zero Use copies nothing.
const (
	UseNever    Use = iota // known to FHIR, never copied
	UseFrame               // copied with whatever surrounds it
	UseItems               // copied where all of Shape.Items are granted
	UseRule                // a rule of label.go says, for each repetition, which items it needs
	UsePerson              // the reference to the person the resource is about
	UseWhole               // copied with all that is in it, or the resource is withheld
	UseModifier            // changes the meaning of the rest: its presence withholds the resource
	UseRebuilt             // written anew by the gateway: id, meta, text
)

var shapes = sync.OnceValue(func() shapeTable { return readShapes(shapesText) })

// ShapeOf gives the shape of a served type or of a datatype they need.
func ShapeOf(typ string) (*Shape, bool) {
	s, ok := shapes().types[typ]
	return s, ok
}

// ServedTypes lists the resource types that the gateway serves, sorted.
func ServedTypes() []string { return slices.Clone(shapes().served) }

// Child gives the shape of a member, by its JSON name.
func (s *Shape) Child(name string) (*Shape, bool) {
	if c, ok := s.byName[name]; ok {
		return c, true
	}
	if s.of != nil {
		return s.of.Child(name)
	}
	return nil, false
}

// Children gives every member's shape, in the order of shapes.txt.
func (s *Shape) Children() iter.Seq[*Shape] {
	return func(yield func(*Shape) bool) {
		for of := s; of != nil; of = of.of {
			for _, c := range of.children {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// RequiredChildren is how many of the children are required.
func (s *Shape) RequiredChildren() int { return s.required }

// Extension gives the shape of an extension that may stand here, by its URL.
// Its Type is the type of its value; an empty Type is a complex extension, whose
// parts are again extensions.
func (s *Shape) Extension(url string) (*Shape, bool) {
	for of := s; of != nil; of = of.of {
		if e, ok := byURL(of.extensions, url); ok {
			return e, true
		}
	}
	return byURL(shapes().everywhere, url)
}

func byURL(extensions []*Shape, url string) (*Shape, bool) {
	for _, e := range extensions {
		if e.Name == url {
			return e, true
		}
	}
	return nil, false
}

// JSON is the JSON kind of one repetition of the element: Object for everything
// but the primitive types.
func (s *Shape) JSON() fhir.Kind {
	if k, ok := primitiveKinds[s.Type]; ok {
		return k
	}
	return fhir.Object
}

// primitiveKinds is R4's primitive types and how JSON writes them. Binary data
// is not among them: no attachment is ever copied.
var primitiveKinds = map[string]fhir.Kind{
	"boolean": fhir.Bool,
	"integer": fhir.Number, "unsignedInt": fhir.Number, "positiveInt": fhir.Number, "decimal": fhir.Number,
	"string": fhir.String, "markdown": fhir.String, "code": fhir.String, "id": fhir.String,
	"uri": fhir.String, "url": fhir.String, "canonical": fhir.String, "oid": fhir.String, "uuid": fhir.String,
	"date": fhir.String, "dateTime": fhir.String, "instant": fhir.String, "time": fhir.String,
}
