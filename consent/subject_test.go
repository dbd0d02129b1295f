package consent

import (
	"strings"
	"testing"
	"time"
)

func TestGivingTeamNarrowsToItsPeople(t *testing.T) {
	src := strings.Replace(sample(t, "isp"), `from: {org: 7A4, team: "*"}`, "from: {org: 7A4, team: cmht-north}", 1)
	a, faults := readAgreement("a.yaml", []byte(src))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	q := world(t)
	q.Register = compile([]*Agreement{a})
	q.Person.Directives = []Directive{grant("g", "LA9A1", "adult-mh", CareCoordination)}
	if d := Decide(q); d.Outcome() != Permit {
		t.Errorf("a person of the team: %s", d.Deciding().Code)
	}
	q.Person.Relations[0].Team = "cmht-south"
	if d := Decide(q); d.Deciding().Code != "SUBJECT_OUT_OF_SCOPE" {
		t.Errorf("a person of another team: %s", d.Deciding().Code)
	}
}

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
		born, _ := time.ParseInLocation(time.DateOnly, c.born, london)
		at, _ := time.Parse(time.RFC3339, c.at)
		if got := adult.covers(&Person{Born: born}, DayOf(at)); got != c.want {
			t.Errorf("born %s, at %s: of age %v", c.born, c.at, got)
		}
	}
	p := Person{Born: time.Date(1960, 1, 1, 0, 0, 0, 0, london), BornUntil: time.Date(1961, 1, 1, 0, 0, 0, 0, london)}
	today := DayOf(time.Date(2026, 6, 1, 0, 0, 0, 0, london)) // 65 or 66
	for band, want := range map[Subjects]bool{{}: true, {MinAge: 65}: true, {MinAge: 66}: false, {MaxAge: 65}: false, {MaxAge: 66}: true} {
		if band.covers(&p, today) != want {
			t.Errorf("%+v covers somebody of 65 or 66: %v", band, !want)
		}
	}
	if !(&Subjects{}).covers(&Person{}, today) || (&Subjects{MaxAge: 66}).covers(&Person{}, today) {
		t.Error("without a birth date only a group without an age covers somebody")
	}
}
