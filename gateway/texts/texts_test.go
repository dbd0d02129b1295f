package texts_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
)

func TestLanguage(t *testing.T) {
	for header, want := range map[string]language.Tag{
		"":                       texts.English,
		"cy":                     texts.Welsh,
		"cy-GB":                  texts.Welsh,
		"CY":                     texts.Welsh,
		"cy, en;q=0.8":           texts.Welsh,
		"en;q=0.8, cy":           texts.Welsh,
		"en-GB, cy;q=0.9":        texts.English,
		"fr, cy;q=0.5":           texts.Welsh,
		"fr":                     texts.English,
		"*":                      texts.English,
		"cy;q=0, en;q=0.1":       texts.English,
		"cy;q=x":                 texts.English,
		"\x00":                   texts.English,
		strings.Repeat("cy-", 9): texts.English,
		"kw, br":                 texts.English,
	} {
		if got := texts.Language(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// keys are the constants of keys.go and the arguments their comments name.
func keys(t *testing.T) map[texts.Key]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "keys.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[texts.Key]int)
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			key, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			args := 0
			if note := spec.Comment.Text(); note != "" {
				args = strings.Count(note, ",") + 1
			}
			found[texts.Key(key)] = args
		}
		return true
	})
	if len(found) < 40 {
		t.Fatalf("only %d keys found", len(found))
	}
	return found
}

var verb = regexp.MustCompile(`%\[(\d)\][sd]`)

// TestCatalogue: every key has a text in both languages that takes the arguments
// its comment says, and no text is without a key.
func TestCatalogue(t *testing.T) {
	file, err := os.ReadFile("texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := keys(t)
	for key, args := range found {
		if !strings.Contains(string(file), "\n"+string(key)+"\nen: ") {
			t.Errorf("%s is not in texts.txt", key)
			continue
		}
		for _, lang := range []language.Tag{texts.English, texts.Welsh} {
			plain := key.In(lang)
			var verbs []string
			for _, v := range verb.FindAllStringSubmatch(plain, -1) {
				verbs = append(verbs, v[1])
			}
			slices.Sort(verbs)
			if len(slices.Compact(verbs)) != args {
				t.Errorf("%s in %v uses %d arguments, not %d", key, lang, len(verbs), args)
			}
			filled := key.In(lang, []any{7, 8}[:args]...)
			if strings.Contains(verb.ReplaceAllString(plain, ""), "%") || strings.Contains(strings.ReplaceAll(filled, "%!s(int=", ""), "%!") {
				t.Errorf("%s in %v has a faulty verb: %s", key, lang, filled)
			}
		}
		if key.In(texts.English) == key.In(texts.Welsh) {
			t.Errorf("%s is the same in both languages", key)
		}
	}
	if blocks := strings.Count(string(file), "\nen: "); blocks != len(found) {
		t.Errorf("%d texts for %d keys", blocks, len(found))
	}
}

// TestWelshOfTheLaw: what is confirmed is the law's own wording, and no sentence
// passes for confirmed.
func TestWelshOfTheLaw(t *testing.T) {
	for key, want := range map[texts.Key]string{
		texts.CarePlan: "Cynllun gofal a thriniaeth",
	} {
		if got := key.In(texts.Welsh); got != want || !texts.Confirmed(key) {
			t.Errorf("%s: %q, confirmed %v", key, got, texts.Confirmed(key))
		}
	}
	confirmed := 0
	for key := range keys(t) {
		if texts.Confirmed(key) {
			confirmed++
			if strings.Contains(key.In(texts.Welsh), ".") {
				t.Errorf("%s is a whole sentence marked confirmed", key)
			}
		}
	}
	if confirmed != 1 {
		t.Errorf("%d texts are confirmed; only the terms of the law are", confirmed)
	}
}

func TestTextFallsBack(t *testing.T) {
	if got := texts.CrisisPlan.In(language.French); got != "Crisis plan" {
		t.Errorf("French reads %q", got)
	}
	if got := texts.CrisisPlan.In(language.Make("cy-GB")); got != "Cynllun argyfwng" {
		t.Errorf("Welsh of Britain reads %q", got)
	}
	if got := texts.Key("no.such").In(texts.Welsh, "x"); got != "no.such" {
		t.Errorf("an unknown key reads %q", got)
	}
	if texts.Confirmed("no.such") {
		t.Error("an unknown key is confirmed")
	}
	crisis := texts.CrisisRead.In(texts.English, "01632 960001")
	if !strings.HasPrefix(crisis, "Nothing shown does not mean that no plan exists.") || !strings.HasSuffix(crisis, "01632 960001.") {
		t.Errorf("the crisis entry reads %q", crisis)
	}
}

func TestDay(t *testing.T) {
	for month := time.January; month <= time.December; month++ {
		day := time.Date(2025, month, 3, 12, 0, 0, 0, time.UTC)
		if got, want := texts.Day(day, texts.English), fmt.Sprintf("3 %v 2025", month); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := texts.Day(time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), texts.Welsh); got != "1 Mawrth 2025" {
		t.Error(got)
	}
}
