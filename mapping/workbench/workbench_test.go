package workbench_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/workbench"
)

func compile(t rapid.TB, maps string) *folder.Format {
	t.Helper()
	f, err := folder.New(fstest.MapFS{"m.map": {Data: []byte(maps)}}, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, maps)
	}
	return f
}

// roundTrip runs a file forward and back; nothing may be lost on the way.
func roundTrip(t rapid.TB, f *folder.Format, name, text string) map[string][]byte {
	t.Helper()
	made, err := workbench.Forward(context.Background(), f, fstest.MapFS{name: {Data: []byte(text)}}, workbench.Env("s", "7A4"))
	if err != nil || mapping.Refused(made.Faults) || len(made.Report.LeftBehind) > 0 {
		t.Fatalf("%v %+v %+v", err, made.Faults, made.Report)
	}
	values, err := workbench.Resources(made.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	files, back := f.Back(workbench.Env("s", "7A4"), values)
	if back.Refused > 0 || len(back.Dropped) > 0 || len(back.Added) > 0 {
		t.Fatalf("%+v, dropped %v, added %v", back.Faults, back.Dropped, back.Added)
	}
	return files
}

var words = rapid.StringMatching(`[A-Za-z0-9ŵâ,"' /.%|{}-]{0,8}[a-z]`)

// TestADraftOfACSVFileReturnsEveryCell, whatever the headers and cells are.
func TestADraftOfACSVFileReturnsEveryCell(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		headers := rapid.SliceOfNDistinct(words, 1, 6, func(h string) string { return strings.ToLower(strings.TrimSpace(h)) }).Draw(rt, "headers")
		headers[0] = strings.TrimSpace(headers[0]) + " id"
		lines := [][]string{headers}
		for i := range rapid.IntRange(1, 4).Draw(rt, "rows") {
			line := []string{fmt.Sprintf("K%d", i)}
			for range headers[1:] {
				line = append(line, strings.TrimSpace(rapid.OneOf(words, rapid.SampledFrom([]string{"", "01/04/2026", "2 lines\nof text"})).Draw(rt, "cell")))
			}
			lines = append(lines, line)
		}
		var s strings.Builder
		w := csv.NewWriter(&s)
		if err := w.WriteAll(lines); err != nil {
			rt.Fatal(err)
		}
		draft, _, err := workbench.Draft(workbench.Sample{Name: "Rows.csv", Content: []byte(s.String())})
		if err != nil {
			rt.Fatal(err)
		}
		files := roundTrip(rt, compile(rt, string(draft)), "Rows.csv", s.String())
		got, err := csv.NewReader(strings.NewReader(string(files["Rows.csv"]))).ReadAll()
		if err != nil || !reflect.DeepEqual(got, lines) {
			rt.Fatalf("%v came back as\n%q\nwant\n%q\nby\n%s", err, got, lines, draft)
		}
	})
}

