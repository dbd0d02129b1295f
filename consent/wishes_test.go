package consent

import (
	"testing"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

func TestRecipientOfAGrant(t *testing.T) {
	c := caller("LA9A1", "adult-mh", profiles.CareCoordination)
	for _, x := range []struct {
		name          string
		recipients    []facts.Recipient
		named, denied bool
	}{
		{"nobody in particular", nil, false, true},
		{"the organisation", []facts.Recipient{{Organisation: "LA9A1"}}, true, true},
		{"the team", []facts.Recipient{{Organisation: "LA9A1", Team: "adult-mh"}}, true, true},
		{"another team", []facts.Recipient{{Organisation: "LA9A1", Team: "duty"}}, false, false},
		{"another organisation's team of that name", []facts.Recipient{{Organisation: "LA9B2", Team: "adult-mh"}}, false, false},
		{"the organisation, and of it another team", []facts.Recipient{{Organisation: "LA9A1"}, {Organisation: "LA9A1", Team: "duty"}}, false, true},
		{"the organisation, and another's team", []facts.Recipient{{Organisation: "LA9A1"}, {Organisation: "7A4", Team: "duty"}}, true, true},
		{"a related person", []facts.Recipient{{Related: "RelatedPerson/1"}}, false, false},
	} {
		if got := grantNames(x.recipients, &c); got != x.named {
			t.Errorf("a grant to %s: %v", x.name, got)
		}
		if got := reachesCaller(x.recipients, &c); got != x.denied {
			t.Errorf("a refusal to %s: %v", x.name, got)
		}
	}
}

// TestPurposesOfARefusal: TREAT covers its descendants but never break-glass,
// and a grant is never read that way.
func TestPurposesOfARefusal(t *testing.T) {
	for _, c := range []struct {
		refused []profiles.Purpose
		purpose profiles.Purpose
		want    bool
	}{
		{nil, profiles.CareCoordination, true},
		{[]profiles.Purpose{profiles.Treatment}, profiles.CareCoordination, true}, {[]profiles.Purpose{profiles.Treatment}, profiles.EmergencyTreatment, true},
		{[]profiles.Purpose{profiles.Treatment}, "BTG", false}, {[]profiles.Purpose{profiles.Treatment}, "HRESCH", false},
		{[]profiles.Purpose{profiles.EmergencyTreatment}, profiles.CareCoordination, false}, {[]profiles.Purpose{profiles.EmergencyTreatment}, "BTG", false},
		{[]profiles.Purpose{profiles.CareCoordination}, profiles.Treatment, false},
	} {
		if purposesCover(c.refused, c.purpose) != c.want {
			t.Errorf("refusing %v covers %s: %v", c.refused, c.purpose, !c.want)
		}
	}
	q := world(t)
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.Treatment)}
	if d := Decide(q); d.Outcome() != Deny {
		t.Error("a grant for TREAT was stretched to COC")
	}
}

