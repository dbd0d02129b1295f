package fhir

import (
	"regexp"
	"strconv"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// A document is the bytes it came as and one node for each value in them, in
// the order in which the values begin. The nodes inside a container follow it
// directly, so a walk over everything is a walk along the slice.
type document struct {
	src   []byte
	nodes []node
}

// A node is one value. All positions count bytes of the document's src.
type node struct {
	start, end uint32 // the value, quotes and brackets included
	parent     uint32 // index of the container; the root's own index, 0, for the root
	next       uint32 // index of the first node after this one and all inside it; 0 while it is being read
	count      uint32 // members or elements
	name       uint32 // in an object: where the member's name begins, after its quote; in an array: which element this is
	nameEnd    uint32 // in an object: where the name ends, before its quote
	kind       Kind
	nameEscapes,
	textEscapes escapes
}

// Whether a string holds backslashes, that is, has to be unescaped.
type escapes bool

// rawName is a member's name as written, without its quotes.
func (d *document) rawName(n *node) []byte { return d.src[n.name:n.nameEnd] }

// memberName is a member's name unescaped.
func (d *document) memberName(n *node) string { return decode(d.rawName(n), n.nameEscapes) }

// nameIs is memberName(n) == name without making a string.
func (d *document) nameIs(n *node, name string) bool {
	if n.nameEscapes {
		return d.memberName(n) == name
	}
	return string(d.rawName(n)) == name
}

// text is a string's text unescaped.
func (d *document) text(n *node) string { return decode(d.src[n.start+1:n.end-1], n.textEscapes) }

// Only a name of this form is repeated in a path: a name that a stranger made
// up could hold anything, a person's address included.
var safeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// path is where node i stands, as an OperationOutcome's expression says it:
// CarePlan.activity[2].detail.status. It may be asked of a document that is
// still being read.
func (d *document) path(i uint32) string {
	if len(d.nodes) == 0 {
		return "$"
	}
	return string(d.appendPath(nil, i))
}

func (d *document) appendPath(dst []byte, i uint32) []byte {
	if i == 0 {
		return append(dst, d.rootName()...)
	}
	n := &d.nodes[i]
	dst = d.appendPath(dst, n.parent)
	if d.nodes[n.parent].kind == Array {
		dst = append(dst, '[')
		dst = strconv.AppendUint(dst, uint64(n.name), 10)
		return append(dst, ']')
	}
	if name := d.memberName(n); safeName.MatchString(name) {
		return append(append(dst, '.'), name...)
	}
	return append(dst, ".?"...)
}

// rootName is the resourceType where that is one of R4's, and "$" otherwise:
// any other text is the document's own and is not repeated.
func (d *document) rootName() string {
	if d.nodes[0].kind != Object {
		return "$"
	}
	for i := uint32(1); int(i) < len(d.nodes) && d.nodes[i].next != 0; i = d.nodes[i].next {
		if n := &d.nodes[i]; n.kind == String && d.nameIs(n, "resourceType") {
			return knownType(d.text(n))
		}
	}
	return "$"
}

func knownType(name string) string {
	var known models.ResourceType
	if known.UnmarshalJSON([]byte(name)) != nil || known.Code() != name {
		return "$"
	}
	return name
}
