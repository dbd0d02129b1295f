// Package texts holds what people read, in English and Welsh, and chooses between the two.
package texts

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"cpagateway/profiles/lines"
)

// The languages in which the gateway speaks. Any other tag reads as English.
var (
	English = language.English
	Welsh   = language.Make("cy")
)

var welsh, _ = Welsh.Base()

var languages = language.NewMatcher([]language.Tag{English, Welsh})

// Language chooses from an Accept-Language header: Welsh where the caller
// prefers it, English otherwise and where the header cannot be read.
func Language(acceptLanguage string) language.Tag {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	if _, at, _ := languages.Match(wanted...); at == 1 {
		return Welsh
	}
	return English
}

// Key is the key of a text that a person reads. The texts themselves stand in
// texts.txt, both languages side by side (W¶183).
type Key string

// Wording is one text or term in both languages. Welsh is the language of the
// law where Confirmed; otherwise ours until a translator has confirmed it.
type Wording struct {
	English, Welsh string
	Confirmed      bool
}

// In is the wording in a language, whatever the region.
func (w Wording) In(lang language.Tag) string {
	if base, _ := lang.Base(); base == welsh {
		return w.Welsh
	}
	return w.English
}

// In is the text in a language, its numbered verbs (%[1]s) filled with args. A
// key that the catalogue does not hold reads as itself.
func (k Key) In(lang language.Tag, args ...any) string {
	w, ok := catalogue()[k]
	if !ok {
		return string(k)
	}
	if len(args) == 0 {
		return w.In(lang)
	}
	return fmt.Sprintf(w.In(lang), args...)
}

// Day writes a day as people do: 3 March 2025, 3 Mawrth 2025.
func Day(t time.Time, lang language.Tag) string {
	month := strings.Fields(Months.In(lang))[t.Month()-1]
	return fmt.Sprintf("%d %s %d", t.Day(), month, t.Year())
}

//go:generate go test -run TestKeysAreGenerated -update .

//go:embed texts.txt
var textsFile string

var catalogue = sync.OnceValue(func() map[Key]entry {
	return lines.Must(readTexts("texts.txt", textsFile))
})

// entry is one block of texts.txt.
type entry struct {
	Wording
	args []string // what its numbered verbs are filled with
}

// readTexts reads blocks of three lines: a key with its arguments, then en: and
// cy: (cy?: where unconfirmed).
func readTexts(name, file string) (map[Key]entry, error) {
	texts := make(map[Key]entry)
	err := lines.Blocks(name, file, func(block []lines.Line) error {
		if len(block) != 3 {
			return fmt.Errorf("%d lines instead of three", len(block))
		}
		english, isEnglish := strings.CutPrefix(block[1].Text, "en: ")
		mark, welsh, _ := strings.Cut(block[2].Text, ": ")
		key, args := head(block[0].Text)
		if _, twice := texts[key]; twice || !isEnglish || mark != "cy" && mark != "cy?" {
			return errors.New("want one en: line, then one cy: or cy?: line, once")
		}
		texts[key] = entry{Wording{English: english, Welsh: welsh, Confirmed: mark == "cy"}, args}
		return nil
	})
	return texts, err
}

// head reads a key and, in brackets, its arguments.
func head(line string) (Key, []string) {
	key, args, filled := strings.Cut(strings.TrimSuffix(line, "]"), " [")
	if !filled {
		return Key(key), nil
	}
	return Key(key), strings.Split(args, ", ")
}
