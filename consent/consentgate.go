package consent

import (
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
)

// consent is gate P3: what the person's wishes mean for one flow, and the id of
// the directive that says so. A nil flow is the strictest one.
func (q *question) consent(f *agreements.Candidate) (reason, string) {
	w := &q.wishes
	if w.unreadable != nil {
		return consentUninterpretable, w.unreadable.ID
	}
	if f != nil && f.ConsentRule == agreements.Crisis {
		return q.crisisConsent()
	}
	switch {
	case w.refusal != nil:
		return w.refusalReason(w.refusal, consentRefused), w.refusal.ID
	case w.withdrawn != nil:
		return refusedOrWithdrawn(w.withdrawn), w.withdrawn.ID
	case w.permit != nil:
		return grantedBy(w.permit, consentGiven), w.permit.ID
	case f != nil && f.Confidentiality == agreements.ByImpliedConsent && w.withdrawnFromOther == nil && w.takenBack == nil:
		return consentImplied, ""
	}
	return w.noGrantReason()
}

// crisisConsent is gate P3 of a crisis flow (cases 60 to 64). Only wishes that
// match the request conflict: a refusal of routine sharing does not stand against
// a grant of emergency use by the person. It does against what others decided who have not weighed it.
func (q *question) crisisConsent() (reason, string) {
	w := &q.wishes
	routineRefusal := w.refusal
	if routineRefusal == nil && w.routine == nil {
		routineRefusal = w.withdrawnFromOther
	}
	switch {
	case w.crisisRefusal != nil:
		return w.refusalReason(w.crisisRefusal, consentCrisisRefused), w.crisisRefusal.ID
	case w.withdrawn != nil:
		return refusedOrWithdrawn(w.withdrawn), w.withdrawn.ID
	case w.permit != nil && (w.permit.Authority == facts.NoAuthority || routineRefusal == nil):
		return grantedBy(w.permit, crisisAgreed), w.permit.ID
	case q.Policy.CrisisWithoutConsent != On && routineRefusal == nil:
		return w.noGrantReason()
	case routineRefusal == nil:
		return crisisSilent, ""
	case q.Policy.CrisisOnRoutineRefusal == On && q.Policy.CrisisWithoutConsent == On:
		return crisisAfterRefusal, routineRefusal.ID
	}
	return refusedOrWithdrawn(routineRefusal), routineRefusal.ID
}

// grantedBy is the reason of a grant: the person's own, or that of whoever decided for them.
func grantedBy(d *facts.Directive, own reason) reason {
	switch d.Authority {
	case facts.Attorney, facts.Deputy:
		return attorneyConsented
	case facts.BestInterests:
		return bestInterestsDecided
	}
	return own
}

// refusalReason is the reason of a refusal that stands beside a grant: a plain
// refusal only where it is certainly the later word (cases 31, 33, 34).
func (w *wishes) refusalReason(refusal *facts.Directive, plain reason) reason {
	if w.permit == nil || refusal.Recorded.After(w.permit.Recorded) {
		return plain
	}
	return consentConflict
}

// refusedOrWithdrawn is how a directive that refuses or takes back says so.
func refusedOrWithdrawn(d *facts.Directive) reason {
	if d.Status == facts.Withdrawn {
		return consentWithdrawn
	}
	return consentRefused
}

// noGrantReason is the reason where nothing grants and nothing refuses: what came
// nearest to a grant.
func (w *wishes) noGrantReason() (reason, string) {
	switch {
	case w.takenBack != nil:
		return consentWithdrawn, w.takenBack.ID
	case w.withdrawnFromOther != nil:
		return refusedOrWithdrawn(w.withdrawnFromOther), w.withdrawnFromOther.ID
	case w.nearest != nil:
		return w.nearestReason, w.nearest.ID
	}
	return consentNotRecorded, ""
}

// alerts is the alert that a recorded wish, or that the glass was broken, calls for,
// whatever the outcome.
func (q *question) alerts(v *verdict) uint8 {
	switch v.reasons[gateP3] {
	case consentUninterpretable, consentConflict, crisisAfterRefusal:
		return oblige(Alert)
	}
	if q.wishes.apart || q.wishes.outweighed || v.reasons[gateA8] == glassBroken && v.reasons[gateA1] == plainPass && q.person.Epoch > 0 {
		return oblige(Alert)
	}
	return 0
}

// obligations says what must be done beside the answer that a verdict amounts to.
func (q *question) obligations(v *verdict) uint8 {
	o := q.alerts(v)
	if v.reasons[gateP3] == crisisSilent {
		o |= oblige(NotifyCoordinator)
	}
	if v.reasons[gateA5] == reviewGrace {
		o |= oblige(ReviewGrace)
	}
	if !v.crisis {
		return o
	}
	if q.Type == "CarePlan" { // of what comes beside a plan it would be told that there is none
		o |= oblige(NotifyIfNoPlan)
	}
	if v.reasons[gateP1] == crisisOutOfArea || v.reasons[gateA5] == reviewGrace {
		o |= oblige(Alert)
	}
	if q.Policy.StaleCrisis == On {
		o |= oblige(MarkStale)
	}
	return o
}
