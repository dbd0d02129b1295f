package mapping

import (
	"slices"
	"strings"

	"cpagateway/mapping/syntax"
)

// test says what a condition asks.
type test uint8

const (
	never   test = iota
	all          // every one of its terms
	some         // one of its terms
	present      // a has text
	records      // the group has records
	compare      // a and b, both with text
	member       // a is one of the set
	among        // one record of the group is as its only term says
)

// condition is a guard. A comparison with a blank field is false, whatever it
// asks: absence never means yes.
type condition struct {
	test    test
	not     bool // blank, of present and records; no, of among
	terms   []*condition
	a, b    operand
	group   string
	compare string
	set     map[string]bool
	text    string // as the map has it, of a whole condition

	// Of that of a map: it asks what does not return, or fields that may not.
	unknown bool
	untold  []*operand
}

func (c *condition) holds(r *run) bool {
	switch c.test {
	case all:
		for _, term := range c.terms {
			if !term.holds(r) {
				return false
			}
		}
		return true
	case some:
		for _, term := range c.terms {
			if term.holds(r) {
				return true
			}
		}
		return false
	case records:
		return (len(r.record(0).Group(c.group)) > 0) != c.not
	case among:
		return c.holdsAmong(r) != c.not
	case present:
		_, ok := c.a.read(r)
		return ok != c.not
	case compare:
		x, ok := c.a.read(r)
		if !ok {
			return false
		}
		y, ok := c.b.read(r)
		return ok && compared(x, c.compare, y)
	case member:
		value, ok := c.a.read(r)
		return ok && c.set[strings.TrimSpace(value)]
	}
	return false
}

// mayHold is holds on the way back, where nobody knows what does not return, nor in a proof
// whether something is blank because it was.
func (c *condition) mayHold(r *run) bool {
	switch {
	case c == nil || c.unknown:
		return true
	case c.test == all:
		return !slices.ContainsFunc(c.terms, func(term *condition) bool { return !term.mayHold(r) })
	case c.test == some:
		return slices.ContainsFunc(c.terms, func(term *condition) bool { return term.mayHold(r) })
	}
	blank := func(o *operand) bool { _, ok := o.read(r); return !ok }
	return c.holds(r) || r.isProof() && slices.ContainsFunc(c.untold, blank)
}

// doubt marks what the condition of a map asks of fields that are not always told, and
// whether a group has records of which something is not: there may have been nothing else in
// them.
func (c *condition) doubt(s *source, m *resourceMap, told map[string]bool) {
	group := syntax.JoinPath(m.each, c.group)
	switch c.test {
	case all, some:
		for _, term := range c.terms {
			term.doubt(s, m, told)
		}
	case records:
		read := false
		for path, always := range told {
			if strings.HasPrefix(path+".", group+".") {
				read, c.unknown = true, c.unknown || !always
			}
		}
		c.unknown = !c.not && (c.unknown || !read)
	case among:
		c.unknown = slices.ContainsFunc(c.terms[0].fields(), func(o *operand) bool { return o.up == 0 && !s.given[syntax.JoinPath(group, o.text)] })
	default:
		for _, o := range c.fields() {
			c.unknown = c.unknown || !s.given[m.path(o)]
			if !told[m.path(o)] {
				c.untold = append(c.untold, o)
			}
		}
	}
}

// holdsAmong reports whether the term holds of one record of the group.
func (c *condition) holdsAmong(r *run) bool {
	for i, record := range r.record(0).Group(c.group) {
		r.enter(record, i+1)
		holds := c.terms[0].holds(r)
		r.leave()
		if holds {
			return true
		}
	}
	return false
}

