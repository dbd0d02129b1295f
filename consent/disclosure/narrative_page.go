package disclosure

import (
	"encoding/xml"
	"strings"

	"cpagateway/gateway/texts"
)

// page writes the few XHTML elements of which a narrative is made. All text goes
// through text, which escapes it.
type page struct{ strings.Builder }

// inBoth is a text of the catalogue in both languages.
func inBoth(t texts.Key) texts.Wording {
	return texts.Wording{English: t.In(texts.English), Welsh: t.In(texts.Welsh)}
}

// text writes characters, never markup. What XML cannot hold becomes U+FFFD.
func (p *page) text(s string) {
	// A strings.Builder does not fail, and nothing else can fail in EscapeText.
	_ = xml.EscapeText(p, []byte(s))
}

// words writes a wording in both languages, once where they are the same.
func (p *page) words(w texts.Wording) {
	p.text(w.English)
	if w.Welsh == w.English {
		return
	}
	p.WriteString(` / <span lang="cy" xml:lang="cy">`)
	p.text(w.Welsh)
	p.WriteString(`</span>`)
}

func (p *page) heading(element string, w texts.Wording) {
	p.WriteString("<" + element + ">")
	p.words(w)
	p.WriteString("</" + element + ">")
}

func (p *page) paragraph(w texts.Wording) { p.heading("p", w) }

func (p *page) list(lines []texts.Wording) {
	p.WriteString("<ul>")
	for _, line := range lines {
		p.WriteString("<li>")
		p.words(line)
		p.WriteString("</li>")
	}
	p.WriteString("</ul>")
}

// labelled writes a label and what the plan says under it, or that it says nothing:
// reviews have records of their own as well. What warns of it stands out.
func (p *page) labelled(label texts.Key, said texts.Wording, warnings ...texts.Wording) {
	p.WriteString("<p>")
	p.words(inBoth(label))
	p.WriteString(": ")
	if said.English == "" {
		said = inBoth(texts.NoneInPlan)
	}
	p.words(said)
	for _, warning := range warnings {
		p.WriteString(" <b>")
		p.words(warning)
		p.WriteString("</b>")
	}
	p.WriteString("</p>")
}
