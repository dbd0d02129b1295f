package disclosure

import (
	"strings"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// beside is what other resources say that the narrative of a plan reads out: who
// the person is, and what warns of something or is a fact in law. It is taken from
// copies, never from originals, so the narrative can hold nothing that the caller
// could not read by itself.
type beside struct {
	patient fhir.Value
	lines   map[profiles.Item][]phrase // by what they tell
}

// besideOf reads the copies that stand with a plan. Those of another custodian are
// passed over.
func (t Terms) besideOf(copies []Copy) beside {
	b := beside{lines: map[profiles.Item][]phrase{}}
	assessed := map[string]bool{}
	for _, typ := range []string{"Patient", "RiskAssessment", "Flag"} {
		for _, x := range copies {
			if x.Type() != typ || x.person != t.person || x.terms.custodian != t.custodian {
				continue
			}
			resource, _ := fhir.ParseResource(x.Body()) // which is a copy, and so is one
			switch typ {
			case "Patient":
				b.patient = resource
			case "RiskAssessment":
				b.assessment(resource, assessed)
			default:
				b.flag(resource, assessed)
			}
		}
	}
	return b
}

// warned are the items under which the narrative lists what flags tell of now.
var warned = []profiles.Item{profiles.RiskCurrent, profiles.LawStatus, profiles.LawDecisions, profiles.PersonDependants, profiles.CareCritical}

// flag adds an active flag. One that says no more than an assessment is told by that.
func (b *beside) flag(flag fhir.Value, assessed map[string]bool) {
	if !flag.Get("status").Is("active") || assessed[flag.Find("code", "text").Text()] {
		return
	}
	need := profiles.Items(flag).Need
	said := phrase{conceptWords(flag.Get("code"))}.lasting(flag.Find("period", "start").Text(), flag.Find("period", "end").Text())
	for _, item := range warned {
		if need.Has(item) {
			b.lines[item] = append(b.lines[item], said)
		}
	}
}

// assessment adds each risk that was assessed, how great it is, until when, and what is
// done about it. One that was cancelled, or entered in error, warns of nothing.
func (b *beside) assessment(r fhir.Value, assessed map[string]bool) {
	if !profiles.Items(r).Need.Has(profiles.RiskCurrent) {
		return
	}
	from := r.Get("occurrenceDateTime").Text()
	if from == "" {
		from = r.Find("occurrencePeriod", "start").Text()
	}
	for prediction := range r.Get("prediction").Each() {
		reason := prediction.Get("rationale").Text()
		assessed[reason] = reason != ""
		said := phrase{same(reason)}
		if reason == "" {
			said = phrase{conceptWords(prediction.Get("outcome"))}
		}
		if level := prediction.Get("qualitativeRisk"); level.Exists() {
			said = said.with(", ", conceptWords(level))
		}
		said = said.lasting(from, prediction.Find("whenPeriod", "end").Text())
		if done := r.Get("mitigation").Text(); done != "" {
			said = said.with(": ", same(done))
		}
		b.lines[profiles.RiskCurrent] = append(b.lines[profiles.RiskCurrent], said)
	}
}

// heading writes who the person is and what they need to be understood (W¶81, 183):
// the first thing that a reader who has never met them must know.
func (b beside) heading(p *page) {
	if !b.patient.Exists() {
		return
	}
	p.WriteString("<p><b>")
	p.text(nameOf(b.patient))
	p.WriteString("</b>")
	if born := b.patient.Get("birthDate").Text(); born != "" {
		p.WriteString(", ")
		p.words(filled(texts.Born, inDays(born)))
	}
	for _, number := range profiles.PatientNumbers(b.patient) {
		if number.Normal != "" && !number.Superseded {
			n := number.Normal
			p.WriteString(", ")
			p.words(filled(texts.NHSNumber, same(n[:3]+" "+n[3:6]+" "+n[6:])))
			break
		}
	}
	p.WriteString("</p>")
	var needs []phrase
	for communication := range b.patient.Get("communication").Each() {
		said := phrase{languageWords(communication.Get("language"))}
		if communication.Get("preferred").Bool() {
			said = said.with(" ", texts.Wording{English: "(" + texts.Preferred.In(texts.English) + ")", Welsh: "(" + texts.Preferred.In(texts.Welsh) + ")"})
		}
		needs = addNew(needs, said)
	}
	if len(needs) > 0 {
		p.heading("h3", inBoth(texts.ToBeUnderstood))
		p.list(needs)
	}
}

// nameOf is the name in use, as a person is called.
func nameOf(patient fhir.Value) string {
	name := patient.Get("name").At(0)
	if text := name.Get("text").Text(); text != "" {
		return text
	}
	var parts []string
	for given := range name.Get("given").Each() {
		parts = append(parts, given.Text())
	}
	return strings.Join(append(parts, name.Get("family").Text()), " ")
}

// languageWords are the words of a language: as they were written, with its name where
// it is neither of the two in which services work, or the name alone.
func languageWords(spoken fhir.Value) texts.Wording {
	text, tag := spoken.Get("text").Text(), spoken.Find("coding", "code").Text()
	name := profiles.LanguageName(tag)
	switch {
	case text == "" && name.English != "":
		return name
	case text == "" || name.English == "" || tag == texts.English.String() || tag == texts.Welsh.String():
		return conceptWords(spoken)
	}
	return texts.Wording{English: text + " (" + name.English + ")", Welsh: text + " (" + name.Welsh + ")"}
}

// conceptWords are the words of a concept: its own text, those of the vocabulary,
// the source's, or the bare code.
func conceptWords(concept fhir.Value) texts.Wording {
	if text := concept.Get("text").Text(); text != "" {
		return same(text)
	}
	for coding := range concept.Get("coding").Each() {
		system, code := coding.Get("system").Text(), coding.Get("code").Text()
		if profiles.Known(system, code) {
			return texts.Wording{English: profiles.Display(system, code, texts.English), Welsh: profiles.Display(system, code, texts.Welsh)}
		}
	}
	for coding := range concept.Get("coding").Each() {
		if display := coding.Get("display").Text(); display != "" {
			return same(display)
		}
		if code := coding.Get("code").Text(); code != "" {
			return same(code)
		}
	}
	return notInWords
}

// filled is a text of the catalogue with one argument, in both languages.
func filled(key texts.Key, with texts.Wording) texts.Wording {
	return texts.Wording{English: key.In(texts.English, with.English), Welsh: key.In(texts.Welsh, with.Welsh)}
}
