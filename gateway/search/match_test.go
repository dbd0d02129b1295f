package search_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/gateway/search"
)

// The naive model of dates: time is the whole numbers 0 to 40, a range is a set
// of them, and R4's words are read as set language.
const timeEnds = 40

type span struct{ from, until int } // until exclusive

func (s span) has(x int) bool { return s.from <= x && x < s.until }

func (s span) overlaps(t span) bool {
	for x := range timeEnds {
		if s.has(x) && t.has(x) {
			return true
		}
	}
	return false
}

func (s span) contains(t span) bool {
	for x := range timeEnds {
		if t.has(x) && !s.has(x) {
			return false
		}
	}
	return true
}

// prefixes is the table of R4, search.html#prefix, word for word.
var prefixes = map[string]func(value, target span) bool{
	"eq": func(value, target span) bool { return value.contains(target) },
	"ne": func(value, target span) bool { return !value.contains(target) },
	"gt": func(value, target span) bool { return value.above().overlaps(target) },
	"lt": func(value, target span) bool { return value.below().overlaps(target) },
	"ge": func(value, target span) bool { return value.above().overlaps(target) || value.contains(target) },
	"le": func(value, target span) bool { return value.below().overlaps(target) || value.contains(target) },
	"sa": func(value, target span) bool { return !value.overlaps(target) && value.above().contains(target) },
	"eb": func(value, target span) bool { return !value.overlaps(target) && value.below().contains(target) },
	"ap": func(value, target span) bool { return value.overlaps(target) },
}

func (s span) above() span { return span{s.until, timeEnds} }
func (s span) below() span { return span{0, s.from} }

func hour(x int) time.Time { return time.Date(2025, 3, 29, x, 0, 0, 0, time.UTC) }

// TestMatchDateIsR4 compares Match with the naive model, open ends included.
func TestMatchDateIsR4(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Values and closed targets stay clear of the ends of time, so that
		// what is open reaches further than anything.
		draw := func(name string) span {
			from := rapid.IntRange(5, 30).Draw(t, name)
			return span{from, from + rapid.IntRange(1, 5).Draw(t, name+" length")}
		}
		value, target := draw("value"), draw("target")
		row := search.Entry{Param: "date", Kind: search.Date, From: hour(target.from), Until: hour(target.until)}
		switch rapid.IntRange(0, 3).Draw(t, "open") {
		case 1:
			target.from, row.From = 0, time.Time{}
		case 2:
			target.until, row.Until = timeEnds, time.Time{}
		case 3:
			target, row.From, row.Until = span{0, timeEnds}, time.Time{}, time.Time{}
		}
		for prefix, model := range prefixes {
			p := dateParam("date", prefix, hour(value.from), hour(value.until))
			if got, want := p.Match([]search.Entry{row}), model(value, target); got != want {
				t.Fatalf("%s: value %v, target %v: %v, want %v", prefix, value, target, got, want)
			}
		}
	})
}

// patterns are all ways of writing a token that an index row satisfies.
func patterns(e search.Entry) []string {
	all := []string{e.Code, e.System + "|" + e.Code}
	if e.System != "" {
		all = append(all, e.System+"|")
	}
	return all
}

// TestMatchTokenIsR4 compares parsing and matching together with the naive
// model: a row matches what can be written for it, :not is the complement.
func TestMatchTokenIsR4(t *testing.T) {
	systems := []string{"", "urn:a", "urn:b"}
	codes := []string{"x", "y", "X"}
	rapid.Check(t, func(t *rapid.T) {
		var rows []search.Entry
		for range rapid.IntRange(0, 3).Draw(t, "rows") {
			rows = append(rows, search.Entry{
				Param:  rapid.SampledFrom([]string{"status", "intent"}).Draw(t, "param"),
				Kind:   search.Token,
				System: rapid.SampledFrom(systems).Draw(t, "system"),
				Code:   rapid.SampledFrom(codes).Draw(t, "code"),
			})
		}
		values := rapid.SliceOfN(rapid.SampledFrom([]string{
			"x", "y", "X", "z", "|x", "|y", "urn:a|x", "urn:b|y", "urn:a|", "urn:b|", "urn:c|",
		}), 1, 3).Draw(t, "values")
		want := slices.ContainsFunc(rows, func(e search.Entry) bool {
			return e.Param == "status" && slices.ContainsFunc(values, func(v string) bool { return slices.Contains(patterns(e), v) })
		})
		for name, want := range map[string]bool{"status": want, "status:not": !want} {
			p, err := search.Parse("CarePlan", name, strings.Join(values, ","))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Match(rows); got != want {
				t.Fatalf("%s=%v of %v: %v, want %v", name, values, rows, got, want)
			}
		}
	})
}

func TestMatchComparesKinds(t *testing.T) {
	rows := []search.Entry{
		{Param: "_id", Kind: search.ID, Text: "a"},
		{Param: "patient", Kind: search.Reference, Ref: "Patient/a"},
		{Param: "patient", Kind: search.Token, System: "urn:x", Code: "1"},
		{Param: "_lastUpdated", Kind: search.Date, From: hour(1), Until: hour(2)},
		{Param: "_profile", Kind: search.URI, Text: "http://x.example/p"},
	}
	for query, want := range map[string]bool{
		"_id=a": true, "_id=A": false, "_id=b,a": true,
		"patient=a": true, "patient=Patient/a": true, "patient=b": false,
		"patient:identifier=urn:x|1": true, "patient.identifier=1": true, "patient:identifier=urn:x|2": false,
		"_lastUpdated=2025-03-29": true, "_lastUpdated=gt2025-03-29": false, "_lastUpdated=ne2025-03-28": true,
		"_profile=http://x.example/p": true, "_profile=http://x.example": false,
		"status:not=active": true, "status=active": false,
	} {
		name, value, _ := strings.Cut(query, "=")
		p, err := search.Parse("CarePlan", name, value)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(rows); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	if (search.Param{Name: "_lastUpdated", Kind: search.Date, Values: []search.Operand{{Prefix: "xx"}}}).Match(rows) {
		t.Error("a prefix that nobody knows matches")
	}
}
