package fhir

import (
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that the clocks change on every machine

	"pgregory.net/rapid"
)

func london(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestInterval(t *testing.T) {
	for _, c := range []struct{ text, from, until string }{
		{"2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"2024-12", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"2024-07", "2024-07-01T00:00:00+01:00", "2024-08-01T00:00:00+01:00"},
		{"2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"2024-12-31", "2024-12-31T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"2024-03-31", "2024-03-31T00:00:00Z", "2024-04-01T00:00:00+01:00"}, // 23 hours
		{"2024-10-27", "2024-10-27T00:00:00+01:00", "2024-10-28T00:00:00Z"}, // 25 hours
		{"9999", "9999-01-01T00:00:00Z", ""},
		{"2024-07-01T12:30:45Z", "2024-07-01T12:30:45Z", "2024-07-01T12:30:46Z"},
		{"2024-07-01T23:59:59+01:00", "2024-07-01T22:59:59Z", "2024-07-01T23:00:00Z"},
		{"2024-07-01T12:30:45-00:00", "2024-07-01T12:30:45Z", "2024-07-01T12:30:46Z"},
		{"2024-07-01T12:30:45+14:00", "2024-06-30T22:30:45Z", "2024-06-30T22:30:46Z"},
		{"2024-07-01T12:30:45-14:00", "2024-07-02T02:30:45Z", "2024-07-02T02:30:46Z"},
		{"2024-07-01T12:30:45.5Z", "2024-07-01T12:30:45.5Z", "2024-07-01T12:30:45.6Z"},
		{"2024-07-01T12:30:45.120Z", "2024-07-01T12:30:45.12Z", "2024-07-01T12:30:45.121Z"},
		{"2024-07-01T12:30:45.123456789Z", "2024-07-01T12:30:45.123456789Z", "2024-07-01T12:30:45.12345679Z"},
		{"2024-07-01T12:30:45.1234567899999-01:00", "2024-07-01T13:30:45.123456789Z", "2024-07-01T13:30:45.12345679Z"},
	} {
		from, until, err := Interval(c.text, london(t))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if want, _ := time.Parse(time.RFC3339, c.from); !from.Equal(want) {
			t.Errorf("%s: from %s, want %s", c.text, from, want)
		}
		if want, err := time.Parse(time.RFC3339, c.until); err == nil && !until.Equal(want) {
			t.Errorf("%s: until %s, want %s", c.text, until, want)
		}
		if !until.After(from) || from.Location() != london(t) && from.Location().String() != "Europe/London" {
			t.Errorf("%s: %s to %s", c.text, from, until)
		}
	}
}

func TestIntervalRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "0000", "0000-01-01", "24", "02024", "+2024", "2024-", "2024-1", "2024-00", "2024-13", "2024-1-01",
		"2024-02-30", "2023-02-29", "2024-01-00", "2024-01-32", "2024/01/01", "20240101", "01/02/2024", " 2024", "2024 ",
		"2024-01-01T", "2024-01-01T10", "2024-01-01T10Z", "2024-01-01T10:00Z", "2024-01-01T10:00:00", "2024-01-01 10:00:00Z",
		"2024-01-01t10:00:00Z", "2024-01-01T10:00:00z", "2024-01-01T24:00:00Z", "2024-01-01T23:59:61Z", "2024-01-01T10:60:00Z",
		"2024-01-01T1:00:00Z", "2024-01-01T10:00:00,5Z", "2024-01-01T10:00:00.Z", "2024-01-01T10:00:00+0100", "2024-01-01T10:00:00+01",
		"2024-01-01T10:00:00+14:01", "2024-01-01T10:00:00-23:00", "2024-01-01T10:00:00+01:60", "2024-01-01T10:00:00ZZ",
		"2024-01T10:00:00Z", "2024-02-30T10:00:00Z", "T10:00:00Z", "10:00:00", "２０２４",
	} {
		from, until, err := Interval(text, time.UTC)
		if err == nil || !from.IsZero() || !until.IsZero() {
			t.Errorf("%q: %s to %s", text, from, until)
		} else if text != "" && strings.Contains(err.Error(), strings.TrimSpace(text)) && len(text) > 2 {
			t.Errorf("%q: the error repeats it: %v", text, err)
		}
	}
}

// R4's own expression for dateTime (datatypes.html#dateTime), of which second
// 60 is refused here and the days of a month are counted.
var dateTime = regexp.MustCompile(`^([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])` +
	`(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?$`)

func isDate(text string) bool {
	if len(text) >= len("2006-01-02") {
		if _, err := time.Parse("2006-01-02", text[:len("2006-01-02")]); err != nil {
			return false
		}
	}
	return dateTime.MatchString(text)
}

func FuzzInterval(f *testing.F) {
	for _, text := range []string{"2024", "2024-02", "2024-02-29", "2024-07-01T12:30:45.1234567899-01:00", "2024-01-01T24:00:00Z", "0999-12-31"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from, until, err := Interval(text, time.UTC)
		if want := isDate(text); (err == nil) != want {
			t.Fatalf("%q: %v, but R4 says %v", text, err, want)
		}
		if err == nil && !from.Before(until) {
			t.Fatalf("%q: from %s until %s", text, from, until)
		}
	})
}

// Texts close to a date are dates exactly where R4 says so.
func TestIntervalIsR4Grammar(t *testing.T) {
	near := rapid.StringMatching(`[0-9]{4}(-[0-9]{2}(-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,11})?(Z|z|[+-][01][0-9]:[0-6][0-9])?)?)?)?.?`)
	rapid.Check(t, func(t *rapid.T) {
		text := near.Draw(t, "text")
		if _, _, err := Interval(text, time.UTC); (err == nil) != isDate(text) {
			t.Fatalf("%q: %v, but R4 says %v", text, err, isDate(text))
		}
	})
}

// Days fill their months, months their years, and nothing lies between.
func TestIntervalsTile(t *testing.T) {
	zone := london(t)
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(rapid.IntRange(1, 9997).Draw(t, "year"), 1, rapid.IntRange(1, 366).Draw(t, "day"), 12, 0, 0, 0, zone)
		interval := func(layout string, at time.Time) (from, until time.Time) {
			from, until, err := Interval(at.Format(layout), zone)
			if err != nil {
				t.Fatal(err)
			}
			return from, until
		}
		for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
			from, until := interval(layout, day)
			if next, _ := interval(layout, until); !next.Equal(until) {
				t.Fatalf("%s ends at %s, the next begins at %s", layout, until, next)
			}
			if day.Before(from) || !day.Before(until) {
				t.Fatalf("%s is not within its %s", day, layout)
			}
		}
	})
}

// A document with a leap second, which FHIR allows, was refused.
func TestALeapSecondIsTheNextMinute(t *testing.T) {
	from, until, err := Interval("2016-12-31T23:59:60Z", time.UTC)
	next, _, _ := Interval("2017-01-01T00:00:00Z", time.UTC)
	if err != nil || !from.Equal(next) || until.Sub(from) != time.Second {
		t.Errorf("%v to %v, %v", from, until, err)
	}
}
