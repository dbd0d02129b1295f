package fhir

import "bytes"

// A parser reads one document, byte after byte and never back. Each of its
// functions begins at pos, leaves pos after what it read, and returns the
// reason why it could not go on; pos is then the offending byte and at the node
// in which that byte lies.
type parser struct {
	document
	pos   int
	at    uint32
	depth int
}

func (p *parser) root() string {
	if bytes.HasPrefix(p.src, []byte("\uFEFF")) {
		return badBOM
	}
	p.space()
	if reason := p.value(node{}); reason != fine {
		return reason
	}
	if p.space(); p.pos < len(p.src) {
		return badTrailing
	}
	return fine
}

// value reads a value of which n already says what stands before it: its
// container, and its name or place there.
func (p *parser) value(n node) (reason string) {
	i := p.add(n)
	switch c := p.peek(); {
	case c == '{':
		reason = p.container(i, Object, '}')
	case c == '[':
		reason = p.container(i, Array, ']')
	case c == '"':
		p.nodes[i].kind = String
		p.nodes[i].textEscapes, reason = p.quoted()
	case c == '-' || digit(c):
		p.nodes[i].kind = Number
		reason = p.number()
	case p.word("true"), p.word("false"):
		p.nodes[i].kind = Bool
	case p.word("null"):
		p.nodes[i].kind = Null
	default:
		reason = p.unexpected(badValue)
	}
	if reason == fine {
		p.nodes[i].end = uint32(p.pos)
		p.nodes[i].next = uint32(len(p.nodes))
	}
	return reason
}

// add puts a node at the end, lets it begin here and makes it the current one.
func (p *parser) add(n node) uint32 {
	p.at = uint32(len(p.nodes))
	n.start = uint32(p.pos)
	p.nodes = append(p.nodes, n)
	return p.at
}

// container reads the array or object whose node is i.
func (p *parser) container(i uint32, kind Kind, end byte) string {
	p.nodes[i].kind = kind
	if p.depth == maxDepth {
		return badDepth
	}
	p.depth++
	p.pos++
	if p.space(); p.peek() == end {
		return p.leave()
	}
	var seen names
	for {
		child := node{parent: i, name: p.nodes[i].count}
		if kind == Object {
			if reason := p.name(&child, &seen); reason != fine {
				return reason
			}
		}
		if reason := p.value(child); reason != fine {
			return reason
		}
		p.nodes[i].count++
		p.at = i
		switch p.space(); p.peek() {
		case ',':
			p.pos++
			p.space()
		case end:
			return p.leave()
		default:
			return p.unexpected(badComma)
		}
	}
}

func (p *parser) leave() string {
	p.pos++
	p.depth--
	return fine
}

// name reads a member's name and colon into the member's node.
func (p *parser) name(member *node, seen *names) string {
	if p.peek() != '"' {
		return p.unexpected(badName)
	}
	start := p.pos
	escaped, reason := p.quoted()
	if reason != fine {
		return reason
	}
	member.name, member.nameEnd, member.nameEscapes = uint32(start+1), uint32(p.pos-1), escaped
	if p.repeated(member, seen) {
		p.pos = start
		p.add(*member) // so that the error's path ends in the name
		return badDuplicate
	}
	if p.space(); p.peek() != ':' {
		return p.unexpected(badColon)
	}
	p.pos++
	p.space()
	return fine
}

// peek is the byte to be read next, 0 at the end. A zero byte in the document
// is none of those that the callers look for either.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// unexpected is the reason where something else stands than what was expected.
func (p *parser) unexpected(reason string) string {
	if p.pos == len(p.src) {
		return badEnd
	}
	return reason
}

func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// word reads one of JSON's words if it is here.
func (p *parser) word(w string) bool {
	if !bytes.HasPrefix(p.src[p.pos:], []byte(w)) {
		return false
	}
	p.pos += len(w)
	return true
}
