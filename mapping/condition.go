package mapping

import (
	"errors"
	"strings"
	"sync"
)

// condition reads comparisons joined by and, or; and binds tighter. A comparison
// with a blank field is false, whatever it asks: absence never means yes.
func (p *parser) condition(l line, tokens []token) condition {
	if len(tokens) == 0 {
		p.fail(l, l.tokens[0], "a condition is missing")
		return nil
	}
	var ways []condition
	for _, way := range splitWord(tokens, "or") {
		var all []condition
		for _, term := range splitWord(way, "and") {
			all = append(all, p.term(l, tokens[0], term))
		}
		ways = append(ways, every(all))
	}
	return some(ways)
}

func every(all []condition) condition {
	if len(all) == 1 {
		return all[0]
	}
	return func(r *run) bool {
		for _, c := range all {
			if !c(r) {
				return false
			}
		}
		return true
	}
}

func some(ways []condition) condition {
	if len(ways) == 1 {
		return ways[0]
	}
	return func(r *run) bool {
		for _, c := range ways {
			if c(r) {
				return true
			}
		}
		return false
	}
}

func splitWord(tokens []token, word string) [][]token {
	var parts [][]token
	for {
		i := indexWord(tokens, word)
		if i < 0 {
			return append(parts, tokens)
		}
		parts, tokens = append(parts, tokens[:i]), tokens[i+1:]
	}
}

// comparisons are over the text: ISO dates compare as they should, numbers do
// not, and none of the formats needs them to.
var comparisons = map[string]func(a, b string) bool{
	"=":  func(a, b string) bool { return a == b },
	"!=": func(a, b string) bool { return a != b },
	"<":  func(a, b string) bool { return a < b },
	"<=": func(a, b string) bool { return a <= b },
	">":  func(a, b string) bool { return a > b },
	">=": func(a, b string) bool { return a >= b },
}

// term reads one of: FIELD present, FIELD blank, GROUP[] present, GROUP[] blank,
// VALUE = VALUE (and != < <= > >=), VALUE in "a" "b" ...
func (p *parser) term(l line, near token, t []token) condition {
	if len(t) > 0 {
		near = t[0]
	}
	switch {
	case len(t) == 2 && !t[1].quoted && (t[1].text == "present" || t[1].text == "blank"):
		present := p.presence(l, t[0])
		if t[1].text == "present" {
			return present
		}
		return func(r *run) bool { return !present(r) }
	case len(t) == 3 && !t[1].quoted && comparisons[t[1].text] != nil:
		a, compare, b := p.operandOf(l, t[0]), comparisons[t[1].text], p.operandOf(l, t[2])
		return func(r *run) bool {
			x, ok := a.read(r)
			y, also := b.read(r)
			return ok && also && compare(x, y)
		}
	case len(t) > 2 && !t[1].quoted && t[1].text == "in":
		return p.membership(l, t)
	}
	p.fail(l, near, `a condition is: FIELD present, FIELD blank, VALUE = VALUE (!= < <= > >=), or VALUE in "a" "b"`)
	return func(*run) bool { return false }
}

// presence asks whether a field has text, or a group records.
func (p *parser) presence(l line, t token) condition {
	if name, isGroup := strings.CutSuffix(t.text, "[]"); isGroup && !t.quoted {
		up, group, ok := p.fieldName(l, token{text: name, column: t.column})
		if ok && up > 0 {
			p.fail(l, t, "a group of a record further out cannot be asked for from here")
		}
		return func(r *run) bool { return len(r.record(0).Group(group)) > 0 }
	}
	o := p.operandOf(l, t)
	return func(r *run) bool {
		_, ok := o.read(r)
		return ok
	}
}

func (p *parser) membership(l line, t []token) condition {
	o, set := p.operandOf(l, t[0]), map[string]bool{}
	for _, member := range t[2:] {
		if !member.quoted && !strings.HasPrefix(member.text, "$") {
			p.fail(l, member, `after "in" stand strings`)
		}
		set[p.constant(l, member)] = true
	}
	return func(r *run) bool {
		value, ok := o.read(r)
		return ok && set[value]
	}
}

// Condition is a guard outside a map, for the rules that a format asks of its records.
type Condition struct{ holds condition }

// ParseCondition reads a condition of the map language. A fault is an *Error
// whose column counts from the start of the text.
func ParseCondition(text string) (Condition, error) {
	p := &parser{names: vocabulary, program: newProgram(), scopes: []*reads{{}}, file: "condition"}
	lines, faults := splitLines(p.file, text)
	if p.faults = faults; len(faults) == 0 && len(lines) == 1 {
		c := Condition{holds: p.condition(lines[0], lines[0].tokens)}
		if len(p.faults) == 0 {
			return c, nil
		}
	}
	if len(p.faults) == 0 {
		return Condition{}, &Error{File: p.file, Line: 1, Column: 1, Text: "a condition stands on one line"}
	}
	return Condition{}, errors.Join(p.faults...)
}

// askers are runs to ask conditions with: a format asks several of every row.
var askers = sync.Pool{New: func() any { return &run{scopes: make([]around, 1)} }}

// Holds asks the condition of a record. The zero Condition always holds.
func (c Condition) Holds(record Record) bool {
	if c.holds == nil {
		return true
	}
	r := askers.Get().(*run)
	defer askers.Put(r)
	r.scopes[0] = around{record, 1}
	return c.holds(r)
}