// TestNoDraftOfHeadersThatAreNotRead: what the reader would refuse whole is told at once.
func TestNoDraftOfHeadersThatAreNotRead(t *testing.T) {
	for text, says := range map[string]string{
		"Plan Ref,Start,plan ref \n1,2,3\n":  "column 3 has no name, or that of another",
		"Plan Ref, ,Start\n1,2,3\n":          "column 2 has no name, or that of another",
		"Plan Ref;Start;End\n1;2;3\n":        "not separated by commas",
		"Plan Ref\tStart\n1\t2\n":            "not separated by commas",
		"Plan Ref;Text\n1;\"a\"\"b\"\n":      "not separated by commas",
		"\"Plan Ref\";\"Text\"\n1;2\n":       "not separated by commas",
		"Plan Ref,Start\r1,2\r":              "the lines end in CR alone",
		"Plan Ref,Start\r\"1\",2\r":          "the lines end in CR alone",
		"Pl\xe2n Ref,Team\n1,2\n":            "it is not UTF-8",
		"\"Plan Ref\" \xff,Team\n1,2\n":      "it is not UTF-8",
		"\xff\xfeP\x00,\x00T\x00\n\x001\x00": "it is not UTF-8",
		"P\x00,\x00T\x00\n\x001\x00,\x00":    "it is not UTF-8",
	} {
		_, _, err := workbench.Draft(workbench.Sample{Name: "Rows.csv", Content: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
		f := compile(t, "map Rows -> CarePlan\n  key Plan_Ref\n")
		aside := 0
		read, err := f.Read(t.Context(), fstest.MapFS{"Rows.csv": {Data: []byte(text)}}, mapping.Env{ID: func(_, key string) string { return key }}, told(func(faults []mapping.Fault) {
			if aside++; !strings.Contains(faults[0].Reason, says) || strings.Contains(faults[0].Reason, "lacks") {
				t.Errorf("%q: %+v", text, faults)
			}
		}))
		if err != nil || read.Taken > 0 || aside != 1 {
			t.Errorf("%q: %+v, %v", text, read, err)
		}
	}
}

// told hears of what is set aside.
type told func([]mapping.Fault)

func (told) Take([]mapping.Resource) error { return nil }
func (t told) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	t(faults)
	return nil
}

// TestADraftOfAJSONDocumentReturnsEveryMember, however it is nested.
func TestADraftOfAJSONDocumentReturnsEveryMember(t *testing.T) {
	names := []string{"key", "each", "in", "title", "count", "flag", "startDate", "one", "other", "rows", "texts"}
	var object func(depth int) *rapid.Generator[map[string]any]
	object = func(depth int) *rapid.Generator[map[string]any] {
		return rapid.Custom(func(rt *rapid.T) map[string]any {
			o := map[string]any{}
			for _, member := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 5, rapid.ID).Draw(rt, "names") {
				switch {
				case member == "count":
					o[member] = rapid.IntRange(0, 99).Draw(rt, "count")
				case member == "flag":
					o[member] = rapid.Bool().Draw(rt, "flag")
				case member == "startDate":
					o[member] = "2026-04-01"
				case member == "texts":
					o[member] = toAny(rapid.SliceOfN(words, 1, 3).Draw(rt, "texts"))
				case member == "rows" && depth > 0:
					o[member] = toAny(rapid.SliceOfN(object(depth-1), 1, 3).Draw(rt, "rows"))
				case (member == "one" || member == "other") && depth > 0:
					o[member] = object(depth-1).Draw(rt, "object")
				case !strings.HasPrefix(member, "o") && member != "rows":
					o[member] = words.Draw(rt, "text")
				}
			}
			if len(o) == 0 {
				o["key"] = "k"
			}
			return o
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		document := object(2).Draw(rt, "document")
		document["ref"] = "P1"
		text, err := json.Marshal(document)
		if err != nil {
			rt.Fatal(err)
		}
		draft, _, err := workbench.Draft(workbench.Sample{Name: "Doc.json", Content: text})
		if err != nil {
			rt.Fatal(err)
		}
		files := roundTrip(rt, compile(rt, string(draft)), "Doc.json", string(text))
		var got, want []any
		if err := json.Unmarshal(files["Doc.json"], &got); err != nil {
			rt.Fatalf("%v: %s", err, files["Doc.json"])
		}
		if err := json.Unmarshal([]byte("["+string(text)+"]"), &want); err != nil {
			rt.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("came back as\n%s\nwant\n%s\nby\n%s", files["Doc.json"], text, draft)
		}
	})
}

// TestADraftTakesItsOwnSample: of a list with a null the records were passed over, numbers of
// a list came back as texts, and a day in a group of a group, or a text in a field that
// holds a number as well, was refused.
func TestADraftTakesItsOwnSample(t *testing.T) {
	for given, want := range map[string]string{
		`{"ref":"P1","rows":[{"a":"x"},null]}`:                      `[{"ref":"P1","rows":[{"a":"x"}]}]`,
		`{"ref":"P1","flags":[true,false],"nums":[1.5,2]}`:          `[{"ref":"P1","flags":[true,false],"nums":[1.5,2]}]`,
		`{"ref":"P1","days":["2026-02-01"],"texts":["a",null]}`:     `[{"ref":"P1","days":["2026-02-01"],"texts":["a"]}]`,
		`{"ref":"P1","rows":[{"inner":[{"day":"01/02/2026"}]}]}`:    `[{"ref":"P1","rows":[{"inner":[{"day":"01/02/2026"}]}]}]`,
		`[{"ref":"P1","a":"x","b":1},{"ref":"P2","a":1,"b":false}]`: `[{"a":"x","b":"1","ref":"P1"},` + "\n " + `{"a":"1","b":"false","ref":"P2"}]`,
	} {
		draft, _, err := workbench.Draft(workbench.Sample{Name: "Doc.json", Content: []byte(given)})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(roundTrip(t, compile(t, string(draft)), "Doc.json", given)["Doc.json"])); got != want {
			t.Errorf("%s\ncame back as\n%s\nby\n%s", given, got, draft)
		}
	}
}

