package workbench_test

import (
	"os"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/workbench"
)

// FuzzDraft: whatever the sample, a draft is a map that loads, and of which every field returns.
func FuzzDraft(f *testing.F) {
	for name, text := range map[string]string{
		"a.csv":             "Plan Ref,NHS Number,Start Date\nCP-001,9990000018,01/04/2026\n",
		"b.csv":             "id,id,\"ID\"\n1,2,3\n",
		"c.json":            `{"id":"1","person":{"nhsNumber":"9990000018"},"goals":[{"no":1,"texts":["a"]}],"active":true}`,
		"e.json":            `{"A":{"nhsNumber":"9990000018"}}`, // the key is not also the person
		"f.csv":             "a\xff\n1\n",
		"g.csv":             "a\tb\n1\n",
		"h\nmap S -> X.csv": "a\n1\n",
		"d.json":            "{\"in\":\"1\",\"each\":\"2\",\"key\":\"3\"}\n{\"in\":null}",
	} {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		draft, _, err := workbench.Draft(workbench.Sample{Name: name, Content: []byte(text)})
		if err != nil {
			return
		}
		format, err := folder.New(fstest.MapFS{"m.map": {Data: draft}}, "")
		if err != nil {
			t.Fatalf("a draft that does not load: %v\n%s", err, draft)
		}
		for _, field := range format.Program().Check().Fields {
			if field.Verdict == mapping.Lost {
				t.Errorf("%s does not return\n%s", field.Field, draft)
			}
		}
	})
}

// FuzzCases: no file of cases, and nothing that it gives to a map, makes a run panic.
func FuzzCases(f *testing.F) {
	text, err := os.ReadFile(supportPlan + "/plan.case")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("case a\ngiven fhir\n{\"resourceType\":\"CarePlan\",\"id\":\"1\"}\nback Plan\n{}\nrefused\nx\ndropped\n")
	format, err := folder.SupportPlan()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := workbench.Cases(fstest.MapFS{"c.case": {Data: []byte(text)}}, "")
		if err != nil {
			return
		}
		for _, c := range cases {
			c.Run(format)
		}
	})
}

// FuzzResources: whatever is given as resources is read or refused.
func FuzzResources(f *testing.F) {
	for _, text := range []string{`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Basic","id":"1"}},{}]}`, "[1,{}]\n{}", "\ufeff{}", `{"resourceType":"Bundle","entry":3}`} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if resources, err := workbench.Resources([]byte(text)); err == nil {
			for _, r := range resources {
				_ = r.Type() + r.ID()
			}
		}
	})
}
