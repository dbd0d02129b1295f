package profiles_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The types that the gateway serves, and the datatypes that they need.
var (
	servedTypes = []string{
		"CarePlan", "CareTeam", "Consent", "Encounter", "EpisodeOfCare", "Flag", "Goal", "Location", "Organization",
		"Patient", "Practitioner", "PractitionerRole", "RiskAssessment",
	}
	copiedDatatypes = []string{
		"Address", "Age", "Annotation", "CodeableConcept", "Coding", "ContactPoint", "Duration", "HumanName",
		"Identifier", "Period", "Quantity", "Range", "Ratio", "Reference", "Timing",
	}
)

func TestServedTypes(t *testing.T) {
	if got := profiles.ServedTypes(); !slices.Equal(got, servedTypes) {
		t.Errorf("served: %v, want %v", got, servedTypes)
	}
	if _, ok := profiles.ShapeOf("Observation"); ok {
		t.Error("a type that is not served has a shape")
	}
}

// Every name, type and cardinality of shapes.txt is R4's, and every element that
// R4 defines for these types is in the table with a decision. The one exception is
// the id of an element, which is never copied.
func TestShapesAreR4(t *testing.T) {
	dir := shared(t, "fhir/r4core/structuredefinitions")
	for _, typ := range slices.Concat(servedTypes, copiedDatatypes) {
		t.Run(typ, func(t *testing.T) {
			shape, ok := profiles.ShapeOf(typ)
			if !ok {
				t.Fatal("no shape")
			}
			defined := definedElements(t, dir, typ)
			if len(defined) < 2 {
				t.Fatalf("R4 defines %d elements", len(defined))
			}
			listed := map[string]bool{}
			compareShape(t, shape, typ, defined, listed)
			for path, e := range defined {
				name := lastName(path)
				if listed[path] || name == "id" || name == "extension" || name == "modifierExtension" {
					continue
				}
				if parent := path[:strings.LastIndex(path, ".")]; strings.Contains(parent, ".") && !listed[parent+" open"] {
					continue // inside an element that is never copied
				}
				t.Errorf("%s (%s..%s) has no line", path, string(rune('0'+e.Min)), e.Max)
			}
		})
	}
}

type definedElement struct {
	elementDefinition
	IsModifier bool
}

// definedElements are the elements of a type by path.
func definedElements(t *testing.T, dir, typ string) map[string]definedElement {
	t.Helper()
	file := filepath.Join(dir, "StructureDefinition-"+typ+".json")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(dir, "datatypes", "StructureDefinition-"+typ+".json")
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Snapshot struct{ Element []definedElement }
	}
	if err := json.Unmarshal(src, &d); err != nil {
		t.Fatal(err)
	}
	elements := map[string]definedElement{}
	for _, e := range d.Snapshot.Element[1:] {
		elements[e.Path] = e
	}
	return elements
}

// compareShape holds the children of a shape to R4 and notes those it met.
func compareShape(t *testing.T, s *profiles.Shape, path string, defined map[string]definedElement, listed map[string]bool) {
	t.Helper()
	listed[path+" open"] = true
	for child := range s.Children() {
		name := child.Name
		if child.Choice != "" {
			name = child.Choice + "[x]"
		}
		at := path + "." + name
		e, ok := defined[at]
		if !ok {
			t.Errorf("%s: R4 has no such element", at)
			continue
		}
		listed[at] = true
		if child.Required != (e.Min > 0) || child.Many != (e.Max == "*") {
			t.Errorf("%s: required %v and many %v, R4 has %d..%s", at, child.Required, child.Many, e.Min, e.Max)
		}
		compareType(t, child, at, e)
		if child.Type == "BackboneElement" || child.Type == "Element" {
			if e.ContentReference == "" && child.Use != profiles.UseNever {
				compareShape(t, child, at, defined, listed)
			}
		}
	}
}

func compareType(t *testing.T, s *profiles.Shape, at string, e definedElement) {
	t.Helper()
	if e.ContentReference != "" {
		return
	}
	for _, typ := range e.Type {
		code := lastName(strings.ReplaceAll(typ.Code, "/", "."))
		if strings.HasPrefix(typ.Code, "http://hl7.org/fhirpath/") { // only Resource.id has a type of the path language
			code = "id"
		}
		if code != s.Type {
			continue
		}
		var targets []string
		for _, url := range typ.TargetProfile {
			targets = append(targets, url[strings.LastIndex(url, "/")+1:])
		}
		if s.Type == "Reference" && !slices.Equal(targets, s.Targets) {
			t.Errorf("%s: targets %v, R4 has %v", at, s.Targets, targets)
		}
		return
	}
	t.Errorf("%s: R4 does not allow type %s", at, s.Type)
}

