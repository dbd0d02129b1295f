package fhir

import (
	"bytes"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// Equal is Alike, but for numbers, which are compared as written.
func Equal(a, b Value) bool { return equal(a, b, bytes.Equal) }

func TestAlikeNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		alike bool
	}{
		{`1.10`, `1.1`, true}, {`1e2`, `100`, true}, {`-0`, `0`, true}, {`0.0e5`, `0`, true}, {`12e-1`, `1.2`, true}, {`-1.0`, `-1`, true},
		{`1`, `2`, false}, {`-1`, `1`, false}, {`10`, `1`, false}, {`0.1`, `1`, false}, {`1`, `"1"`, false},
		{`1e99999999999999999999`, `1e99999999999999999999`, true}, {`1e99999999999999999999`, `10e99999999999999999998`, false},
		{`{"a":[1.50]}`, `{"a":[1.5]}`, true},
	} {
		if a, b := must(t, c.a), must(t, c.b); Alike(a, b) != c.alike || Alike(b, a) != c.alike {
			t.Errorf("%s and %s: want alike %v", c.a, c.b, c.alike)
		}
	}
}

// Numbers are alike where they are the same rational number.
func TestAlikeCounts(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-3])?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got, want := sameNumber([]byte(a), []byte(b)), x.Cmp(y) == 0; got != want {
			t.Fatalf("%s and %s: alike %v, want %v", a, b, got, want)
		}
	})
}
