package fhir

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// A tree is a JSON value drawn at random, before anybody chose how to spell it.
type tree struct {
	kind  Kind
	text  string // of a string, number or boolean
	names []string
	inner []tree
}

var (
	drawText   = rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("aé\"\\\n/😀\u2028<")), 0, 12, -1))
	drawName   = rapid.OneOf(rapid.SampledFrom([]string{"id", "status", "resourceType", "reference", "coding", "code"}), drawText)
	drawNumber = rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`)
)

func drawTree(depth int) *rapid.Generator[tree] {
	return rapid.Custom(func(t *rapid.T) tree {
		kinds := []Kind{Null, Bool, Number, String, Array, Object, Object}
		if depth == 0 {
			kinds = kinds[:4]
		}
		drawn := tree{kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch drawn.kind {
		case Bool:
			drawn.text = strconv.FormatBool(rapid.Bool().Draw(t, "bool"))
		case Number:
			drawn.text = drawNumber.Draw(t, "number")
		case String:
			drawn.text = drawText.Draw(t, "text")
		case Object:
			most := rapid.SampledFrom([]int{4, 4, 4, 3 * few}).Draw(t, "most")
			drawn.names = rapid.SliceOfNDistinct(drawName, 0, most, rapid.ID[string]).Draw(t, "names")
			drawn.inner = rapid.SliceOfN(drawTree(depth-1), len(drawn.names), len(drawn.names)).Draw(t, "members")
		case Array:
			drawn.inner = rapid.SliceOfN(drawTree(depth-1), 0, 4).Draw(t, "elements")
		}
		return drawn
	})
}

// spell writes a tree in one of its many spellings: white space, escapes and
// the order of members are the dice's.
func (t tree) spell(dst []byte, dice *rand.Rand) []byte {
	space := func() { dst = append(dst, []string{"", "", " ", "\n\t", "\r\n "}[dice.IntN(5)]...) }
	space()
	switch t.kind {
	case Null:
		dst = append(dst, "null"...)
	case Bool, Number:
		dst = append(dst, t.text...)
	case String:
		dst = spellText(dst, t.text, dice)
	default:
		open, shut := byte('['), byte(']')
		order := dice.Perm(len(t.inner))
		if t.kind == Object {
			open, shut = '{', '}'
		} else {
			slices.Sort(order)
		}
		dst = append(dst, open)
		for i, which := range order {
			if i > 0 {
				dst = append(dst, ',')
			}
			if t.kind == Object {
				space()
				dst = spellText(dst, t.names[which], dice)
				space()
				dst = append(dst, ':')
			}
			dst = t.inner[which].spell(dst, dice)
		}
		space()
		dst = append(dst, shut)
	}
	space()
	return dst
}

func spellText(dst []byte, s string, dice *rand.Rand) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		one := AppendString(nil, string(r))
		if r < 0x10000 && dice.IntN(4) == 0 {
			dst = append(dst, '\\', 'u')
			for shift := 12; shift >= 0; shift -= 4 {
				dst = append(dst, "0123456789abcDEF"[r>>shift&0xF])
			}
			continue
		}
		dst = append(dst, one[1:len(one)-1]...)
	}
	return append(dst, '"')
}

// is compares a parsed value with what was drawn.
func (t tree) is(v Value) bool {
	if v.Kind() != t.kind || v.Len() != len(t.inner) {
		return false
	}
	switch t.kind {
	case String:
		return v.Text() == t.text && v.Is(t.text)
	case Bool, Number:
		return string(v.Raw()) == t.text
	case Array:
		for i, inner := range t.inner {
			if !inner.is(v.At(i)) {
				return false
			}
		}
	case Object:
		for i, inner := range t.inner {
			if !inner.is(v.Get(t.names[i])) {
				return false
			}
		}
	}
	return true
}

func drawSpelling(t *rapid.T, drawn tree, label string) Value {
	seed := rapid.Uint64().Draw(t, label)
	src := drawn.spell(nil, rand.New(rand.NewPCG(seed, 1)))
	v, err := Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	if err := roundTrip(v, src); err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return v
}

func TestAnyTreeInAnySpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawTree(3).Draw(t, "tree")
		one, other := drawSpelling(t, drawn, "one"), drawSpelling(t, drawn, "other")
		if !drawn.is(one) || !drawn.is(other) {
			t.Fatalf("%s\nis not what was written", one.Raw())
		}
		if !Equal(one, other) {
			t.Fatalf("%s\nand\n%s\ndiffer", one.Raw(), other.Raw())
		}
	})
}

// Equal agrees with encoding/json's reading, also of trees that differ little.
func TestEqualIsSameMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := drawTree(2).Draw(t, "tree")
		one := drawSpelling(t, drawn, "one")
		at := Value{one.doc, rapid.Uint32Range(0, uint32(len(one.doc.nodes)-1)).Draw(t, "at")}
		out, err := Splice(one, Edit{At: at, With: drawTree(0).Draw(t, "with").spell(nil, rand.New(rand.NewPCG(1, 1)))})
		if err != nil {
			t.Fatal(err)
		}
		other, err := Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := Equal(one, other), sameMeaning(other, one.Raw()); got != want || got != Equal(other, one) {
			t.Fatalf("%s\nand\n%s\nequal: %v, want %v", one.Raw(), out, got, want)
		}
	})
}

// Any choice of values that do not overlap can be replaced at once.
func TestSpliceMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawSpelling(t, drawTree(3).Draw(t, "tree"), "spelling")
		var edits []Edit
		want := bytes.Clone(v.Raw())
		for i := len(v.doc.nodes) - 1; i >= 0; i-- { // from the back, so that positions hold
			at := Value{v.doc, uint32(i)}
			if at.Kind() == Array || at.Kind() == Object || !rapid.Bool().Draw(t, "replace") {
				continue
			}
			with := []byte(strconv.Itoa(i))
			edits = append(edits, Edit{At: at, With: with})
			start := at.Offset() - v.Offset()
			want = slices.Replace(want, start, start+len(at.Raw()), with...)
		}
		got, err := Splice(v, rapid.Permutation(edits).Draw(t, "order")...)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, got, want)
		}
	})
}
