package profiles_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table of structural checks is R4's own: this file makes it from the
// published definitions and, whenever they are at hand, holds it to them.
//
//	go test ./profiles -run TestCheckTable -update-check
var updateCheck = flag.Bool("update-check", false, "write check.txt from the R4 definitions")

var checkedTypes = []string{
	"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "RelatedPerson",
	"EpisodeOfCare", "CareTeam", "CarePlan", "Goal", "Condition", "Observation", "RiskAssessment",
	"Flag", "Encounter", "ServiceRequest", "Task", "Communication", "Consent", "Provenance",
	"DocumentReference", "Procedure", "MedicationRequest",
}

const checkHead = `# Structural checks: FHIR R4 (4.0.1, CC0) for the types that the gateway stores. Written by
#   go test ./profiles -run TestCheckTable -update-check
# from the published definitions, and held to them by that test.
#
#   <name> [: <type whose elements it has as well>], then its elements, indented:
#   <name> <cardinality> <type>|<type>...
# Cardinality: ? at most one, 1 exactly one, * any number, + at least one.
# Type: Reference(<targets>), code(<required codes>), #<path> for the elements of another
# element, * for any datatype.

`

func TestCheckTable(t *testing.T) {
	dir := shared(t, "fhir/r4core")
	made := (&tableMaker{t: t, dir: dir, done: map[string]bool{}}).table()
	if *updateCheck {
		if err := os.WriteFile("check.txt", []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("check.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, string(kept)); diff != "" {
		t.Errorf("check.txt differs from the R4 definitions (-definitions +check.txt):\n%s", diff)
	}
}

// shared finds a folder of reference material beside the project, or skips.
func shared(t *testing.T, name string) string {
	t.Helper()
	root, err := filepath.Abs(".")
	for err == nil {
		if _, e := os.Stat(filepath.Join(root, "go.mod")); e == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Fatal("no go.mod above the test")
		}
		root = filepath.Dir(root)
	}
	dir := filepath.Join(root, "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("../shared/%s is not here", name)
	}
	return dir
}

type structureDefinition struct {
	Name           string
	BaseDefinition string
	Snapshot       struct{ Element []elementDefinition }
}

type elementDefinition struct {
	Path string
	Min  int
	Max  string
	Base struct{ Path string }
	Type []struct {
		Code          string
		TargetProfile []string
		Extension     []struct{ ValueURL string }
	}
	ContentReference string
	Binding          struct{ Strength, ValueSet string }
}

type tableMaker struct {
	t    *testing.T
	dir  string
	done map[string]bool
	next []string // datatypes that an element mentioned
}

func (m *tableMaker) table() string {
	var out strings.Builder
	out.WriteString(checkHead)
	m.next = append(slices.Clone(checkedTypes), "Extension", "DomainResource")
	for len(m.next) > 0 {
		name := m.next[0]
		m.next = m.next[1:]
		if !m.done[name] {
			m.done[name] = true
			m.block(&out, name)
		}
	}
	types := m.codes("http://hl7.org/fhir/resource-types")
	types = slices.DeleteFunc(types, func(t string) bool { return t == "Resource" || t == "DomainResource" })
	out.WriteString("types\n  " + strings.Join(types, "\n  ") + "\n")
	return out.String()
}

// block writes one type, unless it is a primitive: those are Go.
func (m *tableMaker) block(out *strings.Builder, name string) {
	var d structureDefinition
	folder := "structuredefinitions"
	if _, err := os.Stat(filepath.Join(m.dir, folder, "StructureDefinition-"+name+".json")); err != nil {
		folder += "/datatypes"
	}
	m.read(folder+"/StructureDefinition-"+name+".json", &d)
	if name[0] >= 'a' && name[0] <= 'z' {
		return
	}
	out.WriteString(name)
	if base := lastPart(d.BaseDefinition); base != "" {
		out.WriteString(" : " + base)
		m.next = append(m.next, base)
	}
	out.WriteString("\n")
	for _, e := range d.Snapshot.Element {
		if e.Path == name || e.Base.Path != e.Path {
			continue // inherited
		}
		depth := strings.Count(e.Path, ".")
		fmt.Fprintf(out, "%s%s %s %s\n", strings.Repeat("  ", depth), lastPart(e.Path), cardinality(e), m.types(e))
	}
	out.WriteString("\n")
}

func cardinality(e elementDefinition) string {
	switch {
	case e.Max == "1" && e.Min == 0:
		return "?"
	case e.Max == "1":
		return "1"
	case e.Min == 0:
		return "*"
	}
	return "+"
}

func (m *tableMaker) types(e elementDefinition) string {
	if e.ContentReference != "" {
		return e.ContentReference
	}
	if len(e.Type) > 40 {
		return "*"
	}
	var names []string
	for _, typ := range e.Type {
		name := lastPart(typ.Code)
		if name == "String" && len(typ.Extension) > 0 { // the system type under id and url
			name = typ.Extension[0].ValueURL
			if e.Path == "Resource.id" {
				name = "id"
			}
		}
		m.next = append(m.next, name)
		var args []string
		for _, target := range typ.TargetProfile {
			if name == "Reference" && lastPart(target) != "Resource" {
				args = append(args, lastPart(target))
			}
		}
		if name == "code" && e.Binding.Strength == "required" {
			args = m.valueSet(e.Binding.ValueSet)
		}
		if len(args) > 0 {
			name += "(" + strings.Join(args, ",") + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, "|")
}

// valueSet lists the codes of a required binding; nothing where they are not a
// short list of R4's own.
func (m *tableMaker) valueSet(url string) []string {
	url, _, _ = strings.Cut(url, "|")
	var set struct {
		Compose struct {
			Include []struct {
				System  string
				Concept []concept
				Filter  []any
			}
		}
	}
	file := "valuesets/ValueSet-" + lastPart(url) + ".json"
	if _, err := os.Stat(filepath.Join(m.dir, file)); err != nil {
		return nil
	}
	m.read(file, &set)
	var codes []string
	for _, include := range set.Compose.Include {
		switch {
		case len(include.Filter) > 0 || include.System == "":
			return nil
		case len(include.Concept) > 0:
			codes = append(codes, flatten(include.Concept)...)
		default:
			codes = append(codes, m.codes(include.System)...)
		}
	}
	if len(codes) > 40 {
		return nil
	}
	return codes
}

type concept struct {
	Code    string
	Concept []concept
}

func flatten(concepts []concept) []string {
	var codes []string
	for _, c := range concepts {
		codes = append(append(codes, c.Code), flatten(c.Concept)...)
	}
	return codes
}

func (m *tableMaker) codes(system string) []string {
	var s struct{ Concept []concept }
	file := "codesystems/CodeSystem-" + lastPart(system) + ".json"
	if _, err := os.Stat(filepath.Join(m.dir, file)); err != nil {
		return nil // languages, media types: somebody else's
	}
	m.read(file, &s)
	return flatten(s.Concept)
}

func (m *tableMaker) read(name string, into any) {
	m.t.Helper()
	b, err := os.ReadFile(filepath.Join(m.dir, filepath.FromSlash(name)))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		m.t.Fatalf("reading the definitions: %v", err)
	}
}

func lastPart(s string) string { return s[strings.LastIndexAny(s, "/.")+1:] }
