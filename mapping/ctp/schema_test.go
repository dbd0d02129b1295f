package ctp_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
)

// node is what these tests read of the schema.
type node struct {
	Type        string                     `json:"type"`
	Description string                     `json:"description"`
	Properties  map[string]node            `json:"properties"`
	Items       *node                      `json:"items"`
	Enum        []string                   `json:"enum"`
	Defs        map[string]json.RawMessage `json:"$defs"`
}

func readSchema(t *testing.T) node {
	t.Helper()
	var root node
	if err := json.Unmarshal([]byte(file(t, "plan.schema.json")), &root); err != nil {
		t.Fatalf("parsing the schema: %v", err)
	}
	return root
}

// paths gathers every path of the schema; a leaf is one that holds no members.
func (n node) paths(at string, all, leaves map[string]bool) {
	for name, member := range n.Properties {
		path := strings.TrimPrefix(at+"."+name, ".")
		all[path] = true
		if member.Items != nil {
			member = *member.Items
		}
		leaves[path] = len(member.Properties) == 0
		member.paths(path, all, leaves)
	}
}

// leftBehind are the paths that no map reads, with the reason.
var leftBehind = map[string]string{
	"version": "the schema reads it: there is one version",
	"written": "it is in no resource: it tells an older document from a newer one",
}

func TestMapsReadEveryPathOfTheSchema(t *testing.T) {
	all, leaves := map[string]bool{}, map[string]bool{}
	readSchema(t).paths("", all, leaves)
	program, err := mapping.Load(os.DirFS("maps"), "", ctp.Words())
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	for _, path := range program.Reads("Plan") {
		read[path] = true
		if strings.HasPrefix(path, "outcomes.services.outcome.") { // of the outcome, which the schema has by its own path
			path = "outcomes." + strings.TrimPrefix(path, "outcomes.services.outcome.")
		}
		if !all[path] {
			t.Errorf("a map reads %s, which is not in the schema", path)
		}
	}
	for path := range all {
		if _, left := leftBehind[path]; leaves[path] && read[path] == left {
			t.Errorf("%s: read is %v, left behind on purpose is %v", path, read[path], left)
		}
	}
}

// TestDocumentTellsEveryPath holds docs/welsh-plan.md to the schema.
func TestDocumentTellsEveryPath(t *testing.T) {
	text := file(t, "../../docs/welsh-plan.md")
	all, told := map[string]bool{}, map[string]bool{}
	root := readSchema(t)
	root.paths("", all, map[string]bool{})
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z][A-Za-z0-9.]+)`").FindAllStringSubmatch(text, -1) {
		told[m[1]] = true
	}
	for path := range all {
		if !told[path] {
			t.Errorf("the document does not tell of %s", path)
		}
	}
	for path := range told {
		if !all[path] {
			t.Errorf("the document tells of %s, which is not in the schema", path)
		}
	}
	for rule := range rulesOf(t, root) {
		if !strings.Contains(text, "| "+rule+" |") {
			t.Errorf("the document does not tell of rule %s", rule)
		}
	}
	for _, word := range []string{"cynllun gofal a thriniaeth", "cydgysylltydd gofal", "canlyniadau"} {
		if !strings.Contains(text, word) {
			t.Errorf("the document lacks the law's word %q", word)
		}
	}
}

// rulesOf are the rules that the schema defines, by number, with their reasons.
func rulesOf(t *testing.T, root node) map[string]string {
	t.Helper()
	rules := map[string]string{}
	for name, raw := range root.Defs {
		if !strings.HasPrefix(name, "CTP-") {
			continue
		}
		var definition struct {
			Description string `json:"description"`
		}
		if err := json.Unmarshal(raw, &definition); err != nil || definition.Description == "" {
			t.Errorf("rule %s has no description (%v)", name, err)
		}
		number, _, _ := strings.Cut(name, ".")
		rules[number] = definition.Description
	}
	if len(rules) == 0 {
		t.Fatal("the schema defines no rule")
	}
	return rules
}

// TestSchemaKnowsTheVocabulary: the code lists that the schema restates are those of profiles.
func TestSchemaKnowsTheVocabulary(t *testing.T) {
	root := readSchema(t)
	list := func(name string) []string {
		var n node
		if err := json.Unmarshal(root.Defs[name], &n); err != nil {
			t.Fatal(err)
		}
		return n.Enum
	}
	if got := list("area"); !slices.Equal(got, profiles.AreaCodes()) {
		t.Errorf("areas %v, want %v", got, profiles.AreaCodes())
	}
	var items profiles.ItemSet
	for _, code := range list("item") {
		item, err := profiles.ParseItem(code)
		if err != nil {
			t.Errorf("item %s: %v", code, err)
		}
		items = items.Union(item)
	}
	never := profiles.SetOf(profiles.Unlabelled, profiles.ConsentRecord, profiles.Duties, profiles.Directory).Union(profiles.Restricted)
	if want := profiles.AllItems.Minus(never); items != want {
		t.Errorf("items %v, want %v", items, want)
	}
	reviews := root.Properties["reviews"].Items.Properties["reason"].Enum
	for _, reason := range reviews {
		if !profiles.Known(profiles.SystemReviewReason, reason) {
			t.Errorf("review reason %s is in no list", reason)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(root.Properties)) {
		if root.Properties[at].Items == nil {
			continue
		}
		for _, why := range root.Properties[at].Items.Properties["restricted"].Enum {
			if !profiles.Known(profiles.SystemRestriction, why) {
				t.Errorf("restriction %s of %s is in no list", why, at)
			}
		}
	}
}
