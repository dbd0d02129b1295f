package bundle_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// shared is a folder of the reference material beside the project; where it is
// missing the test is skipped by its name, where it is empty it fails.
func shared(t *testing.T, folder string) fs.FS {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", folder)
	if !exists(path) {
		t.Skipf("../shared/%s is not there", folder)
	}
	fsys := os.DirFS(path)
	files, err := fs.Glob(fsys, "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("../shared/%s holds no *.json (%v)", folder, err)
	}
	return fsys
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unfit counts what the structural check of an import would refuse.
func unfit(t *testing.T, taken []mapping.Resource) (n int) {
	t.Helper()
	for _, r := range taken {
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if profiles.Fatal(profiles.Check(v)) {
			n++
		}
	}
	return n
}

func TestSyntheaBundlesAreReadWhole(t *testing.T) {
	fsys := shared(t, "samples/fhir-synthea-r4")
	b, report := read(t, fsys)
	if report.Taken != 31+24+19 || report.Refused != 0 {
		t.Errorf("%+v\n%+v", report, b.refused())
	}
	persons := map[string]int{}
	for _, r := range b.taken {
		persons[r.Person]++
	}
	if len(persons) != 3 || persons[""] != 0 {
		t.Errorf("resources by person: %v", persons)
	}
	if n := unfit(t, b.taken); n != 0 {
		t.Errorf("the structural check refuses %d of them", n)
	}
	if again, second := read(t, fsys); story(again, second) != story(b, report) {
		t.Error("a second run made something else")
	}
}

func TestExamplesOfHL7AreReadWhole(t *testing.T) {
	b, report := read(t, shared(t, "samples/fhir-hl7-r4-examples"))
	if report.Read != 25 || report.Taken != 25 {
		t.Errorf("%+v\n%+v", report, b.refused())
	}
	if n := unfit(t, b.taken); n != 0 {
		t.Errorf("the structural check refuses %d of them", n)
	}
}

// Among them a bundle converted from HL7 v2, whose resources have no id but their urn:uuid.
func TestExamplesOfTheUKAreRead(t *testing.T) {
	b, report := read(t, shared(t, "samples/fhir-uk"))
	if len(b.taken) == 0 || report.Read != report.Taken+report.Refused {
		t.Errorf("%+v", report)
	}
	for _, f := range b.refused() {
		if f.Rule != "FHIR-NO-SUBJECT" && f.Rule != "FHIR-NOBODY" && f.Rule != "FHIR-KEY" {
			t.Errorf("%s: %s %+v", f.Rule, f.Reason, f.At)
		}
	}
}

// TestPersonsAreThoseOfThePatientCompartment holds the table to the published definition.
func TestPersonsAreThoseOfThePatientCompartment(t *testing.T) {
	raw, err := fs.ReadFile(shared(t, "fhir/r4core"), "CompartmentDefinition-patient.json")
	if err != nil {
		t.Fatal(err)
	}
	var compartment struct {
		Resource []struct {
			Code  string
			Param []string
		}
	}
	if err := json.Unmarshal(raw, &compartment); err != nil {
		t.Fatal(err)
	}
	for _, r := range compartment.Resource {
		b, _ := readText(t, `{"resourceType":"`+r.Code+`","id":"x"}`)
		nobody := len(b.aside) == 1 && b.aside[0].Rule == "FHIR-NOBODY"
		if len(r.Param) > 0 && nobody {
			t.Errorf("%s is in the compartment, but not in the table", r.Code)
		}
		if len(b.taken) == 1 && r.Code != "Patient" && !profiles.DirectoryType(r.Code) {
			t.Errorf("%s was taken although it names no person", r.Code)
		}
	}
	if len(compartment.Resource) < 100 {
		t.Errorf("the definition lists only %d types", len(compartment.Resource))
	}
}
