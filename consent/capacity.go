package consent

import (
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
)

// authorityFault says why what somebody else decided for the person is no grant; zero
// where it is one (cases 44 to 53). The person is presumed able to decide: it needs an
// assessment that says otherwise and is not too old. A decision in best interests has no
// place beside somebody who decides for the person.
func (q *question) authorityFault(d *facts.Directive) reason {
	switch d.Authority {
	case facts.NoAuthority:
		return consentNotByPerson
	case facts.Unrecorded:
		return bestInterestsMissing
	}
	if assessed := agreements.DayOf(d.Assessed); q.today < assessed || q.today > assessed+agreements.Day(q.Policy.CapacityDays) {
		return capacityPresumed
	}
	for i := range q.person.Directives {
		if d.Authority == facts.BestInterests && q.person.Directives[i].DecidesFor() {
			return attorneyDecides
		}
	}
	return notApplicable
}

// outweighed reports whether a decision in the person's best interests names this wish of
// theirs as weighed, and gives this caller what it refuses (case 49). For everybody else
// the wish goes on refusing, and what it excludes stays excluded.
func (q *question) outweighed(d *facts.Directive) bool {
	if !d.OwnWish || d.Template == facts.ExcludeItem || d.Recorded.IsZero() {
		return false
	}
	for i := range q.person.Directives {
		n := &q.person.Directives[i]
		if n.Authority == facts.BestInterests && n.Replaces == d.ID && n.Custodian == d.Custodian && n.Recorded.After(d.Recorded) && q.granting(n) {
			return true
		}
	}
	return false
}

// granting reports whether a directive gives the caller something now.
func (q *question) granting(d *facts.Directive) bool {
	var w wishes
	if d.Status == facts.Active && inPeriod(d.From, d.Until, q.At) && !q.replaced(d) {
		w.grant(d, q)
	}
	return w.permit != nil
}
