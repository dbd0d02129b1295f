package fhir

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

// must parses a document that a test was written around.
func must(t testing.TB, src string) Value {
	t.Helper()
	v, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func carePlan(t testing.TB) Value {
	t.Helper()
	return must(t, string(documents(t, "good")["care-plan.good.json"]))
}

// raws are the bytes of some values, so that a test can be read.
func raws(values iter.Seq[Value]) string {
	var all []string
	for v := range values {
		all = append(all, string(v.Raw()))
	}
	return strings.Join(all, " ")
}

func TestNavigation(t *testing.T) {
	plan := carePlan(t)
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"a member", plan.Get("status").Text(), "active"},
		{"a member's kind", plan.Get("activity").Kind(), Array},
		{"a name in other capitals", plan.Get("Status").Exists(), false},
		{"an element", plan.Get("activity").At(1).Find("detail", "status").Text(), "in-progress"},
		{"an element too far", plan.Get("activity").At(2).Exists(), false},
		{"an element before the first", plan.Get("activity").At(-1).Exists(), false},
		{"an element of an object", plan.At(0).Exists(), false},
		{"elements", plan.Get("activity").Len(), 2},
		{"members", plan.Find("category").At(0).Len(), 2},
		{"through the first elements", plan.Find("category", "coding", "code").Text(), "736253002"},
		{"an array at the end", plan.Find("category", "coding").Len(), 2},
		{"nothing asked", plan.Find() == plan, true},
		{"nothing there", plan.Find("activity", "detail", "status").Exists(), false},
		{"every value", raws(plan.All("category", "coding", "code")), `"736253002" "crisis"`},
		{"every value of some", raws(plan.All("activity", "detail", "status")), `"in-progress"`},
		{"an array's elements at the end", raws(plan.All("careTeam")), `{"reference": "CareTeam/t-1"} {"reference": "#g"}`},
		{"every value of nothing", raws(plan.All("goal", "reference")), ""},
		{"each of one", raws(plan.Get("status").Each()), `"active"`},
		{"each of none", raws(plan.Get("period").Each()), ""},
		{"as written", string(plan.Get("activity").At(1).Find("detail", "quantityDecimal").Raw()), "1.10"},
		{"unescaped", plan.Get("activity").At(1).Find("detail", "description").Text(), `Ring the tîm "24/7"`},
		{"a contained path", plan.Find("contained", "description", "text").Path(), "CarePlan.contained[0].description.text"},
		{"a primitive extension's path", plan.Find("_status", "extension", "url").Path(), "CarePlan._status.extension[0].url"},
		{"the root's path", plan.Path(), "CarePlan"},
		{"type", plan.Type(), "CarePlan"},
		{"id", plan.ID(), "cp-1"},
		{"offset", plan.Get("resourceType").Offset(), 20},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestMembersInOrder(t *testing.T) {
	var names []string
	for name := range must(t, `{"b":1,"\u0061":2,"":3,"c":{"d":4}}`).Members() {
		names = append(names, name)
	}
	if want := []string{"b", "a", "", "c"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// Whatever is asked of nothing is nothing.
func TestAbsent(t *testing.T) {
	var v Value
	for range v.Members() {
		t.Error("it has a member")
	}
	got := fmt.Sprintf("%v %v %v %v %v %v %q %v %q %q %v %q %q %v %v",
		v.Kind(), v.Exists(), v.Get("a") == v, v.At(0) == v, v.Find("a", "b") == v, v.Len(), v.Text(), v.Bool(), v.Raw(),
		v.Path(), v.Offset(), v.Type(), v.ID(), v.Is(""), Equal(v, v))
	if want := `absent false true true true 0 "" false "" "" -1 "" "" false true`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := raws(v.Each()) + raws(v.All("a")) + raws(References(v)); got != "" {
		t.Errorf("it holds %s", got)
	}
}

// Whoever appends to the bytes of a value does not write into the document.
func TestRawDoesNotReachFurther(t *testing.T) {
	plan := must(t, `{"id":"a","status":"active"}`)
	_ = append(plan.Get("id").Raw(), `,"status":"revoked"}`...)
	if got := plan.Get("status").Text(); got != "active" {
		t.Errorf("the status became %q", got)
	}
}

// Only a string is text, only true is true.
func TestScalarsOfOtherKinds(t *testing.T) {
	for _, src := range []string{`null`, `true`, `false`, `1`, `"true"`, `["a"]`, `{"a":"b"}`} {
		v := must(t, src)
		if got, want := v.Text() != "", src == `"true"`; got != want {
			t.Errorf("%s has text: %v", src, got)
		}
		if got, want := v.Bool(), src == `true`; got != want {
			t.Errorf("%s is true: %v", src, got)
		}
	}
}

// A walk may stop at any step.
func TestWalksStop(t *testing.T) {
	plan := carePlan(t)
	for what, walk := range map[string]iter.Seq[Value]{
		"Each": plan.Get("activity").Each(), "All": plan.All("category", "coding", "code"), "References": References(plan),
	} {
		steps := 0
		for range walk {
			steps++
			break
		}
		if steps != 1 {
			t.Errorf("%s: %d steps", what, steps)
		}
	}
	for range plan.Members() {
		break
	}
	for range Codes(plan.Get("category")) {
		break
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{`{"a":1,"b":[true,null]}`, ` { "b" : [ true , null ] , "a" : 1 } `, true},
		{`"\u0041/"`, `"A\/"`, true},
		{`{"\u0061":1}`, `{"a":1}`, true},
		{`1.10`, `1.1`, false}, {`1e2`, `100`, false}, {`-0`, `0`, false},
		{`[1,2]`, `[2,1]`, false}, {`[1]`, `[1,1]`, false}, {`[]`, `{}`, false},
		{`{"a":1}`, `{"b":1}`, false}, {`{"a":1}`, `{"a":1,"b":1}`, false}, {`{"a":null}`, `{"b":null}`, false},
		{`true`, `false`, false}, {`null`, `false`, false}, {`"1"`, `1`, false}, {`"a"`, `"A"`, false},
	} {
		if a, b := must(t, c.a), must(t, c.b); Equal(a, b) != c.equal || Equal(b, a) != c.equal {
			t.Errorf("%s and %s: want equal %v", c.a, c.b, c.equal)
		}
	}
	if Equal(must(t, `null`), Value{}) || Equal(Value{}, must(t, `null`)) {
		t.Error("null and Absent are equal")
	}
}

func TestReferences(t *testing.T) {
	if got, want := raws(References(carePlan(t))), `"Patient/p-1" "CareTeam/t-1" "#g" "ServiceRequest/s-1"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	odd := must(t, `{"reference":{"reference":1,"x":["reference",{"\u0072eference":"A/1"}]},"y":{"reference":["B/2"]}}`)
	if got, want := raws(References(odd)), `"A/1"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := raws(References(odd.Get("y"))); got != "" {
		t.Errorf("beyond the value: %s", got)
	}
}

func TestCodes(t *testing.T) {
	for src, want := range map[string]string{
		`"active"`:                                       "|active",
		`{"system":"s","code":"c"}`:                      "s|c",
		`{"code":"c"}`:                                   "|c",
		`{"system":"s","display":"d"}`:                   "",
		`{"text":"t"}`:                                   "",
		`{"coding":[{"system":"s","code":"c"},{}]}`:      "s|c",
		`[{"coding":[{"code":"a"}]},{"code":"b"},"c",1]`: "|a |b |c",
		`{"coding":{"code":"c"}}`:                        "|c",
		`{"coding":[{"code":"a"}],"code":"b"}`:           "|b |a",
		`{"coding":null,"code":"b"}`:                     "|b",
		`{"system":"s","code":""}`:                       "",
		`{"code":1}`:                                     "",
		`null`:                                           "",
	} {
		v := must(t, src)
		var got []string
		for system, code := range Codes(v) {
			got = append(got, system+"|"+code)
			if !HasCode(v, system, code) {
				t.Errorf("%s has not its own code %s", src, code)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
		if HasCode(v, "", "") || HasCode(v, "s", "") || HasCode(v, "other", "c") != strings.Contains(src, `"c",1`) {
			t.Errorf("%s has a code that is not there", src)
		}
	}
	if HasCode(Value{}, "", "") || HasCode(Value{}, "s", "c") {
		t.Error("Absent has a code")
	}
}

// The last few bytes of a large object or array cost as little as the first.
func TestHostileSizes(t *testing.T) {
	var object, reversed, array strings.Builder
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&object, `,"m%d":0`, i)
		fmt.Fprintf(&reversed, `,"m%d":0`, n-1-i)
		array.WriteString(",0")
	}
	one, other := must(t, "{"+object.String()[1:]+"}"), must(t, "{"+reversed.String()[1:]+"}")
	if !Equal(one, other) {
		t.Error("the order of members matters")
	}
	last := ""
	for element := range must(t, "["+array.String()[1:]+"]").Each() {
		last = element.Path()
	}
	if last != "$[99999]" {
		t.Errorf("the last element is %s", last)
	}
}
