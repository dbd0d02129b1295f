package profiles_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
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

func TestParseItem(t *testing.T) {
	for i := range profiles.AllItems.Len() {
		item := profiles.Item(i)
		if got, err := profiles.ParseItem(item.String()); err != nil || got != profiles.SetOf(item) {
			t.Errorf("%s is read as %v, %v", item, got, err)
		}
	}
	for _, code := range []string{"", "plan", "plan.", "PLAN.CRISIS", "plan.crisis ", "plan.area", "item(3)", "*"} {
		if got, err := profiles.ParseItem(code); err == nil || !got.Empty() {
			t.Errorf("%q is read as %v", code, got)
		}
	}
	if got := profiles.Item(63).String(); got != "item(63)" {
		t.Errorf("an item that there is not is called %s", got)
	}
}

// A set is what a map from items would be, and is stored as the positions.
func TestItemSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (profiles.ItemSet, map[profiles.Item]bool) {
			items := rapid.SliceOf(rapid.Map(rapid.IntRange(0, profiles.AllItems.Len()-1), func(i int) profiles.Item { return profiles.Item(i) })).Draw(t, name)
			model := map[profiles.Item]bool{}
			for _, i := range items {
				model[i] = true
			}
			return profiles.SetOf(items...), model
		}
		a, inA := draw("a")
		b, inB := draw("b")
		c, inC := draw("c")
		covers, meets, bits := true, false, uint64(0)
		var listed []profiles.Item
		for i := range profiles.Item(profiles.AllItems.Len()) {
			covers, meets = covers && (inA[i] || !inB[i]), meets || inA[i] && inB[i]
			if inA[i] {
				listed, bits = append(listed, i), bits|1<<i
			}
			for name, got := range map[string]bool{
				"has": a.Has(i) == inA[i], "union": a.Union(b, c).Has(i) == (inA[i] || inB[i] || inC[i]),
				"intersect": a.Intersect(b).Has(i) == (inA[i] && inB[i]), "minus": a.Minus(b).Has(i) == (inA[i] && !inB[i]),
			} {
				if !got {
					t.Fatalf("%s of %v and %v and %v: wrong at %s", name, a, b, c, i)
				}
			}
		}
		if a.Covers(b) != covers || a.Meets(b) != meets || a.Empty() != (len(inA) == 0) || a.Len() != len(inA) {
			t.Fatalf("%v and %v: covers %v, meets %v, empty %v, %d items", a, b, a.Covers(b), a.Meets(b), a.Empty(), a.Len())
		}
		if !slices.Equal(slices.Collect(a.All()), listed) || a.Bits() != bits || profiles.ItemSetOfBits(bits) != a {
			t.Fatalf("%v lists %v and is stored as %b", a, slices.Collect(a.All()), a.Bits())
		}
		text, err := json.Marshal(a)
		var read profiles.ItemSet
		if err != nil || json.Unmarshal(text, &read) != nil || read != a {
			t.Fatalf("%v is written as %s and read as %v: %v", a, text, read, err)
		}
		var again profiles.ItemSet
		for _, code := range a.Codes() {
			one, err := profiles.ParseItem(code)
			if err != nil || one.Len() != 1 {
				t.Fatalf("%s: %v", code, err)
			}
			again = again.Union(one)
		}
		if again != a {
			t.Fatalf("%v became %v", a, again)
		}
	})
}

// What is restricted is so by the item, and a bit that is no item's is kept: to
// lose it would need less than was stored.
func TestRestricted(t *testing.T) {
	for i := range profiles.AllItems.All() {
		if want := strings.HasPrefix(i.String(), "restricted."); i.Restricted() != want || profiles.Restricted.Has(i) != want {
			t.Errorf("%s is restricted: %v", i, i.Restricted())
		}
	}
	if later := profiles.ItemSetOfBits(1 << 63); later.Empty() || profiles.AllItems.Covers(later) || profiles.Item(63).Restricted() {
		t.Errorf("an item of a later release reads as %v", later)
	}
}

// A label is within what is granted where all of Need is, and one of Any.
func TestLabelWithin(t *testing.T) {
	crisis, work, finance := profiles.SetOf(profiles.PlanCrisis), profiles.SetOf(profiles.AreaWork), profiles.SetOf(profiles.AreaFinance)
	for name, c := range map[string]struct {
		label   profiles.Label
		granted profiles.ItemSet
		want    bool
	}{
		"a frame":                     {profiles.Label{}, profiles.ItemSet{}, true},
		"needed and granted":          {profiles.Label{Need: crisis}, crisis.Union(work), true},
		"needed and not granted":      {profiles.Label{Need: crisis.Union(work)}, crisis, false},
		"one of any":                  {profiles.Label{Any: work.Union(finance)}, finance, true},
		"none of any":                 {profiles.Label{Any: work.Union(finance)}, crisis, false},
		"need alone":                  {profiles.Label{Need: crisis, Any: work}, crisis, false},
		"any alone":                   {profiles.Label{Need: crisis, Any: work}, work, false},
		"both":                        {profiles.Label{Need: crisis, Any: work}, crisis.Union(work), true},
		"nothing granted":             {profiles.Label{Need: profiles.SetOf(profiles.Unlabelled)}, profiles.ItemSet{}, false},
		"the slice has no unlabelled": {profiles.Label{Need: profiles.SetOf(profiles.Unlabelled)}, profiles.CrisisSlice, false},
	} {
		if got := c.label.Within(c.granted); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
