package mapping

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping/syntax"
)

// operandKind says what an operand reads.
type operandKind uint8

const (
	nothing operandKind = iota // has no value
	constant
	field
	template
	choice // if, then, else
	sourceName
	custodian
	position
)

// operand is where a value comes from. It has a value or none; it never fails.
// The zero operand has none.
type operand struct {
	kind  operandKind
	text  string // of a constant its value, of a field its name
	field *Field // of a field
	up    int    // of a field: how many records further out
	keyed bool   // of a field: escaped, as a part of a key
	inURI bool   // of a field: escaped, as a part of a URI
	parts []part // of a template its parts, of a choice then and else
	when  *condition
}

// part is a piece of a template.
type part struct {
	operand
	optional bool // {field?}: nothing where the field is blank
}

func fixed(value string) operand { return operand{kind: constant, text: value} }

// isFixed reports whether no field decides about the value.
func (o *operand) isFixed() bool {
	switch o.kind {
	case constant, sourceName, custodian, position:
		return true
	case template:
		return o.varying() < 0
	}
	return false
}

// varying is the first part of a template that a field decides about.
func (o *operand) varying() int {
	return slices.IndexFunc(o.parts, func(p part) bool { return !p.isFixed() })
}

func (o *operand) read(r *run) (string, bool) {
	switch o.kind {
	case constant:
		return o.text, true
	case field:
		value, ok := r.record(o.up).Field(o.field)
		switch {
		case o.keyed:
			value = escapeKey(value)
		case o.inURI && strings.ContainsAny(value, "% \t\n\r"):
			value = uriEscapes.Replace(value)
		}
		return value, ok
	case template:
		return o.readTemplate(r)
	case choice:
		if o.when.holds(r) {
			return o.parts[0].read(r)
		}
		return o.parts[1].read(r)
	case sourceName:
		return r.env.Source, r.env.Source != ""
	case custodian:
		return r.env.Custodian, r.env.Custodian != ""
	case position:
		return strconv.Itoa(r.scopes[len(r.scopes)-1].index), true
	}
	return "", false
}

func (o *operand) readTemplate(r *run) (string, bool) {
	var space [128]byte
	text, varies, something := space[:0], false, false
	for i := range o.parts {
		part := &o.parts[i]
		value, ok := part.read(r)
		if !ok && !part.optional {
			return "", false
		}
		if !part.isFixed() {
			varies, something = true, something || ok
		}
		text = append(text, value...)
	}
	return r.lately(text), something || !varies && len(bytes.TrimSpace(text)) > 0
}

// lately is a text, which is perhaps among those made last: what tells a person apart stands
// in each of their records, and several times.
func (r *run) lately(text []byte) string {
	last := &r.texts[maphash.Bytes(seed, text)%uint64(len(r.texts))]
	if *last != string(text) {
		*last = string(text)
	}
	return *last
}

var seed = maphash.MakeSeed()

// blank names the field for which a key has no value.
func (o *operand) blank(r *run) string {
	if o.kind == field {
		return ": no text in " + o.text
	}
	for i := range o.parts {
		if p := &o.parts[i]; p.kind == field && !p.optional && o.kind == template {
			if _, ok := p.read(r); !ok {
				return ": no text in " + p.text
			}
		}
	}
	return ""
}

// at is the field to blame when the value is wrong.
func (o *operand) at(r *run) Position {
	switch o.kind {
	case field:
		return r.record(o.up).At(o.text)
	case template:
		if i := o.varying(); i >= 0 {
			return o.parts[i].at(r)
		}
	case choice:
		return o.parts[0].at(r)
	}
	return r.record(0).At("")
}

// operandOf reads one token.
func (p *parser) operandOf(l syntax.Line, t syntax.Token) operand {
	switch {
	case t.Quoted:
		return p.template(l, t)
	case strings.HasPrefix(t.Text, "$"):
		return p.named(l, t)
	default:
		return p.field(l, t)
	}
}