// TestADraftSaysWhatItLeavesBehind: of a list of lists a block was drafted that held a URL
// alone, which made no valid FHIR, and the draft said that every field returns.
func TestADraftSaysWhatItLeavesBehind(t *testing.T) {
	for given, want := range map[string][]string{
		`{"ref":"P1","m":[["a"],["b"]]}`:                      {"m: a list of lists, which no map reads"},
		`{"ref":"P1","m":[["a"],{"z":"1"}]}`:                  {"m: a list of lists, which no map reads"},
		`{"ref":"P1","n":[{"k":[["x"]],"o":[]}]}`:             {"n.k: a list of lists, which no map reads", "n.o: nothing was seen in it"},
		`{"ref":"P1","a":{"m":[[[]]]},"o":[],"p":[{}]}`:       {"a.m: a list of lists, which no map reads", "o: nothing was seen in it", "p: nothing was seen in it"},
		`{"ref":"P1","mix":[1,{"z":"2"}]}`:                    {"mix: a list of plain values and of objects, which no map reads as one"},
		`{"ref":"P1","mix":[1,[2]]}`:                          {"mix: a list of lists, which no map reads"},
		`{"ref":"P1","mix":[1,{}]}`:                           {"mix: a list of plain values and of objects, which no map reads as one"},
		`[{"ref":"P1","a b\n":"x"},{"ref":"P2","a b\n":"x"}]`: {`"a b\n": no field of a map can be called so`},
		`{"ref":"P1","rows":[{"a":"x"}]}`:                     nil,
	} {
		draft, left, err := workbench.Draft(workbench.Sample{Name: "Doc.json", Content: []byte(given)})
		if err != nil || !slices.Equal(left, want) {
			t.Errorf("%s: left behind %q, %v, want %q", given, left, err, want)
		}
		for _, text := range want {
			if !strings.Contains(string(draft), "\n# Left behind: "+text+"\n") {
				t.Errorf("%s: the draft does not say %q\n%s", given, text, draft)
			}
		}
		if says := strings.Contains(string(draft), "Every field returns already."); says != (want == nil) {
			t.Errorf("%s:\n%s", given, draft)
		}
		made, err := workbench.Forward(t.Context(), compile(t, string(draft)), fstest.MapFS{"Doc.json": {Data: []byte(given)}}, workbench.Env("s", "7A4"))
		if err != nil || len(made.Invalid) != 1 || made.Invalid["CarePlan.subject: is required"] != len(made.Resources) {
			t.Errorf("%s: %v, %v\n%s", given, made.Invalid, err, draft)
		}
	}
}

