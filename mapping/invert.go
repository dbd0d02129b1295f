package mapping

import (
	"slices"
	"strings"
	"time"

	"cpagateway/profiles/fhir"
)

// direction is which way a line of a map runs.
type direction uint8

const (
	forward  direction = iota // ->: never back, and says why
	both                      // <->
	backward                  // <-: never forward
	derived                   // derive: worked out, and compared on return
)

// returns reports whether the rule gives a field its text when a map runs back.
func (r *rule) returns() bool { return r.way == both || r.way == backward }

// irreversible says why a rule cannot run back; "" where it can.
func (r *rule) irreversible() string {
	fields, open := 0, false
	switch r.from.kind {
	case field:
		fields = 1
	case template:
		between := ""
		for _, p := range r.from.parts {
			switch p.kind {
			case field:
				fields++
				open = open || fields > 1 && !strings.Contains(between, keySeparator)
				between = ""
			case constant:
				between += p.text
			case position, choice, template:
				return "only fields, constants, $source and $custodian are taken apart"
			}
		}
	case choice:
		return "an if is not undone: write derive if ..."
	}
	switch {
	case fields == 0:
		return "there is no field in it to return to: a constant stands before ->"
	case fields > 1 && (open || r.as.operation != toReference) && !(r.as.operation == toDateTime && r.from.isMoment()):
		return "where one field ends and the next begins cannot be told from the text; only a key with | between its fields, before ref TYPE, and \"{DAY}T{TIME}\" before dateTime are taken apart"
	case r.from.kind == template && r.as.operation != verbatim && r.as.operation != toReference && !r.from.isMoment():
		return "a string with a field in it is taken apart as it was written, without a conversion"
	case r.as.operation == toDay:
		return "the time of day is not kept"
	case r.as.operation == toCode && !r.as.table.Returns():
		return "no code of table " + r.as.table.Name + " can be told from the others by its target"
	}
	return ""
}

// text is what a rule read where it wrote v, false where it cannot be told.
func (b *Back) text(r *rule, v fhir.Value) (string, bool) {
	switch r.as.operation {
	case toReference:
		id, ok := strings.CutPrefix(v.Text(), r.as.typ+"/")
		if !ok {
			return "", false
		}
		return b.key(r.as.typ, id)
	case toCode:
		return r.as.table.Back(v.Text())
	case toCoding:
		return r.as.table.BackOf(v)
	case toConcept:
		return r.as.table.BackOf(slices.Collect(v.Get("coding").Each())...)
	case toInteger, toDecimal, toBoolean:
		return string(v.Raw()), v.Kind() == fhir.Number || v.Kind() == fhir.Bool
	}
	text := v.Text()
	switch r.as.operation {
	case toDate:
		text = r.settings.localDay(text)
	case toDateTime:
		text = r.settings.localTime(text)
	}
	return text, v.Kind() == fhir.String && strings.TrimSpace(text) != ""
}

// give puts a text into the fields of an operand; false where it does not fit.
func (o *operand) give(env Env, text string, at []*Returned) bool {
	switch o.kind {
	case field:
		switch {
		case o.keyed:
			text = unescapeKey(text)
		case o.inURI:
			text = uriUnescapes.Replace(text)
		}
		return at[len(at)-1-o.up].set(o.text, text)
	case template:
		return o.giveParts(env, text, at)
	}
	return false
}

// giveParts takes a text apart at what is fixed in a template, which stands in none
// of its fields.
func (o *operand) giveParts(env Env, text string, at []*Returned) bool {
	steady := &run{env: env}
	for i := range o.parts {
		p := &o.parts[i]
		if p.kind != field {
			fixed, _ := p.read(steady)
			rest, ok := strings.CutPrefix(text, fixed)
			if !ok {
				return false
			}
			text = rest
			continue
		}
		end := len(text)
		if next, last := o.fixedFrom(i+1, steady); next != "" {
			if end = strings.Index(text, next); last && strings.HasSuffix(text, next) {
				end = len(text) - len(next)
			}
		}
		if end < 0 || end == 0 && !p.optional || !p.give(env, text[:end], at) {
			return false
		}
		text = text[end:]
	}
	return text == ""
}

// fixedFrom is what stands in a template from part i to the next field; last says that
// there is none.
func (o *operand) fixedFrom(i int, steady *run) (fixed string, last bool) {
	for ; i < len(o.parts); i++ {
		if o.parts[i].kind == field {
			return fixed, false
		}
		text, _ := o.parts[i].read(steady)
		fixed += text
	}
	return fixed, true
}

var uriUnescapes = strings.NewReplacer("%25", "%", "%20", " ", "%09", "\t", "%0A", "\n", "%0D", "\r")

var keyUnescapes = strings.NewReplacer("%7C", "|", "%25", "%")

func unescapeKey(part string) string { return keyUnescapes.Replace(part) }

// localDay writes a FHIR date as the map's file has dates.
func (s *settings) localDay(date string) string {
	if s.dayFirst && len(date) == len(time.DateOnly) {
		return date[8:] + "/" + date[5:7] + "/" + date[:4]
	}
	return date
}

// localTime writes a FHIR dateTime without its offset where the map names a zone; but
// for the hour that comes twice, of which the zone alone would give the other.
func (s *settings) localTime(moment string) string {
	if s.zone == nil || !strings.Contains(moment, "T") {
		return s.localDay(moment)
	}
	at, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		return moment
	}
	const form = "2006-01-02T15:04:05.999999999"
	local := at.In(s.zone).Format(form)
	if again, err := time.ParseInLocation(form, local, s.zone); err != nil || !again.Equal(at) {
		local = at.In(s.zone).Format(form + "Z07:00")
	}
	return s.localDay(local[:len(time.DateOnly)]) + local[len(time.DateOnly):]
}
