package fhir

import (
	"errors"
	"strings"
	"time"
)

// Why a text is no date. The text is not repeated: it may be when somebody was
// born.
var (
	errDate   = errors.New("reading a date: not a FHIR date, dateTime or instant")
	errOffset = errors.New("reading a date: further from UTC than 14 hours")
)

// partial dates, and how far it is to the next. No two are of one length.
var partial = []struct {
	layout              string
	years, months, days int
}{
	{"2006", 1, 0, 0},
	{"2006-01", 0, 1, 0},
	{"2006-01-02", 0, 0, 1},
}

// Interval is the time from (inclusive) until (exclusive) that a FHIR date,
// dateTime or instant stands for (R4, datatypes.html#dateTime), told in the
// zone, which must not be nil. A year, month or day is the whole of it by the
// clocks of that zone, so a day may have 23 or 25 hours. A time of day is one
// second, or one unit of the last digit of its fraction, of which nine count.
//
// Second 60, a leap second, is the first one of the next minute. The grammar is
// held strictly: 24:00, a time without seconds or without an offset, year 0000 and
// days that a month does not have are errors.
func Interval(text string, zone *time.Location) (from, until time.Time, err error) {
	if strings.HasPrefix(text, "0000") {
		return from, until, errDate
	}
	for _, p := range partial {
		if len(text) != len(p.layout) {
			continue
		}
		date, err := time.Parse(p.layout, text)
		if err != nil {
			return from, until, errDate
		}
		return midnight(date, zone), midnight(date.AddDate(p.years, p.months, p.days), zone), nil
	}
	return instant(text, zone)
}

func midnight(date time.Time, zone *time.Location) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
}

// instant reads a time of day. Its form is held here, because time.Parse would
// also take one digit for the hour, a comma for the point and :60 in the offset;
// which days and hours exist time.Parse knows.
func instant(text string, zone *time.Location) (from, until time.Time, err error) {
	const clock = "0000-00-00T00:00:00"
	if len(text) <= len(clock) || !shaped(text[:len(clock)], clock) {
		return from, until, errDate
	}
	width, rest := fraction(text[len(clock):])
	if rest != "Z" && (!shaped(rest, "+00:00") && !shaped(rest, "-00:00") || rest[4] > '5') {
		return from, until, errDate
	}
	leap := time.Duration(0)
	if text[17:19] == "60" { // time.Parse knows none
		text, leap = text[:17]+"59"+text[19:], time.Second
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return from, until, errDate
	}
	at = at.Add(leap)
	if _, offset := at.Zone(); max(offset, -offset) > 14*60*60 {
		return from, until, errOffset
	}
	return at.In(zone), at.Add(width).In(zone), nil
}

// shaped compares text with a shape in which 0 stands for any digit.
func shaped(text, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i := range len(shape) {
		if shape[i] == '0' && !digit(text[i]) || shape[i] != '0' && shape[i] != text[i] {
			return false
		}
	}
	return true
}

// fraction reads a fraction of a second if text begins with one, and says how
// wide a unit of its last digit is.
func fraction(text string) (width time.Duration, rest string) {
	width = time.Second
	if text[0] != '.' {
		return width, text
	}
	for rest = text[1:]; rest != "" && digit(rest[0]); rest = rest[1:] {
		width = max(width/10, 1)
	}
	return width, rest
}
