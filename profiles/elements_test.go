package profiles_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"cpagateway/profiles/lines"
)

// The types and elements of the table are R4's own: this file makes them from the
// published definitions and, whenever they are at hand, holds the table to them. The
// terms and the extensions are ours and are taken from the table as it is.
//
//	go test ./profiles -run TestElementTable -update
var detailedTypes = []string{
	"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "RelatedPerson",
	"EpisodeOfCare", "CareTeam", "CarePlan", "Goal", "Condition", "Observation", "RiskAssessment",
	"Flag", "Encounter", "ServiceRequest", "Task", "Communication", "Consent", "Provenance",
	"DocumentReference", "Procedure", "MedicationRequest",
}

func TestElementTable(t *testing.T) {
	dir := shared(t, "fhir/r4core")
	kept, err := os.ReadFile("elements.txt")
	if err != nil {
		t.Fatal(err)
	}
	made := (&tableMaker{t: t, dir: dir, done: map[string]bool{}, ours: oursOf(t, string(kept))}).table()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("elements.txt", []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(made, string(kept)); diff != "" {
		t.Errorf("elements.txt differs from the R4 definitions (-definitions +elements.txt):\n%s", diff)
	}
}

// ours is what the table says that R4 does not, by the path of an element.
type ours struct {
	head, foot string
	served     map[string]bool
	terms      map[string]string
	extensions map[string][]string // the lines under an element, as they stand
}

func oursOf(t *testing.T, table string) ours {
	t.Helper()
	o := ours{served: map[string]bool{}, terms: map[string]string{}, extensions: map[string][]string{}}
	o.head, _, _ = strings.Cut(table, "\nPatient :")
	_, o.foot, _ = strings.Cut(table, "\n# On any element")
	o.foot, _, _ = strings.Cut(o.foot, "\ntypes\n")
	var open []string
	inExtension := 0 // its depth
	if err := lines.Read("elements.txt", table, func(l lines.Line) error {
		fields := strings.Fields(l.Text)
		open = append(open[:l.Depth], fields[0])
		holder := strings.Join(open[:l.Depth], ".")
		switch {
		case l.Depth == 0:
			o.served[fields[0]] = fields[len(fields)-1] == "served"
			inExtension = 0
		case inExtension > 0 && l.Depth > inExtension:
			holder = strings.Join(open[:inExtension], ".")
			o.extensions[holder] = append(o.extensions[holder], tableLine(l.Depth, fields...))
		case fields[0][0] == '@':
			inExtension = l.Depth
			o.extensions[holder] = append(o.extensions[holder], tableLine(l.Depth, fields...))
		default:
			inExtension = 0
			if len(fields) > 2 {
				o.terms[strings.Join(open, ".")] = fields[2]
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

// tableLine writes name, cardinality, term and types in their columns.
func tableLine(depth int, fields ...string) string {
	return fmt.Sprintf("%-28s %s %-24s %s\n", strings.Repeat("  ", depth)+fields[0], fields[1], fields[2], fields[3])
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
	ours ours
}

func (m *tableMaker) table() string {
	var out strings.Builder
	out.WriteString(m.ours.head + "\n")
	m.next = append(slices.Clone(detailedTypes), "Extension", "DomainResource")
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
	out.WriteString("# On any element" + m.ours.foot + "\ntypes\n  " + strings.Join(types, "\n  ") + "\n")
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
	if m.ours.served[name] {
		out.WriteString(" served")
	}
	out.WriteString("\n" + strings.Join(m.ours.extensions[name], ""))
	for _, e := range d.Snapshot.Element {
		if e.Path == name || e.Base.Path != e.Path {
			continue // inherited
		}
		term := cmp.Or(m.ours.terms[e.Path], "-")
		out.WriteString(tableLine(strings.Count(e.Path, "."), lastPart(e.Path), cardinality(e), term, m.types(e)))
		out.WriteString(strings.Join(m.ours.extensions[e.Path], ""))
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
