package profiles

import (
	"strings"
	"testing"
)

// TestTablesRefuseSlips: the slips that an editor of the tables makes are
// errors, not words that silently go missing.
func TestTablesRefuseSlips(t *testing.T) {
	words := func(file string) error { _, err := readVocabulary("t.txt", file); return err }
	rules := func(file string) error { _, err := readChecks(file); return err }
	for _, tt := range []struct {
		name string
		read func(string) error
		file string
		want string // part of the error; empty where the table is sound
	}{

		{"vocabulary", words, "Area | A | B ?\n  a | A | B\n", ""},
		{"concept without a system", words, "  a | A | B\n", "t.txt:1: a code stands before any code system"},
		{"concept without Welsh", words, "Area | A | B\n  a | A\n", "want code"},
		{"concept twice", words, "Area | A | B\n  a | A | B\n  a | A | B\n", "t.txt:3: the code is listed twice"},

		{"checks", rules, "A\n  a ? code(x,y)|A\n  b * BackboneElement\n    c ? #A.b\nBackboneElement\n", ""},
		{"element without a type", rules, "A\n  a ?\n", "want name"},
		{"element before a type", rules, "  a ? code\n", "indented too far"},
		{"element too deep", rules, "A\n      a ? code\n", "indented too far"},
		{"unknown type", rules, "A\n  a ? Code\n", "type Code"},
		{"unknown base", rules, "A : B\n", "based on B"},
		{"unknown path", rules, "A\n  a ? #A.b\n", "type #A.b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.read(tt.file)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
