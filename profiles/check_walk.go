package profiles

import (
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// object checks the members of an object against the elements of its type.
func (c *checker) object(v fhir.Value, d *definition) {
	if v.Kind() != fhir.Object {
		c.refuse("structure", v, "must be an object")
		return
	}
	present := make(map[*element]string)
	for name, member := range v.Members() {
		if name != "resourceType" || !d.isResource() {
			c.member(member, name, d, present)
		}
	}
	if v.Len() == 0 {
		c.refuse("structure", v, "must not be empty (ele-1)")
	}
	for e := range d.all() {
		if _, there := present[e]; e.required && !there {
			c.report(SeverityError, "required", v, "."+e.name, "is required")
		}
	}
	if rule := rules[d.name]; rule != nil {
		rule(c, v)
	}
}

// member checks one member, or the extensions of a primitive one ("_status").
// It notes in present which element it is, and under which name.
func (c *checker) member(v fhir.Value, name string, d *definition, present map[*element]string) {
	plain, companion := strings.CutPrefix(name, "_")
	m, known := d.lookup(plain)
	e, typ := m.element, m.typ
	if !known || companion && !isPrimitive(typ.name) {
		if !d.open {
			c.report(SeverityInformation, "informational", v, "", "is not an element of FHIR R4; kept as it is")
		}
		return
	}
	if before, there := present[e]; there && before != plain {
		c.refuse("structure", v, "stands beside another variant of the same element; only one may")
		return
	}
	present[e] = plain
	if fault := arrayFault(v, e); fault != "" {
		c.refuse("structure", v, fault)
		return
	}
	for one := range v.Each() {
		switch {
		case one.Kind() == fhir.Null && e.many && isPrimitive(typ.name):
			// a gap: the value or its extensions stand at this place of the other array
		case companion:
			c.object(one, checks().types["Element"])
		default:
			c.value(one, typ)
		}
	}
}

// arrayFault says where JSON's array and the element's cardinality disagree.
func arrayFault(v fhir.Value, e *element) string {
	isArray := v.Kind() == fhir.Array
	switch {
	case e.many && !isArray:
		return "must be an array"
	case !e.many && isArray:
		return "must be a single value"
	case isArray && v.Len() == 0:
		return "must not be empty"
	}
	return ""
}

// value checks one value against its type.
func (c *checker) value(v fhir.Value, typ elementType) {
	switch {
	case isPrimitive(typ.name):
		c.primitive(v, typ)
	case typ.name == "Resource":
		c.contained(v)
	case typ.elements != nil:
		c.object(v, typ.elements)
	default:
		c.object(v, checks().types[typ.name])
	}
	if typ.name == "Reference" {
		c.target(v, typ.args)
	}
}

// primitive checks JSON kind, grammar and, where R4 requires one of a list, the list.
func (c *checker) primitive(v fhir.Value, typ elementType) {
	p := primitives[typ.name]
	switch {
	case v.Kind() != p.kind:
		c.refuse("structure", v, "must be "+p.article)
	case !p.valid(v):
		c.refuse("value", v, "is not in the form of a FHIR "+typ.name)
	case len(typ.args) > 0 && !slices.Contains(typ.args, v.Text()):
		c.refuse("code-invalid", v, "is not one of: "+strings.Join(typ.args, ", "))
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
	if checks().isResource(said) && !slices.Contains(targets, said) {
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
