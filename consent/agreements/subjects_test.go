package agreements

import (
	"testing"
	"time"

	"cpagateway/profiles"
)

// TestBecomingOfAge walks the day on which somebody turns eighteen, in London's time.
func TestBecomingOfAge(t *testing.T) {
	adult := Subjects{MinAge: 18}
	for _, c := range []struct {
		born, at string
		want     bool
	}{
		{"2008-06-02", "2026-06-01T22:59:59Z", false},
		{"2008-06-02", "2026-06-01T23:00:00Z", true}, // midnight in London's summer
		{"2008-02-29", "2026-02-28T12:00:00Z", false},
		{"2008-02-29", "2026-03-01T00:00:00Z", true},
		{"2008-12-31", "2026-12-30T23:59:59Z", false},
		{"2008-12-31", "2026-12-31T00:00:00Z", true},
	} {
		born, _ := time.ParseInLocation(time.DateOnly, c.born, profiles.London)
		at, _ := time.Parse(time.RFC3339, c.at)
		if got := adult.Covers(born, time.Time{}, DayOf(at)); got != c.want {
			t.Errorf("born %s, at %s: of age %v", c.born, c.at, got)
		}
	}
	born, until := time.Date(1960, 1, 1, 0, 0, 0, 0, profiles.London), time.Date(1961, 1, 1, 0, 0, 0, 0, profiles.London)
	today := DayOf(time.Date(2026, 6, 1, 0, 0, 0, 0, profiles.London)) // 65 or 66
	for band, want := range map[Subjects]bool{{}: true, {MinAge: 65}: true, {MinAge: 66}: false, {MaxAge: 65}: false, {MaxAge: 66}: true} {
		if band.Covers(born, until, today) != want {
			t.Errorf("%+v covers somebody of 65 or 66: %v", band, !want)
		}
	}
	if !(&Subjects{}).Covers(time.Time{}, time.Time{}, today) || (&Subjects{MaxAge: 66}).Covers(time.Time{}, time.Time{}, today) {
		t.Error("without a birth date only a group without an age covers somebody")
	}
}
