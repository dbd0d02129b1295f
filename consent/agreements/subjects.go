package agreements

import "time"

// Covers reports whether somebody born in [born, until) certainly belongs to the
// group on that day. A birth date of which only the year is known counts at both
// of its ends; one that is not known at all (zero) meets no age band.
func (s *Subjects) Covers(born, until time.Time, today Day) bool {
	if s.MinAge <= 0 && s.MaxAge <= 0 {
		return true
	}
	if born.IsZero() {
		return false
	}
	first, last := DayOf(born), DayOf(born)
	if until.After(born) {
		last = DayOf(until.Add(-time.Nanosecond))
	}
	return last.birthday(s.MinAge) <= today && (s.MaxAge <= 0 || today < first.birthday(s.MaxAge+1))
}

// birthday is the day on which somebody born on this day reaches an age; born on
// 29 February, that is 1 March of a common year.
func (d Day) birthday(age int) Day {
	y, m, day := time.Unix(int64(d-unixEpoch)*86400, 0).UTC().Date()
	return civil(y+age, m, day)
}
