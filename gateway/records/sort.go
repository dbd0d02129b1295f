package records

import (
	"time"

	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// Texts that compare, byte by byte, as what they stand for. A store keeps them,
// sorts by them and hands them out in positions.
const (
	// timeLayout is of one width for every year from 0000 to 9999. Nanoseconds
	// are kept: an index that rounds would disagree with the meaning of a search
	// at the edges.
	timeLayout = "2006-01-02T15:04:05.000000000Z"
	afterAll   = "~" // comes after every digit

	// OpenEnd is after every time: a plan without an end goes on. A start that
	// is open is the empty text, before every time.
	OpenEnd = "~~"
	// What has no value to sort by comes last in either direction.
	noneAscending, noneDescending = "~~~", ""
)

// TimeText is a time as a text that compares as times do; the zero time is the
// empty text. "9999-12-31" ends in the year 10000, which is common in extracts.
func TimeText(t time.Time) string {
	switch t = t.UTC(); {
	case t.IsZero():
		return ""
	case t.Year() > 9999:
		return afterAll + t.Format(timeLayout)
	}
	return t.Format(timeLayout)
}

// ParseTimeText reads the text of a time up to the year 9999.
func ParseTimeText(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(timeLayout, text)
}

// Span is what a version sorts by under one parameter, for those who are granted
// Need: its earliest start and its latest end.
type Span struct {
	Param     string
	Need      profiles.ItemSet
	Low, High string
}

// Spans takes from a version's index entries what it can be sorted by.
func Spans(typ string, entries []search.Entry) []Span {
	var spans []Span
	for _, e := range entries {
		if e.Kind == search.Date && sortable(typ, e.Param) {
			spans = widen(spans, Span{e.Param, e.Need, TimeText(e.From), endText(e.Until)})
		}
	}
	return spans
}

func endText(until time.Time) string {
	if until.IsZero() {
		return OpenEnd
	}
	return TimeText(until)
}

func sortable(typ, param string) bool {
	for _, p := range search.Definitions(typ) {
		if p.Name == param {
			return p.Sortable
		}
	}
	return false
}

// widen adds a span to the one of its parameter and need.
func widen(spans []Span, s Span) []Span {
	for i := range spans {
		if spans[i].Param == s.Param && spans[i].Need == s.Need {
			spans[i].Low, spans[i].High = min(spans[i].Low, s.Low), max(spans[i].High, s.High)
			return spans
		}
	}
	return append(spans, s)
}

// SortText is the value that a sort key gives a resource in the eyes of a scope:
// by id, by the time seen, or by the spans of the version that counts.
func (s Scope) SortText(key search.SortKey, id string, seen time.Time, spans []Span) string {
	switch key.Param {
	case "_id":
		return id
	case "_lastUpdated":
		return TimeText(seen)
	}
	value := NoSortText(key)
	for _, span := range spans {
		switch {
		case span.Param != key.Param || !s.Items.Covers(span.Need):
		case key.Descending == search.Descending:
			value = max(value, span.High)
		default:
			value = min(value, span.Low)
		}
	}
	return value
}

// NoSortText is the value of a resource that has none for a sort key: it comes last.
func NoSortText(key search.SortKey) string {
	if key.Descending == search.Descending {
		return noneDescending
	}
	return noneAscending
}
