package bundle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping/bundle"
)

// rows lists file and row of what was taken.
func rows(b *book) string {
	var at []string
	for _, r := range b.taken {
		at = append(at, fmt.Sprintf("%s:%d", r.From.File, r.From.Row))
	}
	return strings.Join(at, " ")
}

func TestFilesAreReadByNameAndContent(t *testing.T) {
	one, two := `{"resourceType":"Practitioner","id":"1"}`, `{"resourceType":"Practitioner","id":"2"}`
	indented := strings.ReplaceAll(one, ",", ",\n ")
	for name, c := range map[string]struct{ file, text, want string }{
		"a resource":       {"a.json", one, "a.json:0"},
		"indented":         {"a.json", "\n" + indented + "\r\n\t", "a.json:0"},
		"capitals":         {"A.JSON", one, "A.JSON:0"},
		"a folder":         {"b/c/a.json", one, "b/c/a.json:0"},
		"byte order mark":  {"a.json", "\ufeff" + one, "a.json:0"},
		"lines":            {"a.ndjson", one + "\n" + two, "a.ndjson:1 a.ndjson:2"},
		"CRLF, empty ones": {"a.jsonl", "\r\n" + one + "\r\n \r\n" + two + "\r\n", "a.jsonl:2 a.jsonl:4"},
		"lines with mark":  {"a.ndjson", "\ufeff" + one + "\n" + two, "a.ndjson:1 a.ndjson:2"},
		"files joined":     {"a.ndjson", "\ufeff" + one + "\n\ufeff" + two + "\n", "a.ndjson:1 a.ndjson:2"},
		"lines as JSON":    {"a.json", one + "\n" + two + "\n", "a.json:1 a.json:2"},
		"an array":         {"a.json", "[" + one + ",\n" + two + "]", "a.json:1 a.json:2"},
		"a long line":      {"a.ndjson", strings.Repeat(" ", 1<<20) + one + "\n" + two, "a.ndjson:1 a.ndjson:2"},
	} {
		b, _ := read(t, fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if got := rows(b); got != c.want || len(b.aside) != 0 {
			t.Errorf("%s: took %q, set aside %+v", name, got, b.aside)
		}
	}
}

func TestFilesWithoutARecordAreNamed(t *testing.T) {
	b, report := read(t, fstest.MapFS{"empty.json": {}, "blank.json": {Data: []byte(" \n")}, "plan.xml": {Data: []byte("<CarePlan/>")}, "x/empty.ndjson": {}})
	var names []string
	for _, f := range report.NotRead {
		names = append(names, f.File)
	}
	if report.Read != 0 || !slices.Equal(names, []string{"blank.json", "empty.json", "plan.xml", "x/empty.ndjson"}) || len(b.aside) != 0 {
		t.Errorf("%+v %+v", report, b.aside)
	}
}

// A broken line, or a bundle that ends too early, is one record refused.
func TestBrokenTextIsOneRecord(t *testing.T) {
	one := `{"resourceType":"Practitioner","id":"1"}`
	for name, text := range map[string]string{
		"line":         one + "\n{\"resourceType\":\n",
		"not UTF-8":    one + "\n{\"resourceType\":\"\xff\"}\n",
		"deep":         one + "\n" + strings.Repeat("[", 70) + strings.Repeat("]", 70),
		"half bundle":  one + "\n" + `{"resourceType":"Bundle","entry":[{"resource":{}`,
		"other object": one + "\n" + `{"a":1}`,
	} {
		b, report := readText(t, text)
		if report.Taken != 1 || report.Refused != 1 || b.refused()[0].At.Row != 2 {
			t.Errorf("%s: %+v %+v", name, report, b.refused())
		}
	}
}

// A document of more values than can be held stood in the account alone.
func TestADocumentOfTooManyValuesIsKept(t *testing.T) {
	text := `{"resourceType":"Basic","x":[` + strings.Repeat("1,", 4<<20) + `1]}`
	b, _ := readText(t, text)
	if len(b.aside) != 1 || b.aside[0].Rule != bundle.RuleJSON || string(b.aside[0].Raw) != text {
		t.Errorf("%d set aside, of %d bytes", len(b.aside), len(text))
	}
}
