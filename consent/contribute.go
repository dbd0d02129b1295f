package consent

import (
	"cpagateway/consent/agreements"
	"cpagateway/profiles"
)

// decideContribution decides on a change of what another organisation holds. Whoever
// changes a plan must be let read it, by every gate and every wish; and an agreement must
// let their organisation write into it, since what they write is what they disclose. A
// partner changes parts of plans alone: it adds and removes no record.
func (q *question) decideContribution() verdict {
	v := q.decideSharing()
	switch {
	case q.Action != Update || q.Type != "CarePlan":
		v.reasons[gateW] = custodianOnly
	case v.crisis:
		v.reasons[gateW] = crisisReadsOnly
	default:
		q.contribute(&v)
	}
	return v
}

// contribute narrows what may be read to what may be changed, by the flow that serves best.
func (q *question) contribute(read *verdict) {
	best := contribution{reason: noContribution}
	for _, f := range q.Register.Contributions(agreements.ContributionKey{Contributor: q.Caller.Organisation, Custodian: q.Source}) {
		if c := q.weighContribution(f, read.granted); best.flow == nil || c.better(&best) {
			best = c
		}
	}
	readable := read.failing() == gates
	if read.reasons[gateW] = best.reason; best.flow == nil || !readable {
		return // what came closest is the flow by which they would read
	}
	read.flow, read.agreement = best.flow, best.flow.PairAgreement
	read.kept, read.named, read.granted = read.granted, best.flow.Items, best.items
	read.passGate = gateW
	if reviewed(read.agreement, q.today, q.grace(read.agreement, read.flow)) == reviewGrace {
		read.obligations |= oblige(ReviewGrace)
	}
}

// contribution is one flow by which the caller's organisation could write.
type contribution struct {
	flow   *agreements.Candidate
	passed int // gates, until one failed
	reason reason
	items  profiles.ItemSet // what a part that the caller changes may need
}

// weighContribution puts one flow through what gates A2 to A10 and P1 ask, with the
// caller's organisation as the one that gives.
func (q *question) weighContribution(f *agreements.Candidate, readable profiles.ItemSet) contribution {
	c := contribution{flow: f, reason: contributes, items: f.Items.Intersect(agreements.Contributable).Intersect(readable)}
	s := f.PairAgreement
	for _, r := range [...]reason{
		q.writesFor(f), accord(s, q.today), covers(s, s.Source, q.Caller.Team), inForce(s, q.today), reviewed(s, q.today, q.grace(s, f)),
		signed(s, q.today), q.agreedFor(f), q.age(f), q.relationship(f), c.remains(),
	} {
		if r.outcome() == Fail {
			c.reason = r
			break
		}
		c.passed++
	}
	return c
}

// better reports whether c is to be preferred to d: the one that gets further; then the
// one that lets more be changed; then the narrower flow.
func (c *contribution) better(d *contribution) bool {
	switch {
	case c.passed != d.passed:
		return c.passed > d.passed
	case c.items.Len() != d.items.Len():
		return c.items.Len() > d.items.Len()
	}
	return c.flow.Items.Len() < d.flow.Items.Len()
}

// writesFor is whether the flow is for the caller's team, at the end that gives.
func (q *question) writesFor(f *agreements.Candidate) reason {
	if f.From.Team == "" || f.From.Team == "*" || f.From.Team == q.Caller.Team {
		return plainPass
	}
	return teamNotNamed
}

// agreedFor is whether the flow is for the caller's purpose. That it is for plans is
// checked when the agreement is read.
func (q *question) agreedFor(f *agreements.Candidate) reason {
	if f.Purpose != q.Caller.Purpose {
		return purposeNotAgreed
	}
	return plainPass
}

// remains is whether the flow lets anything be changed that the caller may see.
func (c *contribution) remains() reason {
	if c.items.Empty() {
		return contributionEmpty
	}
	return plainPass
}
