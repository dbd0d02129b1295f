package mapping

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping/codes"
	"cpagateway/mapping/syntax"
	"cpagateway/profiles"
)

// Check is what a set of maps promises, worked out from the maps alone.
type Check struct {
	Fields []FieldCheck  `json:"fields"`
	Tables []codes.Check `json:"tables"`
}

// FieldCheck says of one field of a source whether it returns.
type FieldCheck struct {
	Source  string   `json:"source"`
	Field   string   `json:"field"`
	Verdict Verdict  `json:"verdict"`
	When    []string `json:"when,omitempty"`   // of Conditional: what must hold, any of them
	Forms   []string `json:"forms,omitempty"`  // the normal forms that it returns in
	Reason  string   `json:"reason,omitempty"` // of Lost
	Targets []string `json:"targets"`          // TYPE.path, and the line of the map; whether no answer shows it

	ways [][]string // When, each in its parts
}

// Verdict says whether a field returns.
type Verdict string

// The verdicts.
const (
	Returns     Verdict = "returns"
	Conditional Verdict = "returns when"
	Lost        Verdict = "does not return"
)

// Check works out which fields return, and what the tables lose.
func (p *Program) Check() Check {
	check := Check{Tables: []codes.Check{}, Fields: []FieldCheck{}}
	for _, source := range p.Sources() {
		check.Fields = append(check.Fields, p.checkFields(source, nil)...)
	}
	for _, name := range p.Tables() {
		check.Tables = append(check.Tables, p.tables[name].Check(p.tables))
	}
	return check
}

// checkFields are the fields of a source, sorted; where one of its maps, if any, has made
// something.
func (p *Program) checkFields(source string, made *resourceMap) []FieldCheck {
	c := checker{fields: map[string]*FieldCheck{}, lost: map[string]string{}, minted: p.of(source).minted, made: made}
	for _, path := range p.unread(source) {
		c.lost[path] = "not-read"
	}
	paths := slices.AppendSeq(p.Reads(source), maps.Keys(c.lost))
	slices.Sort(paths)
	for _, path := range paths {
		c.fields[path] = &FieldCheck{Source: source, Field: path, Verdict: Lost, Targets: []string{}}
	}
	for _, m := range p.of(source).maps {
		c.readMap(m)
	}
	fields := make([]FieldCheck, len(paths))
	for i, path := range paths {
		if fields[i] = *c.fields[path]; fields[i].Verdict == Lost {
			fields[i].Reason = cmp.Or(c.lost[path], "keyed-id")
		}
	}
	return fields
}

// checker collects what the maps of a source say of each field, by its path.
type checker struct {
	fields map[string]*FieldCheck
	lost   map[string]string // why a field that no rule returns does not
	minted map[string]bool
	made   *resourceMap // whose condition held
	paths  []string     // of the groups around what is read, outermost first
}

func (c *checker) readMap(m *resourceMap) {
	c.paths = []string{""}
	if m.each != "" {
		c.paths = append(c.paths, m.each)
	}
	reason := ""
	if m.way == forward {
		reason = "one-way-map"
	}
	c.condition(m.when)
	shape, _ := profiles.ShapeOf(m.typ)
	in := within{reason: reason, shape: shape}
	if m != c.made {
		in = in.under(m.when, c.paths)
	}
	c.node(m.root, m.typ, in)
}

// within is what holds for everything in a block.
type within struct {
	reason string // why nothing in it returns; "" where it may
	when   []guard
	shape  *profiles.Shape // what answers show of it; nil where it is not known, or hidden
	hidden bool            // no answer shows it
	among  bool            // it is the extensions of the shape, and not the shape itself
	value  bool            // the shape is that of an extension, of which it has the value
	names  bool            // the shape is that of the identifier of a Reference
}

// in is what holds for a part of it.
func (w within) in(part *node) within {
	name, shown := part.name(), true
	switch {
	case w.shape == nil, part.label == "" && !w.among:
	case w.among:
		w.shape, shown = w.shape.Extension(cmp.Or(part.url, part.constant("url")))
		w.among, w.value = false, true
	case w.names:
		w.names, shown = false, name == "system" || name == "value"
		w.shape, _ = w.shape.Child(name)
	case name == "extension" && w.shape.Type != "Reference":
		w.among = true
	case w.value:
		w.value, shown = false, strings.EqualFold(name, "value"+w.shape.Type)
	case w.shape.Type == "Reference":
		w.names, shown = name == "identifier", kept(w.shape, part)
		w.shape, _ = w.shape.Child(name)
	default:
		plain, companion := strings.CutPrefix(name, "_")
		w.shape, shown = w.shape.Child(plain)
		shown = shown && w.shape.Use != profiles.UseNever && !(companion && w.shape.Many)
	}
	if !shown {
		w.shape, w.hidden = nil, true
	}
	return w
}

