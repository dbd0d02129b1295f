package mapping

import (
	"fmt"
	"slices"

	"cpagateway/mapping/syntax"
)

// repeated is a place of the maps from which records of a group return.
type repeated struct {
	path  string
	by    string // the field that tells them apart; of a block, where it returns from that
	alone bool   // nothing that the record says decides whether it is made
	at    syntax.Place
}

// repeats notes that records of the group just read return.
func (p *parser) repeats(l syntax.Line, n *node, by string, when *condition) {
	if !n.anyReturns() {
		return
	}
	if !n.root && !n.gives(by, 0) { // a resource may be told apart by who refers to it
		by = ""
	}
	p.source.repeats = append(p.source.repeats, repeated{p.scopes[len(p.scopes)-1].path, by, !when.asksRecord(), l.Place})
}

// gives reports whether a field of a record so many further out returns from a node.
func (n *node) gives(name string, up int) bool {
	return slices.ContainsFunc(n.rules, func(r *rule) bool {
		return r.returns() && slices.ContainsFunc(r.from.fields(), func(o *operand) bool { return o.text == name && o.up == up })
	}) || slices.ContainsFunc(n.members, func(m *node) bool {
		if m.scope != nil {
			return m.gives(name, up+1)
		}
		return m.gives(name, up)
	})
}

// asksRecord reports whether a condition asks the record in which it stands, and not only
// those around it.
func (c *condition) asksRecord() bool {
	if c == nil {
		return false
	}
	own := func(o *operand) bool { return o.up == 0 }
	return c.test == records || c.test == among || slices.ContainsFunc(c.a.fields(), own) || slices.ContainsFunc(c.b.fields(), own) ||
		slices.ContainsFunc(c.terms, (*condition).asksRecord)
}

// oneRecord asks of groups that return from two places, each of which makes something of
// every record, that both say by which field two parts are of one record: otherwise each
// record would come back twice, in halves.
func (p *parser) oneRecord() {
	for _, name := range p.program.Sources() {
		places := p.program.of(name).repeats
		for i, place := range places {
			for _, other := range places[:i] {
				if place.path == other.path && place.alone && other.alone && (place.by == "" || place.by != other.by) {
					p.FailAt(place.at, fmt.Sprintf("records of %s return from %s as well, and nothing says which are one: in both stands each %s by FIELD, and that field returns", place.path, other.at.Beside(place.at), place.path))
				}
			}
		}
	}
}
