// Package layering holds the house to its own rules: the import law of README.md,
// the sizes and the words. It parses the files itself, because a test that asks
// the go command is answered from the test cache after an import has changed.
package layering

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	maxFileLines = 500
	maxFuncLines = 80
)

// confined says which imports only some packages may use; a trailing * matches the packages below.
var confined = map[string][]string{
	"net/http":                 {"gateway", "gateway/road", "gateway/identity", "gateway/outbox", "gateway/console", "gateway/demo", "cmd/*", "examples/*"},
	"github.com/gin-gonic/gin": {"gateway", "cmd/*"},
	"database/sql":             {"gateway/store/*", "cmd/bench"}, // whose baseline is SQL alone
	"github.com/jackc/pgx/v5":  {"gateway/store/*"},
}

// loggers may not be imported by the silent rooms and what stands inside them.
var (
	loggers = []string{"log", "log/slog"}
	silent  = []string{"profiles", "consent", "mapping"}
)

// clockCalls read the clock; only cmd may, everybody else is handed one.
var clockCalls = []string{"Now", "Since", "Until"}

// badNames are packages that say nothing.
var badNames = []string{"internal", "pkg", "lib", "util", "utils", "common", "helpers", "models", "types"}

func TestTheHouseKeepsItsLaw(t *testing.T) {
	for _, breach := range inspect(os.DirFS(".")) {
		t.Error(breach)
	}
}

// house is what is read from one tree before it is judged.
type house struct {
	module  string
	law     map[string]int // package -> its number
	files   []*source
	breach  []string
	fileset *token.FileSet
}

// source is one Go file.
type source struct {
	name, pkg string
	isTest    bool
	lines     int
	ast       *ast.File
}

// inspect judges a tree and returns every breach it finds.
func inspect(tree fs.FS) []string {
	h := &house{fileset: token.NewFileSet()}
	h.readLaw(tree)
	h.readFiles(tree)
	h.judgeRows()
	for _, f := range h.files {
		h.judgeImports(f)
		h.judgeSizes(f)
		if !f.isTest {
			h.judgeClock(f)
			h.judgeDocs(f)
		}
	}
	h.judgePackageComments()
	slices.Sort(h.breach)
	return slices.Compact(h.breach)
}

func (h *house) say(format string, args ...any) {
	h.breach = append(h.breach, fmt.Sprintf(format, args...))
}

var lawRow = regexp.MustCompile(`^\| (\d+) \| ([a-z0-9/, -]+) \|`)

// readLaw takes the table under "The import law" in README.md and the module's name from go.mod.
func (h *house) readLaw(tree fs.FS) {
	h.law = map[string]int{}
	mod, _ := fs.ReadFile(tree, "go.mod")
	h.module = strings.TrimSpace(strings.TrimPrefix(strings.SplitN(string(mod), "\n", 2)[0], "module "))
	readme, err := fs.ReadFile(tree, "README.md")
	if err != nil {
		h.say("README.md: no import law: %v", err)
	}
	_, section, _ := strings.Cut(string(readme), "## The import law")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if m := lawRow.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[1])
			for name := range strings.SplitSeq(m[2], ",") {
				h.law[strings.TrimSpace(name)] = number
			}
		}
	}
	if len(h.law) == 0 {
		h.say("README.md: the import-law table is missing or empty")
	}
}

func (h *house) readFiles(tree fs.FS) {
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() && slices.Contains(badNames, base):
			h.say("%s: a package name that says nothing", name)
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			h.readFile(tree, name)
		}
		return nil
	})
	if err != nil {
		h.say("reading the tree: %v", err)
	}
	if len(h.files) == 0 {
		h.say("no Go file found: the test looked at nothing")
	}
}

func (h *house) readFile(tree fs.FS, name string) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		h.say("%s: %v", name, err)
		return
	}
	parsed, err := parser.ParseFile(h.fileset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		h.say("%s: %v", name, err)
		return
	}
	h.files = append(h.files, &source{
		name: name, pkg: path.Dir(name), isTest: strings.HasSuffix(name, "_test.go"),
		lines: strings.Count(string(text), "\n"), ast: parsed,
	})
}

// isSuite reports whether a package is a conformance suite: it belongs to the package above it.
func isSuite(pkg string) bool {
	return strings.HasSuffix(path.Base(pkg), "test") && path.Base(pkg) == path.Base(path.Dir(pkg))+"test"
}

// forTests reports whether only tests may use a package: the suites, and the store
// of maps, which they may build on.
func forTests(pkg string) bool { return isSuite(pkg) || pkg == "gateway/store/memory" }

