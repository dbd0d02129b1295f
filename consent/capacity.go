package consent

import (
	"slices"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
)

// whoDecides finds out what is recorded of others who decide for the person.
func (q *question) whoDecides() {
	for i := range q.person.Directives {
		d := &q.person.Directives[i]
		q.attorney = q.attorney || d.DecidesFor() && !d.Lapsed(q.At)
		q.weighing = q.weighing || len(d.Weighed) > 0
	}
}

// authorityFault says why what somebody else decided for the person is no grant; zero
// where it is one (cases 44 to 56). The person is presumed able to decide: it needs an
// assessment that says otherwise, before it was decided and not too long ago. A decision in
// best interests has no place beside somebody who decides for the person.
func (q *question) authorityFault(d *facts.Directive) reason {
	ofAge := agreements.Subjects{MinAge: 16} // Mental Capacity Act 2005 s.2(5)
	if d.Authority == facts.Attorney {
		ofAge.MinAge = 18 // s.9(2)(c)
	}
	switch {
	case d.Authority == facts.NoAuthority || d.Lapsed(q.At) || !ofAge.Covers(q.person.Born, q.person.BornUntil, q.today):
		return consentNotByPerson
	case d.Authority == facts.Unrecorded:
		return bestInterestsMissing
	case !d.Founded() || d.Recorded.After(q.At) || int(q.today-agreements.DayOf(d.Assessed)) > q.Policy.CapacityDays:
		return capacityPresumed
	case d.Authority == facts.BestInterests && q.attorney:
		return attorneyDecides
	}
	return notApplicable
}

// outweighed reports whether a decision for the person names this refusal as weighed, is
// later, and gives this caller what it refuses (case 49). What whoever decides for the
// person refused is not weighed by anybody else.
func (q *question) outweighed(d *facts.Directive) bool {
	if !q.weighing || d.DecidesFor() || d.Apart || d.Said.IsZero() {
		return false
	}
	for i := range q.person.Directives {
		n := &q.person.Directives[i]
		if slices.Contains(n.Weighed, d.ID) && n.Custodian == d.Custodian && !n.Recorded.Before(d.Said) && q.granting(n) {
			return true
		}
	}
	return false
}

// granting reports whether a decision for the person gives the caller something now.
func (q *question) granting(d *facts.Directive) bool {
	if d.Authority == facts.NoAuthority || d.Status != facts.Active || !inPeriod(d.From, d.Until, q.At) || q.replaced(d) {
		return false
	}
	var w wishes
	w.grant(d, q)
	for i := range q.person.Directives {
		if o := &q.person.Directives[i]; o.Status == facts.Withdrawn || o.Status == facts.Rejected {
			w.withdraw(o, q)
		}
	}
	return w.permit != nil && !w.undone()
}
