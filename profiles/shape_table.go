package profiles

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed shapes.txt
var shapesText string

// shapeTable is shapes.txt, read.
type shapeTable struct {
	types      map[string]*Shape // resource types and datatypes
	served     []string          // the resource types, sorted
	everywhere []*Shape          // extensions that may stand on any element
}

// extensionAliases are the short forms of extension URLs in shapes.txt.
var extensionAliases = map[string]string{
	"cpa:":    localExtension,
	"hl7:":    "http://hl7.org/fhir/StructureDefinition/",
	"ukcore:": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-",
}

// uses are the words of the last column that are not items or rules.
var uses = map[string]Use{
	"never": UseNever, "frame": UseFrame, "person": UsePerson,
	"whole": UseWhole, "modifier": UseModifier, "rebuilt": UseRebuilt,
}

// readShapes reads the table. A fault in it is a fault of the build, found by
// every test of the package, so it panics with the line.
func readShapes(text string) shapeTable {
	t := shapeTable{types: map[string]*Shape{}}
	var base *Shape
	var open []*Shape // the element that is open at each depth
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		switch {
		case depth == 0:
			block := &Shape{Name: fields[1], Type: fields[1], byName: map[string]*Shape{}}
			t.types[block.Name] = block
			open = []*Shape{block}
			switch fields[0] {
			case "base":
				base = block
			case "resource":
				block.of = base
				t.served = append(t.served, block.Name)
			}
		case depth > len(open):
			panic(fmt.Sprintf("shapes.txt:%d: indented too far", i+1))
		default:
			parent := open[depth-1]
			added, err := parseShape(fields, parent)
			if err != nil {
				panic(fmt.Sprintf("shapes.txt:%d: %v", i+1, err))
			}
			open = append(open[:depth], added)
		}
	}
	t.everywhere = t.types["Everywhere"].extensions
	delete(t.types, "Everywhere")
	slices.Sort(t.served)
	for _, s := range t.types {
		t.link(s)
	}
	for _, s := range t.everywhere {
		t.link(s)
	}
	return t
}

// parseShape reads one line and adds it to its parent. A choice element becomes
// one shape for each of its types, all but the last without children.
func parseShape(fields []string, parent *Shape) (*Shape, error) {
	if len(fields) < 2 || len(fields) > 4 {
		return nil, fmt.Errorf("want name, cardinality, type and use, not %d words", len(fields))
	}
	fields = append(fields, "", "")[:4]
	s := &Shape{Name: fields[0], Use: UseFrame, byName: map[string]*Shape{}}
	least, most, ok := strings.Cut(fields[1], "..")
	if !ok {
		return nil, fmt.Errorf("%q is no cardinality", fields[1])
	}
	s.Required, s.Many = least != "0", most == "*"
	if err := s.setUse(fields[3]); err != nil {
		return nil, err
	}
	if url, isExtension := strings.CutPrefix(s.Name, "@"); isExtension {
		s.Name = expandAlias(url)
		s.setType(strings.TrimPrefix(fields[2], "complex"))
		parent.extensions = append(parent.extensions, s)
		return s, nil
	}
	if recursive, ok := strings.CutPrefix(fields[2], "="); ok {
		if parent.Name != recursive {
			return nil, fmt.Errorf("%q does not name the parent", fields[2])
		}
		s.Type, s.of = parent.Type, parent
		parent.add(s)
		return s, nil
	}
	name, isChoice := strings.CutSuffix(s.Name, "[x]")
	if !isChoice {
		s.setType(fields[2])
		parent.add(s)
		return s, nil
	}
	var one *Shape
	for _, typ := range splitTypes(fields[2]) {
		each := *s
		one = &each
		one.byName = map[string]*Shape{}
		one.setType(typ)
		one.Choice, one.Name = name, name+strings.ToUpper(one.Type[:1])+one.Type[1:]
		parent.add(one)
	}
	return one, nil
}

func (s *Shape) add(child *Shape) {
	s.children = append(s.children, child)
	s.byName[child.Name] = child
}

// setType reads a type and, of a reference, its targets: Reference(A|B).
func (s *Shape) setType(text string) {
	typ, targets, isReference := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	s.Type = typ
	if isReference {
		s.Targets = strings.Split(targets, "|")
	}
}

// setUse reads the last column: a use, "by" a rule, items joined by "+", or
// nothing, which copies the element with its parent.
func (s *Shape) setUse(word string) error {
	if word == "" {
		return nil
	}
	if use, ok := uses[word]; ok {
		s.Use = use
		return nil
	}
	if name, ok := strings.CutPrefix(word, "by:"); ok {
		rule, known := partRules[name]
		if !known {
			return fmt.Errorf("no rule %q", name)
		}
		s.Use, s.rule = UseRule, rule
		return nil
	}
	s.Use = UseItems
	for code := range strings.SplitSeq(word, "+") {
		items, err := ParseItem(code)
		if err != nil {
			return err
		}
		s.Items = s.Items.Union(items)
	}
	return nil
}

// splitTypes splits the types of a choice at the bars outside brackets.
func splitTypes(text string) []string {
	depth := 0
	return strings.FieldsFunc(text, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == '|' && depth == 0
	})
}

func expandAlias(url string) string {
	for short, long := range extensionAliases {
		if rest, ok := strings.CutPrefix(url, short); ok {
			return long + rest
		}
	}
	return url
}

// link joins an element to the datatype that it is of, all the way down.
func (t shapeTable) link(s *Shape) {
	for c := range s.Children() {
		if c.Required {
			s.required++
		}
	}
	for _, c := range slices.Concat(s.children, s.extensions) {
		if c.of == nil {
			c.of = t.types[c.Type]
		}
		if c.of == s { // the one element that contains itself
			c.required = s.required
			continue
		}
		t.link(c)
	}
}
