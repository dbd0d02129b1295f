package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cpagateway/mapping/syntax"
)

// reasons are why a field does not return: what a map may say, and what check says.
var reasons = []string{
	"merged-code", "else-row", "composed-text", "default", "first-of", "condition", "precision", "keyed-id", "joined-row",
}

// because reads `because REASON` where it stands and returns what follows it.
func (p *parser) because(l syntax.Line, t []syntax.Token) (rest []syntax.Token, reason string) {
	if len(t) == 0 || !t[0].Is("because") {
		return t, ""
	}
	if len(t) < 2 || !slices.Contains(reasons, t[1].Text) {
		p.Fail(l, t[0], "why something does not return is one of: "+strings.Join(reasons, ", "))
		return nil, "composed-text"
	}
	return t[2:], t[1].Text
}

// direct holds the direction of a line against that of the map or block around it.
func (p *parser) direct(l syntax.Line, way direction, because, otherwise string) {
	switch {
	case p.way != both && (way == both || way == backward || way == derived):
		p.Fail(l, l.Tokens[0], "what stands around this runs forward only, and so does this: write ->")
	case p.way == both && way == forward && because == "":
		p.Fail(l, l.Tokens[0], "what does not return says why: because "+strings.Join(reasons, ", because ")+otherwise)
	}
}

// checkWay holds a rule to its direction.
func (p *parser) checkWay(l syntax.Line, arrow syntax.Token, r *rule, place *node) {
	if r.way == derived || !r.from.isFixed() {
		p.direct(l, r.way, r.because, "; or it is worked out from what returns elsewhere: derive VALUE -> TARGET")
	}
	for _, o := range append(r.from.fields(), r.from.when.fields()...) {
		if r.way == derived && !strings.Contains(o.text, ".") { // what is in another table, or returns with it, is not known here
			p.source.derives = append(p.source.derives, reading{p.absolute(o), l.Place})
		}
	}
	if r.way == derived && r.from.when.asksGroups() {
		p.Fail(l, arrow, "what is derived asks fields of the record alone: whether those of a group return is not known here")
	}
	if !r.returns() {
		return
	}
	if r.way == backward && r.from.kind != field {
		p.Fail(l, arrow, "before <- stands one field")
		return
	}
	if why := r.irreversible(); why != "" {
		p.Fail(l, arrow, "this does not run back: "+why)
		return
	}
	for _, o := range r.from.fields() {
		p.source.given[p.absolute(o)] = true
		p.oneForm(l, o)
	}
	if r.keyed {
		p.source.refers[[2]string{r.as.typ, r.value}] = true
	}
	if r.from.kind == field {
		at, gives := p.absolute(&r.from), giver{place, p.element, p.each, r.from.text, l.Place}
		if first, ok := p.given[at]; ok && first.field != "" && first.leaf != place && !p.bothSay(first, &r.from) {
			p.twice = append(p.twice, [2]giver{first, gives})
		}
		p.given[at] = gives
	}
	for i := range r.from.parts {
		if part := &r.from.parts[i]; part.kind == field && p.given[p.absolute(&part.operand)].leaf == nil {
			p.given[p.absolute(&part.operand)] = giver{leaf: place, at: l.Place}
		}
	}
}

// bothSay reports whether a field tells by two blocks of one group which parts are one
// record: each says it of its own.
func (p *parser) bothSay(first giver, o *operand) bool {
	return o.up == 0 && first.each != p.each && p.each != nil && p.each.scope.by == o.text && first.each != nil && first.each.scope.by == o.text
}

// readMint reads `mint [VALUE]` and returns what follows it.
func (p *parser) readMint(l syntax.Line, t []syntax.Token, r *rule) []syntax.Token {
	r.mint = &operand{}
	if len(t) < 2 || !t[1].Quoted && !strings.HasPrefix(t[1].Text, "$") {
		return t[1:]
	}
	if *r.mint = p.operandOf(l, t[1]); !r.mint.isFixed() {
		p.Fail(l, t[1], "what stands in for a key that FHIR does not hold is fixed: mint VALUE")
	}
	return t[2:]
}

// checkMint asks that what is minted is a field of its own, in a block that may be
// missing.
func (p *parser) checkMint(l syntax.Line, r *rule) {
	if r.mint == nil {
		return
	}
	fields := r.from.fields()
	switch {
	case r.way != both || len(fields) != 1 || fields[0].up > 0 || r.as.operation != verbatim || r.mint.kind == nothing && r.from.kind != field:
		p.Fail(l, l.Tokens[0], "mint stands behind FIELD <-> TARGET without a conversion, or with a VALUE behind a string of one field")
	case p.element == nil || len(p.scopes) > p.outer:
		p.Fail(l, l.Tokens[0], "mint stands in the block of an identifier that the resource may have: in identifier[]")
	default:
		p.element.minted = true
		*p.mints = append(*p.mints, r)
	}
}

// absolute is the path of a field from the record of the map's source.
func (p *parser) absolute(o *operand) string {
	return p.scopes[len(p.scopes)-1-o.up].field(o)
}

