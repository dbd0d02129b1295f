package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var pageRow = regexp.MustCompile("(?m)^\\| (\\w+/\\w+) (?:as a whole|(\\w+) (\\d)) \\| [^|]+ \\| `([a-z.]+)` \\|$")

// The bundle that docs/fhir-bundles.md shows is taken without a warning, and its parts
// need what the page says.
func TestTheBundleOnThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "fhir-bundles.md"))
	must(t, err)
	_, after, _ := strings.Cut(string(page), "a test brings it in:\n\n```json\n")
	text, after, ok := strings.Cut(after, "```\n")
	if !ok {
		t.Fatal("the page shows no bundle")
	}
	_, listed, _ := strings.Cut(after, "The kinds of part are ")
	for _, code := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(strings.Split(listed, "\n\n")[0], -1) {
		if !profiles.Known(profiles.SystemPlanPart, code[1]) && !profiles.Known(profiles.SystemArea, code[1]) {
			t.Errorf("no part and no area has the code %s", code[1])
		}
	}
	d := openDesk(t)
	sum := d.bring(bundles(t, "clinic"), fstest.MapFS{"page.json": {Data: []byte(text)}})
	if sum.Stored != 4 || sum.Quarantined != 0 || len(sum.Warnings) != 0 || len(sum.LeftBehind) != 0 {
		t.Errorf("%+v", sum)
	}
	bundle, err := fhir.Parse([]byte(text))
	must(t, err)
	shown := map[string]fhir.Value{}
	for entry := range bundle.Get("entry").Each() {
		r := entry.Get("resource")
		shown[r.Type()+"/"+r.ID()] = r
	}
	rows := pageRow.FindAllStringSubmatch(after, -1)
	if len(rows) != 7 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		r, name, need := shown[row[1]], row[2], ""
		if name == "" {
			need = profiles.Items(r).Need.String()
		} else {
			at, err := strconv.Atoi(row[3])
			must(t, err)
			need = profiles.PartItems(r, name, r.Get(name).At(at-1)).String()
		}
		if need != row[4] {
			t.Errorf("%s needs %s", strings.TrimSpace(fmt.Sprint(row[1], " ", name, row[3])), need)
		}
	}
}
