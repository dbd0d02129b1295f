package consent

import (
	"errors"
	"slices"
	"strings"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// Glass says how a professional broke the glass: to see, in an emergency, the crisis slice
// of one person who refused. The zero Glass is whole. The road makes it of a grant that it
// gave out itself.
type Glass struct {
	Reason GlassReason
	Person profiles.PersonID // for whom, and nobody else (case 75)
	At     time.Time         // when
}

// GlassLife is how long broken glass stays open (case 76).
const GlassLife = time.Hour

// GlassReason is why the glass is broken: one of a closed set, in which "other" is no reason
// (case 72).
type GlassReason string

// GlassReasons are the reasons, in the order in which they are told. They are those of the
// alerts of the NHS Summary Care Record, but for "other", and best interests.
var GlassReasons = []GlassReason{emergency, bestInterests, publicInterest, statute, courtOrder}

const (
	emergency      GlassReason = "emergency"
	bestInterests  GlassReason = "incapacity-best-interests"
	publicInterest GlassReason = "public-interest"
	statute        GlassReason = "statute"
	courtOrder     GlassReason = "court-order"
)

// NeedsReference reports whether the reason counts only with what it rests on: the section
// of an act, or the number of an order.
func (r GlassReason) NeedsReference() bool { return r == statute || r == courtOrder }

// GlassPolicy holds the switches for breaking the glass. By the zero GlassPolicy nobody may.
type GlassPolicy struct {
	// Roles may break the glass: subject_role of the token.
	Roles []string `json:"roles,omitempty" yaml:"roles"`
	// Suspended may not, whatever their role (case 81): each as ORGANISATION/PROFESSIONAL, the
	// professional as the token names them.
	Suspended []string `json:"suspended,omitempty" yaml:"suspended"`
	// PublicInterest lets serious harm to others, as who asks states it, stand above a refusal
	// of crisis use (case 80).
	PublicInterest Switch `json:"publicInterest" yaml:"publicInterest"`
}

// check names what could never hold: it would seem to, and do nothing.
func (p GlassPolicy) check() error {
	for _, role := range p.Roles {
		if role == "" || strings.TrimSpace(role) != role {
			return errors.New("breakGlass.roles: each is written as the token has it, without blanks about it")
		}
	}
	for _, s := range p.Suspended {
		if organisation, person, _ := strings.Cut(s, "/"); organisation == "" || person == "" || strings.TrimSpace(organisation) != organisation || strings.TrimSpace(person) != person {
			return errors.New("breakGlass.suspended: each is written ODS/professional, without blanks about the stroke, just as the token names both")
		}
	}
	return nil
}

func (p GlassPolicy) equal(q GlassPolicy) bool {
	return slices.Equal(p.Roles, q.Roles) && slices.Equal(p.Suspended, q.Suspended) && p.PublicInterest == q.PublicInterest
}

// above reports whether a reason may stand above an explicit refusal of crisis use (case 63).
func (p GlassPolicy) above(r GlassReason) bool {
	return r == bestInterests || r.NeedsReference() || r == publicInterest && p.PublicInterest == On
}

// decideGlass decides for a professional who broke the glass (cases 71 to 76). No agreement
// and no relation is asked for; what it opens is what consent to crisis use would have
// opened, less what the person excluded.
func (q *question) decideGlass() verdict {
	v := verdict{passGate: gateA8, crisis: true, named: agreements.Releasable.Intersect(profiles.CrisisSlice)}
	offered := v.named.Intersect(q.Policy.CrisisSlice.Items())
	v.granted = offered.Intersect(q.ceiling)
	v.reasons[gateA1] = q.breaksGlass()
	if q.Caller.Organisation != q.Source {
		v.reasons[gateA2] = q.bothInAccord()
	}
	v.reasons[gateA8] = q.glassHolds()
	v.reasons[gateSC] = q.scope
	if v.granted.Empty() {
		v.reasons[gateSC] = scopeExceeded
	}
	if q.unresolved() || q.person.Epoch == 0 { // nothing was ever held of them here
		v.reasons[gateP1] = identityUnresolved
		return v
	}
	q.weighPerson(&v)
	v.reasons[gateP3], v.directive = q.glassConsent()
	if !v.granted.Empty() && q.wishes.excluded.Covers(v.granted) && v.reasons[gateP3].outcome() == Pass {
		v.reasons[gateP3], v.directive = consentExcludesAll, q.wishes.excluding
	}
	v.granted = v.granted.Minus(q.wishes.excluded)
	v.obligations = q.obligations(&v)
	return v
}

// breaksGlass is gate A1 (case 73): it depends on the caller and the switches alone.
func (q *question) breaksGlass() reason {
	c, p := &q.Caller, &q.Policy.BreakGlass
	switch {
	case q.identified() != plainPass:
		return requesterUnknown
	case c.Person == "" || c.Role == "" || !slices.Contains(p.Roles, c.Role):
		return glassNotAllowed
	}
	for _, suspended := range p.Suspended {
		if organisation, person, _ := strings.Cut(suspended, "/"); organisation == string(c.Organisation) && person == c.Person {
			return glassSuspended
		}
	}
	return plainPass
}

// bothInAccord is gate A2, of which no agreement is needed (case 66).
func (q *question) bothInAccord() reason {
	if q.Register.InAccord(q.Caller.Organisation, q.today) && q.Register.InAccord(q.Source, q.today) {
		return plainPass
	}
	return accordNotSigned
}

// glassHolds is gate A8: the glass was broken for a reason that counts, for this person,
// within the hour.
func (q *question) glassHolds() reason {
	g := &q.Glass
	if r := q.onePurpose(); r != plainPass {
		return r
	}
	switch {
	case q.Caller.Purpose != profiles.BreakGlass:
		return purposeNotAgreed
	case !slices.Contains(GlassReasons, g.Reason):
		return glassReasonless
	case g.Person == "" || g.Person != q.person.ID:
		return glassOfOther
	case !inPeriod(g.At, g.At.Add(GlassLife), q.At):
		return glassExpired
	}
	return glassBroken
}

// glassRefused reports whether a refusal names the breaking of the glass, and this is that.
func (q *question) glassRefused(d *facts.Directive) bool {
	return q.Glass.Reason != "" && slices.Contains(d.Purposes, profiles.BreakGlass)
}

// glassConsent is gate P3. A refusal of routine sharing alone does not stand against a
// stated reason (case 62); one of crisis use does, against most (case 63).
func (q *question) glassConsent() (reason, string) {
	w := &q.wishes
	switch because, directive := q.crisisConsent(); {
	case w.unreadable != nil:
		return consentUninterpretable, w.unreadable.ID
	case because.outcome() == Pass:
		return because, directive
	case w.crisisRefusal != nil && !q.Policy.BreakGlass.above(q.Glass.Reason):
		return because, directive
	case w.crisisRefusal != nil:
		return glassOverCrisisRefusal, directive
	case w.refusal != nil || w.withdrawn != nil || w.withdrawnFromOther != nil:
		return glassOverRefusal, directive
	default:
		return crisisSilent, ""
	}
}
