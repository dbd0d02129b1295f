package fhir

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

var update = flag.Bool("update", false, "rewrite testdata/samply.txt; then read what changed")

// authored are the types that Marshal writes.
var authored = []any{models.AuditEvent{}, models.Bundle{}, models.CapabilityStatement{}, models.OperationOutcome{}}

func TestMarshal(t *testing.T) {
	text := "<b>Byw'n annibynnol & iach</b>"
	total := 0
	entry := json.RawMessage(`{ "resourceType":"Goal", "value":1.10, "div":"<p>&</p>", "x":"", "_id":{} }`)
	got, err := Marshal(models.Bundle{
		Type: models.BundleTypeSearchset, Total: &total,
		Link:  []models.BundleLink{{Relation: "self", Url: "https://example.org?a=1&b=2"}},
		Entry: []models.BundleEntry{{FullUrl: &text, Resource: entry}, {}},
	})
	want := `{"resourceType":"Bundle","type":"searchset","total":0,"link":[{"relation":"self","url":"https://example.org?a=1&b=2"}],` +
		`"entry":[{"fullUrl":"<b>Byw'n annibynnol & iach</b>","resource":` + string(entry) + `}]}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s (%v)", got, want, err)
	}
}

func TestMarshalRefuses(t *testing.T) {
	entry := func(raw string) models.Bundle {
		return models.Bundle{Entry: []models.BundleEntry{{Resource: json.RawMessage(raw)}}}
	}
	score := json.Number(`"1"`)
	for what, c := range map[string]any{
		"nothing":            nil,
		"a stored type":      models.CarePlan{},
		"a person":           models.Patient{},
		"a pointer":          &models.Bundle{},
		"a type in it":       models.BundleEntry{},
		"a map":              map[string]any{"resourceType": "Bundle"},
		"another's Bundle":   models.OtherBundle{},
		"an unknown code":    models.Bundle{Type: 99},
		"an unknown inner":   models.OperationOutcome{Issue: []models.OperationOutcomeIssue{{Severity: -1}}},
		"half an entry":      entry(`{`),
		"two entries in one": entry(`{},"request":{}`),
		"an entry's double":  entry(`{"id":"a","id":"b"}`),
		"an entry no object": entry(`"Goal"`),
		"too deep":           entry(`{"a":` + nested(61) + `}`),
		"a number no number": models.Bundle{Entry: []models.BundleEntry{{Search: &models.BundleEntrySearch{Score: &score}}}},
	} {
		if out, err := Marshal(c); err == nil || out != nil {
			t.Errorf("%s: %s", what, out)
		}
	}
	deepest, err := Marshal(entry(`{"a":` + nested(60) + `}`))
	if err != nil {
		t.Fatal(err)
	}
	must(t, string(deepest))
}

// What Marshal writes of each type, empty and full, holds to its promises; and
// full it means what samply's own encoding means.
func TestMarshalGuard(t *testing.T) {
	for _, empty := range authored {
		name := reflect.TypeOf(empty).Name()
		full := reflect.New(reflect.TypeOf(empty)).Elem()
		fill(full, 3)
		for _, one := range []any{empty, full.Interface()} {
			out, err := Marshal(one)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			v := must(t, string(out))
			first := fmt.Sprintf(`{"resourceType":%q`, name)
			if !bytes.HasPrefix(out, []byte(first)) || bytes.Contains(out, []byte(`\u`)) {
				t.Errorf("%s: begins otherwise, or escapes too much", name)
			}
			for i := range v.doc.nodes {
				inner := Value{v.doc, uint32(i)}
				if isEmpty(inner) {
					t.Errorf("%s: %s is empty", name, inner.Path())
				}
			}
		}
		theirs, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		ours, err := Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(meaning(must(t, string(ours))), pruned(meaning(must(t, string(theirs))))) {
			t.Errorf("%s: samply writes, empties aside, something else", name)
		}
	}
}

func isEmpty(v Value) bool {
	switch v.Kind() {
	case Object, Array:
		return v.Len() == 0
	default:
		return v.Kind() == Null || v.Is("")
	}
}

// pruned is a meaning without what is empty, which samply writes and FHIR has not.
func pruned(m any) any {
	switch m := m.(type) {
	case map[string]any:
		for name, inner := range m {
			if m[name] = pruned(inner); m[name] == nil {
				delete(m, name)
			}
		}
		if len(m) == 0 {
			return nil
		}
	case []any:
		kept := []any{}
		for _, inner := range m {
			if inner = pruned(inner); inner != nil {
				kept = append(kept, inner)
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	case string:
		if m == "" {
			return nil
		}
	}
	return m
}

// fill sets every field, and those of structs within, to something; optional
// ones only to this depth.
func fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case json.RawMessage:
		v.SetBytes([]byte(`{"resourceType":"Basic","div":"<p>&</p>"}`))
		return
	case json.Number:
		v.SetString("1.10")
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for field, content := range v.Fields() {
			if depth > 0 || !strings.Contains(string(field.Tag), "omitempty") {
				fill(content, depth-1)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth)
	case reflect.String:
		v.SetString("<a> & b")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		if !isCode(v.Type()) {
			v.SetInt(7)
		}
	default:
		panic("samply has fields of a new kind: " + v.Kind().String())
	}
}

// testdata/samply.txt lists, for every struct that can stand in an authored
// resource, what samply writes for an element that nobody set, and what Marshal
// writes; and what samply loses of a resource. A new version of samply that
// invents or loses something else fails here.
func TestWhatSamplyInventsAndLoses(t *testing.T) {
	var table bytes.Buffer
	fmt.Fprintln(&table, "# Made by: go test ./profiles/fhir -run WhatSamply -update")
	fmt.Fprintln(&table, "# element | samply writes, when it was not set | Marshal writes")
	seen := map[reflect.Type]bool{}
	for _, one := range authored {
		reach(reflect.TypeOf(one), seen)
	}
	for _, t := range slices.SortedFunc(maps.Keys(seen), func(a, b reflect.Type) int { return strings.Compare(a.Name(), b.Name()) }) {
		invents(&table, t)
	}
	fmt.Fprintln(&table, "# lost by samply, reading and writing")
	for _, one := range authored {
		loses(t, &table, reflect.TypeOf(one))
	}
	const golden = "testdata/samply.txt"
	if *update {
		if err := os.WriteFile(golden, table.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, table.Bytes()) {
		t.Errorf("%s says otherwise (%v); now it is\n%s", golden, err, table.Bytes())
	}
}

// reach collects the structs that can stand within t.
func reach(t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for field := range t.Fields() {
		reach(field.Type, seen)
	}
}

func invents(table *bytes.Buffer, t reflect.Type) {
	e := encoder{Writer: NewWriter(nil)}
	e.BeginObject()
	if err := e.members(reflect.Zero(t)); err != nil {
		panic(err)
	}
	e.EndObject()
	ours, _ := Parse(e.Bytes())
	for field, content := range reflect.Zero(t).Fields() {
		if strings.Contains(string(field.Tag), "omitempty") {
			continue
		}
		theirs, err := json.Marshal(content.Interface())
		if err != nil {
			panic(err)
		}
		written := ours.Get(elementName(field)).Raw()
		if written == nil {
			written = []byte("nothing")
		}
		fmt.Fprintf(table, "%s.%s | %s | %s\n", t.Name(), elementName(field), theirs, written)
	}
}

func loses(t *testing.T, table *bytes.Buffer, typ reflect.Type) {
	probe := must(t, `{"id":"a","implicitRules":"u","_id":{"id":"b"},"contained":[{"resourceType":"Basic"}],"unknown":true}`)
	view := reflect.New(typ)
	if err := json.Unmarshal(probe.Raw(), view.Interface()); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(view.Interface())
	if err != nil {
		t.Fatal(err)
	}
	back := must(t, string(out))
	for name := range probe.Members() {
		if !back.Get(name).Exists() {
			fmt.Fprintf(table, "%s.%s\n", typ.Name(), name)
		}
	}
}
