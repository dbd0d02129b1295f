package consent

import (
	"cpagateway/consent/agreements"
)

// subject is gate A10: the person must certainly belong to one of the groups
// that the agreement covers, at the day of the request.
func (q *question) subject(f *agreements.Candidate) reason {
	if f.From.Team != "" && f.From.Team != "*" && !q.inCareOf(f.From.Team) {
		return subjectOutOfScope
	}
	return q.age(f)
}

// age is the part of gate A10 that no team bears on.
func (q *question) age(f *agreements.Candidate) reason {
	for i := range f.Agreement.Subjects {
		if f.Agreement.Subjects[i].Covers(q.person.Born, q.person.BornUntil, q.today) {
			return plainPass
		}
	}
	return subjectOutOfScope
}