// TestADraftSaysWhyItsKey: one blank or doubled value in the column of the keys made a date
// the key, and a member that was null in a record was none the less a key.
func TestADraftSaysWhyItsKey(t *testing.T) {
	const whole = "in every record, and never twice"
	for _, c := range []struct{ name, given, want string }{
		{"a.csv", "Plan Ref,NHS Number,Opened,Text\nP1,9990000018,01/04/2026,a\nP2,9990000026,02/04/2026,b\n", "  # " + whole + "\n  key Plan_Ref\n"},
		{"a.csv", "Plan Ref,NHS Number,Opened,Text\nP1,9990000018,01/04/2026,a\nP2,9990000026,02/04/2026,b\n,9990000018,03/04/2026,c\n",
			"  # called like a key, but blank in 1 of 3 records: give each its own, or it is set aside\n  key Plan_Ref\n"},
		{"a.csv", "Opened,Plan Ref\n01/04/2026,P1\n02/04/2026,P2\n03/04/2026,P1\n,,\n",
			"  # called like a key, but doubled in 1 of 3 records: give each its own, or it is set aside\n  key Plan_Ref\n"},
		{"a.csv", "Worker Ref,Plan Ref,Text\nW1,P1,a\nW1,P2,b\n,P3,c\n",
			"  # passed over: Worker_Ref, blank in 1 and doubled in 1 of 3 records\n  # " + whole + "\n  key Plan_Ref\n"},
		{"a.csv", "Opened,Code,Text\n01/04/2026,A,a\n02/04/2026,,b\n03/04/2026,C,a\n",
			"  # called like no key, and blank in 1 of 3 records: give each its own, or it is set aside\n  key Code\n"},
		{"a.csv", "Opened,Sort\n01/04/2026,x\n02/04/2026,x\n03/04/2026,x\n", "  # a date, but " + whole + "\n  key Opened\n"},
		{"a.csv", "Sort,Kind\nx,y\nx,y\nx,y\n", "  # no column tells the records apart: choose one that does\n  key Sort\n"},
		{"J.json", `[{"id":1,"rhif":"1"},{"id":2,"rhif":"2"}]`, "  # passed over: id, which is no text\n  # " + whole + "\n  key rhif\n"},
		{"J.json", `[{"id":null,"rhif":"1"},{"id":"x","rhif":"2"}]`, "  # passed over: id, blank in 1 of 2 records\n  # " + whole + "\n  key rhif\n"},
		{"J.json", `[{"id":null,"on":"2026-04-01"},{"id":"x","on":"2026-04-02"},{"id":"y"}]`,
			"  # called like a key, but blank in 1 of 3 records: give each its own, or it is set aside\n  key id\n"},
		{"J.json", `[{"ref":"1"},{"ref":"2"},{"ref":"2"},{"ref":"3"}]`,
			"  # called like a key, but doubled in 1 of 4 records: give each its own, or it is set aside\n  key ref\n"},
	} {
		draft, _, err := workbench.Draft(workbench.Sample{Name: c.name, Content: []byte(c.given)})
		if err != nil || !strings.Contains(string(draft), c.want) {
			t.Errorf("%s\nwant\n%s\ngot %v\n%s", c.given, c.want, err, draft)
		}
		compile(t, string(draft))
	}
}

