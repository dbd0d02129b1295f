package intake_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/intake"
	"cpagateway/profiles"
)

// withoutGrants is a source of Welsh plans that may not record what a person agrees to.
func withoutGrants(t *testing.T) intake.Source {
	source := plans(t)
	source.Grants = consent.Off
	return source
}

// A source that nobody had given the authority could open a person's records by a
// Consent of its own making.
func TestAGrantWithoutAuthorityIsSetAsideAlone(t *testing.T) {
	d := openDesk(t)
	files := extract(t, withWishes(t, given("w1", "T1"), given("w2", "T2"), given("w3", "T5"), given("w4", "T6")))
	sum := d.bring(withoutGrants(t), files)
	if sum.Stored != 1 || sum.Grants != 2 || sum.Quarantined != 0 {
		t.Errorf("%+v", sum)
	}
	if reads := d.reads(wholesNumber(t)); reads != "T2 active, T6 active" {
		t.Errorf("reads %q", reads)
	}
	faults := d.faults()["NO-AUTHORITY"]
	if len(faults) != 2 || len(faults[0].Raw) == 0 {
		t.Fatalf("%+v", faults)
	}
	if sum := d.bring(withoutGrants(t), files); sum.Unchanged != 1 || sum.NewFaults != 0 || sum.Resources != 0 {
		t.Errorf("a second run: %+v", sum)
	}
	if sum, err := d.Again(t.Context(), plans(t), faults[0], faults[0].Raw); err != nil || len(sum.SetAside) != 0 {
		t.Errorf("with the authority: %+v, %v", sum, err)
	}
	if reads := d.reads(wholesNumber(t)); reads != "T1 active, T2 active, T5 active, T6 active" {
		t.Errorf("with the authority it reads %q", reads)
	}
}

// Of a Consent that is a record of its own, the record is set aside.
func TestAGrantThatIsARecordOfItsOwnIsCountedAsSetAside(t *testing.T) {
	d := openDesk(t)
	sum := d.bring(bundles(t, "clinic"), collection(patient("a", ann), plan("p", "a"), shareWith("c", "a", "active")))
	if sum.Stored != 2 || sum.Quarantined != 1 || len(d.faults()["NO-AUTHORITY"]) != 1 || d.reads(ann) != "" {
		t.Errorf("%+v, %s", sum, d.reads(ann))
	}
}

// TestASourceWithoutAuthorityRefusesAndTakesBack: refusals are always taken, and so is
// their end, which is silence and no grant.
func TestASourceWithoutAuthorityRefusesAndTakesBack(t *testing.T) {
	told := func(template, status string) object {
		w := given("w1", template)
		w["status"] = status
		return w
	}
	for _, template := range []string{"T2", "T4", "T6"} {
		for _, end := range []string{"withdrawn", "entered-in-error"} {
			d := openDesk(t)
			d.bring(withoutGrants(t), extract(t, withWishes(t, told(template, "given"))))
			if reads := d.reads(wholesNumber(t)); reads != template+" active" {
				t.Fatalf("%s: reads %q", template, reads)
			}
			sum := d.bring(withoutGrants(t), extract(t, withWishes(t, told(template, end))))
			want := map[string]string{"withdrawn": template + " inactive", "entered-in-error": "T0 entered-in-error"}[end]
			if reads := d.reads(wholesNumber(t)); reads != want || sum.Grants != 0 {
				t.Errorf("%s %s: reads %q, %+v", template, end, reads, sum)
			}
		}
	}
}

// TestAWithdrawalNeedsNoAuthority: what another word of the same source had granted.
func TestAWithdrawalNeedsNoAuthority(t *testing.T) {
	d := openDesk(t)
	d.bring(plans(t), extract(t, withWishes(t, given("w1", "T1"))))
	withdrawn := given("w1", "T1")
	withdrawn["status"] = "withdrawn"
	d.bring(withoutGrants(t), extract(t, withWishes(t, withdrawn)))
	if reads := d.reads(wholesNumber(t)); reads != "T1 inactive" {
		t.Errorf("reads %q", reads)
	}
}

// TestCrisisOnlyWithoutAuthorityRefusesAndGrantsNothing: it grants no team anything,
// and routine sharing it refuses all the same.
func TestCrisisOnlyWithoutAuthorityRefusesAndGrantsNothing(t *testing.T) {
	d := openDesk(t)
	sum := d.bring(withoutGrants(t), extract(t, withWishes(t, given("w1", "T3"))))
	if sum.Stored != 1 || sum.Warnings["NO-AUTHORITY"] != 1 || d.reads(wholesNumber(t)) != "T3 active" {
		t.Fatalf("%+v, %s", sum, d.reads(wholesNumber(t)))
	}
	beside := d.consents(wholesNumber(t))
	policy := consent.DefaultPolicy()
	policy.CrisisWithoutConsent = consent.Off
	for i, items := range shown(liveAgreement(t), policy, beside) {
		if !items.Empty() {
			t.Errorf("asker %d is shown %v", i, items)
		}
	}
	d.bring(plans(t), extract(t, withWishes(t, given("w1", "T3"))))
	if items := shown(liveAgreement(t), policy, d.consents(wholesNumber(t))); items[2].Empty() {
		t.Error("nor with the authority: the test shows nothing")
	}
}

