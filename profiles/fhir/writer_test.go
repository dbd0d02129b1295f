package fhir

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestWriter(t *testing.T) {
	plan := carePlan(t)
	w := NewWriter([]byte("kept,"))
	w.BeginObject()
	w.Member("resourceType", "CarePlan")
	w.Member("id", "")
	w.Name("status").Value(plan.Get("status"))
	w.Name("goal")
	w.BeginArray()
	w.EndArray()
	w.Name("list")
	w.BeginArray()
	w.Int(-1)
	w.Bool(true)
	w.Bool(false)
	w.String(`{[:`)
	w.Object(func() {})
	w.Array(func() { w.String("") })
	w.Raw([]byte(" 1.10 "))
	w.Raw(nil)
	w.Value(Value{})
	w.EndArray()
	w.Name(`"`)
	w.Int(2)
	w.EndObject()
	const want = `kept,{"resourceType":"CarePlan","status":"active","goal":[],"list":[-1,true,false,"{[:",{},[""], 1.10 ,null,null],"\"":2}`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	must(t, strings.TrimPrefix(want, "kept,"))
}

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{
		"":                       `""`,
		"Byw'n <gartref> & iach": `"Byw'n <gartref> & iach"`,
		"\u2028\u2029\x7f/😀":     "\"\u2028\u2029\x7f/😀\"",
		"\"\\":                   `"\"\\"`,
		"\x00\b\f\n\r\t\x1f":     `"\u0000\u0008\u000c\n\r\t\u001f"`,
		"a\xffb\xc3":             "\"a\uFFFDb\uFFFD\"",
		"a\uFFFDb":               "\"a\uFFFDb\"",
	} {
		if got := string(AppendString(nil, s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// What is written is read again as it was, whatever bytes it was.
func TestAnyStringComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		written := AppendString([]byte("kept"), s)[4:]
		v, err := Parse(written)
		if err != nil {
			t.Fatal(err)
		}
		var read string
		if err := json.Unmarshal(written, &read); err != nil || read != v.Text() {
			t.Fatalf("encoding/json reads %q, not %q (%v)", read, v.Text(), err)
		}
		if utf8.ValidString(s) && v.Text() != s {
			t.Fatalf("%q became %q", s, v.Text())
		}
	})
}
