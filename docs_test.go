package layering

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	testName  = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	localLink = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	directDep = regexp.MustCompile(`(?m)^\t([^\s]+) v[^\s]+$`)
)

// walk gives every file of the tree with one of the endings to see.
func walk(t *testing.T, see func(name, text string), endings ...string) {
	t.Helper()
	seen := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && name != "." && strings.HasPrefix(path.Base(name), ".") {
				return fs.SkipDir
			}
			return err
		}
		for _, ending := range endings {
			if strings.HasSuffix(name, ending) {
				text, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				seen++
				see(name, string(text))
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("%d files seen: %v", seen, err)
	}
}

func TestHazardsNameTestsThatExist(t *testing.T) {
	var tests strings.Builder
	walk(t, func(_, text string) { tests.WriteString(text) }, "_test.go", "test/suite.go")
	hazards, err := os.ReadFile("docs/hazards.md")
	if err != nil {
		t.Fatal(err)
	}
	named := testName.FindAllStringSubmatch(string(hazards), -1)
	if len(named) < 20 {
		t.Fatalf("only %d tests named", len(named))
	}
	for _, m := range named {
		if !strings.Contains(tests.String(), "func "+m[1]+"(") {
			t.Errorf("docs/hazards.md names %s, which does not exist", m[1])
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	walk(t, func(name, text string) {
		for _, m := range localLink.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(path.Join(path.Dir(name), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", name, m[1])
			}
		}
	}, ".md")
}

func TestEveryDirectDependencyHasItsLine(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/decisions/013-dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := directDep.FindAllStringSubmatch(string(mod), -1)
	if len(direct) == 0 {
		t.Fatal("go.mod has no direct dependency")
	}
	for _, m := range direct {
		module := m[1]
		if strings.HasPrefix(module, "go.opentelemetry.io/otel/") {
			module = "go.opentelemetry.io/otel" // one line for the library and its exporters
		}
		if strings.HasPrefix(module, "github.com/samply/golang-fhir-models/") {
			module = "github.com/samply/golang-fhir-models"
		}
		if !strings.Contains(string(page), module) {
			t.Errorf("%s has no line in docs/decisions/013-dependencies.md", m[1])
		}
	}
}
