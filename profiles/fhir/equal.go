package fhir

import (
	"bytes"
	"strconv"
	"strings"
)

// Alike reports whether two values say the same, whoever wrote them down: white space,
// the escaping of strings, the order of members and the precision of numbers aside, which
// many JSON libraries do not keep. Two Absent values are alike.
func Alike(a, b Value) bool { return equal(a, b, sameNumber) }

// equal compares two values, and their numbers as numbers does.
func equal(a, b Value, numbers func(a, b []byte) bool) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case String:
		return bytes.Equal(a.Raw(), b.Raw()) || a.Text() == b.Text()
	case Array:
		return equalArrays(a, b, numbers)
	case Object:
		return equalObjects(a, b, numbers)
	case Number:
		return numbers(a.Raw(), b.Raw())
	default:
		return bytes.Equal(a.Raw(), b.Raw())
	}
}

func equalArrays(a, b Value, numbers func(a, b []byte) bool) bool {
	j := b.i + 1
	for one := range a.children() {
		if !equal(one, Value{b.doc, j}, numbers) {
			return false
		}
		j = b.doc.nodes[j].next
	}
	return true
}

// equalObjects relies on both having as many members and no name twice.
func equalObjects(a, b Value, numbers func(a, b []byte) bool) bool {
	member := b.Get
	if b.Len() > few {
		index := make(map[string]Value, b.Len())
		for name, v := range b.Members() {
			index[name] = v
		}
		member = func(name string) Value { return index[name] }
	}
	for name, v := range a.Members() {
		if !equal(v, member(name), numbers) {
			return false
		}
	}
	return true
}

// sameNumber compares what two numbers count. Of exponents beyond 64 bits only the
// same text is the same.
func sameNumber(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, ok1 := amountOf(string(a))
	y, ok2 := amountOf(string(b))
	return ok1 && ok2 && x == y
}

// amount is a number as digits without zeros at either end, times a power of ten; of
// zero, which has no sign, all is empty.
type amount struct {
	negative bool
	digits   string
	exponent int64
}

func amountOf(text string) (amount, bool) {
	var n amount
	text, n.negative = strings.CutPrefix(text, "-")
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		exponent, err := strconv.ParseInt(text[at+1:], 10, 62)
		if err != nil {
			return n, false
		}
		text, n.exponent = text[:at], exponent
	}
	whole, fraction, _ := strings.Cut(text, ".")
	n.exponent -= int64(len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	n.digits = strings.TrimRight(digits, "0")
	n.exponent += int64(len(digits) - len(n.digits))
	if n.digits == "" {
		return amount{}, true
	}
	return n, true
}
