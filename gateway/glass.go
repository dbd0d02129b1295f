package gateway

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/gateway/road"
)

// The parameters of Patient/$break-glass, and how long the words in them are.
const (
	glassPerson    = "identifier"
	glassReason    = "reason"
	glassWords     = "text"
	glassReference = "reference"

	leastWords    = 20
	mostWords     = 1000
	mostReference = 200
)

// readBreakGlass reads for whom the glass is to be broken, and why. What it opens is plans.
func (f *Front) readBreakGlass(in incoming, pairs []pair, ask *road.Ask) *road.Fault {
	if len(pairs) > 0 {
		return noParameters
	}
	sent, fault := in.resource()
	if fault != nil {
		return fault
	}
	if sent.Type() != "Parameters" {
		return wrongTarget
	}
	var given []string
	var stated audit.Glass
	for p := range sent.Get("parameter").Each() {
		name := p.Get("name").Text()
		if slices.Contains(given, name) {
			return road.BadRequest
		}
		given = append(given, name)
		switch name {
		case glassPerson:
			number := p.Get("valueIdentifier")
			if number.Get("system").Text() == "" || number.Get("value").Text() == "" {
				return wrongValue(glassPerson, "valueIdentifier, with system and value")
			}
			ask.Search, _, fault = f.parseSearch(ask.Type, []pair{{glassPerson, number.Get("system").Text() + "|" + number.Get("value").Text()}}, strict)
		case glassReason:
			stated.Reason = consent.GlassReason(p.Get("valueCode").Text())
		case glassWords:
			stated.Words = oneLine(p.Get("valueString").Text())
		case glassReference:
			stated.Reference = oneLine(p.Get("valueString").Text())
		default:
			fault = unknownParameter(name, glassPerson, glassReason, glassWords, glassReference)
		}
		if fault != nil {
			return fault
		}
	}
	if fault = unstated(stated, given); fault != nil {
		return fault // and what is wrong stands in no record
	}
	ask.Type, ask.Glass = records.PlanType, stated
	return nil
}

// unstated refuses what lacks a part of what is asked for.
func unstated(g audit.Glass, given []string) *road.Fault {
	switch {
	case !slices.Contains(given, glassPerson):
		return wrongValue(glassPerson, "valueIdentifier, with system and value")
	case !slices.Contains(consent.GlassReasons, g.Reason):
		return wrongValue(glassReason, "valueCode: "+reasonsToBreakGlass())
	case !plainWords(g.Words, leastWords, mostWords):
		return wrongValue(glassWords, "valueString, 20-1000 characters")
	case !plainWords(g.Reference, 0, mostReference), g.Reason.NeedsReference() && g.Reference == "":
		return wrongValue(glassReference, "valueString, 1-200 characters: what the reason rests on")
	}
	return nil
}

// reasonsToBreakGlass names all that count.
func reasonsToBreakGlass() string {
	var names []string
	for _, r := range consent.GlassReasons {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// oneLine is a text with a blank for each line end, tab or other space: what people read it
// in has lines of its own.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// plainWords reports whether a text has so many characters, and no others than people write.
func plainWords(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return least <= n && n <= most && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
