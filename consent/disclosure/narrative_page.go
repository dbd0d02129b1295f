package disclosure

import (
	"encoding/xml"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
)

// page writes the few XHTML elements of which a narrative is made. All text goes
// through text, which escapes it.
type page struct {
	strings.Builder
	language string // of the whole: what is in another one says so
	order    []language.Tag
}

// openPage begins a narrative in the language of the resource, in which what was
// written about the person stands. The reader's language comes first in what is
// told in both.
func openPage(written string, reader language.Tag) *page {
	p := &page{language: written, order: []language.Tag{texts.English, texts.Welsh}}
	if reader == texts.Welsh {
		slices.Reverse(p.order)
	}
	if p.language == "" {
		p.language = p.order[0].String()
	}
	p.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml" lang="`)
	p.text(p.language)
	p.WriteString(`" xml:lang="`)
	p.text(p.language)
	p.WriteString(`">`)
	return p
}

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
	if w.Welsh == w.English {
		p.text(w.English)
		return
	}
	for i, lang := range p.order {
		if i > 0 {
			p.WriteString(" / ")
		}
		if lang.String() == p.language {
			p.text(w.In(lang))
			continue
		}
		p.WriteString(`<span lang="` + lang.String() + `" xml:lang="` + lang.String() + `">`)
		p.text(w.In(lang))
		p.WriteString(`</span>`)
	}
}

func (p *page) heading(element string, w texts.Wording) {
	p.WriteString("<" + element + ">")
	p.words(w)
	p.WriteString("</" + element + ">")
}

func (p *page) paragraph(w texts.Wording) { p.heading("p", w) }

func (p *page) list(lines []phrase) {
	p.WriteString("<ul>")
	for _, line := range lines {
		p.WriteString("<li>")
		for _, part := range line {
			p.words(part)
		}
		p.WriteString("</li>")
	}
	p.WriteString("</ul>")
}

// phrase is one line, part by part: what is the same in both languages, as everything
// is that was written about the person, is read once.
type phrase []texts.Wording

func same(text string) texts.Wording { return texts.Wording{English: text, Welsh: text} }

// with adds a part. Two neighbours that differ by language are told as one.
func (f phrase) with(between string, part texts.Wording) phrase {
	last := f[len(f)-1]
	if last.English != last.Welsh && part.English != part.Welsh {
		last = texts.Wording{English: last.English + between + part.English, Welsh: last.Welsh + between + part.Welsh}
		return append(slices.Clone(f[:len(f)-1]), last)
	}
	return append(slices.Clone(f), same(between), part)
}

// lasting adds the days from which and until which something holds.
func (f phrase) lasting(from, until string) phrase {
	if from != "" {
		f = f.with(" ", filled(texts.Since, inDays(from)))
	}
	if until != "" {
		f = f.with(" ", filled(texts.Until, inDays(until)))
	}
	return f
}

// addNew adds a line to others, once.
func addNew(lines []phrase, line phrase) []phrase {
	if slices.ContainsFunc(lines, func(l phrase) bool { return slices.Equal(l, line) }) {
		return lines
	}
	return append(lines, line)
}

// labelled writes a label and what the plan says under it, or that it says nothing:
// reviews have records of their own as well. What warns of it, if anything, stands out.
func (p *page) labelled(label texts.Key, said, warning texts.Wording) {
	p.WriteString("<p>")
	p.words(inBoth(label))
	p.WriteString(": ")
	if said.English == "" {
		said = inBoth(texts.NoneInPlan)
	}
	p.words(said)
	if warning.English != "" {
		p.WriteString(" <b>")
		p.words(warning)
		p.WriteString("</b>")
	}
	p.WriteString("</p>")
}
