package profiles_test

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

	"cpagateway/profiles"
)

func TestLanguage(t *testing.T) {
	for header, want := range map[string]language.Tag{
		"":                       profiles.English,
		"cy":                     profiles.Welsh,
		"cy-GB":                  profiles.Welsh,
		"CY":                     profiles.Welsh,
		"cy, en;q=0.8":           profiles.Welsh,
		"en;q=0.8, cy":           profiles.Welsh,
		"en-GB, cy;q=0.9":        profiles.English,
		"fr, cy;q=0.5":           profiles.Welsh,
		"fr":                     profiles.English,
		"*":                      profiles.English,
		"cy;q=0, en;q=0.1":       profiles.English,
		"cy;q=x":                 profiles.English,
		"\x00":                   profiles.English,
		strings.Repeat("cy-", 9): profiles.English,
		"kw, br":                 profiles.English,
	} {
		if got := profiles.Language(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// keys are the constants of text_keys.go and the arguments their comments name.
func keys(t *testing.T) map[profiles.Text]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "text_keys.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[profiles.Text]int)
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
			found[profiles.Text(key)] = args
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
		for _, lang := range []language.Tag{profiles.English, profiles.Welsh} {
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
		if key.In(profiles.English) == key.In(profiles.Welsh) {
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
	for key, want := range map[profiles.Text]string{
		profiles.TextCarePlan: "Cynllun gofal a thriniaeth",
	} {
		if got := key.In(profiles.Welsh); got != want || !profiles.Confirmed(key) {
			t.Errorf("%s: %q, confirmed %v", key, got, profiles.Confirmed(key))
		}
	}
	confirmed := 0
	for key := range keys(t) {
		if profiles.Confirmed(key) {
			confirmed++
			if strings.Contains(key.In(profiles.Welsh), ".") {
				t.Errorf("%s is a whole sentence marked confirmed", key)
			}
		}
	}
	if confirmed != 1 {
		t.Errorf("%d texts are confirmed; only the terms of the law are", confirmed)
	}
}

func TestTextFallsBack(t *testing.T) {
	if got := profiles.TextCrisisPlan.In(language.French); got != "Crisis plan" {
		t.Errorf("French reads %q", got)
	}
	if got := profiles.TextCrisisPlan.In(language.Make("cy-GB")); got != "Cynllun argyfwng" {
		t.Errorf("Welsh of Britain reads %q", got)
	}
	if got := profiles.Text("no.such").In(profiles.Welsh, "x"); got != "no.such" {
		t.Errorf("an unknown key reads %q", got)
	}
	if profiles.Confirmed("no.such") {
		t.Error("an unknown key is confirmed")
	}
	crisis := profiles.TextCrisisRead.In(profiles.English, "01632 960001")
	if !strings.HasPrefix(crisis, "Nothing shown does not mean that no plan exists.") || !strings.HasSuffix(crisis, "01632 960001.") {
		t.Errorf("the crisis entry reads %q", crisis)
	}
}

func TestDay(t *testing.T) {
	for month := time.January; month <= time.December; month++ {
		day := time.Date(2025, month, 3, 12, 0, 0, 0, time.UTC)
		if got, want := profiles.Day(day, profiles.English), fmt.Sprintf("3 %v 2025", month); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := profiles.Day(time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), profiles.Welsh); got != "1 Mawrth 2025" {
		t.Error(got)
	}
}
