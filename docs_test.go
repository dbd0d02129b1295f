package layering

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testName   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	localLink  = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	channelRow = regexp.MustCompile(`(?m)^\| (\d+) \| .* \| ([^|]*) \|$`)
	quotedLaw  = regexp.MustCompile(`\*([^*]+)\*`)
	directDep  = regexp.MustCompile(`(?m)^\t([^\s]+) v[^\s]+$`)
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

// TestPagesNameTestsThatExist: a page that says what proves something must not
// outlive the proof.
func TestPagesNameTestsThatExist(t *testing.T) {
	var tests strings.Builder
	walk(t, func(_, text string) { tests.WriteString(text) }, "_test.go", "test/suite.go")
	named := map[string]int{}
	walk(t, func(name, text string) {
		for _, m := range testName.FindAllStringSubmatch(text, -1) {
			named[name]++
			if !strings.Contains(tests.String(), "func "+m[1]+"(") {
				t.Errorf("%s names %s, which does not exist", name, m[1])
			}
		}
	}, ".md")
	for _, page := range []string{"docs/hazards.md", "docs/leak-channels.md", "docs/deciding.md"} {
		if named[page] < 10 {
			t.Errorf("%s names only %d tests", page, named[page])
		}
	}
}

// TestLeakChannelsAreProved: each channel names a proof, or says that it has none;
// each law that the page quotes is one of the stores' conformance suite.
func TestLeakChannelsAreProved(t *testing.T) {
	page, err := os.ReadFile("docs/leak-channels.md")
	if err != nil {
		t.Fatal(err)
	}
	suite, err := os.ReadFile("gateway/records/recordstest/suite.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range channelRow.FindAllStringSubmatch(string(page), -1) {
		number, proof := row[1], row[2]
		if seen[number] {
			t.Errorf("channel %s stands twice", number)
		}
		seen[number] = true
		laws := quotedLaw.FindAllStringSubmatch(proof, -1)
		for _, law := range laws {
			if !strings.Contains(string(suite), "{\""+law[1]+"\", ") {
				t.Errorf("channel %s: the suite has no law %q", number, law[1])
			}
		}
		if len(laws) == 0 && !testName.MatchString(proof) && !strings.HasPrefix(proof, "open: ") {
			t.Errorf("channel %s names no proof: %s", number, proof)
		}
	}
	if len(seen) != 41 {
		t.Errorf("%d channels, want 41", len(seen))
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

// TestDecisionsAreNumberedOnce: two decisions of one number cannot be cited.
func TestDecisionsAreNumberedOnce(t *testing.T) {
	entries, err := os.ReadDir("docs/decisions")
	if err != nil || len(entries) == 0 {
		t.Fatal("there is no decision: ", err)
	}
	named := map[string]string{}
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "-")
		if other, twice := named[number]; twice {
			t.Errorf("%s and %s have one number", other, e.Name())
		}
		named[number] = e.Name()
		if text, err := os.ReadFile("docs/decisions/" + e.Name()); err != nil || !strings.HasPrefix(string(text), "# "+number+" ") {
			t.Errorf("%s is headed otherwise: %v", e.Name(), err)
		}
	}
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

var namedHere = regexp.MustCompile("\\[`([\\w.]+)`\\]\\(\\.\\./([\\w./-]+\\.go)\\)")

// TestArchitectureNamesWhatIsThere: each function, type or table that the page
// names is declared in the file that its link leads to.
func TestArchitectureNamesWhatIsThere(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	named := namedHere.FindAllStringSubmatch(string(page), -1)
	if len(named) < 40 {
		t.Fatalf("only %d names found", len(named))
	}
	for _, m := range named {
		if !slices.Contains(declared(t, m[2]), m[1]) {
			t.Errorf("%s is not declared in %s", m[1], m[2])
		}
	}
}

// declared is what a file declares at its top: Func, Type.Method (and the method
// alone), Type, and the methods of an interface as Type.Method.
func declared(t *testing.T, file string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return nil
	}
	for _, decl := range parsed.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name.Name)
			if d.Recv != nil {
				names = append(names, receiver(d.Recv.List[0].Type)+"."+d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, declaredBy(spec)...)
			}
		}
	}
	return names
}

func declaredBy(spec ast.Spec) (names []string) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names = append(names, n.Name)
		}
	case *ast.TypeSpec:
		names = append(names, s.Name.Name)
		if i, ok := s.Type.(*ast.InterfaceType); ok {
			for _, method := range i.Methods.List {
				for _, n := range method.Names {
					names = append(names, s.Name.Name+"."+n.Name)
				}
			}
		}
	}
	return names
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
