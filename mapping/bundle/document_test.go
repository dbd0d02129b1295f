package bundle_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"cpagateway/mapping/bundle"
)

// The guide lists every rule, and no other.
func TestGuideListsTheRules(t *testing.T) {
	guide, err := os.ReadFile("../../docs/fhir-bundles.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^\| (FHIR-[A-Z-]+) \|`).FindAllSubmatch(guide, -1) {
		listed = append(listed, string(m[1]))
	}
	rules := []string{
		bundle.RuleJSON, bundle.RuleEntry, bundle.RuleMethod, bundle.RuleKey, bundle.RuleNobody, bundle.RuleNoSubject,
		bundle.RuleSeveralPersons, bundle.RuleDuplicate, bundle.RuleReference, bundle.RuleVersion,
	}
	if !slices.Equal(listed, rules) {
		t.Errorf("the guide lists %v, the rules are %v", listed, rules)
	}
}
