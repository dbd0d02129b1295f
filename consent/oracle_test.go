package consent

import (
	"maps"
	"slices"
	"testing"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// The oracle is a second reading of what wishes mean, written from docs/agreements.md
// and not from the code: it puts each directive into one word per question, and lets
// the words meet. It knows nothing of reasons, only whether gate P3 passes and what is
// taken away.

// word is what one directive says to one request.
type word struct {
	unreadable    bool
	refuses       bool // routine sharing with this caller
	refusesCrisis bool
	takesBack     bool // from this caller, for this purpose
	saysNo        bool // to somebody
	grants        bool // this caller this purpose
	ended         bool // something that was decided for the person, for this caller and purpose
	decided       bool // by others for the person, who does not grant it
	routine       bool // grants somebody routine sharing
	without       profiles.ItemSet
}

// covered lists what a refusal of purposes covers.
var covered = map[profiles.Purpose][]profiles.Purpose{
	profiles.Treatment: {profiles.Treatment, profiles.CareCoordination, profiles.EmergencyTreatment},
}

func purposesRefused(named []profiles.Purpose) []profiles.Purpose {
	var all []profiles.Purpose
	for _, p := range named {
		all = append(append(all, p), covered[p]...)
	}
	return all
}

func open(from, until, at time.Time) bool {
	return (from.IsZero() || from.Compare(at) <= 0) && (until.IsZero() || until.Compare(at) > 0)
}

// meant reports whether one of the recipients is the caller's team or its organisation.
func meant(list []facts.Recipient, c Caller, whole bool) bool {
	team := slices.Contains(list, facts.Recipient{Organisation: c.Organisation, Team: c.Team})
	org := slices.Contains(list, facts.Recipient{Organisation: c.Organisation})
	otherTeam := slices.ContainsFunc(list, func(r facts.Recipient) bool {
		return r.Organisation == c.Organisation && r.Team != "" && r.Team != c.Team
	})
	return team || org && (whole || !otherTeam)
}

// entitled reports whether whoever gave a grant may: the person, or, while the person is
// assessed as unable to decide, whoever decides for them. In best interests it is decided
// only where nobody does. Everybody of these tests is of age.
func entitled(d facts.Directive, q Request) bool {
	days := q.At.Sub(d.Assessed).Hours() / 24
	unable := (d.AuthorityUntil.IsZero() || d.AuthorityUntil.After(q.At)) && !d.Assessed.IsZero() && !d.Recorded.Before(d.Assessed) && !d.Recorded.After(q.At) && days < float64(q.Policy.CapacityDays+1)
	switch d.Authority {
	case facts.Attorney, facts.Deputy:
		return unable
	case facts.BestInterests:
		return unable && !slices.ContainsFunc(q.Person.Directives, func(o facts.Directive) bool {
			return (o.Authority == facts.Attorney || o.Authority == facts.Deputy) && o.Status != facts.Silent && (o.AuthorityUntil.IsZero() || o.AuthorityUntil.After(q.At))
		})
	}
	return d.OwnWish
}

func valid(d facts.Directive, q Request) bool {
	shown := d.Evidence == facts.Written || d.Evidence == facts.Spoken && q.Policy.Verbal == On
	return entitled(d, q) && shown && slices.Contains(q.Policy.PolicyVersions, d.PolicyURI)
}

// weighed reports whether a refusal is passed over beside a decision for the person that
// has weighed it: never one of crisis use in a crisis, nor one by an attorney or a deputy.
func weighed(d facts.Directive, q Request) bool {
	w := says(d, q)
	if d.Authority == facts.Attorney || d.Authority == facts.Deputy ||
		q.Caller.Purpose == profiles.EmergencyTreatment && (w.refusesCrisis || w.takesBack) {
		return false
	}
	return slices.ContainsFunc(q.Person.Directives, func(o facts.Directive) bool {
		return slices.Contains(o.Weighed, d.ID) && o.Custodian == d.Custodian && !o.Recorded.Before(d.Said) && says(o, q).grants && !undone(o, q)
	})
}

// ends reports whether a directive takes back what was decided for the person, and no more.
func ends(d facts.Directive) bool {
	return d.Authority != facts.NoAuthority && (d.Status == facts.Withdrawn || d.Status == facts.Rejected && d.Authority != facts.Attorney && d.Authority != facts.Deputy)
}

// undone reports whether a decision for the person was taken back, for this caller and
// purpose, by something that is not certainly earlier.
func undone(d facts.Directive, q Request) bool {
	return slices.ContainsFunc(q.Person.Directives, func(o facts.Directive) bool {
		return ends(o) && saysBack(o, q).takesBack && (o.Said.IsZero() || d.Recorded.Before(o.Said))
	})
}

// says reads one directive.
func says(d facts.Directive, q Request) word {
	crisis := q.Caller.Purpose == profiles.EmergencyTreatment
	var w word
	switch {
	case d.Status == facts.Silent:
		return w
	case d.Status == facts.Unknown, d.Status == facts.Active && d.Template == facts.Uninterpretable:
		return word{unreadable: true}
	case d.Status == facts.Withdrawn:
		return saysWithdrawn(d, q)
	case d.Status == facts.Rejected:
		return saysRejected(d, q)
	case !open(d.From, d.Until, q.At):
		return w
	}
	for _, c := range d.Clauses {
		if !open(c.From, c.Until, q.At) {
			continue
		}
		switch d.Template {
		case facts.SharePlan, facts.CrisisOnly:
			forMe := d.Template == facts.CrisisOnly || meant(c.Recipients, q.Caller, false)
			if d.Custodian != q.Source {
				continue
			}
			w.grants = w.grants || forMe && valid(d, q) && slices.Contains(c.Purposes, q.Caller.Purpose)
			w.routine = w.routine || d.OwnWish && valid(d, q) && slices.Contains(c.Purposes, profiles.CareCoordination)
		case facts.RefuseCrisis:
			w.refusesCrisis = true
		case facts.ExcludeItem:
			if len(c.Recipients) == 0 || meant(c.Recipients, q.Caller, true) {
				w.without = w.without.Union(c.Items)
			}
		}
	}
	switch d.Template {
	case facts.RefuseAll:
		refused := purposesRefused(d.Purposes)
		w.refusesCrisis = slices.Contains(refused, profiles.EmergencyTreatment)
		w.refuses = len(refused) == 0 || crisis || slices.Contains(refused, q.Caller.Purpose)
	case facts.CrisisOnly:
		w.refuses = !crisis
	case facts.RefuseCrisis:
		w.refuses = true
	}
	return w
}

func saysWithdrawn(d facts.Directive, q Request) word {
	switch d.Template {
	case facts.SharePlan, facts.CrisisOnly:
		return saysBack(d, q)
	case facts.Uninterpretable:
		return word{takesBack: true, saysNo: true}
	}
	return word{}
}

func saysRejected(d facts.Directive, q Request) word {
	switch d.Template {
	case facts.SharePlan:
		return saysBack(d, q)
	case facts.CarerCopy:
		return word{}
	case facts.RefuseAll:
		return word{refuses: true, refusesCrisis: slices.Contains(purposesRefused(d.Purposes), profiles.EmergencyTreatment)}
	case facts.ExcludeItem:
		return word{refuses: true}
	}
	return word{refuses: true, refusesCrisis: true}
}

func saysBack(d facts.Directive, q Request) word {
	w := word{saysNo: true}
	for _, c := range d.Clauses {
		toMe := len(c.Recipients) == 0 || meant(c.Recipients, q.Caller, true)
		if toMe && (len(c.Purposes) == 0 || slices.Contains(purposesRefused(c.Purposes), q.Caller.Purpose)) {
			w.takesBack = true
		}
	}
	return w
}

// together is what all directives say at once.
func together(q Request) word {
	var all word
	own := false
	for _, d := range q.Person.Directives {
		w := says(d, q)
		if weighed(d, q) {
			w.refuses, w.takesBack, w.saysNo = false, false, false
		}
		if d.Authority != facts.NoAuthority {
			w.grants = w.grants && !undone(d, q)
			if ends(d) && w.saysNo {
				all.ended = all.ended || w.takesBack
				w.takesBack, w.saysNo = false, false
			}
		}
		own = own || w.grants && d.OwnWish
		all.unreadable = all.unreadable || w.unreadable
		all.refuses = all.refuses || w.refuses
		all.refusesCrisis = all.refusesCrisis || w.refusesCrisis
		all.takesBack = all.takesBack || w.takesBack
		all.saysNo = all.saysNo || w.saysNo
		all.grants = all.grants || w.grants
		all.routine = all.routine || w.routine
		all.without = all.without.Union(w.without)
	}
	all.decided = all.grants && !own
	return all
}

// wishesAllow is what gate P3 should answer for one flow.
func wishesAllow(q Request, f *agreements.Flow) (bool, profiles.ItemSet) {
	w := together(q)
	no := w.refuses || w.refusesCrisis || w.saysNo && !w.routine
	switch {
	case w.unreadable || w.takesBack:
		return false, w.without
	case f.ConsentRule != agreements.Crisis:
		implied := f.Confidentiality == agreements.ByImpliedConsent && !w.saysNo && !w.ended
		return !w.refuses && (w.grants || implied), w.without
	case w.refusesCrisis:
		return false, w.without
	case w.grants && (!w.decided || !no):
		return true, w.without
	}
	return q.Policy.CrisisWithoutConsent == On && (!no || q.Policy.CrisisOnRoutineRefusal == On), w.without
}

// TestWishesByTheOracle puts every pair of directives before every caller and
// holds gate P3, and what is granted, to the oracle.
func TestWishesByTheOracle(t *testing.T) {
	all := someDirectives()
	lists := [][]facts.Directive{nil}
	for _, a := range slices.Sorted(maps.Keys(all)) {
		for _, b := range slices.Sorted(maps.Keys(all)) {
			lists = append(lists, []facts.Directive{all[a], all[b]})
		}
	}
	given, at := map[Outcome]int{}, time.Date(2026, 6, 1, 11, 0, 0, 0, time.UTC)
	for name, register := range registers(t) {
		if name != "live" && name != "implied" {
			continue
		}
		for _, directives := range lists {
			person := annsFacts()
			person.Directives = directives
			for _, who := range someCallers {
				for _, purpose := range somePurposes[:3] {
					for _, policy := range somePolicies {
						q := Request{Caller: caller(who.org, who.team, purpose), Action: Read, Type: "CarePlan", At: at,
							Register: register, Policy: policy, Person: person, Source: "7A4"}
						d := Decide(q)
						if wrong := byTheOracle(q, d); wrong != "" {
							t.Fatalf("%s\n%s, %+v by %+v under %+v: %s by %+v, granted %s", wrong, name, directives, q.Caller, policy, d.Outcome(), d.Rules()[gateP3], d.Items())
						}
						given[d.Outcome()]++
					}
				}
			}
		}
	}
	t.Log(given)
	if given[Slice] < 1000 || given[Permit] < 1000 {
		t.Errorf("%v: the comparison proves little", given)
	}
}

// byTheOracle compares one decision; "" where it agrees, or where no flow was chosen.
func byTheOracle(q Request, d Decision) string {
	if d.Agreement().Flow == "" || d.reasons[gateP1] == ownTeam {
		return ""
	}
	var flow *agreements.Flow
	for _, a := range q.Register.Agreements() {
		for i := range a.Flows {
			if a.Flows[i].Ref == d.Agreement().Flow {
				flow = &a.Flows[i]
			}
		}
	}
	if d.Agreement() != (agreements.Ref{ID: "ISP-CPA-0001", Version: 3, Flow: flow.Ref, Hash: q.Register.Agreements()[0].Hash}) {
		return "the decision names another agreement"
	}
	offered := flow.Items.Intersect(agreements.Releasable)
	if flow.ConsentRule == agreements.Crisis {
		offered = offered.Intersect(q.Policy.CrisisSlice.Items())
	}
	allow, without := wishesAllow(q, flow)
	allow = allow && !without.Covers(offered)
	if passed := d.Rules()[gateP3].Outcome == Pass; passed != allow {
		return "the oracle says otherwise"
	}
	if d.Outcome() != Deny && d.Items() != offered.Minus(without) {
		return "the oracle grants " + offered.Minus(without).String()
	}
	return ""
}
