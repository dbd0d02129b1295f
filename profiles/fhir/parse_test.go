package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the first word of a refused document's name says of it.
var verdicts = map[string]string{
	"bom": badBOM, "comma": badComma, "colon": badColon, "control": badControl, "depth": badDepth,
	"duplicate": badDuplicate, "end": badEnd, "escape": badEscape, "name": badName, "number": badNumber,
	"surrogate": badSurrogate, "trailing": badTrailing, "utf8": badUTF8, "value": badValue,
}

// Refused by this parser alone; encoding/json reads them in its own way.
var ours = []string{badDepth, badDuplicate, badSurrogate, badUTF8}

// documents reads testdata/documents/*.<verdict>.json, of which there must be some.
func documents(t testing.TB, verdict string) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob("testdata/documents/*." + verdict + ".json")
	if err != nil || len(found) == 0 {
		t.Fatalf("no %s documents in testdata (%v)", verdict, err)
	}
	read := map[string][]byte{}
	for _, name := range found {
		if read[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return read
}

func TestRefused(t *testing.T) {
	seen := map[string]bool{}
	for name, src := range documents(t, "bad") {
		word, _, _ := strings.Cut(name, ".")
		want, known := verdicts[word]
		seen[word] = true
		var refusal *SyntaxError
		v, err := Parse(src)
		switch {
		case !known:
			t.Errorf("%s: the name does not begin with a verdict", name)
		case !errors.As(err, &refusal):
			t.Errorf("%s: accepted", name)
		case refusal.Reason != want:
			t.Errorf("%s: refused because %q, want %q", name, refusal.Reason, want)
		case v.Exists():
			t.Errorf("%s: refused, but something came back", name)
		case json.Valid(src) && !slices.Contains(ours, want):
			t.Errorf("%s: encoding/json reads it", name)
		}
	}
	for word := range verdicts {
		if !seen[word] {
			t.Errorf("no document is refused for %q", word)
		}
	}
}

// Every document comes back as it was, and means what encoding/json reads.
func TestAccepted(t *testing.T) {
	for name, src := range documents(t, "good") {
		v, err := Parse(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := roundTrip(v, src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// roundTrip holds what is true of every accepted document.
func roundTrip(v Value, src []byte) error {
	if want := bytes.Trim(src, " \t\r\n"); !bytes.Equal(v.Raw(), want) {
		return errors.New("the bytes changed")
	}
	w := NewWriter(nil)
	w.Value(v)
	again, err := Parse(w.Bytes())
	if err != nil {
		return fmt.Errorf("written and parsed again: %w", err)
	}
	if !Equal(v, again) || !Equal(again, v) {
		return errors.New("not equal to itself, written and parsed again")
	}
	rewritten, err := Parse(rewrite(nil, v))
	if err != nil {
		return fmt.Errorf("rewritten: %w", err)
	}
	if !Equal(v, rewritten) {
		return errors.New("not equal to itself, rewritten value by value")
	}
	if !sameMeaning(v, src) {
		return errors.New("encoding/json reads something else")
	}
	return nil
}

// rewrite writes a document value by value.
func rewrite(buf []byte, v Value) []byte {
	w := NewWriter(buf)
	var walk func(Value)
	walk = func(v Value) {
		switch v.Kind() {
		case Object:
			w.BeginObject()
			for name, member := range v.Members() {
				w.Name(name)
				walk(member)
			}
			w.EndObject()
		case Array:
			w.BeginArray()
			for element := range v.Each() {
				walk(element)
			}
			w.EndArray()
		case String:
			w.String(v.Text())
		case Bool:
			w.Bool(v.Bool())
		default:
			w.Raw(v.Raw())
		}
	}
	walk(v)
	return w.Bytes()
}

func TestErrorSaysWhere(t *testing.T) {
	for _, c := range []struct {
		src, path string
		offset    int
		reason    string
	}{
		{``, `$`, 0, badEnd},
		{`[1,2,x]`, `$[2]`, 5, badValue},
		{`{"resourceType":"CarePlan","activity":[{},{"detail":{"status":tru}}]}`, `CarePlan.activity[1].detail.status`, 62, badValue},
		{`{"resourceType":"CarePlan","status":"a","status":"b"}`, `CarePlan.status`, 40, badDuplicate},
		{`{"resourceType":"CarePlan","resourceType":"Patient"}`, `CarePlan.resourceType`, 27, badDuplicate},
		{`{"status":"a","status":"b","resourceType":"CarePlan"}`, `$.status`, 14, badDuplicate},
		{`{"resourceType":"Patient","name":[{"given":["A","` + "\xff" + `"]}]}`, `Patient.name[0].given[1]`, 49, badUTF8},
		{`{"resourceType":"Patient","name":[{}`, `Patient.name`, 36, badEnd},
		{`{"resourceType":"Patient","_birthDate":{"x":1}`, `Patient`, 46, badEnd},
		{`{"resourceType":"Patient"} x`, `Patient`, 27, badTrailing},
		{`{"resourceType":"Llewelyn","id":}`, `$.id`, 32, badValue},
		{`{"resourceType":"\"Patient\"","id":}`, `$.id`, 35, badValue},
		{`{"resourceType":"Pati\u0065nt","id":}`, `Patient.id`, 36, badValue},
		{`{"Ann Evans, 1 High Street":{"9990000018":x}}`, `$.?.?`, 42, badValue},
		{`{"a":{"` + strings.Repeat("b", 65) + `":x}}`, `$.a.?`, 74, badValue},
	} {
		_, err := Parse([]byte(c.src))
		var got *SyntaxError
		if !errors.As(err, &got) || *got != (SyntaxError{c.path, c.offset, c.reason}) {
			t.Errorf("%s:\ngot  %v\nwant %s: %s (byte %d)", c.src, err, c.path, c.reason, c.offset)
		}
	}
}

func TestParseResource(t *testing.T) {
	for src, reason := range map[string]string{
		`[]`:                        badObject,
		`"Patient"`:                 badObject,
		`{}`:                        badType,
		`{"resourceType":1}`:        badType,
		`{"resourceType":""}`:       badType,
		`{"resourceType":["Goal"]}`: badType,
		`{"resourcetype":"Goal"}`:   badType,
		`{"resourceType":"Goal"`:    badEnd,
	} {
		v, err := ParseResource([]byte(src))
		var refusal *SyntaxError
		if !errors.As(err, &refusal) || refusal.Reason != reason || v.Exists() {
			t.Errorf("%s: %v, want %q", src, err, reason)
		}
	}
	v, err := ParseResource([]byte(`{"resourceType":"Goal","id":"g"}`))
	if err != nil || v.Type() != "Goal" || v.ID() != "g" {
		t.Errorf("a Goal: %v %q %q", err, v.Type(), v.ID())
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := parse([]byte(`[1,2]`), 0, 4); err == nil || err.Error() != "$: too large (byte 0)" {
		t.Error(err)
	}
	if _, err := parse([]byte(`[1,2]`), 0, 5); err != nil {
		t.Error(err)
	}
}

// However a person's record is broken, the refusal repeats nothing of it.
func TestErrorsHoldNoValues(t *testing.T) {
	const record = `{"resourceType":"Patient","Llewelyn Fawr":{"x":[1]},"identifier":[{"value":"9990000018"}],` +
		`"multipleBirthInteger":9990000018,"9990000018":true,"name":[{"family":"Llewelyn","given":["Ll\u0065welyn"]}]}`
	refused := 0
	hold := func(src []byte) {
		_, err := Parse(src)
		if err == nil {
			return
		}
		refused++
		if s := err.Error(); strings.Contains(s, "ewelyn") || strings.Contains(s, "99900") {
			t.Fatalf("%s\nrepeats what %s holds", s, src)
		}
	}
	for i := range record {
		hold([]byte(record[:i]))
		for _, c := range []byte("\x00\"\\{}[],:9x\xff") {
			broken := []byte(record)
			broken[i] = c
			hold(broken)
		}
	}
	if refused < 1000 {
		t.Errorf("only %d broken records were refused", refused)
	}
}