// compared is over the text, without the blanks around it, as a table finds a code: ISO
// dates compare as they should, numbers do not, and none of the formats needs them to.
func compared(x, how, y string) bool {
	switch order := strings.Compare(strings.TrimSpace(x), strings.TrimSpace(y)); how {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// condition reads comparisons joined by and, or; and binds tighter.
func (p *parser) condition(l syntax.Line, tokens []syntax.Token) *condition {
	if len(tokens) == 0 {
		p.Fail(l, l.Tokens[0], "a condition is missing")
		return nil
	}
	var ways []*condition
	for _, way := range splitWord(tokens, "or") {
		var terms []*condition
		for _, term := range splitWord(way, "and") {
			terms = append(terms, p.term(l, tokens[0], term))
		}
		ways = append(ways, joined(all, terms))
	}
	c := joined(some, ways)
	c.text = syntax.TextOf(tokens)
	return c
}

func joined(by test, terms []*condition) *condition {
	if len(terms) == 1 {
		return terms[0]
	}
	return &condition{test: by, terms: terms}
}

// splitWord cuts at a word, but neither in parentheses nor behind where, which takes the
// rest for itself.
func splitWord(tokens []syntax.Token, word string) [][]syntax.Token {
	var parts [][]syntax.Token
	depth, start := 0, 0
	for i, t := range tokens {
		switch {
		case t.Quoted:
		case t.Text == "(":
			depth++
		case t.Text == ")":
			depth--
		case depth > 0:
		case t.Text == "where":
			return append(parts, tokens[start:])
		case t.Text == word:
			parts, start = append(parts, tokens[start:i]), i+1
		}
	}
	return append(parts, tokens[start:])
}

var comparisons = []string{"=", "!=", "<", "<=", ">", ">="}

// term reads one of: FIELD present, FIELD blank, GROUP[] present, GROUP[] blank,
// VALUE = VALUE (and != < <= > >=), VALUE in "a" "b" ..., some GROUP where CONDITION,
// ( CONDITION ).
func (p *parser) term(l syntax.Line, near syntax.Token, t []syntax.Token) *condition {
	if len(t) > 0 {
		near = t[0]
	}
	switch {
	case len(t) == 2 && (t[1].Is("present") || t[1].Is("blank")):
		c := p.presence(l, t[0])
		c.not = t[1].Text == "blank"
		return c
	case len(t) == 3 && !t[1].Quoted && slices.Contains(comparisons, t[1].Text):
		return &condition{test: compare, a: p.operandOf(l, t[0]), compare: t[1].Text, b: p.operandOf(l, t[2])}
	case len(t) > 2 && t[1].Is("in"):
		return p.membership(l, t)
	case len(t) > 2 && t[2].Is("where"):
		return p.among(l, t[:3], t[3:])
	case len(t) > 2 && t[0].Is("(") && t[len(t)-1].Is(")"):
		return p.condition(l, t[1:len(t)-1])
	}
	p.Fail(l, near, `a condition is: FIELD present, FIELD blank, VALUE = VALUE (!= < <= > >=), VALUE in "a" "b", some GROUP where CONDITION, or ( CONDITION )`)
	return &condition{}
}

// presence asks whether a field has text, or a group records.
func (p *parser) presence(l syntax.Line, t syntax.Token) *condition {
	if name, isGroup := strings.CutSuffix(t.Text, "[]"); isGroup && !t.Quoted {
		up, group, ok := p.fieldName(l, syntax.Token{Text: name, Column: t.Column})
		if ok && up > 0 {
			p.Fail(l, t, "a group of a record further out cannot be asked for from here")
		}
		p.isTable(l, t, group)
		return &condition{test: records, group: group}
	}
	return &condition{test: present, a: p.operandOf(l, t)}
}

// among reads `some GROUP where CONDITION`, or no; the condition is asked of the records
// of the group, and takes the rest of the line.
func (p *parser) among(l syntax.Line, t, inner []syntax.Token) *condition {
	if !t[0].Is("some") && !t[0].Is("no") {
		p.Fail(l, t[0], "of the records of a group is asked: some GROUP where CONDITION, or no GROUP where CONDITION")
		return &condition{}
	}
	_, group, _ := p.enter(l, t[1])
	defer p.leave()
	return &condition{test: among, not: t[0].Text == "no", group: group, terms: []*condition{p.condition(l, inner)}}
}

func (p *parser) membership(l syntax.Line, t []syntax.Token) *condition {
	c := &condition{test: member, a: p.operandOf(l, t[0]), set: map[string]bool{}}
	for _, m := range t[2:] {
		if !m.Quoted && !strings.HasPrefix(m.Text, "$") {
			p.Fail(l, m, `after "in" stand strings`)
		}
		c.set[strings.TrimSpace(p.constant(l, m))] = true
	}
	return c
}

// Condition is a guard outside a map, for the rules that a format asks of its records.
type Condition struct{ asks *condition }

// Condition reads a condition of the map language, for a format that is made of the program. A
// fault is a *syntax.Error whose column counts from the start of the text.
func (of *Program) Condition(text string) (Condition, error) {
	p := newParser(nil)
	p.program = of
	p.scopes = []inside{{reads: &reads{}}}
	lines := p.Lines("condition", text)
	if err := p.Err(); err != nil {
		return Condition{}, err
	}
	if len(lines) != 1 {
		p.FailAt(syntax.Place{File: "condition", Line: 1}, "a condition stands on one line")
		return Condition{}, p.Err()
	}
	c := Condition{asks: p.condition(lines[0], lines[0].Tokens)}
	if err := p.Err(); err != nil {
		return Condition{}, err
	}
	return c, nil
}

// Asker asks conditions of records. Its zero value is ready; it reuses its memory and is for
// one goroutine.
type Asker struct{ run run }

// Holds asks a condition of a record. The zero Condition always holds.
func (a *Asker) Holds(c Condition, record Record) bool {
	if c.asks == nil {
		return true
	}
	a.run.scopes = append(a.run.scopes[:0], around{record, 1})
	return c.asks.holds(&a.run)
}
