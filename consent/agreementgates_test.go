package consent

import (
	"strings"
	"testing"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestDaysOfTheAgreementGates walks each date over its edge: the day before, the
// day itself, the day after.
func TestDaysOfTheAgreementGates(t *testing.T) {
	const today agreements.Day = 1000
	for _, c := range []struct {
		name string
		set  func(s *agreements.PairAgreement, d agreements.Day)
		ask  func(s *agreements.PairAgreement) reason
		want [3]reason // for yesterday, today, tomorrow
	}{
		{"the source signs the Accord", func(s *agreements.PairAgreement, d agreements.Day) { s.Source.AccordSigned = d },
			func(s *agreements.PairAgreement) reason { return accord(s, today) }, [3]reason{plainPass, plainPass, accordNotSigned}},
		{"the recipient signs the Accord", func(s *agreements.PairAgreement, d agreements.Day) { s.Recipient.AccordSigned = d },
			func(s *agreements.PairAgreement) reason { return accord(s, today) }, [3]reason{plainPass, plainPass, accordNotSigned}},
		{"the recipient leaves the Accord", func(s *agreements.PairAgreement, d agreements.Day) { s.Recipient.AccordWithdrawn = d },
			func(s *agreements.PairAgreement) reason { return accord(s, today) }, [3]reason{accordNotSigned, accordNotSigned, plainPass}},
		{"the source signs the agreement", func(s *agreements.PairAgreement, d agreements.Day) { s.Source.AgreementSigned = d },
			func(s *agreements.PairAgreement) reason { return signed(s, today) }, [3]reason{plainPass, plainPass, partyNotSigned}},
		{"the recipient signs the agreement", func(s *agreements.PairAgreement, d agreements.Day) { s.Recipient.AgreementSigned = d },
			func(s *agreements.PairAgreement) reason { return signed(s, today) }, [3]reason{plainPass, plainPass, partyNotSigned}},
		{"it is issued", func(s *agreements.PairAgreement, d agreements.Day) { s.Agreement.IssueDate = d },
			func(s *agreements.PairAgreement) reason { return inForce(s, today) }, [3]reason{plainPass, plainPass, notInForce}},
		{"a later version takes over", func(s *agreements.PairAgreement, d agreements.Day) { s.DisplacedFrom = d },
			func(s *agreements.PairAgreement) reason { return inForce(s, today) }, [3]reason{notInForce, notInForce, plainPass}},
		{"its review is due", func(s *agreements.PairAgreement, d agreements.Day) { s.Agreement.ReviewDate = d },
			func(s *agreements.PairAgreement) reason { return reviewed(s, today, 0) }, [3]reason{reviewOverdue, plainPass, plainPass}},
		{"its grace ends", func(s *agreements.PairAgreement, d agreements.Day) { s.Agreement.ReviewDate = d - 30 },
			func(s *agreements.PairAgreement) reason { return reviewed(s, today, 30) }, [3]reason{reviewOverdue, reviewGrace, reviewGrace}},
	} {
		for i, want := range c.want {
			s := &agreements.PairAgreement{
				Agreement: &agreements.Agreement{Status: agreements.Assured, IssueDate: 1, ReviewDate: 2000},
				Source:    &agreements.Partner{AccordSigned: 1, AgreementSigned: 1},
				Recipient: &agreements.Partner{AccordSigned: 1, AgreementSigned: 1},
			}
			day := today + agreements.Day(i-1)
			c.set(s, day)
			if got := c.ask(s); got != want {
				t.Errorf("%s on day %d, asked on day %d: %q, want %q", c.name, day, today, got.code(), want.code())
			}
		}
	}
}

// TestLaterVersionTakesOver: an old version is never edited, so the day on
// which the next one is issued ends it; a draft ends nothing.
func TestLaterVersionTakesOver(t *testing.T) {
	old := sample(t, "isp")
	for _, c := range []struct {
		status, day string
		want        reason
	}{
		{"ASSURED", "2026-03-31", plainPass}, {"ASSURED", "2026-04-01", notInForce},
		{"WITHDRAWN", "2026-04-01", notInForce}, {"SUSPENDED", "2026-04-01", notInForce},
		{"DRAFT", "2026-04-01", plainPass}, {"SIGNED", "2026-04-01", plainPass},
	} {
		next := strings.NewReplacer("version: 3", "version: 4", "status: ASSURED", "status: "+c.status, "issueDate: 2025-01-10", "issueDate: 2026-04-01").Replace(old)
		r := register(t, old, next)
		day, _ := time.ParseInLocation(time.DateOnly, c.day, profiles.London)
		if got := inForce(r.Between(agreements.Pair{Source: "7A4", Recipient: "LA9A1"})[0], agreements.DayOf(day)); got != c.want {
			t.Errorf("version 3 beside a %s version 4 on %s: %s, want %s", c.status, c.day, got.code(), c.want.code())
		}
	}
}

func TestDayIsLondons(t *testing.T) {
	summer := time.Date(2026, 6, 1, 23, 30, 0, 0, time.UTC) // 00:30 on the 2nd in London
	if got := agreements.DayOf(summer).String(); got != "2026-06-02" {
		t.Errorf("got %s", got)
	}
	if agreements.NoDay.String() != "" || agreements.DayOf(time.Time{}) >= agreements.DayOf(summer) {
		t.Error("a day that is not there does not come first")
	}
}

// TestAProcessorIsNotDisclosedTo: an agreement of any kind is no ground for
// disclosing to a partner that only processes (case 20).
func TestAProcessorIsNotDisclosedTo(t *testing.T) {
	q := world(t)
	q.Register = register(t, strings.Replace(sample(t, "isp"), "org: LA9A1\n    role: controller", "org: LA9A1\n    role: processor", 1))
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
	if d := Decide(q); d.Deciding().Code != "NOT_A_DISCLOSURE_BASIS" {
		t.Errorf("%s by %+v", d.Outcome(), d.Deciding())
	}
}

// TestAGroundOfDisclosure: an agreement of every kind but a DPA is a ground for a flow,
// where neither the end that is given to nor the end that asks only processes.
func TestAGroundOfDisclosure(t *testing.T) {
	const controls, processes = agreements.Controller, agreements.Processor
	for _, c := range []struct {
		kind          agreements.Kind
		source, given agreements.PartnerRole
		ground        bool
	}{
		{agreements.ISP, controls, controls, true}, {agreements.DDA, controls, controls, true}, {agreements.JCA, controls, controls, true},
		{agreements.DPA, controls, controls, false},
		{agreements.ISP, processes, controls, false}, {agreements.ISP, controls, processes, false},
	} {
		s := &agreements.PairAgreement{
			Agreement: &agreements.Agreement{Kind: c.kind, Status: agreements.Assured, IssueDate: 1, ReviewDate: 1 << 20},
			Source:    &agreements.Partner{Role: c.source, AccordSigned: 1, AgreementSigned: 1},
			Recipient: &agreements.Partner{Role: c.given, AccordSigned: 1, AgreementSigned: 1},
		}
		stands := FlowStands(&agreements.Candidate{Flow: &agreements.Flow{}, PairAgreement: s}, DefaultPolicy(), world(t).At)
		if refused := stands.ID == "A3" && stands.Code == "NOT_A_DISCLOSURE_BASIS"; refused == c.ground || (stands.Outcome == Pass) != c.ground {
			t.Errorf("%s from a %s to a %s stands as %+v", c.kind, c.source, c.given, stands)
		}
	}
}

// TestADPADisclosesNothing: whoever is bound by one gets nothing by it (W¶179).
func TestADPADisclosesNothing(t *testing.T) {
	q := world(t)
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
	joint := strings.Replace(sample(t, "isp"), "kind: ISP", "kind: JCA", 1)
	q.Register = register(t, joint)
	if d := Decide(q); d.Deciding().Code != "CONSENT_GIVEN" {
		t.Errorf("joint controllers: %s by %+v", d.Outcome(), d.Deciding())
	}
	before, _, _ := strings.Cut(joint, "flows:\n")
	q.Register = register(t, strings.Replace(before, "kind: JCA", "kind: DPA", 1)+"flows: []\n")
	if d := Decide(q); d.Outcome() != Deny || d.Deciding().Code != "NOT_A_DISCLOSURE_BASIS" {
		t.Errorf("a processor's agreement: %s by %+v", d.Outcome(), d.Deciding())
	}
}
