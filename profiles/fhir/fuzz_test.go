package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// seed gives a fuzz target every document of testdata.
func seed(f *testing.F, add func(src []byte)) {
	for _, verdict := range []string{"good", "bad"} {
		for _, src := range documents(f, verdict) {
			if len(src) < 4096 {
				add(src)
			}
		}
	}
}

// What Parse accepts comes back unchanged and means what encoding/json reads;
// what it refuses encoding/json refuses too, but for the faults that only this
// parser minds.
func FuzzParse(f *testing.F) {
	seed(f, func(src []byte) { f.Add(src) })
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := Parse(src)
		if err == nil {
			if err := roundTrip(v, src); err != nil {
				t.Fatal(err)
			}
			everyValue(t, v)
			return
		}
		var refusal *SyntaxError
		if !errors.As(err, &refusal) || refusal.Offset > len(src) {
			t.Fatalf("a strange refusal: %v", err)
		}
		if json.Valid(src) && !slices.Contains(ours, refusal.Reason) {
			t.Fatalf("encoding/json reads it: %v", err)
		}
	})
}

// everyValue holds each value of a document to its own bytes.
func everyValue(t *testing.T, root Value) {
	t.Helper()
	for i := range root.doc.nodes {
		v := Value{root.doc, uint32(i)}
		alone, err := Parse(v.Raw())
		if err != nil || !Equal(v, alone) || v.Len() != alone.Len() {
			t.Fatalf("%s read alone: %v", v.Path(), err)
		}
		if v.Kind() == String && !v.Is(v.Text()) {
			t.Fatalf("%s is not its own text", v.Path())
		}
	}
}

// A splice changes the spliced value and nothing else.
func FuzzSplice(f *testing.F) {
	seed(f, func(src []byte) {
		f.Add(src, []byte(`{"reference":"Patient/p"}`), uint16(3))
		f.Add(src, []byte(` 1.10 `), uint16(len(src)))
	})
	f.Add([]byte(`{"a":1}`), []byte(`1,"b":2`), uint16(1))
	f.Fuzz(func(t *testing.T, src, with []byte, which uint16) {
		v, err := Parse(src)
		if err != nil {
			return
		}
		at := Value{v.doc, uint32(which) % uint32(len(v.doc.nodes))}
		out, err := Splice(v, Edit{At: at, With: with})
		replacement, refused := Parse(with)
		if err != nil {
			if depth, _ := depthWithin(v, at); refused == nil && depth == 0 {
				t.Fatalf("a whole document could not take the place of another: %v", err)
			}
			return
		}
		if refused != nil {
			t.Fatalf("spliced what Parse refuses: %v", refused)
		}
		before := v.Raw()[:at.Offset()-v.Offset()]
		after := v.Raw()[len(before)+len(at.Raw()):]
		if !bytes.Equal(out, slices.Concat(before, with, after)) {
			t.Fatal("other bytes changed")
		}
		spliced, err := Parse(out)
		if err != nil {
			t.Fatalf("Parse refuses the outcome: %v", err)
		}
		if !Equal(Value{spliced.doc, at.i}, replacement) {
			t.Fatal("what was put in is not there")
		}
	})
}

// Setting a member leaves the others as they were.
func FuzzSetMember(f *testing.F) {
	seed(f, func(src []byte) {
		f.Add(src, "id", []byte(`"a"`))
		f.Add(src, "\xff", []byte(`[]`))
	})
	f.Fuzz(func(t *testing.T, src []byte, name string, raw []byte) {
		v, err := Parse(src)
		if err != nil {
			return
		}
		out, err := SetMember(v, name, raw)
		if err != nil {
			return
		}
		set, err := Parse(out)
		if err != nil {
			t.Fatalf("Parse refuses the outcome: %v", err)
		}
		if want, _ := Parse(raw); !Equal(set.Get(name), want) {
			t.Fatal("the member has another value")
		}
		added := 1
		if v.Get(name).Exists() {
			added = 0
		}
		if set.Len() != v.Len()+added {
			t.Fatalf("%d members became %d", v.Len(), set.Len())
		}
		for other, value := range v.Members() {
			if other != name && !bytes.Equal(set.Get(other).Raw(), value.Raw()) {
				t.Fatal("another member changed")
			}
		}
	})
}