// TestReplacement: what may take the place of an earlier wish (case 32).
func TestReplacement(t *testing.T) {
	later := time.Date(2026, 1, 1, 0, 0, 0, 0, profiles.London)
	for _, c := range []struct {
		name   string
		old    facts.Template
		change func(*facts.Directive)
		want   reason
	}{
		{"a good grant", facts.RefuseAll, func(*facts.Directive) {}, consentGiven},
		{"a grant of the same instant", facts.RefuseAll, func(d *facts.Directive) { d.Recorded = refusal("", facts.RefuseAll).Recorded }, consentConflict},
		{"a grant by somebody else", facts.RefuseAll, func(d *facts.Directive) { d.Performer, d.OwnWish = "RelatedPerson/x", false }, consentRefused},
		{"a grant by the person, in place of a refusal by somebody else", facts.RefuseAll, func(d *facts.Directive) { d.Performer = "Patient/ann2" }, consentConflict},
		{"a refusal by somebody else, in place of a grant", facts.SharePlan, func(d *facts.Directive) {
			d.Template, d.Clauses, d.Performer, d.OwnWish = facts.ExcludeItem, nil, "RelatedPerson/x", false
		}, consentGiven},
		{"a refusal by nobody, in place of a grant", facts.SharePlan, func(d *facts.Directive) {
			d.Template, d.Clauses, d.Performer, d.OwnWish = facts.ExcludeItem, nil, "", false
		}, consentGiven},
		{"a grant without evidence", facts.RefuseAll, func(d *facts.Directive) { d.Evidence = facts.NoEvidence }, consentRefused},
		{"a grant under an old leaflet", facts.RefuseAll, func(d *facts.Directive) { d.PolicyURI = "old" }, consentRefused},
		{"a grant that has run out", facts.RefuseAll, func(d *facts.Directive) { d.Until = later }, consentRefused},
		{"a grant that was withdrawn", facts.RefuseAll, func(d *facts.Directive) { d.Status = facts.Withdrawn }, consentRefused},
		{"a grant that cannot be read", facts.RefuseAll, func(d *facts.Directive) { d.Template = facts.Uninterpretable }, consentUninterpretable},
		{"a grant that is a draft", facts.RefuseAll, func(d *facts.Directive) { d.Status = facts.Silent }, consentRefused},
		{"a link to something else", facts.RefuseAll, func(d *facts.Directive) { d.Replaces = "other" }, consentConflict},
		{"a grant that another custodian recorded", facts.RefuseAll, func(d *facts.Directive) { d.Custodian = "LA9A1" }, consentRefused},
		{"a narrower refusal that another custodian recorded", facts.RefuseAll, func(d *facts.Directive) {
			d.Custodian, d.Template, d.Purposes = "LA9A1", facts.RefuseAll, []profiles.Purpose{profiles.EmergencyTreatment}
		}, consentRefused},
		{"an exclusion that another custodian recorded, in place of a grant", facts.SharePlan, func(d *facts.Directive) {
			d.Custodian, d.Template, d.Clauses = "LA9A1", facts.ExcludeItem, nil
		}, consentNotRecorded},
		{"a grant that was withdrawn, in place of a carer's copy of unknown status", facts.CarerCopy, func(d *facts.Directive) { d.Status = facts.Withdrawn }, consentUninterpretable},
		{"a refusal that was itself withdrawn, in place of a grant", facts.SharePlan, func(d *facts.Directive) {
			d.Template, d.Status, d.Clauses = facts.RefuseAll, facts.Withdrawn, nil
		}, consentNotRecorded},
	} {
		q := world(t)
		old := refusal("old", c.old)
		if c.old == facts.CarerCopy {
			old.Status = facts.Unknown
		}
		if c.old == facts.SharePlan {
			old = grant("old", "LA9A1", "adult-mh", profiles.CareCoordination)
		}
		next := grant("next", "LA9A1", "adult-mh", profiles.CareCoordination)
		next.Replaces, next.Recorded = "old", later
		c.change(&next)
		q.Person.Directives = []facts.Directive{next, old}
		if got := Decide(q).reasons[gateP3]; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.code(), c.want.code())
		}
	}
}

