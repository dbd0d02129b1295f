package tasks

import (
	"slices"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// words are what people read of a part of a record: what an answer could hold of it, each
// value under the name of its element. There are none where the part is not there.
func words(record fhir.Value, member string, part fhir.Value) []string {
	shape, _ := profiles.ShapeOf(record.Type())
	r := reader{contact: profiles.PlanPart(part) == profiles.CodePartContact}
	if element, known := shape.Child(member); known {
		r.element(element, part)
	} else if member == "extension" {
		r.extension(shape, part)
	}
	return r.lines
}

type reader struct {
	lines   []string
	contact bool // whom to call: who that is stands in a display
}

func (r *reader) say(name, text string) {
	if text != "" {
		r.lines = append(r.lines, name+": "+text)
	}
}

// unread are the terms under which nothing of an element is copied.
var unread = []profiles.Use{profiles.UseNever, profiles.UseRebuilt, profiles.UseModifier, profiles.UsePerson}

func (r *reader) element(s *profiles.Shape, v fhir.Value) {
	switch {
	case slices.Contains(unread, s.Use):
	case v.Kind() == fhir.Array:
		for one := range v.Each() {
			r.element(s, one)
		}
	case v.Kind() != s.JSON():
	case v.Kind() == fhir.String:
		r.say(s.Name, v.Text())
	case v.Kind() != fhir.Object:
		r.say(s.Name, string(v.Raw()))
	case s.Type == "Reference":
		r.reference(s, v)
	case s.Type == "CodeableConcept":
		r.say(s.Name, said(v))
	default:
		r.members(s, v)
	}
}

func (r *reader) members(s *profiles.Shape, v fhir.Value) {
	for name, member := range v.Members() {
		if name == "extension" {
			for ext := range member.Each() {
				r.extension(s, ext)
			}
		} else if element, known := s.Child(name); known && name != "id" {
			r.element(element, member)
		}
	}
}

// extension reads an extension that may stand on s, under the last word of its URL.
func (r *reader) extension(s *profiles.Shape, ext fhir.Value) {
	shape, known := s.Extension(ext.Get("url").Text())
	if !known {
		return
	}
	if shape.Type == "" {
		for part := range ext.Get("extension").Each() {
			r.extension(shape, part)
		}
		return
	}
	var value reader
	value.element(shape, ext.Get("value"+strings.ToUpper(shape.Type[:1])+shape.Type[1:]))
	name := shape.Name[strings.LastIndexAny(shape.Name, "/-")+1:]
	for _, line := range value.lines {
		_, text, _ := strings.Cut(strings.TrimPrefix(line, shape.Name), ": ")
		r.say(strings.ToLower(name), text)
	}
}

// reference reads where a reference leads, if that is to staff or an organisation: what
// else it leads to is known by other means, or is somebody else's.
func (r *reader) reference(s *profiles.Shape, v fhir.Value) {
	to := v.Get("reference").Text()
	if typ, _, _ := strings.Cut(to, "/"); profiles.DirectoryType(typ) {
		r.say(s.Name, to)
	}
	if r.contact && s.Name == "performer" {
		r.say(s.Name, v.Get("display").Text())
	}
}

// said is a concept in words, or in codes where it has none.
func said(concept fhir.Value) string {
	if text := concept.Get("text").Text(); text != "" {
		return text
	}
	var list []string
	for coding := range concept.Get("coding").Each() {
		text := coding.Get("display").Text()
		if text == "" {
			text = coding.Get("code").Text()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}