// named reads $source, $custodian, $index or a constant.
func (p *parser) named(l syntax.Line, t syntax.Token) operand {
	switch t.Text {
	case "$source":
		return operand{kind: sourceName}
	case "$custodian":
		return operand{kind: custodian}
	case "$index":
		return operand{kind: position}
	}
	return fixed(p.constant(l, t))
}

// field reads a field name: each ^ before it steps out of one each, first or in
// group, to the record around it.
func (p *parser) field(l syntax.Line, t syntax.Token) operand {
	up, name, ok := p.fieldName(l, t)
	if !ok {
		return fixed("")
	}
	p.isColumn(l, t, up, name)
	p.take(up, name)
	return operand{kind: field, text: name, field: p.program.Field(name), up: up, keyed: p.keyed}
}

// keySeparator stands between the parts of a key, and in none of them.
const keySeparator = "|"

var keyEscapes = strings.NewReplacer("%", "%25", keySeparator, "%7C")

// uriEscapes makes a part of a URI of a text that may hold blanks.
var uriEscapes = strings.NewReplacer("%", "%25", " ", "%20", "\t", "%09", "\n", "%0A", "\r", "%0D")

// escapeKey makes a part of a key safe to stand beside another, and drops the
// blanks around it.
func escapeKey(part string) string {
	part = strings.TrimSpace(part)
	if strings.IndexByte(part, '%') < 0 && !strings.Contains(part, keySeparator) {
		return part
	}
	return keyEscapes.Replace(part)
}

func (p *parser) fieldName(l syntax.Line, t syntax.Token) (up int, name string, ok bool) {
	name = strings.TrimLeft(t.Text, "^")
	up = len(t.Text) - len(name)
	switch {
	case !fieldPattern.MatchString(name):
		p.Fail(l, t, "not a field name")
	case up >= len(p.scopes):
		p.Fail(l, t, "^ steps out of more groups than it stands in")
	default:
		return up, name, true
	}
	return 0, "", false
}

// template reads "text {field} text": it has no value where a field in it has
// none, unless the field is written {field?} and another has one. A brace itself is doubled.
func (p *parser) template(l syntax.Line, t syntax.Token) operand {
	var parts []part
	text, rest := "", t.Text
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
				p.Fail(l, t, "a brace without its partner (a brace itself is written twice)")
				return fixed("")
			}
			text += rest[:i]
			name, optional := strings.CutSuffix(rest[i+1:end], "?")
			rest = rest[end+1:]
			o := p.operandOf(l, syntax.Token{Text: name, Column: t.Column})
			if o.kind == constant {
				text += o.text
				continue
			}
			flush()
			parts = append(parts, part{o, optional})
		}
	}
	flush()
	if len(parts) == 1 && parts[0].isFixed() {
		return parts[0].operand
	}
	return operand{kind: template, parts: parts}
}

// expression reads an operand, or `if CONDITION then OPERAND [else OPERAND]`.
func (p *parser) expression(l syntax.Line, tokens []syntax.Token) operand {
	if len(tokens) == 1 {
		return p.operandOf(l, tokens[0])
	}
	then, els := indexWord(tokens, "then"), indexWord(tokens, "else")
	end := len(tokens)
	if els >= 0 {
		end = els
	}
	if len(tokens) == 0 || !tokens[0].Is("if") ||
		then < 0 || end != then+2 || els >= 0 && len(tokens) != els+2 {
		p.Fail(l, l.Tokens[0], "before -> stands one field, string or $Name, or: if CONDITION then VALUE else VALUE")
		return fixed("")
	}
	o := operand{kind: choice, when: p.condition(l, tokens[1:then]), parts: make([]part, 2)}
	o.parts[0].operand = p.operandOf(l, tokens[then+1])
	if els >= 0 {
		o.parts[1].operand = p.operandOf(l, tokens[els+1])
	}
	return o
}

func indexWord(tokens []syntax.Token, word string) int {
	return slices.IndexFunc(tokens, func(t syntax.Token) bool { return t.Is(word) })
}
