package consent

import (
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// relation is how the caller stands towards the person at the time of the request (gate P1).
type relation uint8

const (
	noRelation           relation = iota
	organisationRelation          // the organisation as a whole, such as the registered practice
	teamRelation                  // the caller's own team
)

// relate finds the caller's closest relation that is open now.
func (q *question) relate() relation {
	found := noRelation
	for i := range q.person.Relations {
		r := &q.person.Relations[i]
		if r.Kind == facts.NoRelation || r.Organisation != q.Caller.Organisation || !inPeriod(r.From, r.Until, q.At) {
			continue
		}
		switch r.Team {
		case "":
			found = max(found, organisationRelation)
		case q.Caller.Team:
			found = teamRelation
		}
	}
	return found
}

// related reports whether the relation is enough for a flow that asks for one.
// Inside the custodian's own organisation only the team counts: otherwise every
// team of a health board would be related to everybody on its books.
func (q *question) related() bool {
	if q.Caller.Organisation == q.Source {
		return q.relation == teamRelation
	}
	return q.relation != noRelation
}

// inCareOf reports whether a team of the custodian takes part in the person's
// care now; it narrows a flow whose giving end names a team.
func (q *question) inCareOf(team profiles.TeamID) bool {
	for i := range q.person.Relations {
		r := &q.person.Relations[i]
		if r.Kind != facts.NoRelation && r.Organisation == q.Source && r.Team == team && inPeriod(r.From, r.Until, q.At) {
			return true
		}
	}
	return false
}

// inPeriod reports whether at lies in [from, until); a zero bound is no bound.
func inPeriod(from, until, at time.Time) bool {
	return !at.Before(from) && (until.IsZero() || at.Before(until))
}
