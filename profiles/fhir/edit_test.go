package fhir

import (
	"errors"
	"strings"
	"testing"
)

func TestSplice(t *testing.T) {
	v := must(t, ` { "a" : [ 1.10 , 2 ] ,  "b":"é" } `)
	got, err := Splice(v,
		Edit{At: v.Get("b"), With: []byte(`{"c":null}`)},
		Edit{At: v.Get("a").At(0), With: []byte(`1.100`)})
	if want := `{ "a" : [ 1.100 , 2 ] ,  "b":{"c":null} }`; err != nil || string(got) != want {
		t.Errorf("%s, want %s (%v)", got, want, err)
	}
	if string(v.Raw()) != `{ "a" : [ 1.10 , 2 ] ,  "b":"é" }` {
		t.Error("the source changed")
	}
	if part, err := Splice(v.Get("a"), Edit{At: v.Get("a").At(1), With: []byte(`3`)}); err != nil || string(part) != `[ 1.10 , 3 ]` {
		t.Errorf("a part: %s %v", part, err)
	}
	if same, err := Splice(v); err != nil || string(same) != string(v.Raw()) {
		t.Errorf("no edits: %s %v", same, err)
	}
	if whole, err := Splice(v, Edit{At: v, With: []byte(`[]`)}); err != nil || string(whole) != `[]` {
		t.Errorf("the whole: %s %v", whole, err)
	}
}

func TestSpliceRefuses(t *testing.T) {
	v := must(t, `{"a":{"b":"Llewelyn"},"c":2}`)
	elsewhere := must(t, `{"a":{"b":"Llewelyn"},"c":2}`)
	one := []byte(`1`)
	for what, c := range map[string]struct {
		src   Value
		edits []Edit
		want  string
	}{
		"nothing":          {Value{}, nil, "nothing to splice"},
		"an absent place":  {v, []Edit{{v.Get("d"), one}}, "outside"},
		"another document": {v, []Edit{{elsewhere.Get("c"), one}}, "outside"},
		"a place around":   {v.Get("a"), []Edit{{v, one}}, "outside"},
		"a place beside":   {v.Get("a"), []Edit{{v.Get("c"), one}}, "outside"},
		"twice":            {v, []Edit{{v.Get("c"), one}, {v.Get("c"), one}}, "same bytes"},
		"one in another":   {v, []Edit{{v.Find("a", "b"), one}, {v.Get("a"), one}}, "same bytes"},
		"no bytes":         {v, []Edit{{v.Get("c"), nil}}, badEnd},
		"two values":       {v, []Edit{{v.Get("c"), []byte(`1,"d":2`)}}, badTrailing},
		"half a value":     {v, []Edit{{v.Get("c"), []byte(`{`)}}, badEnd},
		"a duplicate":      {v, []Edit{{v.Get("c"), []byte(`{"x":1,"x":2}`)}}, badDuplicate},
		"one level more":   {v, []Edit{{v.Find("a", "b"), []byte(nested(63))}}, badDepth},
	} {
		out, err := Splice(c.src, c.edits...)
		if err == nil || out != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Llewelyn") {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	deepest, err := Splice(v, Edit{v.Find("a", "b"), []byte(nested(62))})
	if err != nil {
		t.Fatal(err)
	}
	must(t, string(deepest))
}

// nested is a document of so many arrays in one another.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestSetMember(t *testing.T) {
	for _, c := range []struct{ obj, name, raw, want string }{
		{`{"a":1 , "b":2 }`, "b", `[]`, `{"a":1 , "b":[] }`},
		{`{"a":1 , "b":2 }`, "c", `"x"`, `{"a":1 , "b":2,"c":"x" }`},
		{`{ }`, "a", `1`, `{"a":1 }`},
		{`{}`, "id", `"x"`, `{"id":"x"}`},
		{`{"resourceType":"Goal","status":"s"}`, "id", `"x"`, `{"resourceType":"Goal","id":"x","status":"s"}`},
		{`{"status":"s", "resourceType":"Goal" }`, "id", `"x"`, `{"status":"s", "resourceType":"Goal","id":"x" }`},
		{`{"resourceType":"Goal","status":"s"}`, "note", `[]`, `{"resourceType":"Goal","status":"s","note":[]}`},
		{`{"status":"s"}`, "id", `"x"`, `{"status":"s","id":"x"}`},
		{`{"resourceType":"Goal","id":"old"}`, "id", `"x"`, `{"resourceType":"Goal","id":"x"}`},
		{`{"\u0069d":"old"}`, "id", `"x"`, `{"\u0069d":"x"}`},
		{`{"a":{"b":1}}`, "b", `2`, `{"a":{"b":1},"b":2}`},
		{`{}`, "a\"\n", `1`, `{"a\"\n":1}`},
	} {
		got, err := SetMember(must(t, c.obj), c.name, []byte(c.raw))
		if err != nil || string(got) != c.want {
			t.Errorf("%s with %s: %s, want %s (%v)", c.obj, c.name, got, c.want, err)
		}
	}
	inner, err := SetMember(must(t, `[{"a":1}]`).At(0), "b", []byte(`2`))
	if err != nil || string(inner) != `{"a":1,"b":2}` {
		t.Errorf("an inner object: %s %v", inner, err)
	}
}

func TestSetMemberRefuses(t *testing.T) {
	replaced := must(t, "{\"\uFFFD\":1}")
	for what, c := range map[string]struct {
		obj       Value
		name, raw string
	}{
		"no object":               {must(t, `[1]`), "a", `1`},
		"nothing":                 {Value{}, "a", `1`},
		"no bytes":                {must(t, `{}`), "a", ``},
		"two members":             {must(t, `{}`), "a", `1,"a":2`},
		"two members, the old":    {must(t, `{"a":1}`), "a", `1,"a":2`},
		"one level too deep":      {must(t, `{}`), "a", nested(64)},
		"a name that is not text": {replaced, "\xff", `2`}, // would be written as the name that is there
	} {
		if out, err := SetMember(c.obj, c.name, []byte(c.raw)); err == nil || out != nil {
			t.Errorf("%s: %s", what, out)
		}
	}
	_, err := SetMember(must(t, `{"resourceType":"Goal"}`), "a", []byte(`{"b":`))
	var refusal *SyntaxError
	if !errors.As(err, &refusal) || err.Error() != "setting a member of Goal: $.b: ends too early (byte 5)" {
		t.Error(err)
	}
}
