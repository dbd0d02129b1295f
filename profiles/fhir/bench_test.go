package fhir

import (
	"encoding/json"
	"fmt"
	"testing"
)

// A care and treatment plan of about 8 kB, as the gateway stores them.
func bigPlan() []byte {
	w := NewWriter(nil)
	w.BeginObject()
	w.Member("resourceType", "CarePlan")
	w.Member("id", "plan-1")
	w.Member("status", "active")
	w.Member("intent", "plan")
	w.Name("activity")
	w.BeginArray()
	for i := range 24 {
		w.Raw(fmt.Appendf(nil, `{"extension":[{"url":"https://fhir.cpa-gateway.example/StructureDefinition/Extension-CPAWales-Area","valueCode":"social"}],`+
			`"detail":{"status":"in-progress","goal":[{"reference":"Goal/g-%d"}],"scheduledPeriod":{"start":"2026-01-%02d"},`+
			`"description":"Meets the support worker at the caf\u00e9 each week, by bus, and \"rings\" if it rains"}}`, i, i+1))
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// Parse beside encoding/json reading the same bytes to any, in one run.
func BenchmarkParse(b *testing.B) {
	src := bigPlan()
	for name, read := range map[string]func() error{
		"ours":         func() error { _, err := Parse(src); return err },
		"encodingjson": func() error { var v any; return json.Unmarshal(src, &v) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A document is two allocations: itself and its nodes.
func TestParseAllocations(t *testing.T) {
	src := bigPlan()
	if len(src) < 7000 || len(src) > 9000 {
		t.Fatalf("the plan has %d bytes", len(src))
	}
	if n := testing.AllocsPerRun(100, func() { Parse(src) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// Looking for a code makes no strings.
func TestHasCodeAllocatesNothing(t *testing.T) {
	categories := carePlan(t).Get("category")
	if n := testing.AllocsPerRun(100, func() {
		if !HasCode(categories, "urn:local", "crisis") {
			t.Fatal("not found")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
