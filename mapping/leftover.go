package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles/fhir"
)

// A refusal in words that nobody foresaw must not pass for silence. So where conditions
// choose, by the text of a field, which Consent is made, one map makes that of what is
// left over.

// leftOver asks that of every source.
func (p *parser) leftOver() {
	for _, name := range p.program.Sources() {
		var consents []*resourceMap
		for _, m := range p.program.of(name).maps {
			if m.typ == "Consent" {
				consents = append(consents, m)
			}
		}
		for _, m := range consents {
			for _, path := range m.when.chooses(m.path) {
				if !slices.ContainsFunc(consents, func(other *resourceMap) bool { return other.takesOther(path) }) {
					p.FailAt(m.rule.at, fmt.Sprintf("a Consent is made where %s has a text that is named, and none where it has another: a refusal in other words would not be taken. One more map makes what is left over: when %s != each text that refuses nothing", path, path))
				}
			}
		}
	}
}

// path is that of a field which the condition of a map asks, from the record of its source.
func (m *resourceMap) path(o *operand) string {
	if o.up > 0 || m.each == "" {
		return o.text
	}
	return m.each + "." + o.text
}

// chooses are the fields that have to have one of some texts for the condition to hold.
func (c *condition) chooses(path func(*operand) string) []string {
	if c == nil {
		return nil
	}
	switch {
	case c.test == member && c.a.kind == field:
		return []string{path(&c.a)}
	case c.test == compare && c.compare == "=" && c.a.kind == field && c.b.isFixed():
		return []string{path(&c.a)}
	case c.test == compare && c.compare == "=" && c.b.kind == field && c.a.isFixed():
		return []string{path(&c.b)}
	case c.test == all:
		var fields []string
		for _, term := range c.terms {
			fields = append(fields, term.chooses(path)...)
		}
		return fields
	case c.test == some:
		fields := c.terms[0].chooses(path)
		return slices.DeleteFunc(fields, func(f string) bool {
			return slices.ContainsFunc(c.terms, func(term *condition) bool { return !slices.Contains(term.chooses(path), f) })
		})
	}
	return nil
}

// takesOther reports whether a map makes its resource of a text of the field that no
// condition names.
func (m *resourceMap) takesOther(path string) bool {
	if m.when == nil {
		return true
	}
	asks := slices.ContainsFunc(m.when.fields(), func(o *operand) bool { return m.path(o) == path })
	return asks && m.when.holdsOfOther(func(o *operand) bool { return o.kind == field && m.path(o) == path })
}

// holdsOfOther reports whether a condition may hold where the field has a text that is not named.
func (c *condition) holdsOfOther(is func(*operand) bool) bool {
	other := func(term *condition) bool { return term.holdsOfOther(is) }
	switch {
	case c.test == all:
		return !slices.ContainsFunc(c.terms, func(term *condition) bool { return !other(term) })
	case c.test == some:
		return slices.ContainsFunc(c.terms, other)
	case c.test == present && is(&c.a):
		return !c.not
	case c.test == member && is(&c.a), c.test == compare && (is(&c.a) || is(&c.b)):
		return strings.HasPrefix(c.compare, "!")
	}
	return true
}

// Nor may a refusal that stands in another shape than the maps read: a list where they read
// an object has no text for them.

// shaped is a Record whose values may have another shape than what is read of them.
type shaped interface {
	// misshapen is the path of the first such value that says something; "" where none does.
	misshapen(r *reads) (path string)
}

// hear refuses a record in which something that a map of wishes reads has another shape.
func (r *run) hear(m *resourceMap, record Record) {
	of, ok := record.(shaped)
	if m.typ != "Consent" || !ok || r.proving {
		return
	}
	if path := of.misshapen(&m.reads); path != "" {
		at := &rule{id: m.rule.id, at: m.rule.at, from: operand{kind: field, text: path}}
		r.refuse(at, "", "it has another shape than the map reads, such as a list in the place of an object or a text; what the record says on sharing is not taken until it is mended")
	}
}

func (o Object) misshapen(r *reads) string { return r.misshapen("", o.value) }

func (r *reads) misshapen(path string, v fhir.Value) string {
	switch v.Kind() {
	case fhir.Object:
		switch {
		case len(r.members) == 0 && r.records != nil: // it stands for a group of one
			return r.records.misshapen(path, v)
		case len(r.members) == 0 && v.Len() > 0:
			return path
		}
		for name, member := range v.Members() {
			if inside := r.of(name); inside != nil {
				if at := inside.misshapen(syntax.JoinPath(path, name), member); at != "" {
					return at
				}
			}
		}
	case fhir.Array:
		if r.records == nil && v.Len() > 0 {
			return path
		}
		for element := range v.Each() {
			for name := range element.Members() { // which is read of an object, and not of the records of a list
				if r.members[name] != nil && r.records.of(name) == nil {
					return syntax.JoinPath(path, name)
				}
			}
			if at := r.records.misshapen(path, element); at != "" {
				return at
			}
		}
	default:
		if _, says := scalar(v); says && !r.text && (r.records == nil || !r.records.text) {
			return path
		}
	}
	return ""
}
