package records_test

import (
	"cmp"
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

func TestZeroScopeSeesNothing(t *testing.T) {
	crisis := profiles.SetOf(profiles.PlanCrisis)
	for _, l := range []profiles.Label{{}, {Need: crisis}, {Any: crisis}} {
		if (records.Scope{}).Notices([]profiles.Label{l}) || (records.Scope{}).Sees(records.Version{Label: l}) {
			t.Errorf("the zero scope sees or notices %+v", l)
		}
	}
	if s := records.ScopesOf([]consent.Decision{{}}, "Practitioner"); len(s) != 1 || s[0] != (records.Scope{Type: "Practitioner"}) {
		t.Errorf("the zero decision's scope is %+v", s)
	}
}

// TestTimeTextComparesAsTimes: over all years that a FHIR date can name and the
// first moment after them, texts have the order of their times.
func TestTimeTextComparesAsTimes(t *testing.T) {
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	moment := rapid.Custom(func(r *rapid.T) time.Time {
		seconds := rapid.Int64Range(first.Unix(), last.Unix()).Draw(r, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(r, "nanoseconds")).In(time.FixedZone("", 3600))
	})
	rapid.Check(t, func(r *rapid.T) {
		a, b := moment.Draw(r, "a"), moment.Draw(r, "b")
		if rapid.Bool().Draw(r, "near") {
			b = a.Add(1)
		}
		if got, want := cmp.Compare(records.TimeText(a), records.TimeText(b)), a.Compare(b); got != want {
			r.Fatalf("%v and %v compare as %d, their texts as %d", a, b, want, got)
		}
		if back, err := records.ParseTimeText(records.TimeText(a)); a.UTC().Year() <= 9999 && (err != nil || !back.Equal(a)) {
			r.Fatalf("%v came back as %v, %v", a, back, err)
		}
	})
	if records.TimeText(time.Time{}) != "" {
		t.Error("no time has a text")
	}
	if back, err := records.ParseTimeText(""); err != nil || !back.IsZero() {
		t.Errorf("no time came back as %v, %v", back, err)
	}
}

func TestPositionRoundTrip(t *testing.T) {
	sort := []search.SortKey{{Param: "date"}, {Param: "_id"}}
	for _, c := range []struct {
		sort     []search.SortKey
		position records.Position
	}{
		{nil, records.Position{Place: 17}},
		{sort, records.Position{AsOf: 5, Keys: []string{"~~~", "a\"b/c"}, Place: 1}},
	} {
		got, err := records.Query{Count: 1, Sort: c.sort, After: c.position.String()}.Start()
		if err != nil || got.AsOf != c.position.AsOf || got.Place != c.position.Place || !slices.Equal(got.Keys, c.position.Keys) {
			t.Errorf("%+v came back as %+v, %v", c.position, got, err)
		}
	}
	if p, err := (records.Query{Count: 1, Sort: sort}).Start(); err != nil || p.Place != 0 || p.AsOf != 0 {
		t.Errorf("the first page begins at %+v, %v", p, err)
	}
}

func FuzzPosition(f *testing.F) {
	f.Add(records.Position{Place: 17}.String(), 0)
	f.Add(records.Position{AsOf: 5, Keys: []string{"x"}, Place: 1}.String(), 1)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"p":0}`)), 0)
	f.Add("%", 0)
	f.Fuzz(func(t *testing.T, after string, keys int) {
		q := records.Query{Count: 1, After: after, Sort: make([]search.SortKey, max(0, min(keys, 3)))}
		p, err := q.Start()
		if err != nil && !errors.Is(err, records.ErrStale) {
			t.Fatalf("refused with %v", err)
		}
		if err == nil && after != "" && (p.Place == 0 || len(p.Keys) != len(q.Sort) || (p.AsOf > 0) != (len(q.Sort) > 0)) {
			t.Fatalf("took %+v for %d keys", p, len(q.Sort))
		}
	})
}

// TestOpenAndMissingDates: what has begun at no known time comes first, what has
// no end comes last, and what has no date at all comes after everything.
func TestOpenAndMissingDates(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	entry := func(from, until time.Time) []search.Entry {
		return []search.Entry{{Param: "date", Kind: search.Date, From: from, Until: until}}
	}
	dates := map[string][]search.Entry{
		"began before memory": entry(time.Time{}, day(2)),
		"first":               entry(day(1), day(5)),
		"second, without end": entry(day(3), time.Time{}),
		"none":                nil,
		"hidden":              {{Param: "date", Kind: search.Date, From: day(1), Need: profiles.SetOf(profiles.PlanReview)}},
	}
	scope := records.Scope{Items: profiles.SetOf(profiles.PlanCrisis)}
	for _, c := range []struct {
		order search.Order
		want  []string
	}{
		{search.Ascending, []string{"began before memory", "first", "second, without end"}},
		{search.Descending, []string{"second, without end", "first", "began before memory"}},
	} {
		key := search.SortKey{Param: "date", Descending: c.order}
		text := func(name string) string {
			return scope.SortText(key, "", time.Time{}, records.Spans("CarePlan", dates[name]))
		}
		for i := 1; i < len(c.want); i++ {
			if before := cmp.Compare(text(c.want[i-1]), text(c.want[i])) < 0; before == bool(c.order) {
				t.Errorf("%q and %q are in the wrong order (descending: %v)", c.want[i-1], c.want[i], c.order)
			}
		}
		if last := cmp.Compare(text(c.want[2]), text("none")) < 0; last == bool(c.order) {
			t.Errorf("what has no date does not come last (descending: %v)", c.order)
		}
		if text("hidden") != text("none") {
			t.Error("a date that may not be seen gives a place in the order")
		}
	}
}
