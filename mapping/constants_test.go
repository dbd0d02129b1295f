package mapping_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// TestThePageListsTheConstants holds docs/constants.md to what a map may write as $Name:
// nobody who has the binary alone could know.
func TestThePageListsTheConstants(t *testing.T) {
	page, err := os.ReadFile("../docs/constants.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(profiles.Constants())) {
		table.WriteString("| `$" + name + "` | `" + profiles.Constants()[name] + "` |\n")
	}
	_, listed, _ := strings.Cut(string(page), "| --- | --- |\n")
	if listed != table.String() {
		t.Errorf("the table of docs/constants.md is to be:\n%s", table.String())
	}
}
