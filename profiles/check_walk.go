package profiles

import (
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// object checks the members of an object against its shape.
func (c *checker) object(v fhir.Value, s *Shape) {
	if v.Kind() != fhir.Object {
		c.refuse("structure", v, "must be an object")
		return
	}
	present := make(map[string]string)
	for name, member := range v.Members() {
		if name != "resourceType" || !s.isResource() {
			c.member(member, name, s, present)
		}
	}
	if v.Len() == 0 {
		c.refuse("structure", v, "must not be empty (ele-1)")
	}
	for e := range s.Children() {
		if _, there := present[e.path]; e.Required && !there {
			c.report(SeverityError, "required", v, e.path[strings.LastIndexByte(e.path, '.'):], "is required")
			present[e.path] = ""
		}
	}
	for of := s; of != nil; of = of.of {
		if rule := rules[of.path]; rule != nil {
			rule(c, v)
		}
	}
}

// member checks one member, or the extensions of a primitive one ("_status").
// It notes in present which line of the table it is, and under which name.
func (c *checker) member(v fhir.Value, name string, s *Shape, present map[string]string) {
	m, known := s.Member(name)
	if !known {
		c.report(SeverityInformation, "informational", v, "", "is not an element of FHIR R4; kept as it is")
	}
	if m == nil {
		return
	}
	plain, companion := strings.CutPrefix(name, "_")
	e, _ := s.Child(plain)
	if before, there := present[e.path]; there && before != plain {
		c.refuse("structure", v, "stands beside another variant of the same element; only one may")
		return
	}
	present[e.path] = plain
	if fault := arrayFault(v, e); fault != "" {
		c.refuse("structure", v, fault)
		return
	}
	for one := range v.Each() {
		switch {
		case one.Kind() == fhir.Null && e.Many && isPrimitive(e.Type):
			// a gap: the value or its extensions stand at this place of the other array
		case companion:
			c.object(one, elements().types["Element"])
		default:
			c.value(one, e)
		}
	}
}

// arrayFault says where JSON's array and the element's cardinality disagree.
func arrayFault(v fhir.Value, e *Shape) string {
	isArray := v.Kind() == fhir.Array
	switch {
	case e.Many && !isArray:
		return "must be an array"
	case !e.Many && isArray:
		return "must be a single value"
	case isArray && v.Len() == 0:
		return "must not be empty"
	}
	return ""
}

// value checks one value of an element.
func (c *checker) value(v fhir.Value, e *Shape) {
	switch {
	case isPrimitive(e.Type):
		c.primitive(v, e)
	case e.Type == "Resource":
		c.contained(v)
	case e.Type == "Narrative":
		c.narrative(v, e)
	default:
		c.object(v, e)
	}
	if e.Type == "Reference" {
		c.target(v, e.args)
	}
}

// narrative checks a narrative. Whatever it finds costs no record: the gateway writes
// its own and never shows what came.
func (c *checker) narrative(v fhir.Value, e *Shape) {
	c.unseen = true
	c.object(v, e)
	c.unseen = false
}

// primitive checks JSON kind, grammar and, where R4 requires one of a list, the list.
func (c *checker) primitive(v fhir.Value, e *Shape) {
	p := primitives[e.Type]
	switch {
	case v.Kind() != p.kind:
		c.refuse("structure", v, "must be "+p.article)
	case !p.valid(v):
		c.refuse("value", v, "is not in the form of a FHIR "+e.Type)
	case p.kind == fhir.String && control(v):
		c.report(SeverityWarning, "value", v, "", "holds a control character (U+0000 to U+001F other than tab and line ends)")
	case len(e.args) > 0 && !slices.Contains(e.args, v.Text()):
		c.refuse("code-invalid", v, "is not one of: "+strings.Join(e.args, ", "))
	}
}

// target holds a reference to the types that the element may lead to, where the
// reference says its type. urn:uuid, contained and logical references do not.
func (c *checker) target(v fhir.Value, targets []string) {
	if len(targets) == 0 {
		return
	}
	said := typeOfReference(v.Get("reference").Text())
	if said == "" {
		said = v.Get("type").Text()
	}
	if elements().resources[said] && !slices.Contains(targets, said) {
		c.refuse("value", v, "leads to a type other than "+strings.Join(targets, ", "))
	}
}

// typeOfReference is the type in a literal reference, relative or absolute, with
// or without a version; empty where it holds none.
func typeOfReference(reference string) string {
	reference, _, _ = strings.Cut(reference, "/_history/")
	parts := strings.Split(reference, "/")
	if len(parts) < 2 || !fhir.IsID(parts[len(parts)-1]) {
		return ""
	}
	return parts[len(parts)-2]
}