// TestTwoThatReplaceEachOther must not make both fall silent.
func TestTwoThatReplaceEachOther(t *testing.T) {
	q := world(t)
	a, b := refusal("a", facts.RefuseAll), refusal("b", facts.RefuseCrisis)
	a.Replaces, b.Replaces = "b", "a"
	q.Person.Directives = []facts.Directive{a, b, grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
	if Decide(q).Outcome() != Deny {
		t.Error("two refusals lifted each other")
	}
}

func TestCrisisWishes(t *testing.T) {
	withdrawnFor := func(org profiles.OrgCode, purpose profiles.Purpose) facts.Directive {
		d := grant("w", org, "", purpose)
		d.Status = facts.Withdrawn
		return d
	}
	toldLater := refusal("later", facts.RefuseAll)
	toldLater.Recorded = toldLater.Recorded.AddDate(1, 0, 0)
	for _, c := range []struct {
		name       string
		directives []facts.Directive
		want       reason
	}{
		{"crisis-only beside a refusal of everything", []facts.Directive{refusal("3", facts.CrisisOnly), refusal("2", facts.RefuseAll)}, crisisAgreed},
		{"crisis agreed, then everything refused", []facts.Directive{grant("g", "7A4", "crht", profiles.EmergencyTreatment), toldLater}, crisisAgreed},
		{"crisis-only beside routine consent", []facts.Directive{refusal("3", facts.CrisisOnly), grant("g", "LA9A1", "", profiles.CareCoordination)}, crisisAgreed},
		{"routine consent withdrawn from one, standing for another", []facts.Directive{withdrawnFor("W99001", profiles.CareCoordination), grant("g", "LA9A1", "", profiles.CareCoordination)}, crisisSilent},
		{"routine consent withdrawn", []facts.Directive{withdrawnFor("W99001", profiles.CareCoordination)}, consentWithdrawn},
		{"crisis consent withdrawn, although crisis-only stands", []facts.Directive{withdrawnFor("7A4", profiles.EmergencyTreatment), refusal("3", facts.CrisisOnly)}, consentWithdrawn},
		{"another team's crisis consent", []facts.Directive{grant("g", "7A1", "crht", profiles.EmergencyTreatment)}, crisisSilent},
		{"refusal of treatment at large", []facts.Directive{{ID: "t", Template: facts.RefuseAll, Status: facts.Active, Purposes: []profiles.Purpose{profiles.Treatment}}}, consentCrisisRefused},
		{"refusal of co-ordination only", []facts.Directive{{ID: "t", Template: facts.RefuseAll, Status: facts.Active, Purposes: []profiles.Purpose{profiles.CareCoordination}}}, consentRefused},
		{"crisis-only without evidence", []facts.Directive{func() facts.Directive { d := refusal("3", facts.CrisisOnly); d.Evidence = facts.NoEvidence; return d }()}, crisisSilent},
		{"crisis-only that was rejected", []facts.Directive{func() facts.Directive { d := refusal("3", facts.CrisisOnly); d.Status = facts.Rejected; return d }()}, consentCrisisRefused},
		{"a refusal of crisis that was withdrawn", []facts.Directive{func() facts.Directive { d := refusal("4", facts.RefuseCrisis); d.Status = facts.Withdrawn; return d }()}, crisisSilent},
		{"a carer's copy rejected", []facts.Directive{{ID: "5", Template: facts.CarerCopy, Status: facts.Rejected}}, crisisSilent},
		{"an unreadable wish that was withdrawn", []facts.Directive{{ID: "0", Status: facts.Withdrawn}}, consentWithdrawn},
	} {
		q := world(t)
		q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
		q.Person.Directives = c.directives
		d := Decide(q)
		if got := d.reasons[gateP3]; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.code(), c.want.code())
		}
		if (d.Outcome() == Slice) != (c.want.outcome() == Pass) {
			t.Errorf("%s: %s", c.name, d.Outcome())
		}
	}
}