// checkKey asks that a resource tells its key: through an identifier or the
// references that it is made of, never from the id, which is not the source's.
func (p *parser) checkKey(l syntax.Line, m *resourceMap) {
	parts := []part{{operand: m.key}}
	if m.key.kind == template {
		parts = m.key.parts
	}
	for i := range parts {
		if o := &parts[i]; o.kind == field && !o.optional && p.given[p.absolute(&o.operand)].leaf == nil {
			if told := p.tellsOfRecord(m); o.up > 0 || told && p.source.home() != nil {
				if m.attaches = true; !told {
					p.source.attached = append(p.source.attached, attached{m, l.Place, o.text})
				}
				continue
			}
			p.Fail(l, l.Tokens[0], fmt.Sprintf("%s is of the key and does not return: an identifier or a reference gives it back, with <->", o.text))
		}
	}
	for _, r := range m.mints {
		if r.mint.kind == nothing && !slices.ContainsFunc(parts, func(o part) bool { return o.kind == field && o.up == 0 && o.text == r.from.text }) {
			p.FailAt(r.at, r.from.text+" is not of the key: what is minted is a key")
		}
	}
	p.elements(m.root)
	for _, pair := range p.twice {
		if a, b := pair[0].element, pair[1].element; a == nil || b == nil || a == b || !(side{a, true}).excludes(side{b, true}) {
			p.FailAt(pair[1].at, fmt.Sprintf("%s returns from %s already: this is derive", pair[1].field, pair[0].at.Beside(pair[1].at)))
		}
	}
}

// tellsOfRecord reports whether a map gives back a field of the record (of that around the
// group's, where it is of a group) that another gives as well, by which that is found.
func (p *parser) tellsOfRecord(m *resourceMap) bool {
	for path, g := range p.given {
		if g.leaf != nil && (m.each == "" && g.field == "" || m.each != "" && !strings.HasPrefix(path, m.each+".")) {
			return true
		}
	}
	return false
}

// giver is a place from which a field returns: the leaf, the element of a list that it
// stands in, if any, and the block of a group.
type giver struct {
	leaf, element *node
	each          *node
	field         string // empty for a part of a key or of a moment, which several places may give
	at            syntax.Place
}

// anyReturns reports whether a field returns from the node.
func (n *node) anyReturns() bool {
	return slices.ContainsFunc(n.rules, (*rule).returns) || slices.ContainsFunc(n.members, (*node).anyReturns)
}

// toTellApart says what tells apart what two places of the maps make.
const toTellApart = "write a constant in both, to the same target and with different texts (one that stands in one of them alone tells nothing, for the other may hold it too)"

// elements asks of every list that its elements can be told apart.
func (p *parser) elements(n *node) {
	p.alternatives(n)
	for i, m := range n.members {
		p.elements(m)
		for _, other := range n.members[:i] {
			if n.shape != list || !m.anyReturns() && !other.anyReturns() {
				continue
			}
			if !(side{other, true}).excludes(side{m, true}) {
				p.FailAt(m.at, fmt.Sprintf("nothing tells the elements made here from those of %s, so neither can return: %s; or write -> and because", other.at.Beside(m.at), toTellApart))
			}
		}
	}
}

// firstOf is a first block, and the fields that decide what it makes.
type firstOf struct {
	*scope
	source *source
	reads  []string
}

// follow finds the first blocks whose making follows from a record that came back.
func (p *parser) follow() {
	for _, f := range p.firsts {
		f.follows = !slices.ContainsFunc(f.reads, func(path string) bool { return !f.source.given[path] })
	}
}

// doubt finds what the conditions of maps ask of what may not return from a resource that
// they made.
func (p *Program) doubt() {
	for _, name := range p.Sources() {
		s := p.of(name)
		for _, m := range s.maps {
			if m.when == nil || m.way != both {
				continue
			}
			told := map[string]bool{}
			for _, f := range p.checkFields(name, m) {
				told[f.Field] = f.Verdict == Returns
			}
			m.when.doubt(s, m, told)
		}
	}
}

// derivable asks of every derive that what it reads returns: it is compared with what is
// worked out of the record that came back.
func (p *parser) derivable() {
	for _, name := range p.program.Sources() {
		s := p.program.of(name)
		for _, d := range s.derives {
			if !s.given[d.path] {
				p.FailAt(d.at, d.path+" does not return, so what is derived from it would never be as it was: write -> and because")
			}
		}
	}
}

// alternatives asks of the rules of one target that a text can be of one alone, where
// one of them returns. A constant stands for a blank field and is asked of nothing.
func (p *parser) alternatives(n *node) {
	for i, r := range n.rules {
		for _, other := range n.rules[:i] {
			if (r.returns() || other.returns()) && !r.from.isFixed() && !other.from.isFixed() && !r.excludes(other) {
				p.FailAt(r.at, other.at.Beside(r.at)+" may have written the same text, so neither returns: two rules for one target return only where no text is of both forms")
			}
		}
	}
}

// tellApart asks of the maps that run both ways and make one type that a resource
// can only be of one of them.
func (p *parser) tellApart() {
	byType := map[string][]*resourceMap{}
	for _, source := range p.program.Sources() {
		for _, m := range p.program.of(source).maps {
			if m.way != both {
				continue
			}
			for _, other := range byType[m.typ] {
				if !(side{other.root, true}).excludes(side{m.root, true}) {
					p.FailAt(m.rule.at, fmt.Sprintf("nothing tells a %s made here from one made at %s: %s", m.typ, other.rule.at, toTellApart))
				}
			}
			byType[m.typ] = append(byType[m.typ], m)
		}
	}
}