func toAny[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// A case that is not as it shows names the field and both values.
func TestACaseSaysWhichFieldDiffers(t *testing.T) {
	f := compile(t, `table Status https://s -> https://t
  open -> active
  shut -> completed
map Plan <-> CarePlan
  key id
  in identifier[]
    "https://s/plan" -> system
    id <-> value
  status <-> status code Status
  "plan" -> intent
`)
	for name, c := range map[string]struct{ text, says string }{
		"as it shows":        {"case A\ngiven Plan\n{\"id\":\"P1\",\"status\":\"open\"}\nexpect\n{\"resourceType\":\"CarePlan\",\"id\":\"P1\",\"identifier\":[{\"system\":\"https://s/plan\",\"value\":\"P1\"}],\n \"intent\":\"plan\",\"status\":\"active\"}\nback given\n", ""},
		"another value":      {"case A\ngiven Plan\n{\"id\":\"P1\",\"status\":\"shut\"}\nexpect\n{\"resourceType\":\"CarePlan\",\"id\":\"P1\",\"identifier\":[{\"system\":\"https://s/plan\",\"value\":\"P1\"}],\"intent\":\"plan\",\"status\":\"active\"}\n", `c.case:5: expect CarePlan.status: want "active", got "completed"`},
		"one too few":        {"case A\ngiven Plan\n{\"id\":\"P1\"}\nexpect\n", "c.case:5: expect: CarePlan/P1 was made too: {"},
		"another record":     {"case A\ngiven Plan\n{\"id\":\"P1\"}\nback\n{\"id\":\"P2\"}\n", `back Plan.id: want "P2", got "P1"`},
		"refused":            {"case A\ngiven Plan\n{\"id\":\"P1\",\"status\":\"lost\"}\nrefused\n status: the code is not in table Status\n", ""},
		"refused unsaid":     {"case A\ngiven Plan\n{\"id\":\"P1\",\"status\":\"lost\"}\n", "refused or warned, and the case does not say so"},
		"refused for naught": {"case A\ngiven Plan\n{\"id\":\"P1\"}\nrefused\n the key\n", "nothing was refused with"},
		"from FHIR":          {"case A\ngiven fhir\n{\"resourceType\":\"CarePlan\",\"id\":\"x\",\"identifier\":[{\"system\":\"https://s/plan\",\"value\":\"P1\"}],\"intent\":\"order\"}\nrefused\nCarePlan intent: no map\n", ""},
		"dropped":            {"case A\ngiven fhir\n{\"resourceType\":\"CarePlan\",\"id\":\"x\",\"identifier\":[{\"system\":\"https://s/plan\",\"value\":\"P1\"}],\"intent\":\"plan\",\"title\":\"T\"}\nback Plan\n{\"id\":\"P1\"}\ndropped\nCarePlan.title 1\n", ""},
		"another source":     {"case A\ngiven Row\n{}\n", "no map reads a source called"},
		"nothing given":      {"case A\nexpect\n{}\n", "a case has a part: given"},
	} {
		t.Run(name, func(t *testing.T) {
			cases, err := workbench.Cases(fstest.MapFS{"c.case": {Data: []byte(c.text)}}, "")
			if err != nil || len(cases) != 1 {
				t.Fatalf("%v, %d cases", err, len(cases))
			}
			got := strings.Join(cases[0].Run(f), "\n")
			if c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("says %q, want %q", got, c.says)
			}
		})
	}
	if _, err := workbench.Cases(fstest.MapFS{"m.map": {}}, ""); err == nil {
		t.Error("a folder without a case passed")
	}
	if _, err := workbench.Cases(fstest.MapFS{"c.case": {Data: []byte("given Plan\n{}\n")}}, ""); err == nil {
		t.Error("a case without a name passed")
	}
}

// TestNoPartOfACaseIsPassedOver: of two that stand alike the first was, whatever it asked.
func TestNoPartOfACaseIsPassedOver(t *testing.T) {
	const given = "case A\ngiven Plan\n{\"id\":\"P1\"}\n"
	for text, says := range map[string]string{
		given + "expect\n{}\nexpect\n{\"id\":\"P1\"}\n":   "c.case:6: expect stands above in this case already",
		given + "back Row\n{}\nback Plan\n{}\n":           "c.case:6: back stands above in this case already",
		given + "given Plan\n{}\n":                        "c.case:4: given stands above in this case already",
		given + "table A\ntable B\ntable A\n":             "c.case:6: table stands above in this case already",
		given + "given Row\n{}\ncase B\ngiven Plan\n{}\n": "",
	} {
		_, err := workbench.Cases(fstest.MapFS{"c.case": {Data: []byte(text)}}, "")
		if got := fmt.Sprint(err); got != says && (says != "" || err != nil) {
			t.Errorf("%s\nsays %s, want %s", text, got, says)
		}
	}
}