// A grant under a leaflet that the configuration does not list was taken without a
// word, and permitted nothing.
func TestAGrantUnderAnUnknownLeafletIsWarnedOf(t *testing.T) {
	for template, warned := range map[string]int{"T1": 1, "T2": 0, "T3": 1, "T4": 0, "T5": 1, "T6": 0} {
		d := openDesk(t)
		old := given("w1", template)
		old["leaflet"] = "0"
		if sum := d.bring(plans(t), extract(t, withWishes(t, old))); sum.Stored != 1 || sum.Warnings["LEAFLET-UNKNOWN"] != warned {
			t.Errorf("%s: %+v", template, sum)
		}
		if sum := d.bring(plans(t), extract(t, withWishes(t, given("w1", template)))); sum.Warnings["LEAFLET-UNKNOWN"] != 0 {
			t.Errorf("%s under the leaflet that stands: %+v", template, sum)
		}
	}
}

// byAttorney is a wish of a template that the person's attorney gave for them.
func byAttorney(key, template string) object {
	w := given(key, template)
	w["givenBy"], w["representative"] = "representative", "Nia Prawf"
	w["decidedFor"] = object{"authority": "welfare-attorney", "assessed": "2025-12-30", "assessor": "S-1", "reference": "7000-1"}
	return w
}

// TestAGrantForSomebodyNeedsTheAuthority: by whatever right it was given.
func TestAGrantForSomebodyNeedsTheAuthority(t *testing.T) {
	d := openDesk(t)
	sum := d.bring(withoutGrants(t), extract(t, withWishes(t, byAttorney("w1", "T1"), byAttorney("w2", "T2"), byAttorney("w3", "T5"))))
	if reads := d.reads(wholesNumber(t)); sum.Stored != 1 || sum.Grants != 2 || len(d.faults()["NO-AUTHORITY"]) != 2 || reads != "T2 active" {
		t.Errorf("%+v, reads %q", sum, reads)
	}
	d.bring(plans(t), extract(t, withWishes(t, byAttorney("w1", "T1"), byAttorney("w2", "T2"), byAttorney("w3", "T5"))))
	if reads := d.reads(wholesNumber(t)); reads != "T1 active, T2 active, T5 active" {
		t.Errorf("with the authority it reads %q", reads)
	}
}

// TestWhatSomebodyRefusesForThePersonIsTaken from a plan that is set aside, and what they
// take back; their grants wait.
func TestWhatSomebodyRefusesForThePersonIsTaken(t *testing.T) {
	d := openDesk(t)
	d.bring(plans(t), extract(t, withWishes(t, byAttorney("w1", "T1"), byAttorney("w3", "T5"))))
	withdrawn := byAttorney("w1", "T1")
	withdrawn["status"], withdrawn["recorded"] = "withdrawn", "2026-02-01"
	sum := d.bring(plans(t), extract(t, breakElsewhere(withWishes(t, withdrawn, byAttorney("w2", "T2"), byAttorney("w4", "T1")))))
	if reads := d.reads(wholesNumber(t)); sum.Quarantined != 1 || sum.Wishes != 2 || reads != "T1 inactive, T2 active, T5 active" {
		t.Errorf("%+v, reads %q", sum, reads)
	}
}

// TestAPlanIsWarnedOfWhatDoesNotCount: what the rules of a Welsh plan warn of is what the
// decision does not take for a grant, and nothing else.
func TestAPlanIsWarnedOfWhatDoesNotCount(t *testing.T) {
	for _, authority := range []string{"welfare-attorney", "welfare-deputy", "best-interests"} {
		for _, without := range []string{"", "authority", "assessed", "assessor", "reference", "consulted", "until", "recorded"} {
			wish := byAttorney("w1", "T1")
			shown := wish["decidedFor"].(object)
			shown["authority"], shown["consulted"], wish["until"] = authority, "Nia Prawf", "2027-01-01"
			delete(shown, without)
			if without == "recorded" {
				shown["assessed"] = "2026-09-01" // after it was decided
			} else {
				delete(wish, without)
			}
			plan := withWishes(t, wish)
			delete(plan, "decisions")
			d := openDesk(t)
			sum := d.bring(plans(t), extract(t, plan))
			if without == "recorded" {
				if sum.Warnings["UNFOUNDED"] != 1 || sum.Warnings["CTP-052"] != 0 {
					t.Errorf("%s, assessed later: %v", authority, sum.Warnings)
				}
				continue
			}
			warned := sum.Warnings["CTP-052"] > 0
			if warned != (sum.Warnings["UNFOUNDED"] > 0) {
				t.Errorf("%s without %q: %v", authority, without, sum.Warnings)
			}
			kept := d.consents(wholesNumber(t))
			if len(kept) != 1 {
				t.Fatalf("%d Consents are kept", len(kept))
			}
			for _, c := range kept {
				read := facts.ReadDirective(c)
				counts := read.Authority != facts.NoAuthority && read.Authority != facts.Unrecorded && !read.Assessed.IsZero()
				if counts == warned {
					t.Errorf("%s without %q: warned %v, counts %v", authority, without, warned, counts)
				}
			}
		}
	}
}

