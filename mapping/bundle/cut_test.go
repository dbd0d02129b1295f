package bundle

import (
	"bytes"
	"strings"
	"testing"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

func TestCutFindsTheEntries(t *testing.T) {
	for text, want := range map[string]string{
		`{"entry":[]}`:                                "",
		`{"entry":[1,{"a":[2,3]},"x,]}"]}`:            `1;{"a":[2,3]};"x,]}"`,
		`{"x":[1,2],"entry": [ {"a":"\"]"} , 5 ] }`:   `{"a":"\"]"};5`,
		`{"entry":[{"entry":[1,2]},{"a":1,"a":2}]}`:   `{"entry":[1,2]};{"a":1,"a":2}`,
		`{"o":{"entry":[1]},"entry":[2,]}`:            `2`,
		`{"title":"entry","x":[1],"entry":[{"b" 1}]}`: `{"b" 1}`,
	} {
		shell, entries, ok := cut([]byte(text))
		if got := string(bytes.Join(entries, []byte(";"))); got != want || !ok {
			t.Errorf("%s: cut %q, %v", text, got, ok)
		}
		if v, err := fhir.Parse(shell); err != nil || v.Get("entry").Len() != 0 {
			t.Errorf("%s: the shell is %s (%v)", text, shell, err)
		}
	}
}

func TestCutGivesUp(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":               ``,
		"no entries":            `{"x":[1]}`,
		"an array":              `[{"entry":[1]}]`,
		"not closed":            `{"entry":[1`,
		"closed too often":      `{"entry":[1]}}`,
		"brackets of two kinds": `{"entry":[{"a":1],2]}`,
		"a string not closed":   `{"entry":["a]}`,
	} {
		if _, entries, ok := cut([]byte(text)); ok {
			t.Errorf("%s: cut %q", name, entries)
		}
	}
}

// Where a quote is lost, what people wrote stands where structure should. Nothing
// of it may become a record.
func TestWordsNeverBecomeARecord(t *testing.T) {
	words := string(fhir.AppendString(nil, `x},{"resource":{"resourceType":"Patient","id":"evil"}},{"y":"`))
	whole := `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p1","name":[{"text":"A"}]}},` +
		`{"resource":{"resourceType":"Flag","id":"f1","subject":{"reference":"Patient/p1"},"code":{"text":` + words + `}}}]}`
	for i := range whole {
		if whole[i] != '"' {
			continue
		}
		d, _ := readDocument(mapping.Position{}, []byte(whole[:i]+whole[i+1:]))
		if d == nil {
			continue
		}
		for _, e := range d.entries {
			if strings.Contains(string(e.resource.Get("id").Raw()), "evil") {
				t.Errorf("without the quote at %d a record was made of words: %s", i, e.raw)
			}
		}
	}
}