// TestCrisisOnlyNeverRefusesEmergencyUse: whatever is wrong with a T3, it is no
// grant and no refusal to a crisis team; for routine sharing it refuses while it holds.
func TestCrisisOnlyNeverRefusesEmergencyUse(t *testing.T) {
	past, later := time.Date(2025, 7, 1, 0, 0, 0, 0, profiles.London), time.Date(2027, 1, 1, 0, 0, 0, 0, profiles.London)
	for _, c := range []struct {
		name    string
		change  func(*facts.Directive)
		crisis  reason // where silence gives nothing
		routine reason
	}{
		{"under an unlisted leaflet", func(d *facts.Directive) { d.PolicyURI = "old" }, consentOldPolicy, consentRefused},
		{"without evidence", func(d *facts.Directive) { d.Evidence = facts.NoEvidence }, consentNoEvidence, consentRefused},
		{"given by somebody else", func(d *facts.Directive) { d.OwnWish = false }, consentNotByPerson, consentRefused},
		{"whose grant has run out", func(d *facts.Directive) { d.Clauses[0].Until = past }, consentExpired, consentRefused},
		{"whose grant begins later", func(d *facts.Directive) { d.Clauses[0].From = later }, consentNotStarted, consentRefused},
		{"that has run out", func(d *facts.Directive) { d.Until = past }, consentExpired, consentExpired},
		{"that begins later", func(d *facts.Directive) { d.From = later }, consentNotStarted, consentNotStarted},
	} {
		d := refusal("3", facts.CrisisOnly)
		c.change(&d)
		q := world(t)
		q.Person.Directives = []facts.Directive{d}
		if got := Decide(q).reasons[gateP3]; got != c.routine {
			t.Errorf("%s, routine: %s, want %s", c.name, got.code(), c.routine.code())
		}
		q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
		if got := Decide(q).reasons[gateP3]; got != crisisSilent {
			t.Errorf("%s, in a crisis: %s, want %s", c.name, got.code(), crisisSilent.code())
		}
		q.Policy.CrisisWithoutConsent = Off
		if got := Decide(q).reasons[gateP3]; got != c.crisis {
			t.Errorf("%s, in a crisis where silence gives nothing: %s, want %s", c.name, got.code(), c.crisis.code())
		}
		q.Policy.CrisisWithoutConsent = On
		q.Person.Directives = []facts.Directive{refusal("2", facts.RefuseAll), d}
		if got := Decide(q).reasons[gateP3]; got != consentRefused {
			t.Errorf("%s, in a crisis beside a refusal of everything: %s, want %s", c.name, got.code(), consentRefused.code())
		}
	}
}

// TestOnlyWishesThatMatchConflict: a grant of emergency use stands beside any
// refusal that does not speak of emergency use, and against none that does.
func TestOnlyWishesThatMatchConflict(t *testing.T) {
	of := func(template facts.Template, status facts.Status, purposes ...profiles.Purpose) facts.Directive {
		d := refusal("r", template)
		d.Status, d.Purposes = status, purposes
		return d
	}
	lapsed := of(facts.RefuseCrisis, facts.Active)
	lapsed.Clauses[0].Until = time.Date(2025, 7, 1, 0, 0, 0, 0, profiles.London)
	for _, c := range []struct {
		name    string
		refusal facts.Directive
		want    reason
	}{
		{"everything refused", of(facts.RefuseAll, facts.Active), crisisAgreed},
		{"co-ordination refused", of(facts.RefuseAll, facts.Active, profiles.CareCoordination), crisisAgreed},
		{"refusing everything was rejected", of(facts.RefuseAll, facts.Rejected), crisisAgreed},
		{"an exclusion was rejected", of(facts.ExcludeItem, facts.Rejected), crisisAgreed},
		{"a refusal of crisis use that has lapsed", lapsed, crisisAgreed},
		{"emergency use refused", of(facts.RefuseAll, facts.Active, profiles.EmergencyTreatment), consentConflict},
		{"treatment refused", of(facts.RefuseAll, facts.Active, profiles.Treatment), consentConflict},
		{"crisis use refused", of(facts.RefuseCrisis, facts.Active), consentConflict},
		{"refusing emergency use was rejected", of(facts.RefuseAll, facts.Rejected, profiles.EmergencyTreatment), consentConflict},
		{"something unreadable was rejected", of(facts.Uninterpretable, facts.Rejected), consentConflict},
		{"crisis-only was rejected", of(facts.CrisisOnly, facts.Rejected), consentConflict},
	} {
		q := world(t)
		q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
		q.Person.Directives = []facts.Directive{c.refusal, grant("g", "7A4", "crht", profiles.EmergencyTreatment)}
		if got := Decide(q).reasons[gateP3]; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.code(), c.want.code())
		}
	}
}

