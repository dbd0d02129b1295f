package profiles_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// docTable reads the table of docs/items.md whose head begins with a word: its
// rows, without the backquotes.
func docTable(t *testing.T, head string) [][]string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "docs", "items.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	inside := false
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		if strings.HasPrefix(line, "| "+head+" |") {
			inside = true
			continue
		}
		if !inside || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), "`", ""), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		t.Fatalf("docs/items.md has no table %q", head)
	}
	return rows
}

// The page, the code and the published code system name the same items, at the
// same positions: what is stored is the position.
func TestItemsPage(t *testing.T) {
	rows := docTable(t, "position")
	codes := profiles.AllItems.Codes()
	if len(rows) != len(codes) {
		t.Fatalf("the page has %d items, the code %d", len(rows), len(codes))
	}
	for i, row := range rows {
		if row[0] != strconv.Itoa(i) || row[1] != codes[i] || row[1] != profiles.Item(i).String() {
			t.Errorf("position %d: the page has %s %s, the code %s", i, row[0], row[1], codes[i])
		}
		if row[2] == "" || row[3] == "" {
			t.Errorf("%s has no meaning or no source", row[1])
		}
	}
	for _, system := range profiles.CodeSystems() {
		if system.URL != profiles.SystemItem {
			continue
		}
		var published []string
		for _, c := range system.Concepts {
			published = append(published, c.Code)
		}
		if !slices.Equal(published, codes) {
			t.Errorf("published: %v\nin code:   %v", published, codes)
		}
		return
	}
	t.Error("the items are not published")
}

func TestItemGroupsPage(t *testing.T) {
	want := map[string]profiles.ItemSet{"plan.goals": profiles.Areas, "crisis-slice": profiles.CrisisSlice}
	rows := docTable(t, "word")
	if len(rows) != len(want) {
		t.Errorf("the page has %d words, want %d", len(rows), len(want))
	}
	for _, row := range rows {
		got, err := profiles.ParseItem(row[0])
		if err != nil || got != want[row[0]] || got.String() != row[1] {
			t.Errorf("%s: %v %v, the page has %s", row[0], got, err, row[1])
		}
	}
}

// Every kind of activity is on the page with its item, and every one on the page is a kind.
func TestActivityPage(t *testing.T) {
	listed := map[string]string{}
	for _, row := range docTable(t, "activity") {
		listed[row[0]] = row[1]
	}
	for _, system := range profiles.CodeSystems() {
		if system.URL != profiles.SystemPlanPart {
			continue
		}
		if len(system.Concepts) != len(listed) {
			t.Errorf("the page has %d kinds, the vocabulary %d", len(listed), len(system.Concepts))
		}
		for _, c := range system.Concepts {
			part, err := fhir.Parse([]byte(`{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + c.Code + `"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			plan, err := fhir.Parse([]byte(`{"resourceType":"CarePlan"}`))
			if err != nil {
				t.Fatal(err)
			}
			got := profiles.PartItems(plan, "activity", part).String()
			if c.Code == profiles.CodePartArea {
				if got != "unlabelled" {
					t.Errorf("an area activity without an area needs %s", got)
				}
				continue
			}
			if listed[c.Code] != got {
				t.Errorf("%s needs %s, the page has %q", c.Code, got, listed[c.Code])
			}
		}
	}
}

func TestParseItem(t *testing.T) {
	for i := range profiles.AllItems.Len() {
		item := profiles.Item(i)
		if got, err := profiles.ParseItem(item.String()); err != nil || got != profiles.SetOf(item) {
			t.Errorf("%s is read as %v, %v", item, got, err)
		}
	}
	for _, code := range []string{"", "plan", "plan.", "PLAN.CRISIS", "plan.crisis ", "plan.area", "item(3)", "*"} {
		if got, err := profiles.ParseItem(code); err == nil || got != 0 {
			t.Errorf("%q is read as %v", code, got)
		}
	}
	if got := profiles.Item(63).String(); got != "item(63)" {
		t.Errorf("an item that there is not is called %s", got)
	}
}

func TestItemSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := profiles.ItemSet(rapid.Uint64().Draw(t, "set")) & profiles.AllItems
		var again profiles.ItemSet
		for _, code := range s.Codes() {
			one, err := profiles.ParseItem(code)
			if err != nil || one.Len() != 1 {
				t.Fatalf("%s: %v", code, err)
			}
			again |= one
		}
		if again != s || s.Len() != len(s.Codes()) {
			t.Fatalf("%v became %v", s, again)
		}
	})
}

// A label is within what is granted where all of Need is, and one of Any.
func TestLabelWithin(t *testing.T) {
	crisis, work, finance := profiles.SetOf(profiles.PlanCrisis), profiles.SetOf(profiles.AreaWork), profiles.SetOf(profiles.AreaFinance)
	for name, c := range map[string]struct {
		label   profiles.Label
		granted profiles.ItemSet
		want    bool
	}{
		"a frame":                     {profiles.Label{}, 0, true},
		"needed and granted":          {profiles.Label{Need: crisis}, crisis | work, true},
		"needed and not granted":      {profiles.Label{Need: crisis | work}, crisis, false},
		"one of any":                  {profiles.Label{Any: work | finance}, finance, true},
		"none of any":                 {profiles.Label{Any: work | finance}, crisis, false},
		"need alone":                  {profiles.Label{Need: crisis, Any: work}, crisis, false},
		"any alone":                   {profiles.Label{Need: crisis, Any: work}, work, false},
		"both":                        {profiles.Label{Need: crisis, Any: work}, crisis | work, true},
		"nothing granted":             {profiles.Label{Need: profiles.SetOf(profiles.Unlabelled)}, 0, false},
		"the slice has no unlabelled": {profiles.Label{Need: profiles.SetOf(profiles.Unlabelled)}, profiles.CrisisSlice, false},
	} {
		if got := c.label.Within(c.granted); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
