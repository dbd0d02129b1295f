package consent

import "time"

// subject is gate A10: the person must certainly belong to one of the groups
// that the agreement covers, at the day of the request. A birth date of which
// only the year is known counts at both of its ends; one that is not known at
// all meets no age band.
func (q *question) subject(f *flow) reason {
	if f.From.Team != "" && f.From.Team != "*" && !q.inCareOf(f.From.Team) {
		return subjectOutOfScope
	}
	for i := range f.agreement.Subjects {
		if f.agreement.Subjects[i].covers(q.person, q.today) {
			return plainPass
		}
	}
	return subjectOutOfScope
}

func (s *Subjects) covers(p *Person, today Day) bool {
	if s.MinAge <= 0 && s.MaxAge <= 0 {
		return true
	}
	if p.Born.IsZero() {
		return false
	}
	first, last := DayOf(p.Born), DayOf(p.Born)
	if p.BornUntil.After(p.Born) {
		last = DayOf(p.BornUntil.Add(-time.Nanosecond))
	}
	return last.birthday(s.MinAge) <= today && (s.MaxAge <= 0 || today < first.birthday(s.MaxAge+1))
}

// birthday is the day on which somebody born on this day reaches an age; born on
// 29 February, that is 1 March of a common year.
func (d Day) birthday(age int) Day {
	y, m, day := time.Unix(int64(d-unixEpoch)*86400, 0).UTC().Date()
	return civil(y+age, m, day)
}
