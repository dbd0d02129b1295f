package mapping

import (
	"fmt"
	"strings"

	"cpagateway/mapping/syntax"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// target is one step of a target path, where a line of a map writes it.
type target struct {
	line     syntax.Line
	name     syntax.Token
	in, node *node
}

// element is what FHIR R4 says of a node. Without a shape it says nothing.
type element struct {
	*profiles.Shape
	path      string
	contained bool
}

// checkElements refuses targets that are no elements of the resource type that the map
// makes.
func (p *parser) checkElements(m *resourceMap) {
	resource, known := profiles.ResourceShape(m.typ)
	if !known {
		return
	}
	elements := map[*node]element{m.root: {Shape: resource, path: m.typ}}
	for _, t := range p.targets {
		in := elements[t.in]
		if in.Shape != nil && in.Type == "Resource" { // what is contained says itself which resource it is
			in.contained = true
			in.Shape, _ = profiles.ResourceShape(t.in.constant("resourceType"))
			elements[t.in] = in
		}
		name := t.name.Text
		if in.Shape == nil || in.contained && name == "resourceType" {
			continue
		}
		of, known := in.Member(name)
		if !known {
			p.Fail(t.line, t.name, fmt.Sprintf("%s has no element %s in FHIR R4%s", in.path, name, in.like(name)))
		}
		elements[t.node] = element{Shape: of, path: in.path + "." + name}
		if of != nil && of.Type == "uri" {
			for _, r := range t.node.rules {
				r.from.intoURI()
			}
		}
	}
}

// intoURI escapes the fields in the strings of an operand.
func (o *operand) intoURI() {
	for i := range o.parts {
		o.parts[i].inURI = o.kind == template
		o.parts[i].intoURI()
	}
}

// NotFHIR says which maps make what is no resource of FHIR R4, each as a *syntax.Error,
// joined. Maps of which one makes the lines of a table are a report, and may.
func (p *Program) NotFHIR() error {
	var faults syntax.Faults
	for _, name := range p.Sources() {
		for _, m := range p.of(name).maps {
			if p.of(m.typ).columns != nil {
				return nil
			}
			if _, known := profiles.ResourceShape(m.typ); !known {
				faults.FailAt(m.rule.at, "FHIR R4 has no resource type "+m.typ+syntax.Perhaps(m.typ, profiles.ResourceTypes()))
			}
		}
	}
	return faults.Err()
}

// like names the element that may have been meant by a name that none has.
func (e element) like(name string) string {
	var names []string
	for c := range e.Children() {
		switch extends := strings.HasPrefix(name, "_"); {
		case c.Choice == name:
			return ": its type is part of the name, such as " + c.Name
		case !extends:
			names = append(names, c.Name)
		case c.JSON() != fhir.Object:
			names = append(names, "_"+c.Name)
		}
	}
	return syntax.Perhaps(name, names)
}

// constant is what a node always writes into a member; empty where a field decides.
func (n *node) constant(member string) string {
	for _, m := range n.members {
		if m.name() == member && m.isFixed() && m.shape == leaf {
			return m.rules[0].from.text
		}
	}
	return ""
}
