package layering

import (
	"strings"
	"testing"
	"testing/fstest"
)

// sound is a small house that keeps every rule; each case below breaks one.
func sound() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"go.mod": file("module m\n"),
		"README.md": file("## The import law\n\n| # | package | what it is |\n|---|---|---|\n" +
			"| 11 | cmd/x | wires |\n| 3 | gateway/a, gateway/b | two |\n| 2 | consent, mapping/m | ideas |\n| 1 | low | base |\n\n## Next\n"),
		"cmd/x/main.go":          file("// Package main wires.\npackage main\n\nimport (\n\t\"time\"\n\n\t_ \"m/gateway/a\"\n)\n\nvar start = time.Now()\n"),
		"gateway/a/a.go":         file("// Package a is one.\npackage a\n\nimport _ \"m/low\"\n"),
		"gateway/a/atest/run.go": file("// Package atest is a's suite.\npackage atest\n\nimport _ \"m/gateway/a\"\n"),
		"gateway/a/a_test.go":    file("package a\n\nimport _ \"m/gateway/a/atest\"\n"),
		"gateway/b/b.go":         file("// Package b is another.\npackage b\n"),
		"consent/c.go":           file("// Package consent decides.\npackage consent\n"),
		"mapping/m/m.go":         file("// Package m maps.\npackage m\n"),
		"low/low.go":             file("// Package low is the base.\npackage low\n\n// Two is documented.\nfunc Two() int { return 2 }\n"),
	}
}

func TestASoundHouseHasNoBreach(t *testing.T) {
	if got := inspect(sound()); len(got) != 0 {
		t.Fatalf("a sound house was faulted:\n%s", strings.Join(got, "\n"))
	}
}

func TestEachLawBrokenOnceIsSeen(t *testing.T) {
	long := strings.Repeat("\n", maxFileLines)
	tall := "// Package low is the base.\npackage low\n\nfunc tall() {" + strings.Repeat("\n", maxFuncLines) + "}\n"
	cases := []struct{ law, file, text, want string }{
		{"an import upwards", "low/low.go", "// Package low.\npackage low\n\nimport _ \"m/gateway/a\"\n", "low (1) imports gateway/a (3)"},
		{"an import sideways", "gateway/b/b.go", "// Package b.\npackage b\n\nimport _ \"m/gateway/a\"\n", "gateway/b (3) imports gateway/a (3)"},
		{"an import upwards from a test", "low/low_test.go", "package low\n\nimport _ \"m/gateway/a\"\n", "low (1) imports gateway/a (3)"},
		{"an unlisted package", "stray/s.go", "// Package s.\npackage s\n", "stray: the package has no row"},
		{"a ghost row", "README.md", "## The import law\n| 11 | cmd/x | . |\n| 3 | gateway/a, gateway/b | . |\n| 2 | consent, mapping/m | . |\n| 1 | low | . |\n| 1 | ghost | . |\n", "a row for ghost"},
		{"no table", "README.md", "# Nothing\n", "table is missing"},
		{"a long file", "low/low.go", "// Package low.\npackage low\n" + long, "the limit is 500"},
		{"a long function", "low/low.go", tall, "func tall has 81 lines"},
		{"no package comment", "gateway/b/b.go", "package b\n", "gateway/b: no package comment"},
		{"an undocumented function", "low/low.go", "// Package low.\npackage low\n\nfunc Two() int { return 2 }\n", "func Two is exported"},
		{"an undocumented type", "low/low.go", "// Package low.\npackage low\n\ntype Two int\n", "type Two is exported"},
		{"the clock", "low/low.go", "// Package low.\npackage low\n\nimport \"time\"\n\nvar now = time.Now\n", "time.Now: only cmd"},
		{"http in the wrong room", "low/low.go", "// Package low.\npackage low\n\nimport _ \"net/http\"\n", "imports net/http"},
		{"gin in the wrong room", "gateway/b/b.go", "// Package b.\npackage b\n\nimport _ \"github.com/gin-gonic/gin\"\n", "imports github.com/gin-gonic/gin"},
		{"SQL outside the stores", "gateway/b/b.go", "// Package b.\npackage b\n\nimport _ \"database/sql\"\n", "imports database/sql"},
		{"logging in an idea", "consent/c.go", "// Package consent.\npackage consent\n\nimport _ \"log/slog\"\n", "consent/c.go: imports log/slog: profiles, consent, mapping do not log"},
		{"logging inside an idea", "mapping/m/m.go", "// Package m.\npackage m\n\nimport _ \"log\"\n", "mapping/m/m.go: imports log: profiles, consent, mapping do not log"},
		{"consent in a translation", "mapping/m/m_test.go", "package m\n\nimport _ \"m/consent\"\n", "imports consent: a translation knows nothing of consent"},
		{"the store of maps outside tests", "gateway/a/a.go", "// Package a.\npackage a\n\nimport _ \"m/gateway/store/memory\"\n", "outside a test"},
		{"a suite outside tests", "gateway/a/a.go", "// Package a.\npackage a\n\nimport _ \"m/gateway/a/atest\"\n", "outside a test"},
		{"a name that says nothing", "util/u.go", "// Package util.\npackage util\n", "says nothing"},
	}
	for _, c := range cases {
		t.Run(c.law, func(t *testing.T) {
			tree := sound()
			tree[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			if got := strings.Join(inspect(tree), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("not seen: want %q in\n%s", c.want, got)
			}
		})
	}
}