func lastName(path string) string { return path[strings.LastIndex(path, ".")+1:] }

// A choice element is one shape for each of its types, by its JSON name.
func TestChoiceShapes(t *testing.T) {
	patient, _ := profiles.ShapeOf("Patient")
	for name, typ := range map[string]string{"deceasedBoolean": "boolean", "deceasedDateTime": "dateTime"} {
		s, ok := patient.Child(name)
		if !ok || s.Type != typ || s.Choice != "deceased" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if _, ok := patient.Child("deceased"); ok {
		t.Error("a choice without a type is no element")
	}
}

// What shapes.txt says is what the code reads: JSON kinds, datatypes, recursion, extensions.
func TestShapeDetails(t *testing.T) {
	plan, _ := profiles.ShapeOf("CarePlan")
	if n := plan.RequiredChildren(); n != 3 {
		t.Errorf("CarePlan requires %d elements, want status, intent and subject", n)
	}
	status, _ := plan.Child("status")
	category, _ := plan.Child("category")
	coding, ok := category.Child("coding")
	if !ok || coding.Type != "Coding" || !coding.Many {
		t.Errorf("category.coding: %+v", coding)
	}
	if status.JSON() != fhir.String || category.JSON() != fhir.Object {
		t.Errorf("JSON kinds: %v, %v", status.JSON(), category.JSON())
	}
	consent, _ := profiles.ShapeOf("Consent")
	provision, _ := consent.Child("provision")
	nested, ok := provision.Child("provision")
	if !ok || !nested.Many || provision.Many {
		t.Fatalf("provision.provision: %+v", nested)
	}
	if _, ok := nested.Child("actor"); !ok {
		t.Error("a nested provision has no actor")
	}
	activity, _ := plan.Child("activity")
	if ext, ok := activity.Extension(profiles.ExtArea); !ok || ext.Type != "code" {
		t.Errorf("activity's area: %+v", ext)
	}
	patient, _ := profiles.ShapeOf("Patient")
	identifier, _ := patient.Child("identifier")
	if ext, ok := identifier.Extension(profiles.ExtNHSNumberStatus); !ok || ext.Type != "CodeableConcept" { // listed for the datatype
		t.Errorf("the status of an NHS number: %+v", ext)
	}
	if _, ok := plan.Extension(profiles.ExtArea); ok {
		t.Error("the area extension stands on the plan itself")
	}
	if _, ok := coding.Extension(profiles.ExtRestriction); !ok {
		t.Error("a restriction cannot stand everywhere")
	}
	if _, ok := plan.Extension("http://example.org/unknown"); ok {
		t.Error("an unknown extension has a shape")
	}
}

// notCopiedModifiers change the meaning of their resource and are not copied all
// the same; each for a reason.
var notCopiedModifiers = map[string]string{
	"Patient.link": "a linked or replaced identity is refused before anything is disclosed (case 36)",
}

// What changes the meaning of the rest is copied or withholds the resource: it is
// never left out in silence.
func TestModifierElementsAreNotLost(t *testing.T) {
	dir := shared(t, "fhir/r4core/structuredefinitions")
	seen := 0
	for _, typ := range slices.Concat(servedTypes, copiedDatatypes) {
		shape, _ := profiles.ShapeOf(typ)
		for path, e := range definedElements(t, dir, typ) {
			if !e.IsModifier || lastName(path) == "modifierExtension" {
				continue // refused by name, at any depth
			}
			seen++
			if use := useOf(shape, strings.Split(path, ".")[1:]); use == profiles.UseNever && notCopiedModifiers[path] == "" {
				t.Errorf("%s is a modifier and is not copied", path)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d modifier elements seen", seen)
	}
}

// useOf follows a path of R4's, in which a choice has its [x].
func useOf(s *profiles.Shape, path []string) profiles.Use {
	for child := range s.Children() {
		choice, isChoice := strings.CutSuffix(path[0], "[x]")
		if child.Name != path[0] && (!isChoice || child.Choice != choice) {
			continue
		}
		if len(path) == 1 || child.Use == profiles.UseNever {
			return child.Use
		}
		return useOf(child, path[1:])
	}
	return profiles.UseNever
}