// kept reports whether an answer can have a part of a Reference.
func kept(of *profiles.Shape, part *node) bool {
	switch part.name() {
	case "reference":
		return true
	case "display":
		_, named := of.KeepsDisplay()
		return named
	case "identifier":
		system := part.constant("system")
		return system == "" || of.KeepsIdentifier(system)
	}
	return false
}

// guard is a condition and the groups around the place where it is asked.
type guard struct {
	*condition
	paths []string
}

func (w within) under(c *condition, paths []string) within {
	if c != nil {
		w.when = append(slices.Clone(w.when), guard{c, slices.Clone(paths)})
	}
	return w
}

// granted reports whether the condition holds wherever a field has text.
func (g guard) granted(path string) bool {
	switch term := func(c *condition) bool { return guard{c, g.paths}.granted(path) }; g.test {
	case present:
		return !g.not && g.a.kind == field && pathOf(g.paths, &g.a) == path
	case records:
		return !g.not && strings.HasPrefix(path+".", syntax.JoinPath(g.paths[len(g.paths)-1], g.group)+".")
	case some:
		return slices.ContainsFunc(g.terms, term)
	case all:
		return !slices.ContainsFunc(g.terms, func(c *condition) bool { return !term(c) })
	}
	return false
}

func (c *checker) node(n *node, path string, in within) {
	if n.scope != nil {
		c.paths = append(c.paths, syntax.JoinPath(c.paths[len(c.paths)-1-n.scope.up], n.scope.group))
		defer func() { c.paths = c.paths[:len(c.paths)-1] }()
		switch {
		case n.scope.first:
			in.reason = cmp.Or(in.reason, "first-of")
		case n.scope.way == forward:
			in.reason = cmp.Or(in.reason, n.scope.because)
		}
	}
	c.condition(n.when)
	in = in.under(n.when, c.paths)
	for _, r := range n.rules {
		c.rule(n, r, path, in)
	}
	for _, m := range n.members {
		at := path
		switch {
		case m.label != "":
			at += "." + m.name()
		case m.url != "":
			at += "(" + m.url[strings.LastIndexByte(m.url, '/')+1:] + ")"
		}
		c.node(m, at, in.in(m))
	}
}

func (c *checker) rule(n *node, r *rule, path string, in within) {
	c.condition(r.when)
	c.condition(r.from.when)
	for _, o := range r.from.fields() {
		f := c.fields[c.path(o)]
		switch {
		case c.minted[f.Field]:
			f.Forms = []string{"minted"}
			continue
		case r.way == derived && in.reason == "":
			c.lose(o, "joined-row") // where it is worked out from what returns elsewhere, it does
			continue
		}
		target := path + " (" + r.at.String() + ")"
		if in.hidden {
			target += ": stored, and shown to nobody"
		}
		f.Targets = append(f.Targets, target)
		if !r.returns() || in.reason != "" {
			c.lose(o, cmp.Or(in.reason, r.because, "composed-text"))
		} else {
			f.returns(c.conditions(n, r, o, in), r.normalForms())
		}
	}
}

// returns notes one more place that a field returns from, under conditions that
// must all hold.
func (f *FieldCheck) returns(when, forms []string) {
	if f.Verdict == Lost {
		f.Verdict, f.Forms = Conditional, forms
	}
	switch {
	case len(when) == 0 && f.Verdict == Returns && len(f.Forms) == 0: // as it was: nothing is nearer
	case len(when) == 0:
		f.Verdict, f.When, f.Forms = Returns, nil, forms
	case f.Verdict == Conditional:
		f.under(when)
	}
}

// under adds one set of conditions, unless one that asks for less is there.
func (f *FieldCheck) under(when []string) {
	within := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(c string) bool { return !slices.Contains(b, c) })
	}
	if slices.ContainsFunc(f.ways, func(way []string) bool { return within(way, when) }) {
		return
	}
	f.ways = append(slices.DeleteFunc(f.ways, func(way []string) bool { return within(when, way) }), when)
	f.When = nil
	for _, way := range f.ways {
		f.When = append(f.When, strings.Join(way, " and "))
	}
}

