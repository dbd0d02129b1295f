// Package texts holds what people read, in English and Welsh, and chooses between the two.
package texts

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
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

// Confirmed reports whether the Welsh of a text is settled.
func Confirmed(k Key) bool { return catalogue()[k].Confirmed }

// Day writes a day as people do: 3 March 2025, 3 Mawrth 2025.
func Day(t time.Time, lang language.Tag) string {
	month := strings.Fields(Months.In(lang))[t.Month()-1]
	return fmt.Sprintf("%d %s %d", t.Day(), month, t.Year())
}

//go:embed texts.txt
var textsFile string

// The catalogue is part of the program: a fault in it is a fault of the build,
// found by the first test that reads any text.
var catalogue = sync.OnceValue(func() map[Key]Wording {
	texts, err := readTexts(textsFile)
	if err != nil {
		panic("texts.txt: " + err.Error())
	}
	return texts
})

// readTexts reads blocks of three lines, key, en: and cy: (cy?: where
// unconfirmed), set apart by empty lines; # begins a comment line.
func readTexts(file string) (map[Key]Wording, error) {
	texts := make(map[Key]Wording)
	for block := range strings.SplitSeq(dropComments(file), "\n\n") {
		if block = strings.TrimSpace(block); block == "" {
			continue
		}
		lines := strings.Split(block, "\n")
		if len(lines) != 3 {
			return nil, fmt.Errorf("%q: %d lines instead of three", lines[0], len(lines))
		}
		english, isEnglish := strings.CutPrefix(lines[1], "en: ")
		welsh, confirmed := strings.CutPrefix(lines[2], "cy: ")
		unconfirmed := false
		if !confirmed {
			welsh, unconfirmed = strings.CutPrefix(lines[2], "cy?: ")
		}
		key := Key(lines[0])
		if _, twice := texts[key]; twice || !isEnglish || !confirmed && !unconfirmed {
			return nil, fmt.Errorf("%q: want one en: line, then one cy: or cy?: line, once", key)
		}
		texts[key] = Wording{English: english, Welsh: welsh, Confirmed: confirmed}
	}
	return texts, nil
}

func dropComments(file string) string {
	var kept strings.Builder
	for line := range strings.Lines(file) {
		if !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
