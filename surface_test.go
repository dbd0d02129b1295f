package layering

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func surfacePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("docs/surface.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

var (
	headerUse  = regexp.MustCompile(`(?:[hH]eader(?:\(\))?\.(?:Set|Get|Values)|GetHeader|h\.Values)\("([A-Z][A-Za-z-]+)"`)
	limitRow   = regexp.MustCompile("(?m)^\\| [^|]+ \\| ([^|]+) \\| [^|]+ \\| ((?:`[\\w/-]+\\.\\w+`(?:, )?)+) \\|$")
	limitConst = regexp.MustCompile("`([\\w/-]+)\\.(\\w+)`")
)

// TestTheSurfaceNamesEveryHeader: what the front, the road and identity read of a
// request and put into an answer is on the page.
func TestTheSurfaceNamesEveryHeader(t *testing.T) {
	page := surfacePage(t)
	seen := 0
	for _, dir := range []string{"gateway", "gateway/road", "gateway/identity"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range headerUse.FindAllStringSubmatch(string(text), -1) {
				seen++
				if !strings.Contains(page, "`"+m[1]+"`") {
					t.Errorf("%s uses the header %s, which docs/surface.md does not name", file, m[1])
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d uses of headers found: the test looked at nothing", seen)
	}
}

// TestTheSurfaceNamesEveryLimit: each limit of the page has the value of its constant.
func TestTheSurfaceNamesEveryLimit(t *testing.T) {
	rows := limitRow.FindAllStringSubmatch(surfacePage(t), -1)
	if len(rows) < 15 {
		t.Fatalf("only %d limits found", len(rows))
	}
	for _, row := range rows {
		for _, m := range limitConst.FindAllStringSubmatch(row[2], -1) {
			value := limitOf(t, m[1], m[2])
			if !regexp.MustCompile(`\b` + regexp.QuoteMeta(value) + `\b`).MatchString(row[1]) {
				t.Errorf("%s.%s is %s, the page says %s", m[1], m[2], value, row[1])
			}
		}
	}
}

// limitOf is the value of a constant as the page writes it.
func limitOf(t *testing.T, dir, name string) string {
	t.Helper()
	files, err := filepath.Glob(path.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no such package (%v)", dir, err)
	}
	values := map[string]ast.Expr{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					for i, n := range v.Names {
						values[n.Name] = v.Values[i]
					}
				}
			}
		}
	}
	if rate, ok := values[name].(*ast.CompositeLit); ok {
		return rateText(t, rate)
	}
	n, timed := evaluate(t, values, values[name])
	return limitText(n, timed)
}

func rateText(t *testing.T, rate *ast.CompositeLit) string {
	t.Helper()
	var parts []any
	for _, e := range rate.Elts {
		n, _ := evaluate(t, nil, e.(*ast.KeyValueExpr).Value)
		parts = append(parts, n)
	}
	return fmt.Sprintf("%d a second, %d at once", parts...)
}

// evaluate reads a number, a product, a shift, a unit of time or another constant.
func evaluate(t *testing.T, values map[string]ast.Expr, e ast.Expr) (n int64, timed bool) {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseInt(strings.ReplaceAll(e.Value, "_", ""), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n, false
	case *ast.BinaryExpr:
		a, timedA := evaluate(t, values, e.X)
		b, timedB := evaluate(t, values, e.Y)
		if e.Op == token.SHL {
			return a << b, false
		}
		if e.Op == token.MUL {
			return a * b, timedA || timedB
		}
	case *ast.SelectorExpr:
		units := map[string]time.Duration{"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}
		if unit, ok := units[e.Sel.Name]; ok {
			return int64(unit), true
		}
	case *ast.Ident:
		if known, ok := values[e.Name]; ok {
			return evaluate(t, values, known)
		}
	}
	t.Fatalf("a limit that cannot be read: %T", e)
	return 0, false
}

func limitText(n int64, timed bool) string {
	switch {
	case timed:
		text := time.Duration(n).String()
		for _, zero := range []string{"m0s", "h0m"} {
			if strings.HasSuffix(text, zero) {
				text = strings.TrimSuffix(text, zero[1:])
			}
		}
		return text
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprint(n)
}

var citedPage = regexp.MustCompile(`[\w./-]*\b[\w-]+\.md\b`)

// TestCommentsCitePagesThatAreHere: a reader of the code can open what it rests on.
func TestCommentsCitePagesThatAreHere(t *testing.T) {
	h := &house{fileset: token.NewFileSet()}
	h.readFiles(os.DirFS("."))
	cited := 0
	for _, f := range h.files {
		for _, group := range f.ast.Comments {
			for _, page := range citedPage.FindAllString(group.Text(), -1) {
				cited++
				if !slices.ContainsFunc([]string{page, path.Join("docs", page)}, exists) || !strings.Contains(page, "/") && page != "README.md" {
					t.Errorf("%s cites %s, which is not a path in this repository", f.name, page)
				}
			}
		}
	}
	if cited < 10 {
		t.Errorf("only %d citations found: the test looked at nothing", cited)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
