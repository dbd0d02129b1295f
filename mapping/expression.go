package mapping

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// operand is where a value comes from: a field, a template, a constant or an
// if. It has a value or none; it never fails.
type operand struct {
	read     func(*run) (string, bool)
	at       func(*run) Position // the field to blame when the value is wrong
	constant bool
}

// condition is a guard.
type condition func(*run) bool

func fixed(value string) operand {
	return operand{
		read:     func(*run) (string, bool) { return value, true },
		at:       func(r *run) Position { return r.record(0).At("") },
		constant: true,
	}
}

// operandOf reads one token.
func (p *parser) operandOf(l line, t token) operand {
	switch {
	case t.quoted:
		return p.template(l, t)
	case strings.HasPrefix(t.text, "$"):
		return p.named(l, t)
	default:
		return p.field(l, t)
	}
}

// named reads $source, $custodian, $index or a constant.
func (p *parser) named(l line, t token) operand {
	o := fixed("")
	switch t.text {
	case "$source":
		o.read = func(r *run) (string, bool) { return r.env.Source, r.env.Source != "" }
	case "$custodian":
		o.read = func(r *run) (string, bool) { return r.env.Custodian, r.env.Custodian != "" }
	case "$index":
		o.read = func(r *run) (string, bool) { return strconv.Itoa(r.scopes[len(r.scopes)-1].index), true }
	default:
		return fixed(p.constant(l, t))
	}
	return o
}

// field reads a field name: each ^ before it steps out of one each, first or in
// group, to the record around it.
func (p *parser) field(l line, t token) operand {
	up, name, ok := p.fieldName(l, t)
	if !ok {
		return fixed("")
	}
	p.take(up, name)
	o := operand{
		read: func(r *run) (string, bool) { return r.record(up).Field(name) },
		at:   func(r *run) Position { return r.record(up).At(name) },
	}
	if p.keyed {
		o.read = func(r *run) (string, bool) {
			value, ok := r.record(up).Field(name)
			return escapeKey(value), ok
		}
	}
	return o
}

var keyEscapes = strings.NewReplacer("%", "%25", "|", "%7C")

// escapeKey makes a part of a key safe to stand beside another, and drops the
// blanks around it.
func escapeKey(part string) string {
	part = strings.TrimSpace(part)
	if !strings.ContainsAny(part, "%|") {
		return part
	}
	return keyEscapes.Replace(part)
}

func (p *parser) fieldName(l line, t token) (up int, name string, ok bool) {
	name = strings.TrimLeft(t.text, "^")
	up = len(t.text) - len(name)
	switch {
	case !fieldPattern.MatchString(name):
		p.fail(l, t, "not a field name")
	case up >= len(p.scopes):
		p.fail(l, t, "^ steps out of more groups than it stands in")
	default:
		return up, name, true
	}
	return 0, "", false
}

// part is a piece of a template.
type part struct {
	operand
	optional bool // {field?}: nothing where the field is blank
}

// template reads "text {field} text": it has no value where a field in it has
// none, unless the field is written {field?} and another has one. A brace itself is doubled.
func (p *parser) template(l line, t token) operand {
	var parts []part
	text, rest := "", t.text
	flush := func() {
		if text != "" {
			parts, text = append(parts, part{operand: fixed(text)}), ""
		}
	}
	for rest != "" {
		i := strings.IndexAny(rest, "{}")
		switch {
		case i < 0:
			text, rest = text+rest, ""
		case strings.HasPrefix(rest[i:], "{{"), strings.HasPrefix(rest[i:], "}}"):
			text, rest = text+rest[:i+1], rest[i+2:]
		default:
			end := strings.IndexByte(rest, '}')
			if rest[i] == '}' || end < i {
				p.fail(l, t, "a brace without its partner (a brace itself is written twice)")
				return fixed("")
			}
			text += rest[:i]
			flush()
			name, optional := strings.CutSuffix(rest[i+1:end], "?")
			parts = append(parts, part{p.operandOf(l, token{text: name, column: t.column}), optional})
			rest = rest[end+1:]
		}
	}
	flush()
	return joined(parts)
}

// joined puts the parts of a template together.
func joined(parts []part) operand {
	varies := slices.IndexFunc(parts, func(o part) bool { return !o.constant })
	o := fixed("")
	if o.constant = varies < 0; !o.constant {
		o.at = parts[varies].at
	}
	o.read = func(r *run) (string, bool) {
		var space [128]byte
		text, something := space[:0], o.constant
		for _, part := range parts {
			value, ok := part.read(r)
			if !ok && !part.optional {
				return "", false
			}
			something = something || ok && !part.constant
			text = append(text, value...)
		}
		return string(text), something && len(bytes.TrimSpace(text)) > 0
	}
	if len(parts) == 1 && o.constant {
		return parts[0].operand
	}
	return o
}

// expression reads an operand, or `if CONDITION then OPERAND [else OPERAND]`.
func (p *parser) expression(l line, tokens []token) operand {
	if len(tokens) == 1 {
		return p.operandOf(l, tokens[0])
	}
	then, els := indexWord(tokens, "then"), indexWord(tokens, "else")
	end := len(tokens)
	if els >= 0 {
		end = els
	}
	if len(tokens) == 0 || tokens[0].quoted || tokens[0].text != "if" ||
		then < 0 || end != then+2 || els >= 0 && len(tokens) != els+2 {
		p.fail(l, l.tokens[0], "before -> stands one field, string or $Name, or: if CONDITION then VALUE else VALUE")
		return fixed("")
	}
	when, yes := p.condition(l, tokens[1:then]), p.operandOf(l, tokens[then+1])
	no := operand{read: func(*run) (string, bool) { return "", false }}
	if els >= 0 {
		no = p.operandOf(l, tokens[els+1])
	}
	o := yes
	o.constant = false
	o.read = func(r *run) (string, bool) {
		if when(r) {
			return yes.read(r)
		}
		return no.read(r)
	}
	return o
}

func indexWord(tokens []token, word string) int {
	return slices.IndexFunc(tokens, func(t token) bool { return t.text == word && !t.quoted })
}
