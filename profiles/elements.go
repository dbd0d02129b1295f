package profiles

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cpagateway/profiles/lines"
)

//go:embed elements.txt
var elementsFile string

var elements = sync.OnceValue(func() *elementTable {
	return lines.Must(readElements("elements.txt", elementsFile))
})

// elementTable is elements.txt, read.
type elementTable struct {
	types      map[string]*Shape // resource types and datatypes
	resources  map[string]bool   // the resource types of R4, whether they are detailed or not
	served     []string          // those that the gateway serves, sorted
	everywhere []*Shape          // extensions that may stand on any element

	paths map[string]*Shape // every line, by the names from its block on
	any   []*Shape          // choices between all datatypes
}

// extensionAliases are the short forms of extension URLs.
var extensionAliases = map[string]string{
	"cpa:":    localExtension,
	"hl7:":    "http://hl7.org/fhir/StructureDefinition/",
	"ukcore:": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-",
}

// terms are those that are neither items nor rules.
var terms = map[string]Use{
	"-": UseNever, "never": UseNever, "frame": UseFrame, "person": UsePerson,
	"whole": UseWhole, "language": UseLanguage, "modifier": UseModifier, "rebuilt": UseRebuilt,
}

// readElements reads the table, whose head describes it.
func readElements(name, text string) (*elementTable, error) {
	t := &elementTable{types: map[string]*Shape{}, resources: map[string]bool{}, paths: map[string]*Shape{}}
	var open []*Shape // the element that is open at each depth
	err := lines.Read(name, text, func(l lines.Line) error {
		fields := strings.Fields(l.Text)
		switch {
		case l.Depth > len(open):
			return errors.New("indented too far")
		case l.Depth == 0:
			open = []*Shape{t.block(fields)}
			return nil
		case open[0].Name == "types":
			t.resources[fields[0]] = true
			return nil
		case len(fields) != 4:
			return errors.New("want name, cardinality, term and types")
		}
		s, err := t.line(open[l.Depth-1], fields)
		open = append(open[:l.Depth], s)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(t.served)
	return t, t.link()
}

// block opens a type: "Name : Base served".
func (t *elementTable) block(fields []string) *Shape {
	s := &Shape{Name: fields[0], Type: fields[0], path: fields[0], byName: map[string]*Shape{}}
	if len(fields) > 2 {
		s.base = fields[2]
	}
	if fields[len(fields)-1] == "served" {
		t.served = append(t.served, s.Name)
	}
	t.types[s.Name], t.paths[s.path] = s, s
	return s
}

// line adds an element to the one that holds it. A choice becomes one shape for
// each of its types, all but the last without elements of their own.
func (t *elementTable) line(parent *Shape, fields []string) (*Shape, error) {
	name, cardinality, term := fields[0], fields[1], fields[2]
	var s *Shape
	for _, typ := range splitTypes(fields[3]) {
		s = &Shape{
			Name: name, path: parent.path + "." + name, byName: map[string]*Shape{},
			Required: cardinality == "1" || cardinality == "+", Many: cardinality == "*" || cardinality == "+",
		}
		s.setType(typ)
		only, forIt, split := strings.Cut(term, ":")
		if !split || only == "by" {
			only, forIt = s.Type, term
		}
		if only == s.Type {
			if err := s.setTerm(forIt); err != nil {
				return s, err
			}
		}
		t.place(parent, s)
	}
	t.paths[s.path] = s
	switch {
	case !strings.Contains("?1*+", cardinality):
		return s, fmt.Errorf("%q is no cardinality", cardinality)
	case term == "-" && slices.Contains(t.served, parent.path):
		return s, errors.New("an element of a served type needs a term")
	}
	return s, nil
}

func (t *elementTable) place(parent, s *Shape) {
	url, isExtension := strings.CutPrefix(s.Name, "@")
	choice, isChoice := strings.CutSuffix(s.Name, "[x]")
	switch {
	case isExtension:
		s.Name = expandAlias(url)
		parent.extensions = append(parent.extensions, s)
		return
	case s.Type == "*":
		s.parent = parent
		t.any = append(t.any, s)
		return
	case isChoice:
		s.Choice, s.Name = choice, choice+strings.ToUpper(s.Type[:1])+s.Type[1:]
	}
	parent.add(s)
}

func (s *Shape) add(child *Shape) {
	s.children = append(s.children, child)
	s.byName[child.Name] = child
}

// setType reads a type and its arguments: Reference(A,B), code(a,b).
func (s *Shape) setType(text string) {
	typ, args, hasArgs := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if s.Type = strings.TrimPrefix(typ, "complex"); hasArgs {
		s.args = strings.Split(args, ",")
	}
}

// setTerm reads on what terms an element is copied: a word, "by:" a rule, or items
// joined by "+".
func (s *Shape) setTerm(word string) error {
	if use, ok := terms[word]; ok {
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

// splitTypes splits the types of an element at the bars outside brackets.
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

// link joins every type to its base and every element to its type.
func (t *elementTable) link() error {
	delete(t.types, "types")
	if all := t.types["Everywhere"]; all != nil {
		t.everywhere = all.extensions
		delete(t.types, "Everywhere")
	}
	for _, s := range t.types {
		if s.of = t.types[s.base]; s.of == nil && s.base != "" {
			return fmt.Errorf("%s is based on %s, which is not here", s.Name, s.base)
		}
	}
	t.widen()
	for _, s := range t.paths {
		for _, e := range slices.Concat(s.children, s.extensions) {
			if err := t.linkElement(e); err != nil {
				return err
			}
		}
	}
	for _, s := range t.paths {
		s.countRequired()
		for _, e := range s.children {
			e.countRequired()
		}
	}
	return nil
}

// undetailed are the datatypes of R4 that the table does not list: a choice between all
// datatypes may be of them all the same.
var undetailed = []string{
	"ContactDetail", "Contributor", "Count", "DataRequirement", "Distance", "Expression", "Money", "ParameterDefinition",
	"RelatedArtifact", "TriggerDefinition", "UsageContext",
}

// widen gives a choice between all datatypes one shape for each.
func (t *elementTable) widen() {
	datatypes := slices.AppendSeq(slices.Clone(undetailed), maps.Keys(primitives))
	for name, s := range t.types {
		if !s.isResource() {
			datatypes = append(datatypes, name)
		}
	}
	slices.Sort(datatypes)
	for _, s := range t.any {
		for _, typ := range datatypes {
			one := *s
			one.Type, one.byName, one.open = typ, map[string]*Shape{}, slices.Contains(undetailed, typ)
			t.place(s.parent, &one)
		}
	}
}

func (t *elementTable) linkElement(e *Shape) error {
	if again, ok := strings.CutPrefix(e.Type, "#"); ok {
		e.Type, e.of = "BackboneElement", t.paths[again]
		if e.of == nil {
			return fmt.Errorf("%s is another #%s, which is not here", e.path, again)
		}
		return nil
	}
	if e.open {
		e.of = t.types["Element"]
		return nil
	}
	if e.of = t.types[e.Type]; e.of == nil && !isPrimitive(e.Type) && e.Type != "" {
		return fmt.Errorf("%s has the type %s, which is not here", e.path, e.Type)
	}
	return nil
}

// countRequired counts the elements that FHIR requires; a choice is one.
func (s *Shape) countRequired() {
	seen := map[string]bool{}
	for c := range s.Children() {
		if c.Required {
			seen[c.path] = true
		}
	}
	s.required = len(seen)
}
