package road

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/profiles"
)

// notAsked are the fields that a page does not follow from: what only shapes how it is
// answered and recorded, or has been settled by the time that a question is put.
var notAsked = map[string]bool{
	"search.Names": true, "search.Cursor": true, "search.Shown": true, "search.Crisis": true, "search.Person": true, "recorded": true,
}

// Every field of a question is in its key, down to the last one of what it holds: a
// field that somebody adds, and that the key leaves out, would have one request
// answered with the page of another.
func TestEveryFieldOfAQuestionIsInItsKey(t *testing.T) {
	full := question{
		interaction: Search, typ: "CarePlan", id: "i", version: "v",
		search: SearchAsk{
			Params: []search.Param{{Name: "n", Values: []search.Operand{{Code: "c"}}}}, Sort: []search.SortKey{{Param: "date"}}, Count: 2, Total: Accurate,
			Include: []search.Include{{Paths: []string{"p"}, Types: []string{"t"}}},
		},
		subset: disclosure.Subset{Summary: "true", Elements: []string{"e"}}, position: "p", organisation: "7A4", reader: language.English,
		parts: []part{
			{typ: "CarePlan", scopes: make([]records.Scope, 2), terms: make([]disclosure.Terms, 2)},
			{typ: "Flag", scopes: make([]records.Scope, 1), terms: make([]disclosure.Terms, 1)},
		},
	}
	key := full.key()
	fields := 0
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if notAsked[path] {
			return
		}
		if other, ok := another(v); ok {
			fields++
			kept := reflect.New(v.Type()).Elem()
			kept.Set(v)
			v.Set(other)
			if full.key() == key {
				t.Errorf("the key does not tell %s", path)
			}
			v.Set(kept)
			return
		}
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(settable(v.Field(i)), join(path, v.Type().Field(i).Name))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), path)
			}
		default:
			t.Errorf("%s: the test cannot change a %s", path, v.Kind())
		}
	}
	walk(reflect.ValueOf(&full).Elem(), "")
	if fields < 50 {
		t.Errorf("only %d fields were changed", fields)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// settable is a field that may be set although it is not exported.
func settable(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
}

// another is another value than v, for what is changed whole.
func another(v reflect.Value) (reflect.Value, bool) {
	other := reflect.New(v.Type()).Elem()
	switch value := v.Interface().(type) {
	case time.Time:
		return reflect.ValueOf(value.Add(time.Hour)), true
	case language.Tag:
		return reflect.ValueOf(language.MustParse("cy")), true
	case profiles.ItemSet:
		return reflect.ValueOf(profiles.SetOf(profiles.Directory)), true
	case []consent.Decision:
		return other, false
	}
	switch v.Kind() {
	case reflect.String:
		other.SetString(v.String() + "x")
	case reflect.Bool:
		other.SetBool(!v.Bool())
	case reflect.Int:
		other.SetInt(v.Int() + 1)
	case reflect.Uint8:
		other.SetUint(v.Uint() + 1)
	default:
		return other, false
	}
	return other, true
}

// What a page was made of is not known by its parts run together.
func TestKeysOfQuestionsDoNotRunTogether(t *testing.T) {
	operand := func(v search.Operand) question {
		return question{search: SearchAsk{Params: []search.Param{{Values: []search.Operand{v}}}}, parts: []part{{typ: "x"}}}
	}
	scopes := func(first, second int) question {
		return question{parts: []part{{terms: make([]disclosure.Terms, first), scopes: make([]records.Scope, first)}, {terms: make([]disclosure.Terms, second), scopes: make([]records.Scope, second)}}}
	}
	for _, pair := range [][2]question{
		{{id: "a b", version: "c", parts: []part{{typ: "x"}}}, {id: "a", version: "b c", parts: []part{{typ: "x"}}}},
		{operand(search.Operand{AnySystem: true}), operand(search.Operand{NoSystem: true})},
		{operand(search.Operand{NoSystem: true}), operand(search.Operand{AnyCode: true})},
		{operand(search.Operand{Code: "c"}), operand(search.Operand{Ref: "c"})},
		{scopes(2, 0), scopes(1, 1)},
		{{search: SearchAsk{Include: []search.Include{{Paths: []string{"a"}}}}}, {search: SearchAsk{Include: []search.Include{{Types: []string{"a"}}}}}},
	} {
		if pair[0].key() == pair[1].key() {
			t.Errorf("two questions have one key: %+v %+v", pair[0], pair[1])
		}
	}
}

// A plan's narrative reads out what stands beside it; other types are decided on for
// themselves alone, and for what they include.
func TestAQuestionHasThePartsOfItsAnswer(t *testing.T) {
	for _, c := range []struct {
		typ      string
		include  []search.Include
		want     string
		recorded int
	}{
		{"Flag", nil, "Flag", 1},
		{"Goal", []search.Include{{Types: []string{"Patient"}}}, "Goal Patient", 2},
		{"CarePlan", nil, "CarePlan Patient Flag RiskAssessment", 1},
		{"CarePlan", []search.Include{{Types: []string{"Patient", "Goal"}}, {Types: []string{"Goal"}}}, "CarePlan Patient Goal Flag RiskAssessment", 3},
	} {
		e := &exchange{ask: Ask{Interaction: Search, Type: c.typ}}
		s := subject{custodians: []profiles.OrgCode{"7A4", "7A5"}, search: SearchAsk{Include: c.include}}
		persons, _ := s.persons()
		q := e.question(s, persons, consent.Request{})
		var types []string
		for _, p := range q.parts {
			types = append(types, p.typ)
			if len(p.decisions) != 2 || len(p.terms) != 2 || len(p.scopes) != 2 {
				t.Errorf("%s: not decided by each custodian", p.typ)
			}
		}
		if got := strings.Join(types, " "); got != c.want || len(q.decisions()) != 2*c.recorded {
			t.Errorf("%s: %s, %d decisions on record", c.typ, got, len(q.decisions()))
		}
	}
}

// BenchmarkQuestion is what a request from memory costs beside its record.
func BenchmarkQuestion(b *testing.B) {
	at := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	e := &exchange{ask: Ask{Interaction: Search, Type: "CarePlan", Search: SearchAsk{Params: []search.Param{{Name: "category", Values: []search.Operand{{Code: profiles.CodeCrisisPlan, AnySystem: true}}}}, Count: 20}}, at: at}
	e.caller.Purpose = profiles.EmergencyTreatment
	s := subject{holdings: records.Holdings{Person: "ann", Facts: []facts.Compiled{{}}}, custodians: []profiles.OrgCode{"7A4"}, search: e.ask.Search}
	persons, _ := s.persons()
	for b.Loop() {
		q := e.question(s, persons, consent.Request{Caller: e.caller, Action: consent.Search, At: at})
		if len(q.key()) == 0 {
			b.Fatal("no key")
		}
	}
}

// What is not a copy by the terms of the request does not leave, as a match or beside one.
func TestACopyByOtherTermsDoesNotLeave(t *testing.T) {
	for name, found := range map[string]page{"a match": {matches: make([]disclosure.Copy, 1)}, "an include": {included: make([]disclosure.Copy, 1)}} {
		if released, err := (question{}).under(found); !errors.Is(err, errOtherTerms) || released != nil {
			t.Errorf("%s: %v, %v", name, released, err)
		}
	}
}

// A filter that is looked through stays as it was asked: the next page and the next
// attempt begin with it.
func TestALookThroughAFilterLeavesItAsItWas(t *testing.T) {
	q := question{
		search: SearchAsk{Params: []search.Param{{Name: "goal", Kind: search.Reference, Values: []search.Operand{{Ref: "Goal/unknown"}}}}},
		parts:  []part{{terms: make([]disclosure.Terms, 1)}},
	}
	noError(t, memory.New().View(t.Context(), func(now store.Snapshot) error {
		_, ok, err := searchable(now, q)
		if ok || len(q.search.Params[0].Values) != 1 {
			t.Errorf("%t, left with %v", ok, q.search.Params)
		}
		return err
	}))
}
