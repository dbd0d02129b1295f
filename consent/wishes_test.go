package consent

import (
	"testing"
	"time"
)

func TestRecipientOfAGrant(t *testing.T) {
	c := caller("LA9A1", "adult-mh", CareCoordination)
	for _, x := range []struct {
		name          string
		recipients    []Recipient
		named, denied bool
	}{
		{"nobody in particular", nil, false, true},
		{"the organisation", []Recipient{{Organisation: "LA9A1"}}, true, true},
		{"the team", []Recipient{{Organisation: "LA9A1", Team: "adult-mh"}}, true, true},
		{"another team", []Recipient{{Organisation: "LA9A1", Team: "duty"}}, false, false},
		{"another organisation's team of that name", []Recipient{{Organisation: "LA9B2", Team: "adult-mh"}}, false, false},
		{"the organisation, and of it another team", []Recipient{{Organisation: "LA9A1"}, {Organisation: "LA9A1", Team: "duty"}}, false, true},
		{"the organisation, and another's team", []Recipient{{Organisation: "LA9A1"}, {Organisation: "7A4", Team: "duty"}}, true, true},
		{"a related person", []Recipient{{Related: "RelatedPerson/1"}}, false, false},
	} {
		if got := names(x.recipients, &c); got != x.named {
			t.Errorf("a grant to %s: %v", x.name, got)
		}
		if got := excludes(x.recipients, &c); got != x.denied {
			t.Errorf("a refusal to %s: %v", x.name, got)
		}
	}
}

// TestPurposesOfARefusal: TREAT covers its descendants but never break-glass,
// and a grant is never read that way.
func TestPurposesOfARefusal(t *testing.T) {
	for _, c := range []struct {
		refused []Purpose
		purpose Purpose
		want    bool
	}{
		{nil, CareCoordination, true},
		{[]Purpose{Treatment}, CareCoordination, true}, {[]Purpose{Treatment}, EmergencyTreatment, true},
		{[]Purpose{Treatment}, BreakGlass, false}, {[]Purpose{Treatment}, "HRESCH", false},
		{[]Purpose{EmergencyTreatment}, CareCoordination, false}, {[]Purpose{EmergencyTreatment}, BreakGlass, false},
		{[]Purpose{CareCoordination}, Treatment, false},
	} {
		if refuses(c.refused, c.purpose) != c.want {
			t.Errorf("refusing %v covers %s: %v", c.refused, c.purpose, !c.want)
		}
	}
	q := world(t)
	q.Person.Directives = []Directive{grant("g", "LA9A1", "adult-mh", Treatment)}
	if d := Decide(q); d.Outcome() != Deny {
		t.Error("a grant for TREAT was stretched to COC")
	}
}

// TestReplacement: what may take the place of an earlier wish (case 32).
func TestReplacement(t *testing.T) {
	later := time.Date(2026, 1, 1, 0, 0, 0, 0, london)
	for _, c := range []struct {
		name   string
		old    Template
		change func(*Directive)
		want   reason
	}{
		{"a good grant", RefuseAll, func(*Directive) {}, consentGiven},
		{"a grant of the same instant", RefuseAll, func(d *Directive) { d.Recorded = refusal("", RefuseAll).Recorded }, consentConflict},
		{"a grant by somebody else", RefuseAll, func(d *Directive) { d.Performer, d.OwnWish = "RelatedPerson/x", false }, consentRefused},
		{"a grant without evidence", RefuseAll, func(d *Directive) { d.Evidence = NoEvidence }, consentRefused},
		{"a grant under an old leaflet", RefuseAll, func(d *Directive) { d.PolicyURI = "old" }, consentRefused},
		{"a grant that has run out", RefuseAll, func(d *Directive) { d.Until = later }, consentRefused},
		{"a grant that was withdrawn", RefuseAll, func(d *Directive) { d.Status = Withdrawn }, consentRefused},
		{"a grant that cannot be read", RefuseAll, func(d *Directive) { d.Template = Uninterpretable }, consentUninterpretable},
		{"a grant that is a draft", RefuseAll, func(d *Directive) { d.Status = Silent }, consentRefused},
		{"a link to something else", RefuseAll, func(d *Directive) { d.Replaces = "other" }, consentConflict},
		{"a refusal that was itself withdrawn, in place of a grant", SharePlan, func(d *Directive) {
			d.Template, d.Status, d.Clauses = RefuseAll, Withdrawn, nil
		}, consentNotRecorded},
	} {
		q := world(t)
		old := refusal("old", c.old)
		if c.old == SharePlan {
			old = grant("old", "LA9A1", "adult-mh", CareCoordination)
		}
		next := grant("next", "LA9A1", "adult-mh", CareCoordination)
		next.Replaces, next.Recorded = "old", later
		c.change(&next)
		q.Person.Directives = []Directive{next, old}
		if got := Decide(q).reasons[gateP3]; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.code(), c.want.code())
		}
	}
}

