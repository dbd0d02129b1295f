// Package fhir is FHIR R4 as lossless JSON: what it does not understand it keeps.
//
// A document is parsed once, strictly, into an index over the bytes it came as;
// a Value is a place in that index. Nothing is decoded until asked for and
// nothing is ever written back in another form: numbers stay as written,
// members keep their order, unknown members stay.
//
// JSON parsers disagree about what {"status":"active","status":"inactive"}
// says, and where two parts of a gateway read one document differently, the
// consent of one person is applied to the words of another. So there is this
// one parser, and what could be read in two ways it refuses.
//
// Everything here is a pure function of its arguments. A parsed document never
// changes, so its Values may be used by many goroutines at once.
package fhir

// Kind is the JSON kind of a Value.
type Kind uint8

// The kinds. Absent is the zero Value: the member or element was not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"absent", "null", "boolean", "number", "string", "array", "object"}

// String is the kind's name as RFC 8259 has it, "absent" for Absent.
func (k Kind) String() string { return kindNames[k] }
