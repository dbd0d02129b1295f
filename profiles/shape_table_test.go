package profiles

import (
	"fmt"
	"strings"
	"testing"
)

const tableFrame = "base Resource\nblock Everywhere\n  @cpa:Restriction 0..* code\n"

// A faulty table does not start, and says in which line.
func TestReadShapesRefuses(t *testing.T) {
	for name, lines := range map[string]string{
		"unknown use":       "resource A\n  b 0..1 code perhaps",
		"unknown item":      "resource A\n  b 0..1 code plan.summary+plan.nothing",
		"unknown rule":      "resource A\n  b 0..1 code by:chance",
		"no cardinality":    "resource A\n  b code frame",
		"too many words":    "resource A\n  b 0..1 code frame and more",
		"too few words":     "resource A\n  b",
		"indented too far":  "resource A\n      b 0..1 code",
		"not its own child": "resource A\n  b 0..1 =c",
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "shapes.txt:5: ") {
					t.Errorf("reading: %s", got)
				}
			}()
			readShapes(tableFrame + lines)
		})
	}
}

// An element is copied on the terms of its line and on no others; what has no
// line has no shape.
func TestReadShapes(t *testing.T) {
	table := readShapes(tableFrame + `resource A
  b     0..1 code                          # with its parent
  c     1..* Reference(A|B)  plan.crisis+plan.other
  d[x]  0..1 string|Reference(A|B)  never
`)
	a := table.types["A"]
	want := map[string]Shape{
		"b":          {Type: "code", Use: UseFrame},
		"c":          {Type: "Reference", Use: UseItems, Items: SetOf(PlanCrisis, PlanOther), Many: true, Required: true},
		"dString":    {Type: "string", Use: UseNever, Choice: "d"},
		"dReference": {Type: "Reference", Use: UseNever, Choice: "d"},
	}
	for name, w := range want {
		got, ok := a.Child(name)
		if !ok || got.Type != w.Type || got.Use != w.Use || got.Items != w.Items || got.Many != w.Many ||
			got.Required != w.Required || got.Choice != w.Choice {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if c, _ := a.Child("c"); strings.Join(c.Targets, " ") != "A B" {
		t.Errorf("targets: %v", c.Targets)
	}
	if _, ok := a.Child("e"); ok || len(a.children) != len(want) {
		t.Errorf("%d children, want %d", len(a.children), len(want))
	}
	if Use(0) != UseNever {
		t.Error("the zero Use copies")
	}
}
