package mapping

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"cpagateway/mapping/codes"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// operation is what a conversion does. The zero operation takes the text as it is.
type operation uint8

const (
	verbatim operation = iota
	toDate
	toDateTime
	toDay // of a date or a date and time
	toLower
	toUpper
	toInteger
	toDecimal
	toBoolean
	toNHSNumber
	toReference
	toCode
	toCoding
	toConcept
)

// plain are the conversions without an argument, by their words.
var plain = map[string]operation{
	"date": toDate, "dateTime": toDateTime, "day": toDay, "lower": toLower, "upper": toUpper,
	"integer": toInteger, "decimal": toDecimal, "boolean": toBoolean, "nhs-number": toNHSNumber,
}

// tabled are those by a table.
var tabled = map[string]operation{"code": toCode, "coding": toCoding, "concept": toConcept}

// conversion is how a field's text becomes JSON.
type conversion struct {
	operation operation
	typ       string       // of a reference
	table     *codes.Table // of code, coding and concept
	keep      bool         // of a concept: the source's coding stands beside the target's
}

// literals are the conversions whose text stands in JSON as it is.
var literals = map[operation]struct {
	pattern   *regexp.Regexp
	otherwise string
}{
	toInteger: {regexp.MustCompile(`^(0|-?[1-9][0-9]{0,9})$`), "not a whole number"},
	toDecimal: {regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?$`), "not a decimal number"},
	toBoolean: {regexp.MustCompile(`^(true|false)$`), "neither true nor false"},
}

// convert appends a field's text as JSON, or notes a fault and appends nothing.
func (r *run) convert(rule *rule, dst []byte, value string) []byte {
	switch as := &rule.as; as.operation {
	case toDate, toDateTime, toDay:
		converted, err := rule.settings.when(as.operation, value)
		if err != nil {
			r.refuse(rule, value, err.Error())
			return dst
		}
		return fhir.AppendString(dst, converted)
	case toLower:
		return fhir.AppendString(dst, strings.ToLower(strings.TrimSpace(value)))
	case toUpper:
		return fhir.AppendString(dst, strings.ToUpper(strings.TrimSpace(value)))
	case toInteger, toDecimal, toBoolean:
		value = strings.TrimSpace(value)
		if form := literals[as.operation]; !form.pattern.MatchString(value) {
			r.refuse(rule, value, form.otherwise)
			return dst
		}
		return append(dst, value...)
	case toNHSNumber:
		return nhsNumber(r, rule, dst, value)
	case toReference: // Type/id, the id being that of the resource with this key
		dst = append(append(dst, '"'), as.typ...)
		slash := len(dst)
		dst = fhir.AppendString(dst, r.env.ID(as.typ, value))
		dst[slash] = '/' // for the quotation mark
		return dst
	case toCode:
		return appendCode(r, rule, dst, value)
	case toCoding: // a code without a row is kept under its own system
		to, _ := r.translate(rule, value)
		return to.Append(dst)
	case toConcept:
		return appendConcept(r, rule, dst, value)
	}
	return fhir.AppendString(dst, value)
}

// nhsNumber writes the normal form. A wrong check digit only warns: Wales's own
// published examples fail it, and whether such a person is taken is for the
// importer's configuration to say.
func nhsNumber(r *run, rule *rule, dst []byte, value string) []byte {
	normal, err := profiles.NHSNumber(value)
	switch {
	case normal == "":
		r.refuse(rule, value, err.Error())
		return dst
	case err != nil:
		r.warn(rule, value, err.Error())
	}
	return fhir.AppendString(dst, normal)
}

// appendCode writes the target code alone. Where the table has neither a row nor
// an else, the record is refused: a status that cannot be read must not be guessed.
func appendCode(r *run, rule *rule, dst []byte, value string) []byte {
	t := rule.as.table
	to, known := t.Lookup(strings.TrimSpace(value))
	switch {
	case !known && to.Code == "":
		r.refuse(rule, value, t.Gap(strings.TrimSpace(value)))
		return dst
	case !known:
		r.warn(rule, value, "the code is not in table "+t.Name+"; its else row was used")
	}
	return fhir.AppendString(dst, to.Code)
}

// appendConcept writes a CodeableConcept. With keep the source's own coding stands
// beside the target's, so that the way back is open.
func appendConcept(r *run, rule *rule, dst []byte, value string) []byte {
	value = strings.TrimSpace(value)
	to, known := r.translate(rule, value)
	dst = append(dst, `{"coding":[`...)
	dst = to.Append(dst)
	if own := (codes.Coding{System: rule.as.table.Source, Code: value}); (rule.as.keep || !known) && own.System != to.System {
		dst = append(dst, ',')
		dst = own.Append(dst)
	}
	dst = append(dst, ']')
	if !known {
		dst = append(dst, `,"text":`...)
		dst = fhir.AppendString(dst, value)
	}
	return append(dst, '}')
}

// translate looks a code up and warns where the table does not know it.
func (r *run) translate(rule *rule, value string) (codes.Coding, bool) {
	t := rule.as.table
	value = strings.TrimSpace(value)
	to, known := t.Lookup(value)
	if !known {
		r.warn(rule, value, t.Gap(value)+"; it was kept as it is")
		if to.Code == "" {
			to = codes.Coding{System: t.Source, Code: value}
		}
	}
	return to, known
}

var (
	errDate   = errors.New("not a date of the calendar (YYYY-MM-DD)")
	errDayUK  = errors.New("not a date of the calendar (DD/MM/YYYY, or YYYY-MM-DD)")
	errTime   = errors.New("not a date and time (YYYY-MM-DDThh:mm:ss, with Z or an offset)")
	errOffset = errors.New("a time without an offset, and the map names no zone")
	errSkip   = errors.New("a time of day that there was not: the clocks of the zone were put forward over it")
)

var dayFirst = regexp.MustCompile(`^([0-9]{2})/([0-9]{2})/([0-9]{4})$`)

// midnight is what databases write after a date that has no time of day.
var midnight = regexp.MustCompile(`[ T]00:00(:00(\.0+)?)?$`)

func (s *settings) when(as operation, value string) (string, error) {
	switch as {
	case toDate:
		return s.date(value)
	case toDay:
		return s.day(value)
	}
	return s.dateTime(value)
}

// day gives the date of a date and time, in the map's zone where it names one.
func (s *settings) day(value string) (string, error) {
	moment, err := s.dateTime(value)
	if at, cannot := time.Parse(time.RFC3339Nano, moment); cannot == nil && s.zone != nil {
		moment = at.In(s.zone).Format(time.DateOnly)
	}
	day, _, _ := strings.Cut(moment, "T")
	return day, err
}

// date gives a FHIR date: YYYY-MM-DD, or YYYY or YYYY-MM as they stand.
func (s *settings) date(value string) (string, error) {
	if _, _, _, ok := dayOf(value); ok {
		return value, nil
	}
	value = midnight.ReplaceAllString(strings.TrimSpace(value), "")
	wrong, layout := errDate, time.DateOnly
	if s.dayFirst {
		value, wrong = dayFirst.ReplaceAllString(value, "$3-$2-$1"), errDayUK
	}
	if len(value) == len("2006") || len(value) == len("2006-01") {
		layout = layout[:len(value)]
	}
	if _, err := time.Parse(layout, value); err != nil || value[:4] == "0000" {
		return "", wrong
	}
	return value, nil
}

// dayOf reads YYYY-MM-DD, as nearly every date stands, without what reads any other.
func dayOf(text string) (year, month, day int, ok bool) {
	if len(text) != len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return 0, 0, 0, false
	}
	year, month, day = digits(text[:4]), digits(text[5:7]), digits(text[8:])
	return year, month, day, year > 0 && 1 <= month && month <= 12 && 1 <= day && day <= daysOf(year, month)
}

// daysOf is how many days a month has.
func daysOf(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// digits is the number that a text of digits alone is, else less than 0.
func digits(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return -1
		}
		n = 10*n + int(text[i]-'0')
	}
	return n
}

// offset is that of the zone at a time of day of the form hh:mm:ss that its clocks showed.
func (s *settings) offset(day, hour string) (string, bool) {
	year, month, date, ok := dayOf(day)
	if !ok || len(hour) != len(time.TimeOnly) || hour[2] != ':' || hour[5] != ':' {
		return "", false
	}
	h, m, second := digits(hour[:2]), digits(hour[3:5]), digits(hour[6:])
	if h < 0 || h > 23 || m < 0 || m > 59 || second < 0 || second > 59 {
		return "", false
	}
	local := time.Date(year, time.Month(month), date, h, m, second, 0, s.zone)
	return local.Format("Z07:00"), local.Hour() == h && local.Minute() == m
}

// clock is the time of a FHIR dateTime, its seconds and offset perhaps missing.
var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9](:(?:[0-5][0-9]|60)(\.[0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$`)

// dateTime gives a FHIR dateTime: a date, or a date and time with an offset,
// which comes from the map's zone where the source has none.
func (s *settings) dateTime(value string) (string, error) {
	day, hour, timed := strings.Cut(strings.Replace(strings.TrimSpace(value), " ", "T", 1), "T")
	day, err := s.date(day)
	if err != nil || !timed {
		return day, err
	}
	if s.zone != nil {
		if offset, ok := s.offset(day, hour); ok {
			return day + "T" + hour + offset, nil
		}
	}
	m := clock.FindStringSubmatch(hour)
	if m == nil || len(day) != len(time.DateOnly) {
		return "", errTime
	}
	hour, offset := strings.TrimSuffix(hour, m[4]), m[4]
	if m[2] == "" {
		hour += ":00"
	}
	if offset != "" {
		return day + "T" + hour + offset, nil
	}
	if s.zone == nil {
		return "", errOffset
	}
	second := strings.Replace(hour, ":60", ":59", strings.Count(hour[5:], ":60")) // time.Parse knows no leap second
	local, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", day+"T"+second, s.zone)
	switch {
	case err != nil:
		return "", errTime
	case local.Format("15:04") != hour[:len("15:04")]: // it would come back as another
		return "", errSkip
	}
	return day + "T" + hour + local.Format("Z07:00"), nil
}
