package ctp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// TestGolden compares everything that the synthetic plans make with what was read
// and approved: go test ./mapping/ctp -run Golden -update, then read the difference.
func TestGolden(t *testing.T) {
	c := read(t, format(t), os.DirFS("testdata/plans"))
	if refused := c.refusals(); len(refused) > 0 {
		t.Fatalf("refused: %+v", refused)
	}
	byType := map[string][]string{}
	for _, r := range c.resources {
		var out bytes.Buffer
		if err := json.Indent(&out, r.Body, "", "  "); err != nil {
			t.Fatalf("%s %s is not JSON: %v", r.Type, r.Key, err)
		}
		byType[r.Type] = append(byType[r.Type], out.String())
	}
	for typ, bodies := range byType {
		name, got := "testdata/golden/"+typ+".json", "["+strings.Join(bodies, ",\n")+"]\n"
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want := file(t, name); got != want {
			t.Errorf("%s differs; with -update it is written anew. Got:\n%s", name, got)
		}
	}
	entries, err := os.ReadDir("testdata/golden")
	if err != nil || len(entries) != len(byType) {
		t.Errorf("%d golden files for %d types (%v)", len(entries), len(byType), err)
	}
}

func TestEveryResourceIsValidAndLabelled(t *testing.T) {
	c := read(t, format(t), os.DirFS("testdata/plans"))
	if len(c.resources) == 0 {
		t.Fatal("nothing was made")
	}
	hidden := []string{"Condition", "RelatedPerson"} // no flow names these yet
	for _, r := range c.resources {
		value, err := fhir.ParseResource(r.Body)
		if err != nil {
			t.Fatalf("%s: %v", r.Type, err)
		}
		for _, issue := range profiles.Check(value) {
			t.Errorf("%s %s: %+v", r.Type, r.Key, issue)
		}
		status := value.Get("status").Text()
		withdrawn := status == "entered-in-error" || r.Type == "RiskAssessment" && status == "cancelled"
		if profiles.Items(value).Need.Has(profiles.Unlabelled) != (withdrawn || slices.Contains(hidden, r.Type)) {
			t.Errorf("%s %s is labelled %v", r.Type, r.Key, profiles.Items(value))
		}
		if r.Type != "CarePlan" {
			continue
		}
		for activity := range value.Get("activity").Each() {
			if need := profiles.PartItems(value, "activity", activity); need.Has(profiles.Unlabelled) {
				t.Errorf("%s of %s needs %v", activity.Path(), r.Key, need)
			}
		}
	}
}
