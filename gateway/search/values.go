package search

import (
	"errors"
	"slices"
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var (
	datePrefixes = []string{"eq", "ne", "lt", "le", "gt", "ge", "sa", "eb", "ap"}
	errForm      = errors.New("not in the form of its kind")
)

// parseValue reads one of the values between commas. One id without a type may
// stand for several references.
func parseValue(kind Kind, targets []string, value string) ([]Operand, error) {
	switch kind {
	case Token:
		return parseToken(value)
	case Reference:
		return parseReference(targets, value)
	case Date:
		return parseDate(value)
	}
	text := unescape(value)
	if text == "" || kind == ID && !fhir.IsID(text) {
		return nil, errForm
	}
	return []Operand{{Text: text}}, nil
}

func parseToken(value string) ([]Operand, error) {
	parts, ok := splitUnescaped(value, '|')
	if !ok || len(parts) > 2 {
		return nil, errForm
	}
	for i := range parts {
		parts[i] = unescape(parts[i])
	}
	if len(parts) == 1 {
		if parts[0] == "" {
			return nil, errForm
		}
		return []Operand{{Code: parts[0], AnySystem: true}}, nil
	}
	system, code := profiles.NormalIdentifier(parts[0], parts[1])
	if system == "" && code == "" {
		return nil, errForm
	}
	return []Operand{{System: system, Code: code, NoSystem: system == "", AnyCode: code == ""}}, nil
}

func parseReference(targets []string, value string) ([]Operand, error) {
	typ, id, typed := strings.Cut(unescape(value), "/")
	if !typed {
		typ, id = "", typ
	}
	if !fhir.IsID(id) || typed && !slices.Contains(targets, typ) {
		return nil, errForm
	}
	if typed {
		targets = []string{typ}
	}
	var operands []Operand
	for _, t := range targets {
		operands = append(operands, Operand{Ref: t + "/" + id})
	}
	return operands, nil
}

func parseDate(value string) ([]Operand, error) {
	o := Operand{Prefix: "eq"}
	text := unescape(value)
	if len(text) > 2 && slices.Contains(datePrefixes, text[:2]) {
		o.Prefix, text = text[:2], text[2:]
	}
	var err error
	if o.From, o.Until, err = searchInterval(text); err != nil {
		return nil, err
	}
	if o.Prefix == "ap" {
		// R4 proposes a tenth of the distance to now; without a clock, and
		// narrower for exact values than for vague ones: its own length.
		width := o.Until.Sub(o.From)
		o.From, o.Until = o.From.Add(-width), o.Until.Add(width)
	}
	return []Operand{o}, nil
}

// searchTimes are the forms that a search allows beside those of FHIR's types:
// seconds and the offset may be left out (R4, search.html#date).
var searchTimes = []struct {
	layout string
	width  time.Duration
}{
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
}

func searchInterval(text string) (from, until time.Time, err error) {
	if from, until, err = fhir.Interval(text, profiles.London); err == nil {
		return from, until, nil
	}
	for _, form := range searchTimes {
		if at, err := time.ParseInLocation(form.layout, text, profiles.London); err == nil && !strings.ContainsAny(text, ",.") {
			from, until = at, at.Add(form.width)
			if first := at.Add(-time.Hour); first.Format(form.layout) == text { // the clocks go back: either may be meant
				from = first
			}
			if second := at.Add(time.Hour); second.Format(form.layout) == text {
				until = second.Add(form.width)
			}
			return from, until, nil
		}
	}
	return from, until, err
}

// splitUnescaped splits at a separator that no backslash precedes, leaving the
// escapes in place. It refuses a backslash that escapes nothing.
func splitUnescaped(s string, separator byte) ([]string, bool) {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i == len(s) || !strings.ContainsRune(`,|$\`, rune(s[i])) {
				return nil, false
			}
		case separator:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:]), true
}

var unescaper = strings.NewReplacer(`\,`, `,`, `\|`, `|`, `\$`, `$`, `\\`, `\`)

func unescape(s string) string {
	if !strings.Contains(s, `\`) { // a Replacer makes a copy of what it has nothing to replace in
		return s
	}
	return unescaper.Replace(s)
}
