package consent

import (
	"slices"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// wishes is what the person's directives say to one request, after the conflict
// rule of docs/deciding.md: every directive that is effective now and matches
// counts; one that is replaced by the same person is silent; nothing is weighed
// by its date alone. Refusals, withdrawals, exclusions and what cannot be read count
// whichever custodian recorded them; a grant opens the records of the custodian that
// recorded it, and at every other it is silence (case 34). Of a record that is kept apart
// refusals count, for routine sharing only: whether it is this person's is not known.
type wishes struct {
	unreadable         *facts.Directive // cannot be read safely: refuses
	refusal            *facts.Directive // refuses routine sharing with this caller
	crisisRefusal      *facts.Directive // refuses crisis use in so many words
	withdrawn          *facts.Directive // a grant for this caller and purpose that was withdrawn or rejected
	withdrawnFromOther *facts.Directive // such a grant for somebody else: it does not refuse this caller, but the person did speak about crisis
	permit             *facts.Directive // grants this caller this purpose
	routine            *facts.Directive // grants somebody routine sharing
	nearest            *facts.Directive // came closest to granting
	nearestReason      reason           // why it does not; zero if nothing came near
	excluded           profiles.ItemSet
	excluding          string           // id of a directive that excludes
	apart              bool             // something of this stands in a record that is kept apart
	takenBack          *facts.Directive // a decision for the person that named this caller and purpose, and was taken back: no refusal of theirs
	outweighed         bool             // a refusal is silent beside a decision that has weighed it
}

// readWishes puts together what every directive says.
func (q *question) readWishes() wishes {
	var w wishes
	for i := range q.person.Directives {
		d := &q.person.Directives[i]
		if d.Status == facts.Silent || d.Apart && q.purpose == profiles.EmergencyTreatment || q.replaced(d) {
			continue
		}
		before := w
		switch d.Status {
		case facts.Active:
			w.readActive(d, q)
		case facts.Rejected:
			w.readRejected(d, q)
		case facts.Withdrawn:
			w.readWithdrawn(d, q)
		default:
			w.unreadable = d
		}
		refuses := w.refusal == d || w.withdrawn == d || w.withdrawnFromOther == d
		ofCrisis := q.purpose == profiles.EmergencyTreatment && (w.crisisRefusal == d || w.withdrawn == d)
		if refuses && !ofCrisis && q.outweighed(d) {
			w.refusal, w.withdrawn, w.withdrawnFromOther, w.outweighed = before.refusal, before.withdrawn, before.withdrawnFromOther, true
		}
		w.apart = w.apart || d.Apart && w != before
	}
	if w.undone() {
		w.permit = nil
	}
	return w
}

func (w *wishes) readActive(d *facts.Directive, q *question) {
	if d.Template != facts.Uninterpretable && !inPeriod(d.From, d.Until, q.At) {
		w.lapsed(d, d.From, q)
		return
	}
	switch d.Template {
	case facts.SharePlan:
		w.grant(d, q)
	case facts.RefuseAll:
		w.refuseAll(d, q)
	case facts.CrisisOnly:
		w.grant(d, q)
		if q.purpose != profiles.EmergencyTreatment { // it refuses routine sharing, and never emergency use
			w.refusal = d
		}
	case facts.RefuseCrisis:
		w.refusal = d
		if refusesCrisis(d, q.At) {
			w.crisisRefusal = d
		}
	case facts.CarerCopy: // about related persons only; none of them is a caller of this kind
	case facts.ExcludeItem:
		w.exclude(d, q)
	default:
		w.unreadable = d
	}
}

// refuseAll is silent on crisis unless it lists a purpose that covers it.
func (w *wishes) refuseAll(d *facts.Directive, q *question) {
	switch {
	case len(d.Purposes) == 0:
		w.refusal = d
	case !purposesCover(d.Purposes, q.purpose) && !q.glassRefused(d):
		if q.purpose == profiles.EmergencyTreatment {
			w.refusal = d // it refuses something, and says nothing about crisis
		}
	case q.purpose == profiles.EmergencyTreatment:
		w.crisisRefusal = d
	default:
		w.refusal = d
	}
}

// grant reads the clauses of T1 and T3; outside them the directive is silent.
func (w *wishes) grant(d *facts.Directive, q *question) {
	if d.Apart {
		return
	}
	if d.Custodian != q.Source {
		w.noteNearest(d, consentOtherCustodian)
		return
	}
	fault := q.grantFault(d)
	for i := range d.Clauses {
		c := &d.Clauses[i]
		open := inPeriod(c.From, c.Until, q.At)
		if fault == notApplicable && d.OwnWish && open && slices.Contains(c.Purposes, profiles.CareCoordination) {
			w.routine = d
		}
		switch {
		case d.Template != facts.CrisisOnly && !grantNames(c.Recipients, &q.Caller): // T3 is for every crisis team
			w.noteNearest(d, consentOtherRecipient)
		case !slices.Contains(c.Purposes, q.purpose):
			w.noteNearest(d, consentOtherPurpose)
		case !open:
			w.lapsed(d, c.From, q)
		case fault != notApplicable:
			w.noteNearest(d, fault)
		case w.permit == nil || d.OwnWish || !w.permit.OwnWish && d.Recorded.After(w.permit.Recorded): // their own stands before what was decided for them
			w.permit = d
		}
	}
}

// lapsed records a grant that is not in effect now.
func (w *wishes) lapsed(d *facts.Directive, from time.Time, q *question) {
	if d.Template != facts.SharePlan && d.Template != facts.CrisisOnly || d.Apart {
		return
	}
	switch {
	case d.Custodian != q.Source:
		w.noteNearest(d, consentOtherCustodian)
	case q.At.Before(from):
		w.noteNearest(d, consentNotStarted)
	default:
		w.noteNearest(d, consentExpired)
	}
}

// noteNearest keeps the directive that came nearest to a grant: the reasons stand in
// rising order of nearness.
func (w *wishes) noteNearest(d *facts.Directive, r reason) {
	if r > w.nearestReason {
		w.nearest, w.nearestReason = d, r
	}
}

// exclude subtracts; it never grants and never refuses.
func (w *wishes) exclude(d *facts.Directive, q *question) {
	for i := range d.Clauses {
		c := &d.Clauses[i]
		if inPeriod(c.From, c.Until, q.At) && reachesCaller(c.Recipients, &q.Caller) {
			w.excluded = w.excluded.Union(c.Items)
			w.excluding = d.ID
		}
	}
}

// readRejected reads a recorded refusal: of the recipients that a T1 would have named,
// of carers only for a T5, and of everything for whatever else was proposed.
func (w *wishes) readRejected(d *facts.Directive, q *question) {
	switch d.Template {
	case facts.SharePlan:
		w.withdraw(d, q)
	case facts.CarerCopy:
	case facts.CrisisOnly, facts.RefuseCrisis:
		w.refusal, w.crisisRefusal = d, d
	case facts.RefuseAll:
		w.refusal = d
		if len(d.Purposes) > 0 && purposesCover(d.Purposes, profiles.EmergencyTreatment) || q.glassRefused(d) {
			w.crisisRefusal = d
		}
	case facts.ExcludeItem:
		w.refusal = d
	default: // what was refused cannot be told: it may have been crisis use
		w.refusal, w.crisisRefusal = d, d
	}
}

// readWithdrawn takes back what was granted, however old the grant (case 25). A
// refusal or an exclusion that is taken back falls silent: it is not a grant.
func (w *wishes) readWithdrawn(d *facts.Directive, q *question) {
	switch d.Template {
	case facts.SharePlan, facts.CrisisOnly:
		w.withdraw(d, q)
	case facts.RefuseAll, facts.RefuseCrisis, facts.CarerCopy, facts.ExcludeItem:
	default:
		w.withdrawn = d // what it granted cannot be told
	}
}

// withdraw takes back a grant, or refuses what was proposed. A decision for the person that
// is taken back ends what was decided for them until then, and nothing that they said
// themself.
func (w *wishes) withdraw(d *facts.Directive, q *question) {
	ends := d.Authority != facts.NoAuthority && !(d.Status == facts.Rejected && d.Authority.Decides())
	if !ends {
		w.withdrawnFromOther = d
	}
	for i := range d.Clauses {
		c := &d.Clauses[i]
		switch {
		case !reachesCaller(c.Recipients, &q.Caller) || !purposesCover(c.Purposes, q.purpose):
		case !ends:
			w.withdrawn = d
		case w.takenBack == nil || d.Said.IsZero() || !w.takenBack.Said.IsZero() && d.Said.After(w.takenBack.Said):
			w.takenBack = d
		}
	}
}

// undone reports whether what was decided for the person is certainly not later than what
// took it back.
func (w *wishes) undone() bool {
	return w.takenBack != nil && w.permit != nil && w.permit.Authority != facts.NoAuthority &&
		(w.takenBack.Said.IsZero() || w.permit.Recorded.Before(w.takenBack.Said))
}

// refusesCrisis reports whether a T4 refuses crisis use at that time: that is what
// each of its clauses is for.
func refusesCrisis(d *facts.Directive, at time.Time) bool {
	return slices.ContainsFunc(d.Clauses, func(c facts.Clause) bool { return inPeriod(c.From, c.Until, at) })
}

// grantNames reports whether a grant is meant for the caller. A team that is named
// narrows its organisation: where both stand in one clause, only the team is
// meant. A grant that names nobody is for nobody.
func grantNames(recipients []facts.Recipient, c *Caller) bool {
	organisation, otherTeam := false, false
	for i := range recipients {
		switch r := &recipients[i]; {
		case r.Related != "" || r.Organisation == "" || r.Organisation != c.Organisation:
		case r.Team == "":
			organisation = true
		case r.Team == c.Team:
			return true
		default:
			otherTeam = true
		}
	}
	return organisation && !otherTeam
}

// reachesCaller reports whether a refusal or exclusion reaches the caller. Here a
// named organisation means all of it.
func reachesCaller(recipients []facts.Recipient, c *Caller) bool {
	if len(recipients) == 0 {
		return true
	}
	for i := range recipients {
		r := &recipients[i]
		if r.Related == "" && r.Organisation == c.Organisation && (r.Team == "" || r.Team == c.Team) {
			return true
		}
	}
	return false
}

// purposesCover reports whether a refusal of these purposes covers one: TREAT covers
// its descendants, but for breaking the glass, which is decided by itself
// (docs/deciding.md). None named is all of them.
func purposesCover(refused []profiles.Purpose, p profiles.Purpose) bool {
	return len(refused) == 0 || slices.Contains(refused, p) ||
		slices.Contains(refused, profiles.Treatment) && (p == profiles.EmergencyTreatment || p == profiles.CareCoordination)
}

// grantFault says what a grant lacks before it may permit anything; zero for nothing.
func (q *question) grantFault(d *facts.Directive) reason {
	if !d.OwnWish {
		if fault := q.authorityFault(d); fault != notApplicable {
			return fault
		}
	}
	switch {
	case d.Evidence == facts.NoEvidence || d.Evidence == facts.Spoken && q.Policy.Verbal != On:
		return consentNoEvidence
	case !slices.Contains(q.Policy.PolicyVersions, d.PolicyURI):
		return consentOldPolicy
	}
	return notApplicable
}

// replaced reports whether a later directive by the same person takes the place
// of this one (case 32). A grant stays replaced whatever became of the later one,
// and whichever custodian recorded it. Whatever refuses, excludes or takes back is
// lifted only by one that is itself good and in effect, and only where it was
// recorded: no custodian's record lifts another one's refusal. What was decided for the
// person takes the place of what was decided by the same authority alone.
func (q *question) replaced(d *facts.Directive) bool {
	for i := range q.person.Directives {
		n := &q.person.Directives[i]
		if n.Replaces == "" || n.Replaces != d.ID || n.Apart != d.Apart || n.Status == facts.Silent ||
			n.Performer == "" || n.Performer != d.Performer || !n.Recorded.After(d.Recorded) {
			continue
		}
		if d.Template == facts.SharePlan && d.Status == facts.Active {
			return true
		}
		if (n.OwnWish || n.Authority != facts.NoAuthority && n.Authority == d.Authority) && n.Custodian == d.Custodian && n.Status == facts.Active && n.Template != facts.Uninterpretable && inPeriod(n.From, n.Until, q.At) && q.grantFault(n) == notApplicable {
			return true
		}
	}
	return false
}
