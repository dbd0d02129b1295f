package profiles

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cpagateway/profiles/fhir"
)

// primitive is the JSON kind and the grammar of a primitive type (R4, datatypes.html#primitive).
type primitive struct {
	kind    fhir.Kind
	article string // the kind, with its article
	valid   func(fhir.Value) bool
}

func isPrimitive(typ string) bool { return primitives[typ].valid != nil }

// primitives by the name of their type.
var primitives = map[string]primitive{
	"boolean":      {fhir.Bool, "true or false", func(fhir.Value) bool { return true }},
	"decimal":      {fhir.Number, "a number", func(fhir.Value) bool { return true }},
	"integer":      {fhir.Number, "a number", wholeNumber(-1 << 31)},
	"unsignedInt":  {fhir.Number, "a number", wholeNumber(0)},
	"positiveInt":  {fhir.Number, "a number", wholeNumber(1)},
	"string":       {fhir.String, "a string", notBlank},
	"markdown":     {fhir.String, "a string", notBlank},
	"xhtml":        {fhir.String, "a string", form(`(?s)^\s*<div[\s>].*</div>\s*$|^\s*<div[^>]*/>\s*$`)},
	"id":           {fhir.String, "a string", func(v fhir.Value) bool { return fhir.IsID(v.Text()) }},
	"code":         {fhir.String, "a string", form(`^[^\s[:cntrl:]]+([ \t\r\n][^\s[:cntrl:]]+)*$`)},
	"uri":          {fhir.String, "a string", form(address)},
	"url":          {fhir.String, "a string", form(address)},
	"canonical":    {fhir.String, "a string", form(address)},
	"oid":          {fhir.String, "a string", form(`^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$`)},
	"uuid":         {fhir.String, "a string", form(`^urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)},
	"base64Binary": {fhir.String, "a string", form(`^[A-Za-z0-9+/\s]+=?\s*=?\s*$`)},
	"date":         {fhir.String, "a string", both(form(`^[0-9-]+$`), calendar)},
	"dateTime":     {fhir.String, "a string", calendar},
	"instant":      {fhir.String, "a string", both(form(`T`), calendar)},
	"time":         {fhir.String, "a string", form(`^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?$`)},
}

// address allows blanks around a URI: three identifier systems that NHS Wales
// publishes begin with one. Search trims them, and nothing else may hold any.
const address = `^\s*[^\s[:cntrl:]]+\s*$`

func form(pattern string) func(fhir.Value) bool {
	grammar := regexp.MustCompile(pattern)
	return func(v fhir.Value) bool { return grammar.MatchString(v.Text()) }
}

func both(a, b func(fhir.Value) bool) func(fhir.Value) bool {
	return func(v fhir.Value) bool { return a(v) && b(v) }
}

// control reports a character that no FHIR string may hold. JSON has it as an escape alone, and most
// strings have none. A text that holds one can be read all the same, and a crisis plan is not set aside for it.
func control(v fhir.Value) bool {
	return bytes.IndexByte(v.Raw(), '\\') >= 0 && strings.ContainsFunc(v.Text(), func(c rune) bool {
		return c < ' ' && c != '\t' && c != '\n' && c != '\r'
	})
}

func notBlank(v fhir.Value) bool { return strings.TrimSpace(v.Text()) != "" }

// calendar refuses days and times that do not exist; whose clocks they follow
// makes no difference.
func calendar(v fhir.Value) bool {
	_, _, err := fhir.Interval(v.Text(), time.UTC)
	return err == nil
}

// wholeNumber is a number of 32 bits that is written without point or exponent.
func wholeNumber(least int64) func(fhir.Value) bool {
	return func(v fhir.Value) bool {
		n, err := strconv.ParseInt(string(v.Raw()), 10, 32)
		return err == nil && n >= least
	}
}