// TestWishesAcrossCustodians: whatever refuses, takes back, excludes or cannot be
// read holds at every custodian, whichever recorded it; what grants holds at its own
// alone (case 34). The roles of the two are exchanged as well.
func TestWishesAcrossCustodians(t *testing.T) {
	status := func(d facts.Directive, s facts.Status) facts.Directive { d.Status = s; return d }
	good := grant("own", "LA9A1", "adult-mh", profiles.CareCoordination)
	crisis := grant("own", "7A4", "crht", profiles.EmergencyTreatment)
	exclusion := facts.Directive{ID: "x", Status: facts.Active, Template: facts.ExcludeItem, Clauses: []facts.Clause{{Items: agreements.Releasable}}}
	for _, c := range []struct {
		name            string
		wish            facts.Directive
		routine, crisis reason // beside a grant of this custodian for each
	}{
		{"a refusal", refusal("f", facts.RefuseAll), consentConflict, crisisAgreed},
		{"a refusal of emergency use", facts.Directive{ID: "f", Status: facts.Active, Template: facts.RefuseAll, Purposes: []profiles.Purpose{profiles.EmergencyTreatment}}, consentGiven, consentConflict},
		{"crisis-only", refusal("f", facts.CrisisOnly), consentConflict, crisisAgreed},
		{"a refusal of crisis use", refusal("f", facts.RefuseCrisis), consentConflict, consentConflict},
		{"a withdrawal", status(good, facts.Withdrawn), consentWithdrawn, crisisAgreed},
		{"a withdrawal for a crisis", status(crisis, facts.Withdrawn), consentGiven, consentWithdrawn},
		{"something unreadable", facts.Directive{ID: "f", Status: facts.Active}, consentUninterpretable, consentUninterpretable},
		{"a status that nobody knows", status(good, facts.Unknown), consentUninterpretable, consentUninterpretable},
		{"an exclusion of everything", exclusion, consentExcludesAll, consentExcludesAll},
		{"a grant", grant("f", "LA9A1", "", profiles.CareCoordination, profiles.EmergencyTreatment), consentGiven, crisisAgreed},
	} {
		c.wish.Custodian = "LA9A1"
		q := world(t)
		q.Person.Directives = []facts.Directive{good, crisis, c.wish}
		if got := Decide(q).reasons[gateP3]; got != c.routine {
			t.Errorf("%s, routine: %s, want %s", c.name, got.code(), c.routine.code())
		}
		q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
		if got := Decide(q).reasons[gateP3]; got != c.crisis {
			t.Errorf("%s, in a crisis: %s, want %s", c.name, got.code(), c.crisis.code())
		}
		q = world(t)
		q.Caller = caller("7A4", "cmht-north", profiles.CareCoordination)
		q.Source, q.Person.Custodian = "LA9A1", "LA9A1"
		q.Person.Directives = []facts.Directive{grant("f", "7A4", "cmht-north", profiles.CareCoordination)}
		if got := Decide(q).reasons[gateP3]; got != consentOtherCustodian {
			t.Errorf("the health board's grant opens the council's records: %s", got.code())
		}
	}
}

