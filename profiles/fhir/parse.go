package fhir

import (
	"bytes"
	"fmt"
)

// Limits of a document.
const (
	maxDepth = 64      // containers within one another (docs/surface.md)
	maxBytes = 1 << 30 // positions are 32 bits wide; the gateway's own limits are far lower
)

// SyntaxError says why a document was refused. Its text holds member names,
// positions and fixed words, never a value: what is refused may be a person's
// record all the same.
type SyntaxError struct {
	Path   string // as Value.Path
	Offset int    // byte of the document, from 0, at which reading stopped
	Reason string // one of a fixed list
}

// Error is the path, the reason and the position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s: %s (byte %d)", e.Path, e.Reason, e.Offset)
}

// The reasons. A function of the parser returns one, or fine.
const (
	fine = ""

	badBOM       = "begins with a byte order mark"
	badComma     = "expected a comma or the end of the array or object"
	badColon     = "expected a colon after the member name"
	badControl   = "control character in a string"
	badDepth     = "nested deeper than 64"
	badDuplicate = "member name given twice"
	badEnd       = "ends too early"
	badEscape    = "not an escape sequence of JSON"
	badName      = "expected a member name"
	badNumber    = "not a number of JSON"
	badObject    = "a resource is an object"
	badSize      = "too large"
	badSurrogate = "half a surrogate pair"
	badTrailing  = "something follows the end of the document"
	badType      = "resourceType is not there or not a string"
	badUTF8      = "not UTF-8"
	badValue     = "expected a value"
)

// Parse reads one JSON document (RFC 8259), more strictly than most readers:
// of RFC 7493 it takes the rules on which two readers could otherwise differ.
// Refused are a member name given twice in one object (also when the two are
// equal only after unescaping), containers nested deeper than 64, bytes that
// are not UTF-8, halves of surrogate pairs, numbers outside the grammar, a byte
// order mark, and anything but white space around the one value.
//
// The error is a *SyntaxError. The document keeps src: do not change it after.
func Parse(src []byte) (Value, error) {
	d, err := parse(src, 0, maxBytes)
	if err != nil {
		return Value{}, err
	}
	return Value{doc: d}, nil
}

// ParseResource is Parse for an object that names its resourceType, which is
// what every FHIR resource must do. Whether the type exists is not asked here.
func ParseResource(src []byte) (Value, error) {
	v, err := Parse(src)
	if err != nil {
		return Value{}, err
	}
	if v.Kind() != Object {
		return Value{}, &SyntaxError{Path: v.Path(), Offset: v.Offset(), Reason: badObject}
	}
	if v.Type() == "" {
		return Value{}, &SyntaxError{Path: v.Path(), Offset: v.Offset(), Reason: badType}
	}
	return v, nil
}

// parse reads a document that will stand inside so many containers.
func parse(src []byte, depth, limit int) (*document, error) {
	p := parser{document: document{src: src}, depth: depth}
	reason := badSize
	if len(src) <= limit {
		p.nodes = make([]node, 0, estimate(src))
		reason = p.root()
	}
	if reason != fine {
		return nil, &SyntaxError{Path: p.path(p.at), Offset: p.pos, Reason: reason}
	}
	return &p.document, nil
}

// estimate is how many values there are: one for each comma and each opening
// bracket, and the root. Commas within strings count too, so it is held to a
// number that well-meant documents do not reach.
func estimate(src []byte) int {
	commas := bytes.Count(src, []byte(","))
	brackets := bytes.Count(src, []byte("{")) + bytes.Count(src, []byte("["))
	return min(1+commas+brackets, 8+len(src)/8)
}
