package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/mapping/schema"
)

const person = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,"required":["name"],
	"properties":{"name":{"type":"string","pattern":"\\S","maxLength":20},"born":{"type":"string","format":"date"},"kind":{"enum":["a","b"]},"of":{"const":"us"},
		"plans":{"type":"array","items":{"allOf":[{"$ref":"#/$defs/rule-ends"}]}}},
	"$defs":{"rule-ends":{"description":"a plan that has ended says why","if":{"required":["end"]},"then":{"required":["why"]}}}}`

func TestEachFaultIsToldAtItsPathAndWithoutItsValue(t *testing.T) {
	s, err := schema.Compile("person.schema.json", []byte(person), "rule-")
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string][]schema.Finding{
		`{"name":"Ann","born":"1980-02-29","kind":"a","of":"us","plans":[{"end":"x","why":"y"},{}]}`: nil,
		`{"name":`:                            {{Kind: schema.NotJSON, Reason: "not JSON"}},
		`{}`:                                  {{Kind: schema.Missing, Path: "name", Reason: "missing, and it must be there"}},
		`{"name":7}`:                          {{Kind: schema.WrongType, Path: "name", Value: "7", Reason: "not of the right kind: must be string", Want: []string{"string"}}},
		`{"name":" "}`:                        {{Kind: schema.WrongForm, Path: "name", Value: " ", Reason: "empty: leave out what is not known"}},
		`{"name":"Ann Ann Ann Ann Ann Ann"}`:  {{Kind: schema.WrongForm, Path: "name", Value: "Ann Ann Ann Ann Ann Ann", Reason: "longer than 20 characters"}},
		`{"name":"A","born":"1981-02-29"}`:    {{Kind: schema.WrongForm, Path: "born", Value: "1981-02-29", Reason: "not a date of the calendar (YYYY-MM-DD)"}},
		`{"name":"A","kind":"c"}`:             {{Kind: schema.UnknownCode, Path: "kind", Value: "c", Reason: "not one of the codes: a, b"}},
		`{"name":"A","of":"them"}`:            {{Kind: schema.UnknownCode, Path: "of", Value: "them", Reason: "must be us"}},
		`{"name":"A","more":1}`:               {{Kind: schema.UnknownMember, Path: "more", Value: "1", Reason: "not a member of this object, in which nothing may be passed over"}},
		`{"name":"A","plans":[{},{"end":1}]}`: {{Kind: schema.Broken, Rule: "rule-ends", Path: "plans[1]", Reason: "a plan that has ended says why"}},
	} {
		if diff := cmp.Diff(want, s.Check([]byte(document))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", document, diff)
		}
	}
}
