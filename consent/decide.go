package consent

import (
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// Decide answers one request. It is pure and total: every gate of
// docs/deciding.md answers, whatever the others say; what is not known is not permitted.
// It makes no heap allocation and is safe for concurrent use.
//
// Where several flows could answer, each is weighed whole and one is chosen,
// never a union (case 16): see verdict.better.
func Decide(r Request) Decision {
	q := newQuestion(r)
	var v verdict
	switch {
	case q.Action == Import:
		v = q.decideImport()
	case q.Action.writes():
		v = q.decideWrite()
	case q.Glass.Reason != "" && !q.staff:
		v = q.decideGlass()
	case q.Caller.Organisation == q.Source && q.keepsRecords():
		v = q.decideKeeper()
	case q.staff:
		v = q.decideDirectory()
	case q.ownRecord():
		v = q.decideOwnRecord()
	case q.treating():
		v = q.decideTreating()
	default:
		v = q.decideSharing()
	}
	return q.conclude(v)
}

// question is a Request with what every candidate flow needs, worked out once.
// It holds the Request itself and not a pointer, which would move it to the heap.
type question struct {
	Request
	person   *facts.Person // never nil; a zero Person is nobody
	staff    bool          // about staff and organisations, not about a person
	today    agreements.Day
	ceiling  profiles.ItemSet // what the token's scopes reach
	scope    reason
	relation relation
	attorney bool             // somebody decides for the person, so that nobody else does in their best interests
	weighing bool             // a decision for the person names refusals that it has weighed
	purpose  profiles.Purpose // for which wishes are read: through broken glass, those about an emergency
	wishes   wishes
}

// nobody stands in for a person who was not resolved. It is only ever read.
var nobody facts.Person

func newQuestion(r Request) question {
	q := question{Request: r, person: r.Person, today: agreements.DayOf(r.At)}
	if q.person == nil {
		q.person = &nobody
		q.staff = profiles.DirectoryType(r.Type)
	}
	q.ceiling, q.scope = q.reach()
	q.relation = q.relate()
	if q.purpose = q.Caller.Purpose; q.Glass.Reason != "" {
		q.purpose = profiles.EmergencyTreatment
	}
	if q.Action != Import {
		q.whoDecides()
		q.wishes = q.readWishes()
	}
	return q
}

// verdict is one way to answer: each gate's reason and what would be granted.
type verdict struct {
	reasons     [gates]reason
	passGate    gate // the gate that decides if nothing fails
	flow        *agreements.Candidate
	agreement   *agreements.PairAgreement
	named       profiles.ItemSet // what the flow, or the caller's own part in the care, gives at most
	granted     profiles.ItemSet
	kept        profiles.ItemSet // of a write: what the record that is stored may need
	crisis      bool
	directive   string
	obligations uint8
}

// failing is the first gate that fails, in gate order; gates if none does.
func (v *verdict) failing() gate {
	for g := range gates {
		if v.reasons[g].outcome() == Fail {
			return g
		}
	}
	return gates
}

// better reports whether v is to be preferred to w: the one that gets further
// through the gates; then the one that serves more of what is wanted; then the
// narrower flow. Where all is equal the earlier one stays, and the register
// keeps flows in the order of their ids (case 16).
func (v *verdict) better(w *verdict, wanted profiles.ItemSet) bool {
	if a, b := v.failing(), w.failing(); a != b {
		return a > b
	}
	if a, b := v.granted.Intersect(wanted).Len(), w.granted.Intersect(wanted).Len(); a != b {
		return a > b
	}
	return v.named.Len() < w.named.Len()
}

// conclude turns the chosen verdict into the decision. Only here is anything
// granted, and only where no gate fails.
func (q *question) conclude(v verdict) Decision {
	d := Decision{
		action: q.Action, typ: q.Type, source: q.Source, caller: q.Caller, at: q.At,
		register: q.Register, policy: q.Policy, person: q.person.ID, epoch: q.person.Epoch,
		reasons: v.reasons, deciding: v.failing(), directive: v.directive,
	}
	if v.agreement != nil {
		d.agreement = agreements.Ref{ID: v.agreement.Agreement.ID, Version: v.agreement.Agreement.Version, Hash: v.agreement.Agreement.Hash}
	}
	if v.flow != nil {
		d.agreement.Flow = v.flow.Ref
	}
	if d.deciding != gates {
		d.withheld = v.named
		d.obligations = q.alerts(&v) // nothing is shown, but it may need a look
		return d
	}
	d.obligations = v.obligations
	d.deciding = v.passGate
	d.granted, d.withheld, d.kept = v.granted, v.named.Minus(v.granted), v.kept
	d.outcome = Permit
	if v.crisis {
		d.outcome = Slice
	}
	return d
}