// number is a package's place in the law; a suite stands with the package it tests.
func (h *house) number(pkg string) (int, bool) {
	if isSuite(pkg) {
		pkg = path.Dir(pkg)
	}
	n, ok := h.law[pkg]
	return n, ok
}

func (h *house) judgeRows() {
	seen := map[string]bool{}
	for _, f := range h.files {
		if f.pkg == "." {
			continue
		}
		seen[f.pkg] = true
		if _, ok := h.number(f.pkg); !ok {
			h.say("%s: the package has no row in README's import law", f.pkg)
		}
	}
	for pkg := range h.law {
		if !seen[pkg] {
			h.say("README.md: a row for %s, which does not exist", pkg)
		}
	}
}

func (h *house) judgeImports(f *source) {
	for _, spec := range f.ast.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if own, ok := strings.CutPrefix(imported, h.module+"/"); ok {
			h.judgeOwnImport(f, own)
			continue
		}
		if f.isTest || isSuite(f.pkg) {
			continue
		}
		if allowed, ok := confined[imported]; ok && !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, f.pkg) }) {
			h.say("%s: imports %s, which only %s may", f.name, imported, strings.Join(allowed, ", "))
		}
		room, _, _ := strings.Cut(f.pkg, "/")
		if slices.Contains(silent, room) && slices.Contains(loggers, imported) {
			h.say("%s: imports %s: %s do not log", f.name, imported, strings.Join(silent, ", "))
		}
	}
}

func covers(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(pkg, prefix)
	}
	return pattern == pkg
}

// judgeOwnImport applies the numbers. Tests of a package may also use what is
// above it in no case but one: the suites, which nobody else may import.
func (h *house) judgeOwnImport(f *source, imported string) {
	if forTests(imported) && !f.isTest && !forTests(f.pkg) {
		h.say("%s: imports %s, which is for tests, outside a test", f.name, imported)
	}
	if isSuite(imported) {
		return
	}
	from, ok := h.number(f.pkg)
	to, known := h.number(imported)
	ownSuite := isSuite(f.pkg) && imported == path.Dir(f.pkg)
	externalTest := f.isTest && imported == f.pkg
	switch {
	case strings.HasPrefix(f.pkg, "mapping") && strings.HasPrefix(imported, "consent"):
		h.say("%s: imports %s: a translation knows nothing of consent", f.name, imported)
	case !ok || !known || ownSuite || externalTest:
	case to >= from:
		h.say("%s: %s (%d) imports %s (%d): only lower numbers are allowed", f.name, f.pkg, from, imported, to)
	}
}

func (h *house) judgeSizes(f *source) {
	if f.lines > maxFileLines {
		h.say("%s: %d lines, the limit is %d", f.name, f.lines, maxFileLines)
	}
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			lines := h.lines(fn) + 1
			if f.isTest {
				lines -= h.tableLines(fn)
			}
			if lines > maxFuncLines {
				h.say("%s: func %s has %d lines, the limit is %d", f.name, fn.Name.Name, lines, maxFuncLines)
			}
		}
	}
}

func (h *house) lines(n ast.Node) int {
	return h.fileset.Position(n.End()).Line - h.fileset.Position(n.Pos()).Line
}

// tableLines counts the lines of a test's tables, which are data and may be long.
func (h *house) tableLines(fn *ast.FuncDecl) int {
	count := 0
	ast.Inspect(fn, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if ok {
			count += h.lines(literal)
		}
		return !ok
	})
	return count
}

func (h *house) judgeClock(f *source) {
	if strings.HasPrefix(f.pkg, "cmd/") {
		return
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clockCalls, sel.Sel.Name) {
			h.say("%s:%d: time.%s: only cmd reads the clock", f.name, h.fileset.Position(sel.Pos()).Line, sel.Sel.Name)
		}
		return true
	})
}

func (h *house) judgeDocs(f *source) {
	for _, decl := range f.ast.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				h.say("%s: func %s is exported and has no comment", f.name, d.Name.Name)
			}
		case *ast.GenDecl:
			h.judgeSpecs(f, d)
		}
	}
}

// exportedReceiver is true for functions and for methods of exported types; a
// method of an unexported type is documented by the interface it satisfies.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

func (h *house) judgeSpecs(f *source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				h.say("%s: type %s is exported and has no comment", f.name, s.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					h.say("%s: %s is exported and has no comment", f.name, name.Name)
				}
			}
		}
	}
}

func (h *house) judgePackageComments() {
	has := map[string]bool{}
	for _, f := range h.files {
		has[f.pkg] = has[f.pkg] || (f.ast.Doc != nil && (!f.isTest || f.pkg == "."))
	}
	for pkg, ok := range has {
		if !ok {
			h.say("%s: no package comment", filepath.ToSlash(pkg))
		}
	}
}
