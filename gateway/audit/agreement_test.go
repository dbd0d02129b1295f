package audit_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// crisisAgreement lets the crisis team of one health board see the slice of two others' plans.
const crisisAgreement = `
id: ISP-TEST-0001
kind: ISP
version: 3
template: accord-v5
status: ASSURED
issueDate: 2025-01-10
qaDate: 2025-01-24
qaGroup: south-east
reviewDate: 2027-01-10
title: Crisis response
purposes: [{code: ETREAT, text: Crisis response}]
dataSubjects: [{group: adult-secondary-mh, minAge: 18}]
partners:
  - {org: 7A4, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: cmht, kind: CMHT}]}
  - {org: 7A2, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: cmht, kind: CMHT}]}
  - {org: 7A1, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: crht, kind: CRISIS}]}
legalBasis: {article6: "6(1)(e)", article9: "9(2)(h)", dpa2018: "Sch 1 Pt 1 para 2", powers: ["Mental Health (Wales) Measure 2010 s.18"], confidentiality: consent}
flows:
  - {ref: "005", from: {org: 7A4}, to: {org: 7A1, team: crht}, purpose: ETREAT, items: [crisis-slice], consentRule: crisis, relationship: none}
  - {ref: "006", from: {org: 7A2}, to: {org: 7A1, team: crht}, purpose: ETREAT, items: [crisis-slice], consentRule: crisis, relationship: none}
security: {transport: mTLS, retentionDays: 0, onwardDisclosure: forbidden}
rights: {contact: Information governance office}
`

// crisisDecision is the crisis team's question to a custodian about somebody with
// these directives.
func crisisDecision(t *testing.T, custodian profiles.OrgCode, directives ...facts.Directive) consent.Decision {
	t.Helper()
	register, err := agreements.Load(fstest.MapFS{"crisis.yaml": {Data: []byte(crisisAgreement)}})
	if err != nil {
		t.Fatal(err)
	}
	caller := nurse
	caller.Organisation, caller.Team, caller.Purpose = "7A1", "crht", profiles.EmergencyTreatment
	return consent.Decide(consent.Request{
		Caller: caller, Action: consent.Read, Type: "CarePlan", Wanted: profiles.CrisisSlice, At: start,
		Register: register, Policy: consent.DefaultPolicy(), Source: custodian,
		Person: &facts.Person{
			ID: "person-1", Custodian: custodian, Directives: directives,
			Born: start.AddDate(-40, 0, 0), BornUntil: start.AddDate(-40, 0, 1),
			Relations: []facts.Relation{{Organisation: custodian, Kind: facts.EpisodeProvider, From: start.AddDate(-1, 0, 0)}},
		},
	})
}

// The record names the agreement, its version, flow and file, what was asked to
// be done beside the answer, and the directive that decided.
func TestRecordNamesAgreementDirectiveAndObligations(t *testing.T) {
	template, err := os.ReadFile("../../consent/facts/templates/T3.json")
	if err != nil {
		t.Fatal(err)
	}
	resource, err := fhir.ParseResource(template)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]consent.Decision{
		"crisis use only":  crisisDecision(t, "7A4", *facts.Compile("7A4", resource).Directive),
		"nothing recorded": crisisDecision(t, "7A4"),
	} {
		store := audittest.NewMemory()
		l := open(t, store, (&hand{at: start}).now)
		if _, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}, unchecked); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries(t, store) {
			if e.Outcome != "slice" || e.Agreement != d.Agreement() || e.Agreement.ID != "ISP-TEST-0001" || e.Agreement.Version != 3 ||
				e.Agreement.Flow != "005" || len(e.Agreement.Hash) != 64 || e.Directive != d.Directive() || !slices.Equal(e.Obligations, d.Obligations()) {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if name == "crisis use only" && d.Directive() != "T3" {
			t.Errorf("%s: decided by %q: this test proves nothing", name, d.Directive())
		}
		if name == "nothing recorded" && !slices.Contains(d.Obligations(), consent.NotifyCoordinator) {
			t.Errorf("%s: obliges to %v: this test proves nothing", name, d.Obligations())
		}
	}
}
