package profiles

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The summaries and the modifiers are R4's own: they are held to the published
// definitions whenever these are at hand.
func TestSummariesAreThoseOfR4(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "fhir", "r4core", "structuredefinitions")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the definitions of R4 are not here")
	}
	for typ := range summaries {
		text, err := os.ReadFile(filepath.Join(folder, "StructureDefinition-"+typ+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var definition struct {
			Snapshot struct {
				Element []struct {
					Path                  string
					IsSummary, IsModifier bool
				}
			}
		}
		if err := json.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		shape, _ := ShapeOf(typ)
		for _, e := range definition.Snapshot.Element {
			_, name, _ := strings.Cut(e.Path, ".")
			at := slices.IndexFunc(slices.Collect(shape.Children()), func(s *Shape) bool { return s.definedName() == name })
			if at < 0 || slices.Contains([]string{"id", "meta", "implicitRules", "modifierExtension"}, name) {
				continue
			}
			element := slices.Collect(shape.Children())[at]
			if shape.InSummary(element) != e.IsSummary {
				t.Errorf("%s: in the summary: %t", e.Path, e.IsSummary)
			}
			if e.IsModifier && !shape.Kept(element) && element.Use != UseNever {
				t.Errorf("%s changes the meaning of the rest and is not kept", e.Path)
			}
		}
	}
}
