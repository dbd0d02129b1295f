package profiles

import (
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// signed are the languages for which the list of the UK and Wales has codes of its
// own, by their BCP 47 tags. Braille and Makaton are on the list and have no tag.
var signed = map[string]string{"q2": "ase", "q3": "asf", "q4": "bfi"}

// LanguageTag is the BCP 47 tag of a coded language, which R4 requires of what a
// person speaks; empty where the code has none.
func LanguageTag(coding fhir.Value) string {
	code := coding.Get("code").Text()
	switch coding.Get("system").Text() {
	case SystemLanguage:
		return code
	case SystemUKLanguage:
		if tag, sign := signed[code]; sign {
			return tag
		}
		if tag, err := language.Parse(code); err == nil {
			return tag.String()
		}
	}
	return ""
}

// LanguageName is what a person reads for a BCP 47 tag; empty for one that has no name here.
func LanguageName(tag string) texts.Wording {
	for code, sign := range signed {
		if tag == sign {
			return texts.Wording{English: Display(SystemUKLanguage, code, texts.English), Welsh: Display(SystemUKLanguage, code, texts.Welsh)}
		}
	}
	parsed, err := language.Parse(tag)
	if err != nil || strings.HasPrefix(tag, "x-") {
		return texts.Wording{}
	}
	return texts.Wording{English: display.Tags(texts.English).Name(parsed), Welsh: display.Tags(texts.Welsh).Name(parsed)}
}
