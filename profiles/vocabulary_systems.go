package profiles

import (
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
	"cpagateway/profiles/lines"
)

// CodeSystem is one code system of this project, ready to publish.
type CodeSystem struct {
	URL      string
	Name     string // last part of the URL
	Title    texts.Wording
	Concepts []Concept
}

// Concept is one code with its designations.
type Concept struct {
	Code string
	texts.Wording
}

// CodeSystems lists the code systems that this project publishes, in the order
// of vocabulary.txt. The caller may change the result.
func CodeSystems() []CodeSystem {
	var local []CodeSystem
	for _, system := range vocabulary().systems {
		if strings.HasPrefix(system.URL, localSystem) {
			system.Concepts = slices.Clone(system.Concepts)
			local = append(local, system)
		}
	}
	return local
}

// Display is what a person reads for a code: of a system of our own or, in our
// wording, of a published one. It is empty for a code that is not listed, and
// one digit means different things in different systems: there is no look-up by
// code alone.
func Display(system, code string, lang language.Tag) string {
	return vocabulary().words[coding{system, code}].In(lang)
}

// Known reports whether a code is listed under its system.
func Known(system, code string) bool {
	_, ok := vocabulary().words[coding{system, code}]
	return ok
}

// statutory is the crosswalk from the nine areas of the guidance (W¶77) to the eight of
// the Mental Health (Wales) Measure 2010, s.18(1)(a): medical treatment and other forms
// of treatment are one in law.
var statutory = map[string]string{
	CodeAreaFinance:       "i",
	CodeAreaAccommodation: "ii",
	CodeAreaPersonalCare:  "iii",
	CodeAreaEducation:     "iv",
	CodeAreaWork:          "v",
	CodeAreaCaring:        "vi",
	CodeAreaSocial:        "vii",
	CodeAreaMedical:       "viii",
	CodeAreaTherapy:       "viii",
}

// StatutoryArea is the code of SystemStatutoryArea that an area of SystemArea
// falls under; empty for a code that is no area.
func StatutoryArea(area string) string { return statutory[area] }

// AreaCodes lists the nine areas in the order of their items.
func AreaCodes() []string {
	return []string{
		CodeAreaFinance, CodeAreaAccommodation, CodeAreaPersonalCare, CodeAreaEducation, CodeAreaWork,
		CodeAreaCaring, CodeAreaSocial, CodeAreaMedical, CodeAreaTherapy,
	}
}

type coding struct{ system, code string }

type glossary struct {
	systems []CodeSystem
	words   map[coding]texts.Wording
}

//go:generate go test -run TestCodesAreGenerated -update .

//go:embed vocabulary.txt
var vocabularyFile string

var vocabulary = sync.OnceValue(func() glossary {
	return lines.Must(readVocabulary("vocabulary.txt", vocabularyFile))
})

// readVocabulary reads the table: a line "URL | English | Welsh" opens a code
// system (Base may be left out of the URL), an indented one is a concept of it.
// Welsh that ends in " ?" is unconfirmed. The names in Go are not its business.
func readVocabulary(name, file string) (glossary, error) {
	g := glossary{words: make(map[coding]texts.Wording)}
	err := lines.Read(name, file, func(l lines.Line) error {
		fields := strings.Split(l.Text, " | ")
		if len(fields) != 3 {
			return errors.New("want code | English | Welsh")
		}
		code, _, _ := strings.Cut(fields[0], "=")
		welsh, unconfirmed := strings.CutSuffix(fields[2], " ?")
		words := texts.Wording{English: fields[1], Welsh: welsh, Confirmed: !unconfirmed}
		if l.Depth == 0 {
			g.systems = append(g.systems, openSystem(code, words))
			return nil
		}
		if len(g.systems) == 0 {
			return errors.New("a code stands before any code system")
		}
		system := &g.systems[len(g.systems)-1]
		if _, twice := g.words[coding{system.URL, code}]; twice {
			return errors.New("the code is listed twice")
		}
		system.Concepts = append(system.Concepts, Concept{Code: code, Wording: words})
		g.words[coding{system.URL, code}] = words
		return nil
	})
	return g, err
}

func openSystem(url string, title texts.Wording) CodeSystem {
	if !strings.HasPrefix(url, "http") {
		url = localSystem + url
	}
	return CodeSystem{URL: url, Name: url[strings.LastIndexByte(url, '/')+1:], Title: title}
}
