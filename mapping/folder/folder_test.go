package folder_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/folder"
	"cpagateway/profiles/fhir"
)

const maps = `dates DD/MM/YYYY
csv Plans
  ref    "Plan Ref"
  begins "Start, of plan"
  text   "Text"
map Plans <-> CarePlan
  key ref
  in identifier[]
    "https://s/{$custodian}" -> system
    ref <-> value
  begins <-> period.start date
  text <-> description
map Visit <-> Encounter
  key id
  in identifier[]
    "https://v" -> system
    id <-> value
`

var env = mapping.Env{Source: "s", Custodian: "7A4", ID: func(_, key string) string { return key }}

type book struct {
	taken []mapping.Resource
	aside []mapping.Fault
}

func (b *book) Take(r []mapping.Resource) error { b.taken = append(b.taken, r...); return nil }
func (b *book) SetAside(f []mapping.Fault, _ []mapping.Resource) error {
	b.aside = append(b.aside, f...)
	return nil
}

func format(t testing.TB) *folder.Format {
	t.Helper()
	f, err := folder.New(fstest.MapFS{"m.map": {Data: []byte(maps)}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t testing.TB, f *folder.Format, files fs.FS) (*book, mapping.Report) {
	t.Helper()
	b := &book{}
	expected := 0
	env := env
	env.Expect = func(records int) { expected = records }
	report, err := f.Read(context.Background(), files, env, b)
	if err != nil {
		t.Fatal(err)
	}
	if report.Read != report.Taken+report.Refused {
		t.Errorf("read %d, taken %d, refused %d", report.Read, report.Taken, report.Refused)
	}
	if report.Read != expected && !f.Joins() { // how many rows have no home is known last
		t.Errorf("read %d, where %d were expected", report.Read, expected)
	}
	return b, report
}

func TestRowsOfACSVFile(t *testing.T) {
	text := "\ufeffText,Plan Ref,\"Start, of plan\",Colour\r\n\"two\r\nlines, \"\"quoted\"\"\",P1,01/04/2026,blue\r\nshort,P2\r\n,P3,31/02/2026,\r\n,P4,,\r\n"
	b, report := read(t, format(t), fstest.MapFS{"in/plans.CSV": {Data: []byte(text)}, "x.txt": {Data: []byte("x")}, "other.csv": {Data: []byte("a\n1\n")}})
	if report.Taken != 2 || report.Refused != 2 || report.LeftBehind["Colour"] != 1 || len(report.NotRead) != 2 {
		t.Errorf("%+v", report)
	}
	want := `{"resourceType":"CarePlan","id":"P1","identifier":[{"system":"https://s/7A4","value":"P1"}],"period":{"start":"2026-04-01"},"description":"two\nlines, \"quoted\""}`
	if len(b.taken) != 2 || string(b.taken[0].Body) != want {
		t.Errorf("made %s", b.taken[0].Body)
	}
	told := ""
	for _, f := range b.aside {
		told += fmt.Sprintf("%s %d %s %s: %s\n", f.At.File, f.At.Row, f.At.Field, f.Rule, f.Reason)
	}
	for _, says := range []string{"in/plans.CSV 2  FILE: the row has 2 fields where the headers are 4", "in/plans.CSV 3 begins m.map:11: not a date"} {
		if !strings.Contains(told, says) {
			t.Errorf("faults\n%swant %q", told, says)
		}
	}
}

// Spreadsheets write rows of blank fields below a table, and between: they are counted as
// rows of the file and as no record.
func TestRowsOfBlankFieldsArePassedOver(t *testing.T) {
	text := "Plan Ref,\"Start, of plan\",Text\r\n,,\r\nP1,01/04/2026,a\r\n , ,\t\r\n,,,,,,\r\n,31/04/2026,\r\n\"\",,\r\n,,"
	b, report := read(t, format(t), fstest.MapFS{"Plans.csv": {Data: []byte(text)}})
	if report.Read != 3 || report.Taken != 1 || len(b.aside) != 2 || b.aside[0].At.Row != 5 || b.aside[1].At.Row != 6 {
		t.Errorf("%+v %+v", report, b.aside)
	}
}

// A header that no map reads costs nothing, however it is written.
func TestAHeaderThatIsNotReadMayBeOtherThanUTF8(t *testing.T) {
	b, report := read(t, format(t), fstest.MapFS{"Plans.csv": {Data: []byte("Plan Ref,\"Start, of plan\",Text,T\xeem\nP1,,a,x\n")}})
	if report.Taken != 1 || len(b.aside) > 0 {
		t.Errorf("%+v %+v", report, b.aside)
	}
}

// A document that is not UTF-8 is said to be just that.
func TestADocumentThatIsNotUTF8(t *testing.T) {
	b, report := read(t, format(t), fstest.MapFS{"Visit.json": {Data: []byte("\xff\xfe{\x00}\x00")}})
	if report.Refused != 1 || b.aside[0].Reason != "the document cannot be read: it is not UTF-8: save it so" {
		t.Errorf("%+v %+v", report, b.aside)
	}
}

func TestDocumentsInEveryForm(t *testing.T) {
	for name, text := range map[string]string{
		"visit.json":   `[{"id":"V1"},{"id":"V2"}]`,
		"Visit.ndjson": "{\"id\":\"V1\"}\n\n{\"id\":\"V2\"}\n",
		"VISIT.JSONL":  "{\"id\":\"V1\"}\r\n{\"id\":\"V2\"}",
	} {
		if b, report := read(t, format(t), fstest.MapFS{name: {Data: []byte(text)}}); report.Taken != 2 || len(b.taken) != 2 {
			t.Errorf("%s: %+v %+v", name, report, b.aside)
		}
	}
	b, report := read(t, format(t), fstest.MapFS{"Visit.ndjson": {Data: []byte("{\"id\":\"V1\"}\n{\"id\":\n[]\n")}})
	if report.Taken != 1 || report.Refused != 2 || len(b.aside) != 2 {
		t.Errorf("%+v %+v", report, b.aside)
	}
}

// What was set aside can be fed in again, mended.
func TestFragmentsAreReadAgain(t *testing.T) {
	f := format(t)
	b, _ := read(t, f, fstest.MapFS{"Plans.csv": {Data: []byte("Plan Ref,\"Start, of plan\",Text\nP1,31/02/2026,\n")}})
	if len(b.aside) != 1 {
		t.Fatalf("%+v", b.aside)
	}
	mended := strings.Replace(string(b.aside[0].Raw), "31/02", "28/02", 1)
	again := &book{}
	if report, err := f.Reread(context.Background(), []byte(mended), env, again); err != nil || report.Taken != 1 || len(again.taken) != 1 {
		t.Errorf("%v %+v %s", err, report, mended)
	}
	for _, raw := range []string{"", "[]", `{"Nobody":{}}`, `{"Plans":{},"Visit":{}}`} {
		if _, err := f.Reread(context.Background(), []byte(raw), env, again); !errors.Is(err, mapping.ErrFragment) {
			t.Errorf("%q was read", raw)
		}
	}
}

func TestBackWritesTheColumnsInTheirOrder(t *testing.T) {
	f := format(t)
	text := "Plan Ref,\"Start, of plan\",Text\nP1,01/04/2026,\"a, b\"\nP2,,\n"
	b, _ := read(t, f, fstest.MapFS{"Plans.csv": {Data: []byte(text)}})
	var values []fhir.Value
	for _, r := range b.taken {
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	files, back := f.Back(env, values)
	if got := string(files["Plans.csv"]); got != text || back.Refused != 0 {
		t.Errorf("came back as %q with %+v", got, back.Faults)
	}
}

// No bytes stop a run, and each record is accounted for.
// TestANumberReturnsAsANumber: what stands in an identifier is text, so the number of a goal
// came back in quotes, and where a schema asked for a number nothing came back at all.
func TestANumberReturnsAsANumber(t *testing.T) {
	f, err := folder.New(fstest.MapFS{
		"c.map": {Data: []byte(`
map Client <-> CarePlan
  key id
  in identifier[]
    "https://s/client" -> system
    id                 <-> value
  open  <-> title
  each plan.goals by no <-> goal[]
    no <-> identifier.value
    each marks <-> extension[]
      "https://s/mark" -> url
      .                <-> valueString
`)},
		"Client.schema.json": {Data: []byte(`{"type": "object", "required": ["id"], "properties": {
  "id": {"type": ["string", "integer"]}, "open": {"type": ["boolean", "null"]},
  "plan": {"properties": {"goals": {"items": {"$ref": "#/$defs/goal"}}}}},
  "$defs": {"goal": {"properties": {"no": {"type": "integer"}, "marks": {"items": {"type": "number"}}}}}}`)},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	const given = `{"id":"007","open":true,"plan":{"goals":[{"no":12345678901,"marks":[0.5,-3]},{"no":2}]}}`
	b, _ := read(t, f, fstest.MapFS{"Client.json": {Data: []byte(given)}})
	if len(b.taken) != 1 {
		t.Fatalf("%d taken, set aside: %v", len(b.taken), b.aside)
	}
	files, back := f.Back(env, []fhir.Value{resource(t, b.taken[0].Body)})
	if got := string(files["Client.json"]); got != "["+given+"]\n" {
		t.Errorf("came back as %s\nwant [%s]; faults %v", got, given, back.Faults)
	}
	none := strings.Replace(string(b.taken[0].Body), `"2"`, `"02"`, 1) // no number as JSON writes one
	if files, back := f.Back(env, []fhir.Value{resource(t, []byte(none))}); len(files) > 0 || len(back.Faults) != 1 {
		t.Errorf("a text that is no number came back where the schema asks for one: %s, faults %v", files["Client.json"], back.Faults)
	}
}

func resource(t *testing.T, body []byte) fhir.Value {
	t.Helper()
	v, err := fhir.ParseResource(body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"Plan Ref\nP1\n", "a,a\n1,2\n", "\"", "[{]", "{}\n{}", "\ufeff", "Plan Ref,\"x\ny\n"} {
		f.Add([]byte(seed))
	}
	reader := format(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		b, report := read(t, reader, fstest.MapFS{"Plans.csv": {Data: content}, "Visit.json": {Data: content}, "Visit.ndjson": {Data: content}})
		for _, fault := range b.aside {
			if fault.Reason == "" || fault.Rule == "" {
				t.Errorf("%+v", fault)
			}
		}
		if len(b.taken) != report.Taken {
			t.Errorf("%d taken, %d made", report.Taken, len(b.taken))
		}
	})
}

// A second extract without some of the columns was taken, and emptied the plans that were
// there; without that of the consents every refusal would have ended.
func TestAFileThatLacksAColumnIsRefusedWhole(t *testing.T) {
	const declared = "csv S\n  id \"Plan Ref\"\n  sign \"Early Sign\"\n  wish? \"Wish\"\nmap S -> CarePlan\n  key id\n  sign -> title\n  wish -> description\n"
	const read1 = "map S -> CarePlan\n  key id\n  sign -> title\n  deep.er -> description\n"
	for name, c := range map[string]struct{ maps, text, lacks string }{
		"one that the maps name":   {declared, "Plan Ref,Wish\nP1,x\nP2,y\n", "Early Sign. "},
		"misspelt":                 {declared, "Plan Ref,Early Sing\nP1,x\n", "Early Sign. "},
		"all":                      {declared, "a,b\nP1,x\n", "Plan Ref, Early Sign. "},
		"one that may be missing":  {declared, "plan ref,EARLY SIGN\nP1,x\n", ""},
		"one that the maps read":   {read1, "id,other\nP1,x\n", "sign. "},
		"what only a document has": {read1, "id,sign\nP1,x\n", ""},
	} {
		f, err := folder.New(fstest.MapFS{"m.map": {Data: []byte(c.maps)}}, "")
		if err != nil {
			t.Fatal(err)
		}
		b, report := read(t, f, fstest.MapFS{"S.csv": {Data: []byte(c.text)}})
		switch {
		case c.lacks == "" && len(b.taken) == 1 && len(b.aside) == 0:
		case c.lacks != "" && len(b.taken) == 0 && report.Refused == 1 && len(b.aside) == 1 && strings.Contains(b.aside[0].Reason, "lacks columns that the maps read: "+c.lacks):
		default:
			t.Errorf("%s: %d taken, %+v, %+v", name, len(b.taken), report, b.aside)
		}
	}
}

// A misspelt column was said to return, and was blank in every record.
func TestAFieldThatIsNoColumnIsAFaultOfTheMap(t *testing.T) {
	const maps = "csv Plans\n  id \"ID\"\n  EarlySign1? \"Early Sign 1\"\ncsv Steps of Plans by id\n  id \"ID\"\n  no \"No\"\nmap Plans -> CarePlan\n  key id\n"
	for line, says := range map[string]string{
		"  EarlySing1 -> title":                                        "m.map:9:3: the csv section names no column EarlySing1: perhaps EarlySign1",
		"  \"{id} of {EarlySing1}\" -> title":                          "m.map:9:3: the csv section names no column EarlySing1: perhaps EarlySign1",
		"  . -> title":                                                 "m.map:9:3: the csv section names no column .",
		"  each Steps by no -> activity[]\n    . -> id":                "m.map:10:5: the csv section names no column .",
		"  id -> title when Sort = \"a\"":                              "m.map:9:20: the csv section names no column Sort",
		"  in note[] when Steps[] present\n    id -> text":             "",
		"  in note[] when Stepps[] present\n    id -> text":            "m.map:9:18: no table Stepps is joined to this one: csv Stepps of SOURCE by FIELD: perhaps Steps",
		"  each Steps by No -> activity[]\n    no -> id":               "m.map:9:17: the csv section names no column No: perhaps no",
		"  each Steps by no -> activity[]\n    n -> id\n    ^ie -> id": "m.map:10:5: the csv section names no column n\nm.map:11:5: the csv section names no column ie: perhaps id",
		"  each words -> note[]\n    . -> text":                        "m.map:9:8: no table words is joined to this one: csv words of SOURCE by FIELD",
		"  EarlySign1 -> title\n  each Steps -> activity[]\n    no -> id\n    ^EarlySign1 -> detail.description\nmap Other -> Goal\n  key any\n  each words -> note[]\n    . -> text": "",
	} {
		_, err := folder.New(fstest.MapFS{"m.map": {Data: []byte(maps + line + "\n")}}, "")
		if got := fmt.Sprint(err); says != got && (says != "" || err != nil) {
			t.Errorf("%s\nsays %s\nand not %s", line, got, says)
		}
	}
}

// A document of more values than can be held stood in the account alone.
func TestADocumentOfTooManyValuesIsKept(t *testing.T) {
	text := `{"id":"V1","x":[` + strings.Repeat("1,", 4<<20) + `1]}`
	b, _ := read(t, format(t), fstest.MapFS{"Visit.json": {Data: []byte(text)}})
	if len(b.aside) != 1 || b.aside[0].Rule != "FILE" || string(b.aside[0].Raw) != `{"Visit":`+text+`}` {
		t.Fatalf("%d set aside, of %d bytes", len(b.aside), len(text))
	}
	if _, err := format(t).Reread(context.Background(), b.aside[0].Raw, env, b); err == nil || len(b.taken) > 0 {
		t.Error("it was read again, whole")
	}
}