// One resource that was missing moved all others up, and each of their fields was told.
func TestACaseNamesTheResourceThatIsMissing(t *testing.T) {
	f := compile(t, "map Plan -> CarePlan\n  key id\n  title -> title\nmap Plan -> Goal  when goal present\n  key id\n  goal -> description.text\n")
	const given = "case A\ngiven Plan\n[{\"id\":\"1\",\"title\":\"a\"},{\"id\":\"2\",\"title\":\"b\"},{\"id\":\"3\",\"goal\":\"g\"}]\nexpect\n"
	one, two, three, goal := `{"resourceType":"CarePlan","id":"1","title":"a"}`, `{"resourceType":"CarePlan","id":"2","title":"b"}`, `{"resourceType":"CarePlan","id":"3"}`, `{"resourceType":"Goal","id":"3","description":{"text":"g"}}`
	for expect, says := range map[string]string{
		one + two + three + goal: "",
		goal + three + two + one: "",
		one + three + goal:       "c.case:5: expect: CarePlan/2 was made too: " + two,
		one + `{"resourceType":"Goal","id":"1"}` + two + three + goal:                                                    "c.case:5: expect: number 2, Goal/1, was not made",
		one + `{"resourceType":"CarePlan","id":"2","title":"c"}` + `{"resourceType":"CarePlan","id":"4"}` + three + goal: "c.case:5: expect: number 3, CarePlan/4, was not made\nc.case:5: expect CarePlan.title: want \"c\", got \"b\"",
		one + two + three + `{"resourceType":"Goal","description":{"text":"g"}}`:                                         "c.case:5: expect Goal.id: want nothing, got \"3\"",
	} {
		cases, err := workbench.Cases(fstest.MapFS{"c.case": {Data: []byte(given + expect + "\n")}}, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(cases[0].Run(f), "\n"); got != says {
			t.Errorf("%s\nsays %s\nand not %s", expect, got, says)
		}
	}
}

// The page needs nothing else, says everything in words, and keeps its text apart from its tags.
func TestThePageStandsByItself(t *testing.T) {
	f := compile(t, "table T <x>:s -> <x>:t\n  a -> b\n  c -> b\nmap Plan <-> CarePlan\n  key id\n  id <-> identifier[0].value\n  kind -> title code T because merged-code\n")
	var s strings.Builder
	if err := workbench.Page(&s, "a <b> & c", f.Program().Check()); err != nil {
		t.Fatal(err)
	}
	page := s.String()
	for _, says := range []string{"<html lang=\"en\">", "a &lt;b&gt; &amp; c", "does not return: several codes become one", "<caption>", "scope=\"row\"", "a c become b", "class=\"lost\""} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	if m := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|<script`).FindString(page); m != "" {
		t.Errorf("the page asks for more: %s", m)
	}
}

// TestPublishedFacts: what is published about these pairs of lists is said from the tables alone.
func TestPublishedFacts(t *testing.T) {
	f, err := folder.New(os.DirFS("testdata/published"), "")
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	if err := workbench.Print(&s, f.Program().Check()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/published/facts.txt")
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != string(want) {
		t.Errorf("says\n%s", s.String())
	}
}

// TestMapsAndCasesOfAnEditorOnWindows: a byte order mark and its ends of lines say nothing.
func TestMapsAndCasesOfAnEditorOnWindows(t *testing.T) {
	windows := func(text string) string { return "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n") }
	f := compile(t, windows("csv Rows\n  id \"id\"\n  words \"words\"\nmap Rows <-> Basic\n  key id\n  id <-> identifier[0].value\n  words <-> code.text\n"))
	cases, err := workbench.Cases(fstest.MapFS{"a.case": {Data: []byte(windows("case a row\ngiven Rows\nid,words\n1,one\nexpect\n" +
		`{"resourceType": "Basic", "id": "1", "identifier": [{"value": "1"}], "code": {"text": "one"}}` + "\nback given\n"))}}, "")
	if err != nil || len(cases) != 1 {
		t.Fatalf("%v, %d cases", err, len(cases))
	}
	if differs := cases[0].Run(f); len(differs) > 0 {
		t.Error(differs)
	}
}

// TestWhatIsNoFHIRIsTold before an import sets it aside, with its place and never its value.
func TestWhatIsNoFHIRIsTold(t *testing.T) {
	f := compile(t, "map Rows -> Encounter\n  key id\n  \"finished\" -> status\n  urgent -> priority\n")
	files := fstest.MapFS{"Rows.csv": {Data: []byte("id,urgent\n1,Ann\n2,Bryn\n")}}
	made, err := workbench.Forward(t.Context(), f, files, workbench.Env("s", "7A4"))
	want := map[string]int{"Encounter.priority: must be an object": 2, "Encounter.class: is required": 2}
	if err != nil || !reflect.DeepEqual(made.Invalid, want) {
		t.Errorf("%v, %v", err, made.Invalid)
	}
}
