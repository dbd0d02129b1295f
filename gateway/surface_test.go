package gateway

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/search"
	"cpagateway/gateway/subscriptions"
)

// TestTheSurfaceIsTheAllowList holds docs/surface.md to what is served.
func TestTheSurfaceIsTheAllowList(t *testing.T) {
	page, err := os.ReadFile("../docs/surface.md")
	if err != nil {
		t.Fatal(err)
	}
	types := "| type | interactions | search parameters |\n|---|---|---|\n"
	for _, s := range allowed {
		var interactions, params []string
		for _, i := range s.interactions {
			interactions = append(interactions, string(i))
		}
		for _, p := range search.Definitions(s.typ) {
			params = append(params, "`"+p.Name+"`")
		}
		if s.typ == subscriptions.Type {
			for _, p := range subscriptionParams {
				params = append(params, "`"+p.name+"`")
			}
		}
		slices.Sort(params)
		types += fmt.Sprintf("| %s | %s | %s |\n", s.typ, strings.Join(interactions, ", "), strings.Join(params, " "))
	}
	pages := "| parameter | means |\n|---|---|\n"
	for _, p := range pageParams {
		pages += fmt.Sprintf("| `%s` | %s |\n", p.name, p.doc)
	}
	for _, table := range []string{types, pages} {
		if !strings.Contains(string(page), "\n\n"+table) {
			t.Errorf("docs/surface.md should have\n%s", table)
		}
	}
	for _, name := range formParams {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/surface.md does not name %s", name)
		}
	}
}
