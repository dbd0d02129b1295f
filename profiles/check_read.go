package profiles

import (
	"fmt"
	"regexp"
	"strings"
)

// readChecks reads the table. The checks are part of the program: a fault in
// them is found by the first test that checks anything.
func readChecks(file string) (*checkTable, error) {
	t := &checkTable{types: make(map[string]*definition), resources: make(map[string]bool)}
	nested := make(map[string]*definition) // by path, for "#path"
	var path []*definition                 // the definition that is open at each depth
	for line := range strings.Lines(dropComments(file)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		switch {
		case depth == 0:
			d := &definition{name: fields[0]}
			if len(fields) == 3 {
				d.baseName = fields[2]
			}
			t.types[d.name] = d
			path = []*definition{d}
		case depth > len(path):
			return nil, fmt.Errorf("%q is indented too far", strings.TrimSpace(line))
		case path[0].name == "types":
			t.resources[fields[0]] = true
		case len(fields) != 3:
			return nil, fmt.Errorf("%q: want name, cardinality and types", strings.TrimSpace(line))
		default:
			parent := path[depth-1]
			e, own := readElement(fields, parent.name)
			parent.elements = append(parent.elements, e)
			nested[own.name] = own
			path = append(path[:depth], own)
		}
	}
	return t, t.link(nested)
}

var typeForm = regexp.MustCompile(`^([^(]+)(?:\((.*)\))?$`)

// readElement reads one line, and makes the definition that lines indented
// under it will fill.
func readElement(fields []string, parent string) (*element, *definition) {
	e := &element{name: fields[0]}
	e.required = fields[1] == "1" || fields[1] == "+"
	e.many = fields[1] == "*" || fields[1] == "+"
	own := &definition{name: parent + "." + e.name}
	for _, text := range strings.Split(fields[2], "|") {
		parts := typeForm.FindStringSubmatch(text)
		typ := elementType{name: parts[1]}
		if parts[2] != "" {
			typ.args = strings.Split(parts[2], ",")
		}
		if typ.name == "BackboneElement" || typ.name == "Element" {
			typ.elements, own.baseName = own, typ.name
		}
		e.types = append(e.types, typ)
	}
	return e, own
}

// link resolves the names of bases, of types and of elements that are used again.
func (t *checkTable) link(nested map[string]*definition) error {
	delete(t.types, "types")
	for _, group := range []map[string]*definition{t.types, nested} {
		for _, d := range group {
			if d.base = t.types[d.baseName]; d.base == nil && d.baseName != "" {
				return fmt.Errorf("%s is based on %s, which is not here", d.name, d.baseName)
			}
			for _, e := range d.elements {
				if err := t.linkTypes(d, e, nested); err != nil {
					return err
				}
			}
		}
	}
	for _, group := range []map[string]*definition{t.types, nested} {
		for _, d := range group {
			t.nameMembers(d)
		}
	}
	return nil
}

func (t *checkTable) linkTypes(d *definition, e *element, nested map[string]*definition) error {
	for i := range e.types {
		typ := &e.types[i]
		if again, ok := strings.CutPrefix(typ.name, "#"); ok {
			typ.elements = nested[again]
		}
		known := typ.elements != nil || t.types[typ.name] != nil || isPrimitive(typ.name) || typ.name == "*"
		if !known {
			return fmt.Errorf("%s.%s has the type %s, which is not here", d.name, e.name, typ.name)
		}
	}
	return nil
}

// nameMembers gives each element its names in JSON: a choice that of its stem
// followed by each of its types, or by any datatype.
func (t *checkTable) nameMembers(d *definition) {
	d.members = make(map[string]member)
	for _, e := range d.elements {
		stem, choice := strings.CutSuffix(e.name, "[x]")
		types := e.types
		if types[0].name == "*" {
			types = t.datatypes()
		}
		for _, typ := range types {
			name := stem
			if choice {
				name += capitalised(typ.name)
			}
			d.members[name] = member{e, typ}
		}
	}
}

func (t *checkTable) datatypes() []elementType {
	var types []elementType
	for name := range primitives {
		types = append(types, elementType{name: name})
	}
	for name, d := range t.types {
		if !d.isResource() {
			types = append(types, elementType{name: name})
		}
	}
	return types
}
