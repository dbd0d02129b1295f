package profiles

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// Shape says what the gateway knows of a type or of one element: its FHIR type, how
// often it may stand, and on what terms it may be copied into an answer. Shapes come
// from elements.txt, a closed list: an element that has no terms there is never
// copied. Shapes are shared and never change after they are read.
type Shape struct {
	Name     string  // as it stands in JSON: "activity", "deceasedBoolean"; of an extension its URL
	Type     string  // FHIR type: "code", "Identifier", "Reference", "BackboneElement"
	Choice   string  // of a choice element its name without the type, such as "deceased"
	Many     bool    // an array in JSON
	Required bool    // at least one
	Use      Use     // terms on which it is copied
	Items    ItemSet // with UseItems, what must be granted beside the resource's label

	path       string   // where its line stands: "CarePlan.activity.detail.scheduled[x]"
	args       []string // types that a Reference may lead to, required codes of a code
	rule       partRule
	base       string
	of         *Shape // the base of a type, the type of an element: its children are these as well
	parent     *Shape
	children   []*Shape
	byName     map[string]*Shape
	extensions []*Shape // allow-listed
	required   int      // how many children are required
	open       bool     // members that it does not list are not remarked on
}

// Use is the terms on which an element is copied into an answer.
type Use uint8

// The uses. The zero Use copies nothing.
const (
	UseNever    Use = iota // known to FHIR, never copied
	UseFrame               // copied with whatever surrounds it
	UseItems               // copied where all of Shape.Items are granted
	UseRule                // a rule of label_parts.go says, for each repetition, which items it needs
	UsePerson              // the reference to the person the resource is about
	UseWhole               // copied with all that is in it, or the resource is withheld
	UseModifier            // changes the meaning of the rest: its presence withholds the resource
	UseLanguage            // copied with whatever surrounds it, by the tags that R4 requires of a language
	UseRebuilt             // written anew by the gateway: id, meta, text
)

// ShapeOf gives the shape of a served type or of a datatype.
func ShapeOf(typ string) (*Shape, bool) {
	s, ok := elements().types[typ]
	if !ok || elements().resources[typ] && !slices.Contains(elements().served, typ) {
		return nil, false
	}
	return s, true
}

// ResourceShape gives the shape of any resource type of R4. Of a type that elements.txt
// does not detail only what all resources have is known.
func ResourceShape(typ string) (*Shape, bool) { return elements().resource(typ) }

// ResourceTypes lists the resource types of R4, sorted.
func ResourceTypes() []string { return slices.Sorted(maps.Keys(elements().resources)) }

// ServedTypes lists the resource types that the gateway serves, sorted.
func ServedTypes() []string { return slices.Clone(elements().served) }

// resource is the shape of a resource type. A type of R4 that the table does not
// detail has what all resources have, and is open.
func (t *elementTable) resource(name string) (*Shape, bool) {
	if !t.resources[name] {
		return nil, false
	}
	if s, detailed := t.types[name]; detailed {
		return s, true
	}
	return &Shape{Name: name, of: t.types["DomainResource"], open: true}, true
}

func (s *Shape) isResource() bool {
	for ; s != nil; s = s.of {
		if s.path == "Resource" {
			return true
		}
	}
	return false
}

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

// Member gives the shape of a member as JSON writes it: an element, or what extends a
// primitive one ("_title"). It is nil, and known, where elements.txt does not say.
func (s *Shape) Member(name string) (m *Shape, known bool) {
	plain, companion := strings.CutPrefix(name, "_")
	e, known := s.Child(plain)
	switch {
	case known && !companion:
		return e, true
	case known && isPrimitive(e.Type):
		return elements().types["Element"], true
	}
	return nil, s.open
}

// Children gives every member's shape, in the order of elements.txt, those of its type last.
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
	return byURL(elements().everywhere, url)
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
	if isPrimitive(s.Type) {
		return primitives[s.Type].kind
	}
	return fhir.Object
}
