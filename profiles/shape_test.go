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
		"CarePlan", "CareTeam", "Communication", "Consent", "Encounter", "EpisodeOfCare", "Flag", "Goal", "Location", "Organization",
		"Patient", "Practitioner", "PractitionerRole", "RiskAssessment", "Task",
	}
	copiedDatatypes = []string{
		"Address", "Age", "Annotation", "Attachment", "CodeableConcept", "Coding", "ContactPoint", "Duration", "HumanName",
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

// What elements.txt says is what the code reads: JSON kinds, datatypes, recursion, extensions.
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