// TestAnotherCustodiansGrantIsSilence: a grant recorded elsewhere neither opens a
// crisis nor keeps a withdrawal from counting as one.
func TestAnotherCustodiansGrantIsSilence(t *testing.T) {
	foreign := func(d facts.Directive) facts.Directive { d.Custodian = "LA9A1"; return d }
	withdrawn := grant("w", "W99001", "", profiles.CareCoordination)
	withdrawn.Status = facts.Withdrawn
	for _, c := range []struct {
		name       string
		directives []facts.Directive
		on, off    reason // crisisWithoutConsent
	}{
		{"of crisis use", []facts.Directive{foreign(grant("g", "7A4", "crht", profiles.EmergencyTreatment))}, crisisSilent, consentOtherCustodian},
		{"crisis-only", []facts.Directive{foreign(refusal("3", facts.CrisisOnly))}, crisisSilent, consentOtherCustodian},
		{"of routine sharing, beside a withdrawal", []facts.Directive{foreign(grant("g", "LA9A1", "", profiles.CareCoordination)), withdrawn}, consentWithdrawn, consentWithdrawn},
		{"of routine sharing here, beside a withdrawal there", []facts.Directive{grant("g", "LA9A1", "", profiles.CareCoordination), foreign(withdrawn)}, crisisSilent, consentWithdrawn},
	} {
		q := world(t)
		q.Caller = caller("7A4", "crht", profiles.EmergencyTreatment)
		q.Person.Directives = c.directives
		if got := Decide(q).reasons[gateP3]; got != c.on {
			t.Errorf("%s: %s, want %s", c.name, got.code(), c.on.code())
		}
		q.Policy.CrisisWithoutConsent = Off
		if got := Decide(q).reasons[gateP3]; got != c.off {
			t.Errorf("%s, where silence gives nothing: %s, want %s", c.name, got.code(), c.off.code())
		}
	}
}

// TestWhatLapsedIsSilence: a wish outside its period grants and refuses nothing; of
// a grant of this person alone the decision says that it is not in effect.
func TestWhatLapsedIsSilence(t *testing.T) {
	past, future := time.Date(2025, 7, 1, 0, 0, 0, 0, profiles.London), time.Date(2027, 1, 1, 0, 0, 0, 0, profiles.London)
	apart := grant("a", "LA9A1", "adult-mh", profiles.CareCoordination)
	apart.Apart = true
	for name, c := range map[string]struct {
		wish          facts.Directive
		ended, coming reason
	}{
		"T1":      {grant("1", "LA9A1", "adult-mh", profiles.CareCoordination), consentExpired, consentNotStarted},
		"T2":      {refusal("2", facts.RefuseAll), consentNotRecorded, consentNotRecorded},
		"T3":      {refusal("3", facts.CrisisOnly), consentExpired, consentNotStarted},
		"T4":      {refusal("4", facts.RefuseCrisis), consentNotRecorded, consentNotRecorded},
		"T5":      {refusal("5", facts.CarerCopy), consentNotRecorded, consentNotRecorded},
		"T6":      {refusal("6", facts.ExcludeItem), consentNotRecorded, consentNotRecorded},
		"another": {apart, consentNotRecorded, consentNotRecorded},
	} {
		q := world(t)
		ended, coming := c.wish, c.wish
		ended.Until, coming.From = past, future
		q.Person.Directives = []facts.Directive{ended}
		if got := Decide(q).reasons[gateP3]; got != c.ended {
			t.Errorf("%s that has ended: %s, want %s", name, got.code(), c.ended.code())
		}
		q.Person.Directives = []facts.Directive{coming}
		if got := Decide(q).reasons[gateP3]; got != c.coming {
			t.Errorf("%s that is to come: %s, want %s", name, got.code(), c.coming.code())
		}
	}
}

// TestAGrantStaysReplaced: whatever the wish is that replaced it, and whatever became of
// that one, an earlier grant does not come back.
func TestAGrantStaysReplaced(t *testing.T) {
	for _, status := range []facts.Status{facts.Active, facts.Unknown, facts.Rejected, facts.Withdrawn} {
		q := world(t)
		old := grant("old", "LA9A1", "adult-mh", profiles.CareCoordination)
		next, last := old, grant("last", "W99001", "practice", profiles.CareCoordination)
		next.ID, next.Replaces, next.Status, next.Recorded = "next", "old", status, old.Recorded.AddDate(0, 1, 0)
		last.Replaces, last.Recorded = "next", old.Recorded.AddDate(0, 2, 0)
		q.Person.Directives = []facts.Directive{old, next, last}
		if d := Decide(q); d.Outcome() != Deny || d.reasons[gateP3] != consentOtherRecipient {
			t.Errorf("replaced by one of status %v: %s by %+v", status, d.Outcome(), d.Deciding())
		}
	}
}
