package profiles

import (
	"slices"
	"strings"
	"testing"
)

// TestElementsRefuseSlips: a faulty table does not start, and says in which line.
func TestElementsRefuseSlips(t *testing.T) {
	const sound = "A : R served\n  b ? frame code(x,y)|R\n  c * whole BackboneElement\n    d ? - #A.c\nR\nBackboneElement\ntypes\n  A\n"
	for name, tt := range map[string]struct{ line, want string }{
		"sound":            {"", ""},
		"unknown term":     {"  e ? perhaps code", `t.txt:1: unknown item "perhaps"`},
		"unknown item":     {"  e ? plan.summary+plan.nothing code", `t.txt:1: unknown item "plan.nothing"`},
		"unknown rule":     {"  e ? by:chance code", `t.txt:1: no rule "chance"`},
		"no cardinality":   {"  e 2 frame code", `t.txt:1: "2" is no cardinality`},
		"too many words":   {"  e ? frame code and more", "t.txt:1: want name"},
		"too few words":    {"  e ? code", "t.txt:1: want name"},
		"indented too far": {"      e ? frame code", "t.txt:1: indented too far"},
		"before a type":    {"  e ? frame code", "t.txt:1: indented too far"},
		"no term":          {"  e ? - code", "t.txt:1: an element of a served type needs a term"},
		"unknown type":     {"  e ? frame Code", "A.e has the type Code, which is not here"},
		"unknown path":     {"  e ? frame #A.b.c", "A.e is another #A.b.c, which is not here"},
		"unknown base":     {"B : C", "B is based on C, which is not here"},
	} {
		t.Run(name, func(t *testing.T) {
			table := strings.Replace(sound, "served\n", "served\n"+tt.line+"\n", 1)
			if name == "before a type" || name == "unknown base" {
				table = tt.line + "\n" + sound
			}
			table = strings.Replace(table, "\n\n", "\n", 1)
			want := strings.Replace(tt.want, "t.txt:1", "t.txt:2", 1)
			if name == "before a type" {
				want = tt.want
			}
			_, err := readElements("t.txt", table)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// An element is copied on the terms of its line and on no others; what has no
// terms is not copied, nor are the types of a choice that the terms do not name.
func TestReadElements(t *testing.T) {
	table, err := readElements("t.txt", `A : R served
  b     ? frame                    code
  c     + plan.crisis+plan.other   Reference(A,B)
  d[x]  1 never                    string|Reference(A,B)
  e[x]  ? string:frame             string|code
  f     * by:activity              BackboneElement
    g   ? -                        code
R
  h     1 person                   Reference
Reference
BackboneElement
types
  A
`)
	if err != nil {
		t.Fatal(err)
	}
	a := table.types["A"]
	want := map[string]Shape{
		"b":          {Type: "code", Use: UseFrame},
		"c":          {Type: "Reference", Use: UseItems, Items: SetOf(PlanCrisis, PlanOther), Many: true, Required: true},
		"dString":    {Type: "string", Use: UseNever, Choice: "d", Required: true},
		"dReference": {Type: "Reference", Use: UseNever, Choice: "d", Required: true},
		"eString":    {Type: "string", Use: UseFrame, Choice: "e"},
		"eCode":      {Type: "code", Use: UseNever, Choice: "e"},
		"f":          {Type: "BackboneElement", Use: UseRule, Many: true},
		"h":          {Type: "Reference", Use: UsePerson, Required: true},
	}
	for name, w := range want {
		got, ok := a.Child(name)
		if !ok || got.Type != w.Type || got.Use != w.Use || got.Items != w.Items || got.Many != w.Many ||
			got.Required != w.Required || got.Choice != w.Choice {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if c, _ := a.Child("c"); !slices.Equal(c.args, []string{"A", "B"}) {
		t.Errorf("targets: %v", c.args)
	}
	if f, _ := a.Child("f"); f.children[0].Use != UseNever {
		t.Error("what has no terms is copied")
	}
	if _, ok := a.Child("d[x]"); ok || len(a.children)+1 != len(want) || a.RequiredChildren() != 3 {
		t.Errorf("%d children, %d required", len(a.children), a.RequiredChildren())
	}
	if Use(0) != UseNever {
		t.Error("the zero Use copies")
	}
}
