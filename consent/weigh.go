package consent

import (
	"slices"

	"cpagateway/consent/agreements"
	"cpagateway/profiles"
)

// decideSharing decides by agreement and wish: the way of every caller from outside
// the treating team. What the person excluded is taken away after the flow is
// chosen: otherwise excluding one item could move the choice to another flow
// and show something new.
func (q *question) decideSharing() verdict {
	best := q.closest()
	if !best.granted.Empty() && q.wishes.excluded.Covers(best.granted) && best.reasons[gateP3].outcome() == Pass {
		best.reasons[gateP3], best.directive = consentExcludesAll, q.wishes.excluding
	}
	best.granted = best.granted.Minus(q.wishes.excluded)
	return best
}

// closest weighs every flow from the custodian to the caller's team for the
// purpose and keeps the best. Where there is none it weighs the agreements
// between the two organisations, so that a refusal names what came closest.
func (q *question) closest() verdict {
	var best verdict
	flows := q.Register.Candidates(agreements.FlowKey{Source: q.Source, Recipient: q.Caller.Organisation, Team: q.Caller.Team, Purpose: q.Caller.Purpose})
	for i, f := range flows {
		if v := q.weigh(f.PairAgreement, f); i == 0 || v.better(&best, q.Wanted) {
			best = v
		}
	}
	if len(flows) > 0 {
		return best
	}
	between := q.Register.Between(agreements.Pair{Source: q.Source, Recipient: q.Caller.Organisation})
	for i, s := range between {
		if v := q.weigh(s, nil); i == 0 || v.better(&best, q.Wanted) {
			best = v
		}
	}
	if len(between) > 0 {
		return best
	}
	return q.weigh(nil, nil)
}

// weigh puts one flow through every gate. Both may be nil: then no agreement
// names the two organisations, or none has a flow for this team and purpose,
// and the person gates answer as for the strictest flow. No person gate applies
// to what is about staff.
func (q *question) weigh(s *agreements.PairAgreement, f *agreements.Candidate) verdict {
	v := q.weighAgreement(s, f)
	if q.staff {
		return v
	}
	v.passGate = gateP3
	if q.unresolved() {
		for _, g := range [...]gate{gateP1, gateP2, gateP3, gateP4} {
			v.reasons[g] = identityUnresolved
		}
		return v
	}
	v.reasons[gateP1] = q.relationship(f)
	q.weighPerson(&v)
	v.reasons[gateP3], v.directive = q.consent(f)
	if p3 := v.reasons[gateP3]; v.reasons[gateP2] == plainPass && (p3 == attorneyConsented || p3 == bestInterestsDecided) {
		v.reasons[gateP2] = lacksCapacity
	}
	v.obligations = q.obligations(&v)
	return v
}

// weighPerson is gates P2 and P4, which no flow bears on.
func (q *question) weighPerson(v *verdict) {
	v.reasons[gateP2], v.reasons[gateP4] = plainPass, plainPass
	if q.person.Deceased {
		v.reasons[gateP2] = personDeceased
	}
	if !q.Wanted.Empty() && profiles.Restricted.Covers(q.Wanted) {
		v.reasons[gateP4] = restrictedItem
	}
}

// weighAgreement is gates A1 to A11 for one flow, or for one agreement without a flow.
func (q *question) weighAgreement(s *agreements.PairAgreement, f *agreements.Candidate) verdict {
	v := verdict{agreement: s, flow: f}
	v.reasons[gateA1] = q.identified()
	v.reasons[gateA8] = q.onePurpose()
	v.reasons[gateSC] = q.scope
	if s == nil {
		v.reasons[gateA3] = noAgreement
		return v
	}
	v.reasons[gateA2] = accord(s, q.today)
	v.reasons[gateA3] = covers(s, s.Recipient, q.Caller.Team)
	v.reasons[gateA4] = inForce(s, q.today)
	v.reasons[gateA5] = reviewed(s, q.today, q.grace(s, f))
	v.reasons[gateA6] = signed(s, q.today)
	v.reasons[gateA7] = direction(s, q.Caller.Team)
	v.reasons[gateA11] = plainPass
	if f == nil {
		if v.reasons[gateA8] == plainPass {
			v.reasons[gateA8] = purposeNotAgreed
		}
		return v
	}
	v.crisis = f.ConsentRule == agreements.Crisis && !q.staff
	v.named = f.Items.Intersect(agreements.Releasable)
	offered := v.named
	if v.crisis {
		offered = offered.Intersect(q.Policy.CrisisSlice.Items())
	}
	v.granted = offered.Intersect(q.ceiling)
	if !offered.Empty() && v.granted.Empty() {
		v.reasons[gateSC] = scopeExceeded
	}
	if q.staff {
		return v
	}
	v.reasons[gateA9] = q.inFlow(f, offered)
	v.reasons[gateA10] = q.subject(f)
	return v
}

// grace is how many days after its review date the agreement still holds for a
// flow (cases 6 and 70).
func (q *question) grace(s *agreements.PairAgreement, f *agreements.Candidate) int {
	if f != nil && f.ConsentRule == agreements.Crisis {
		return max(s.Agreement.ReviewGraceDays, q.Policy.CrisisReviewGraceDays)
	}
	return s.Agreement.ReviewGraceDays
}

// inFlow is gate A9.
func (q *question) inFlow(f *agreements.Candidate, offered profiles.ItemSet) reason {
	switch {
	case f.Resources != nil && !slices.Contains(f.Resources, q.Type):
		return itemNotInFlow
	case offered.Empty() || !q.Wanted.Empty() && !offered.Meets(q.Wanted):
		return itemNotInFlow
	case !offered.Covers(q.Wanted):
		return itemPartlyInFlow
	}
	return plainPass
}

// relationship is gate P1.
func (q *question) relationship(f *agreements.Candidate) reason {
	switch {
	case q.related():
		return plainPass
	case f == nil || f.Relationship != agreements.NotRequired:
		return noRelationship
	case f.ConsentRule == agreements.Crisis && q.Caller.Organisation != q.Source:
		return crisisOutOfArea
	}
	return relationshipNotNeeded
}
