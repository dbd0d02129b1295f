package mhsds

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cpagateway/profiles"
)

// form gives a field's normal form, or false where it is in another.
type form func(x *extract, r *row, text string) (normal string, ok bool)

// forms are the formats that have a name, with what is said of a field in another.
var forms = map[string]struct {
	normal form
	reason string
}{
	"date":     {date, "not a date of the calendar from 1890 on (YYYY-MM-DD)"},
	"time":     {first(clock, matching(`^`+baseDay+`((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)$`)), "not a time (hh:mm:ss)"},
	"datetime": {ofCalendar(matching(`^(\d{4}-\d\d-\d\d[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)$`)), "not a date and time (YYYY-MM-DDThh:mm:ss, with Z or an offset)"},
	"postcode": {first(plainPostcode, matching(`^([a-zA-Z]{1,2}\d[a-zA-Z\d]?\s+\d[a-zA-Z]{2})$`)), "not a postcode (AA1 1AA, with its blank)"},
	"version":  {matching(`^(\d+\.\d+)$`), "not a version (6.0)"},
	"nhs":      {nhsNumber, "not an NHS number (ten digits)"},
}

// characters takes texts of a length, whatever is printable: local identifiers
// hold hyphens and strokes although the specification calls them alphanumeric.
func characters(least, most int) form {
	return func(_ *extract, _ *row, text string) (string, bool) {
		if isASCII(text) {
			return text, least <= len(text) && len(text) <= most
		}
		n := utf8.RuneCountInString(text)
		unprintable := strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
		return text, least <= n && n <= most && !unprintable
	}
}

// isASCII reports whether a text is of printable ASCII characters.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// first takes what a quick form does, and asks another of everything else.
func first(quick func(text string) bool, other form) form {
	return func(x *extract, r *row, text string) (string, bool) {
		if quick(text) {
			return text, true
		}
		return other(x, r, text)
	}
}

// clock takes hh:mm:ss.
func clock(text string) bool {
	return len(text) == 8 && text[2] == ':' && text[5] == ':' && isDigits(text[:2]) && text[:2] <= "23" &&
		isDigits(text[3:5]) && text[3:5] <= "59" && isDigits(text[6:]) && text[6:] <= "59"
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

func isLetters(text string) bool {
	for i := range len(text) {
		if c := text[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// plainPostcode takes those of the form A1 1AA, AA1 1AA, A11 1AA and AA11 1AA.
func plainPostcode(text string) bool {
	out, in, ok := strings.Cut(text, " ")
	if !ok || len(in) != 3 || len(out) < 2 || len(out) > 4 {
		return false
	}
	area := strings.TrimRight(out, "0123456789")
	return isDigits(in[:1]) && isLetters(in[1:]) && 1 <= len(area) && len(area) <= 2 && isLetters(area) && len(out)-len(area) >= 1 && len(out)-len(area) <= 2
}

// matching takes what a pattern does; its group is the normal form.
func matching(expression string) form {
	pattern := regexp.MustCompile(expression)
	return func(_ *extract, _ *row, text string) (string, bool) {
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			return "", false
		}
		return m[1], true
	}
}

// ofCalendar takes of a form what begins with a day that there is.
func ofCalendar(other form) form {
	return func(x *extract, r *row, text string) (string, bool) {
		normal, ok := other(x, r, text)
		if !ok {
			return "", false
		}
		_, err := time.Parse(time.DateOnly, normal[:len(time.DateOnly)])
		return normal, err == nil
	}
}

// firstDay is the first date that the data set takes.
const firstDay = "1890-01-01"

// baseDay is the day that Access and SQL Server put before a time without a day.
const baseDay = `(?:(?:1899-12-30|1900-01-01)[ T])?`

// date reads what the maps of the table read.
func date(x *extract, r *row, text string) (string, bool) {
	iso, ok := x.format.program.Date(r.in.table.name, text)
	return iso, ok && iso >= firstDay
}

// nhsNumber leaves a wrong check digit to the map, which warns.
func nhsNumber(_ *extract, _ *row, text string) (string, bool) {
	normal, _ := profiles.NHSNumber(text)
	return normal, normal != ""
}

// derive works out the header's fields that rules compare with.
func derive(header *row, custodian string) map[string]string {
	fields := map[string]string{"Custodian": custodian}
	move := func(name, from string, years, days int) {
		if day, err := time.Parse(time.DateOnly, header.text(from)); err == nil {
			fields[name] = day.AddDate(years, 0, days).Format(time.DateOnly)
		}
	}
	move("DayAfterPeriod", "ReportingPeriodEndDate", 0, 1)
	move("Day131YearsBefore", "ReportingPeriodStartDate", -131, 0)
	return fields
}