// A decision for the person under the id of what they had refused took its place, and nothing was left of the refusal.
func TestNoDecisionTakesAWishesPlace(t *testing.T) {
	wish := func(id, status, performer, extension, provision string) string {
		return fmt.Sprintf(`{"resourceType":"Consent","id":%q,%s"status":%q,"dateTime":"2026-03-03","patient":{"reference":"Patient/a"},"performer":[{"reference":%q}],
			"scope":{"coding":[{"system":%q,"code":"patient-privacy"}]},"category":[{"text":"sharing"}],"policy":[{"uri":%q}],"sourceAttachment":{"title":"form"},"provision":%s}`,
			id, extension, status, performer, profiles.SystemConsentScope, facts.SharingPolicy, provision)
	}
	const refuses = `{"type":"deny"}`
	shares := fmt.Sprintf(`{"type":"deny","provision":[{"type":"permit","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},
		"reference":{"identifier":{"system":%q,"value":"LA9A1"}}}],"purpose":[{"system":%q,"code":"COC"}]}]}`, profiles.SystemODS, profiles.SystemActReason)
	decided := fmt.Sprintf(`"extension":[{"url":%q,"extension":[{"url":"authority","valueCode":"welfare-attorney"},{"url":"assessed","valueDate":"2026-03-02"},
		{"url":"assessor","valueReference":{"reference":"Practitioner/p"}},{"url":"reference","valueString":"7000"}]}],`, facts.ExtDecidedFor)
	clinic := bundles(t, "clinic")
	clinic.Grants = consent.On
	const refusesCrisis = `{"type":"deny","provision":[{"type":"deny","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"ETREAT"}]}]}`
	grant := wish("c", "active", "RelatedPerson/r", decided, shares)
	for name, c := range map[string]struct {
		before, want string
		kept         int
		then         string // what comes under the id; empty: an attorney's grant
	}{
		"her refusal":                  {wish("c", "active", "Patient/a", "", refuses), "T2 active", 1, ""},
		"a relative's":                 {wish("c", "active", "RelatedPerson/r", "", refuses), "T2 active", 1, ""},
		"what she agreed to":           {wish("c", "active", "Patient/a", "", shares), "T1 active", 1, ""},
		"a wish in error":              {wish("c", "entered-in-error", "Patient/a", "", shares), "T1 active", 0, ""},
		"an earlier decision":          {wish("c", "inactive", "RelatedPerson/r", decided, shares), "T1 active", 0, ""},
		"nothing of the same id":       {wish("d", "active", "Patient/a", "", refuses), "T1 active, T2 active", 0, ""},
		"a decision without its parts": {wish("c", "active", "Patient/a", "", refuses), "T2 active", 1, wish("c", "active", "RelatedPerson/r", strings.Replace(decided, `"url":"reference"`, `"url":"other"`, 1), shares)},
		"an attorney's refusal":        {wish("c", "active", "Patient/a", "", shares), "T2 active", 0, wish("c", "active", "RelatedPerson/r", decided, refuses)},
		"one that says less":           {wish("c", "active", "Patient/a", "", refusesCrisis), "T4 active", 1, wish("c", "active", "RelatedPerson/r", decided, refuses)},
		"an attorney takes back":       {wish("c", "active", "Patient/a", "", shares), "T1 inactive", 0, wish("c", "inactive", "RelatedPerson/r", decided, shares)},
		"taken back over a refusal":    {wish("c", "active", "Patient/a", "", refuses), "T2 active", 1, wish("c", "inactive", "RelatedPerson/r", decided, shares)},
		"her own later word":           {wish("c", "active", "RelatedPerson/r", decided, shares), "T2 active", 0, wish("c", "active", "Patient/a", "", refuses)},
	} {
		d := openDesk(t)
		d.bring(clinic, collection(patient("a", ann), c.before))
		before := len(d.consents(ann))
		sum := d.bring(clinic, collection(patient("a", ann), plan("p", "a"), cmp.Or(c.then, grant)))
		if kept := len(d.faults()["OTHER-WISH"]); kept != c.kept || sum.Warnings["OTHER-WISH"] != c.kept || sum.Quarantined != 0 || d.reads(ann) != c.want {
			t.Errorf("%s (%d): %+v, %d set aside, reads %q", name, before, sum, kept, d.reads(ann))
		}
	}
}
