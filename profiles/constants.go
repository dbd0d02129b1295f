package profiles

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"sync"
)

//go:embed codes.go vocabulary.go
var vocabularySource embed.FS

// Constants are the systems, codes and extensions of this package by their Go names, for
// whoever writes them as text: read from the source, so that there is no second list of
// them. The map is not to be changed.
var Constants = sync.OnceValue(func() map[string]string {
	constants := map[string]string{}
	for _, name := range []string{"vocabulary.go", "codes.go"} { // in this order: codes use what the other declares
		text, err := vocabularySource.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			panic(err) // it was compiled
		}
		for _, d := range file.Decls {
			if group, ok := d.(*ast.GenDecl); ok && group.Tok == token.CONST {
				for _, spec := range group.Specs {
					noteConstants(constants, spec.(*ast.ValueSpec))
				}
			}
		}
	}
	for name := range constants {
		if !ast.IsExported(name) {
			delete(constants, name)
		}
	}
	return constants
})

func noteConstants(constants map[string]string, spec *ast.ValueSpec) {
	for i, value := range spec.Values {
		if text, ok := constantText(constants, value); ok {
			constants[spec.Names[i].Name] = text
		}
	}
}

// constantText is what an expression of strings, constants and + comes to.
func constantText(constants map[string]string, value ast.Expr) (string, bool) {
	switch v := value.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(v.Value)
		return text, err == nil && v.Kind == token.STRING
	case *ast.Ident:
		text, ok := constants[v.Name]
		return text, ok
	case *ast.BinaryExpr:
		a, ok := constantText(constants, v.X)
		b, also := constantText(constants, v.Y)
		return a + b, ok && also && v.Op == token.ADD
	}
	return "", false
}
