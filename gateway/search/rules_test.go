package search_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// indexHashes are those of what the rules made of everything below, by IndexRules.
var indexHashes = []string{
	"7069527de2d10251",
	"157ac1a1d5900f75",
	"bc70b22af4aeb964",
	"1bb4eae3ca457c73",
}

// TestIndexRulesAreNumbered: rules that index otherwise have another number.
func TestIndexRulesAreNumbered(t *testing.T) {
	var made strings.Builder
	for _, typ := range profiles.ServedTypes() {
		for _, d := range search.Definitions(typ) {
			for _, path := range d.Paths {
				for _, value := range samples[d.Kind] {
					src := fmt.Sprintf(`{"resourceType":%q,%s}`, typ, at(strings.Split(path, "."), value))
					fmt.Fprintf(&made, "%s\n%+v\n", src, search.Index(parse(t, src)))
				}
			}
		}
		labels := fmt.Sprintf(`{"resourceType":%q,"meta":{"profile":["http://x",%q],"security":[{"system":%q,"code":"V"},{"code":"R"}]}}`,
			typ, profiles.Profile(typ), profiles.SystemConfidentiality)
		fmt.Fprintf(&made, "%s\n%+v\n", labels, search.Index(parse(t, labels)))
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(made.String())))[:16]
	if search.IndexRules != len(indexHashes) || indexHashes[len(indexHashes)-1] != hash {
		t.Errorf("the rules index otherwise than number %d did: raise IndexRules and add %q here", search.IndexRules, hash)
	}
	if slices.Sort(indexHashes); len(slices.Compact(indexHashes)) != search.IndexRules {
		t.Error("two numbers for the same rules")
	}
}

// samples are values of every form that a kind may have, sound and not.
var samples = map[search.Kind][]string{
	search.Token: {
		`"active"`, `{"system":"urn:x","code":"1"}`, `[{"coding":[{"system":"urn:x","code":"1"},{"code":"2"},{"system":"urn:x"}],"text":"x"}]`,
		`[{"system":" urn:x","value":"1"},{"value":"2"},{"system":"` + profiles.SystemNHSNumber + `","value":"999 000 0018"}]`, `7`,
	},
	search.Reference: {
		`{"reference":"Patient/a"}`, `[{"reference":"Goal/g/_history/2"},{"reference":"CareTeam/t"},{"reference":"CarePlan/p"}]`,
		`{"reference":"Practitioner/p"}`, `{"reference":"PractitionerRole/r"}`, `{"reference":"Organization/o"}`, `{"reference":"https://x/Patient/a"}`,
		`{"reference":"#a"}`, `{"identifier":{"system":"urn:x","value":"1"}}`, `{"display":"x"}`, `"Patient/a"`,
	},
	search.Date: {
		`"2025"`, `"2025-03-30"`, `"2025-03-30T01:30:00Z"`, `"2025-02-30"`, `{"start":"2025-03-30"}`, `{"end":"2025-03"}`, `{"start":"2025","end":"2024"}`,
		`{"event":["2025-03-02","2025-01-01","2025-02-01","x"]}`, `{"repeat":{"boundsPeriod":{"start":"2025-01-01","end":"2025-02-01"}}}`, `{}`,
	},
}

// at is a member with a value at the end of a path.
func at(path []string, value string) string {
	if len(path) == 1 {
		return fmt.Sprintf(`%q:%s`, path[0], value)
	}
	return fmt.Sprintf(`%q:[{%s}]`, path[0], at(path[1:], value))
}