// conditions are what must hold for a field to return from a rule.
func (c *checker) conditions(n *node, r *rule, o *operand, in within) []string {
	var when []string
	for _, g := range in.under(r.when, c.paths).when {
		if !g.granted(c.path(o)) {
			when = append(when, g.text)
		}
	}
	for _, earlier := range n.rules[:slices.Index(n.rules, r)] {
		when = append(when, earlier.gives(o)...)
	}
	for _, other := range n.rules {
		if other.from.kind == constant && r.from.kind == field && !r.excludes(other) {
			when = append(when, o.text+" is not "+other.from.text)
		}
	}
	for i := range r.from.parts {
		if part := &r.from.parts[i]; part.kind == field && &part.operand != o && r.as.operation == toDateTime {
			when = append(when, part.text+" present")
		}
	}
	if t := r.as.table; t != nil && !r.as.keep {
		if stay := t.Stay(r.as.operation == toCode); len(stay) > 0 {
			when = append(when, o.text+" is none of "+strings.Join(stay, " "))
		}
		if t.Otherwise != nil {
			when = append(when, o.text+" is in table "+t.Name)
		}
	}
	return when
}

// gives says when a rule leaves its target to those after it, which give a field back
// only then: nothing where it gives that field back itself.
func (r *rule) gives(o *operand) []string {
	fields := r.from.fields()
	reads := slices.ContainsFunc(fields, func(f *operand) bool { return f.up == o.up && f.text == o.text })
	if r.way == backward || r.from.isFixed() || reads && r.returns() {
		return nil
	}
	var blank []string
	for _, f := range fields {
		if f.up != o.up || f.text != o.text {
			blank = append(blank, f.text+" blank")
		}
	}
	if r.when != nil {
		blank = append(blank, "not "+r.when.text)
	}
	if len(blank) == 0 {
		blank = []string{"line " + strconv.Itoa(r.at.Line) + " gives nothing"}
	}
	return []string{strings.Join(blank, " or ")}
}

func (c *checker) lose(o *operand, reason string) {
	c.lost[c.path(o)] = cmp.Or(c.lost[c.path(o)], reason)
}

// condition notes the fields that only decide.
func (c *checker) condition(when *condition) {
	if when == nil {
		return
	}
	if when.test == among {
		c.paths = append(c.paths, syntax.JoinPath(c.paths[len(c.paths)-1], when.group))
		defer func() { c.paths = c.paths[:len(c.paths)-1] }()
	}
	for _, o := range append(when.a.fields(), when.b.fields()...) {
		c.lose(o, "condition")
	}
	for _, term := range when.terms {
		c.condition(term)
	}
}

// fields are those that a condition asks the record about.
func (c *condition) fields() []*operand {
	if c == nil || c.test == among {
		return nil
	}
	all := append(c.a.fields(), c.b.fields()...)
	for _, term := range c.terms {
		all = append(all, term.fields()...)
	}
	return all
}

// asksGroups reports whether a condition asks of the records of a group.
func (c *condition) asksGroups() bool {
	return c != nil && (c.test == among || slices.ContainsFunc(c.terms, (*condition).asksGroups))
}

func (c *checker) path(o *operand) string { return pathOf(c.paths, o) }

// pathOf is the path of a field from the record of the source, inside groups.
func pathOf(groups []string, o *operand) string {
	return inside{path: groups[len(groups)-1-o.up]}.field(o)
}

// fields are the fields that an operand reads.
func (o *operand) fields() []*operand {
	if o.kind == field {
		return []*operand{o}
	}
	var all []*operand
	for i := range o.parts {
		all = append(all, o.parts[i].fields()...)
	}
	return all
}

// inForms are the forms in which a text returns.
var inForms = map[operation]string{
	toDate: "date", toDateTime: "date-time", toLower: "lower-case", toUpper: "upper-case", toNHSNumber: "ten-digits",
}

// normalForms are the forms in which the rule's fields return.
func (r *rule) normalForms() []string {
	switch form := inForms[r.as.operation]; {
	case r.as.operation == toReference:
		return []string{"with-its-" + r.as.typ}
	case form != "":
		return []string{form}
	case r.mint != nil:
		return []string{"minted-where-missing"}
	}
	return nil
}