// TestTwoThatReplaceEachOther must not make both fall silent.
func TestTwoThatReplaceEachOther(t *testing.T) {
	q := world(t)
	a, b := refusal("a", RefuseAll), refusal("b", RefuseCrisis)
	a.Replaces, b.Replaces = "b", "a"
	q.Person.Directives = []Directive{a, b, grant("g", "LA9A1", "adult-mh", CareCoordination)}
	if Decide(q).Outcome() != Deny {
		t.Error("two refusals lifted each other")
	}
}

func TestCrisisWishes(t *testing.T) {
	withdrawnFor := func(org OrgCode, purpose Purpose) Directive {
		d := grant("w", org, "", purpose)
		d.Status = Withdrawn
		return d
	}
	toldLater := refusal("later", RefuseAll)
	toldLater.Recorded = toldLater.Recorded.AddDate(1, 0, 0)
	for _, c := range []struct {
		name       string
		directives []Directive
		want       reason
	}{
		{"crisis-only beside a refusal of everything", []Directive{refusal("3", CrisisOnly), refusal("2", RefuseAll)}, consentConflict},
		{"crisis agreed, then everything refused", []Directive{grant("g", "7A4", "crht", EmergencyTreatment), toldLater}, consentRefused},
		{"crisis-only beside routine consent", []Directive{refusal("3", CrisisOnly), grant("g", "LA9A1", "", CareCoordination)}, crisisAgreed},
		{"routine consent withdrawn from one, standing for another", []Directive{withdrawnFor("W99001", CareCoordination), grant("g", "LA9A1", "", CareCoordination)}, crisisSilent},
		{"routine consent withdrawn", []Directive{withdrawnFor("W99001", CareCoordination)}, consentWithdrawn},
		{"crisis consent withdrawn, although crisis-only stands", []Directive{withdrawnFor("7A4", EmergencyTreatment), refusal("3", CrisisOnly)}, consentWithdrawn},
		{"another team's crisis consent", []Directive{grant("g", "7A1", "crht", EmergencyTreatment)}, crisisSilent},
		{"refusal of treatment at large", []Directive{{ID: "t", Template: RefuseAll, Status: Active, Purposes: []Purpose{Treatment}}}, consentCrisisRefused},
		{"refusal of co-ordination only", []Directive{{ID: "t", Template: RefuseAll, Status: Active, Purposes: []Purpose{CareCoordination}}}, consentRefused},
		{"crisis-only without evidence", []Directive{func() Directive { d := refusal("3", CrisisOnly); d.Evidence = NoEvidence; return d }()}, consentRefused},
		{"crisis-only that was rejected", []Directive{func() Directive { d := refusal("3", CrisisOnly); d.Status = Rejected; return d }()}, consentCrisisRefused},
		{"a refusal of crisis that was withdrawn", []Directive{func() Directive { d := refusal("4", RefuseCrisis); d.Status = Withdrawn; return d }()}, crisisSilent},
		{"a carer's copy rejected", []Directive{{ID: "5", Template: CarerCopy, Status: Rejected}}, crisisSilent},
		{"an unreadable wish that was withdrawn", []Directive{{ID: "0", Status: Withdrawn}}, consentWithdrawn},
	} {
		q := world(t)
		q.Caller = caller("7A4", "crht", EmergencyTreatment)
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
