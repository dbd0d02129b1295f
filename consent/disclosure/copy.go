package disclosure

import (
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// copier copies what may be copied of one resource. Its methods append to dst and
// report whether there was anything to copy; where not, the caller drops what they
// appended, so that nothing empty is left behind.
//
// Every member and array element is appended with a comma before it, and the first
// comma of an object or array then becomes its bracket.
type copier struct {
	resource fhir.Value
	self     string // the reference by which the resource names its person
	person   profiles.PersonID
	granted  profiles.ItemSet
	targets  map[string]Target

	carried profiles.ItemSet // needed by what was copied
	need    profiles.ItemSet // what the top-level element being copied needs
	whole   bool             // inside an element that is copied whole or not at all
	refused bool             // the resource must be withheld as a whole
	noted   *notes           // where the needs of each piece are kept; nil where nobody asked
	traced  *origins         // where each repetition comes from is kept; nil where nobody asked
}

// refuse withholds the resource as a whole.
func (c *copier) refuse() {
	c.refused = true
	c.noted.refused(c.need)
}

// cut drops what was appended after a mark.
func (c *copier) cut(dst []byte, mark int) []byte {
	c.noted.cut(mark)
	c.traced.cut(mark)
	return dst[:mark]
}

// members copies the members of an object: those that elements.txt lists and, at
// the top of the resource, that are granted. It reports false where the object
// is left with nothing but extensions or lacks what FHIR requires of it.
func (c *copier) members(dst []byte, s *profiles.Shape, v fhir.Value) ([]byte, bool) {
	required, content := 0, false
	for name, member := range v.Members() {
		mark := len(dst)
		if v == c.resource {
			c.whole, c.need = false, profiles.ItemSet{}
		}
		if name == "extension" {
			if out, ok := c.extensions(dst, s, v, member); ok {
				dst = out
			}
			continue
		}
		out, element := c.member(dst, s, v, name, member)
		if element == nil {
			dst = c.cut(dst, mark)
			if c.whole && name != "id" {
				c.refuse()
			}
			continue
		}
		dst, content = out, true
		if element.Required && (name == element.Name || !v.Get(element.Name).Exists()) {
			required++
		}
	}
	return dst, content && required == s.RequiredChildren()
}

// member copies one member of v, by its name in the table; the shape it returns
// is nil where nothing was copied.
func (c *copier) member(dst []byte, s *profiles.Shape, v fhir.Value, name string, member fhir.Value) ([]byte, *profiles.Shape) {
	plain, sibling := strings.CutPrefix(name, "_")
	element, known := s.Child(plain)
	switch {
	case name == "modifierExtension", known && element.Use == profiles.UseModifier:
		c.refuse()
		return dst, nil
	case !known, element.Use == profiles.UseNever, element.Use == profiles.UseRebuilt:
		return dst, nil
	}
	if v == c.resource {
		c.whole = element.Use == profiles.UseWhole
	}
	dst = append(fhir.AppendString(append(dst, ','), name), ':')
	ok := false
	switch {
	case sibling:
		dst, ok = c.sibling(dst, element, v, member)
	case element.Use == profiles.UsePerson:
		dst, ok = c.subject(dst, element, member)
	case element.Use == profiles.UseLanguage:
		dst, ok = spoken(dst, member)
	case element.Many:
		dst, ok = c.array(dst, element, v, member)
	default:
		dst, ok = c.part(dst, element, v, member)
	}
	if !ok {
		return dst, nil
	}
	return dst, element
}

func (c *copier) array(dst []byte, s *profiles.Shape, of, list fhir.Value) ([]byte, bool) {
	start := len(dst)
	if list.Kind() != fhir.Array {
		return dst, false
	}
	for part := range list.Each() {
		mark := len(dst)
		out, ok := c.part(append(dst, ','), s, of, part)
		if !ok {
			dst = c.cut(dst, mark)
			if c.whole {
				c.refuse()
			}
			continue
		}
		dst = out
		c.traced.add(mark+len(","), part)
	}
	return closed(dst, start, '[')
}

// part copies one repetition of an element of v, if what it needs is granted.
func (c *copier) part(dst []byte, s *profiles.Shape, of, part fhir.Value) ([]byte, bool) {
	start, need := len(dst), c.needs(of, s.Name, part)
	if !c.granted.Covers(need) {
		return dst, false
	}
	dst, ok := c.value(dst, s, part)
	if ok {
		c.carry(start, need)
	}
	return dst, ok
}

// carry says that what was appended at start was copied, and what it needed.
func (c *copier) carry(start int, need profiles.ItemSet) {
	c.carried = c.carried.Union(need)
	c.note(start, profiles.Label{Need: need})
}

// needs is what one repetition of an element needs beside the label: inside an
// element nothing more than the element itself did.
func (c *copier) needs(of fhir.Value, name string, part fhir.Value) profiles.ItemSet {
	if of != c.resource {
		return profiles.ItemSet{}
	}
	c.need = profiles.PartItems(c.resource, name, part)
	return c.need
}

// value copies a value of the JSON kind that its shape wants, and no other: what
// stands where a string should be could hold anything.
func (c *copier) value(dst []byte, s *profiles.Shape, v fhir.Value) ([]byte, bool) {
	switch {
	case v.Kind() != s.JSON():
		return dst, false
	case v.Kind() == fhir.String:
		return append(dst, v.Raw()...), len(v.Raw()) > len(`""`)
	case v.Kind() != fhir.Object:
		return append(dst, v.Raw()...), true
	case s.Type == "Reference":
		return c.reference(dst, s, v)
	}
	start := len(dst)
	dst, ok := c.members(dst, s, v)
	if !ok {
		return dst, false
	}
	return closed(dst, start, '{')
}

// sibling copies the extensions of a primitive ("_birthDate"). Those of repeated
// primitives are not copied: they stand by position, and positions move.
func (c *copier) sibling(dst []byte, s *profiles.Shape, of, v fhir.Value) ([]byte, bool) {
	start := len(dst)
	need := c.needs(of, s.Name, v)
	if s.Many || s.JSON() == fhir.Object || !c.granted.Covers(need) {
		return dst, false
	}
	dst, ok := c.extensions(dst, s, v, v.Get("extension"))
	if !ok {
		return dst, false
	}
	c.carry(start, need)
	return closed(dst, start, '{')
}

// extensions copies those extensions of v that the table lists for it.
func (c *copier) extensions(dst []byte, s *profiles.Shape, of, list fhir.Value) ([]byte, bool) {
	dst = append(dst, `,"extension":`...)
	start := len(dst)
	for ext := range list.Each() {
		mark := len(dst)
		shape, known := s.Extension(ext.Get("url").Text())
		need := c.needs(of, "extension", ext)
		if known && c.granted.Covers(need) {
			out, ok := c.extension(append(dst, ','), shape, ext)
			if ok {
				dst = out
				c.carry(mark+len(","), need)
				c.traced.add(mark+len(","), ext)
				continue
			}
		}
		dst = c.cut(dst, mark)
		if c.whole {
			c.refuse()
		}
	}
	return closed(dst, start, '[')
}

// extension copies one extension: its value, or, of a complex one, its parts.
func (c *copier) extension(dst []byte, s *profiles.Shape, ext fhir.Value) ([]byte, bool) {
	dst = fhir.AppendString(append(dst, `{"url":`...), s.Name)
	ok := false
	if s.Type == "" {
		dst, ok = c.extensions(dst, s, ext, ext.Get("extension"))
	} else {
		name := "value" + strings.ToUpper(s.Type[:1]) + s.Type[1:]
		dst = append(fhir.AppendString(append(dst, ','), name), ':')
		dst, ok = c.value(dst, s, ext.Get(name))
	}
	return append(dst, '}'), ok
}

// closed puts the brackets round what was appended since start, if anything was.
func closed(dst []byte, start int, bracket byte) ([]byte, bool) {
	if len(dst) == start {
		return dst, false
	}
	dst[start] = bracket
	return append(dst, bracket+2), true // ']' and '}' stand two after '[' and '{'
}
