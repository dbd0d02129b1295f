package recordstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The organisations and people of the suite, all synthetic.
const (
	home    profiles.OrgCode = "7A4"
	another profiles.OrgCode = "7A6"
	council profiles.OrgCode = "COUNCIL"

	ann  profiles.PersonID = "person-ann"
	bryn profiles.PersonID = "person-bryn"

	annNumber  = "9990000018"
	brynNumber = "9990000026"
)

// start is when the first version of everything is stored.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Bring is a custodian's decision to bring its own records in.
func Bring(t testing.TB, custodian profiles.OrgCode) consent.Decision {
	t.Helper()
	d := consent.Decide(consent.Request{
		Caller: consent.Caller{Client: "source", Organisation: custodian},
		Action: consent.Import, Type: "Bundle", At: start, Policy: consent.DefaultPolicy(), Source: custodian,
	})
	if d.Outcome() != consent.Permit {
		t.Fatalf("the custodian may not import: %+v", d.Deciding())
	}
	return d
}

// origin is where the suite's resources come from, in a form that is none of the gateway's.
const origin = "file «1», row 2"

// Accept makes an accepted change of a resource's JSON.
func Accept(t testing.TB, custodian profiles.OrgCode, person profiles.PersonID, body string) consent.Accepted {
	t.Helper()
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatalf("the suite's own resource: %v", err)
	}
	a, err := Bring(t, custodian).Accept(consent.Change{Type: r.Type(), ID: r.ID(), Person: person, Resource: r, Source: "suite", Origin: origin})
	if err != nil {
		t.Fatalf("accepting the suite's own resource: %v", err)
	}
	return a
}

// Remove makes an accepted removal.
func Remove(t testing.TB, custodian profiles.OrgCode, person profiles.PersonID, typ, id string) consent.Accepted {
	t.Helper()
	a, err := Bring(t, custodian).AcceptRemoval(consent.Removal{Type: typ, ID: id, Person: person, Source: "suite"})
	if err != nil {
		t.Fatalf("accepting the suite's own removal: %v", err)
	}
	return a
}

// Put stores changes in one update and fails the test where one was refused.
func Put[S records.Snapshot, T records.Tx](t testing.TB, store Keeper[S, T], at time.Time, batch ...consent.Accepted) []records.Result {
	t.Helper()
	results, err := Of(store).Put(context.WithoutCancel(t.Context()), at, batch...)
	if err != nil {
		t.Fatalf("storing %d changes: %v", len(batch), err)
	}
	if len(results) != len(batch) {
		t.Fatalf("%d results for %d changes", len(results), len(batch))
	}
	kept := make([]records.Result, len(results))
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("storing a %s: %v", batch[i].Type(), r.Err)
		}
		kept[i] = r.Result
	}
	return kept
}

// Grant is a decision that lets an outside team see exactly these items of a
// person: one agreement, one flow, one directive.
func Grant(t testing.TB, person profiles.PersonID, items ...profiles.Item) consent.Decision {
	t.Helper()
	set := profiles.SetOf(items...)
	subject := &facts.Person{
		ID: person, Epoch: 1, Custodian: home,
		Relations: []facts.Relation{{Organisation: council, Team: "team", Kind: facts.CareTeamMember}},
		Directives: []facts.Directive{{
			ID: "wish", Custodian: home, Template: facts.SharePlan, Status: facts.Active, OwnWish: true, Evidence: facts.Written,
			PolicyURI: facts.SharingPolicy, Performer: "Patient/1",
			Clauses: []facts.Clause{{
				Recipients: []facts.Recipient{{Organisation: council}},
				Purposes:   []profiles.Purpose{profiles.CareCoordination},
			}},
		}},
	}
	return decided(t, set, consent.Request{
		Caller: caller(council, profiles.CareCoordination), Action: consent.Read, Type: "CarePlan", Wanted: set,
		At: start, Register: agreementOn(t, set), Policy: consent.DefaultPolicy(), Person: subject, Source: home,
	})
}

// Treating is the decision for the person's own team, which sees everything.
func Treating(t testing.TB, person profiles.PersonID) consent.Decision {
	t.Helper()
	subject := &facts.Person{
		ID: person, Epoch: 1, Custodian: home,
		Relations: []facts.Relation{{Organisation: home, Team: "team", Kind: facts.CareTeamMember}},
	}
	return decided(t, profiles.AllItems, consent.Request{
		Caller: caller(home, profiles.Treatment), Action: consent.Read, Type: "CarePlan",
		At: start, Policy: consent.DefaultPolicy(), Person: subject, Source: home,
	})
}

// Staff is the decision of an organisation's own team about its directory.
func Staff(t testing.TB, custodian profiles.OrgCode) consent.Decision {
	t.Helper()
	return decided(t, profiles.SetOf(profiles.Directory), consent.Request{
		Caller: caller(custodian, profiles.Treatment), Action: consent.Read, Type: "Practitioner",
		At: start, Policy: consent.DefaultPolicy(), Source: custodian,
	})
}

// Refused is a decision about a person that lets nothing through.
func Refused(t testing.TB, person profiles.PersonID) consent.Decision {
	t.Helper()
	d := consent.Decide(consent.Request{
		Caller: caller(council, profiles.CareCoordination), Action: consent.Read, Type: "CarePlan",
		At: start, Policy: consent.DefaultPolicy(), Person: &facts.Person{ID: person, Custodian: home}, Source: home,
	})
	if d.Outcome() != consent.Deny {
		t.Fatal("a caller without an agreement was let in")
	}
	return d
}

func caller(organisation profiles.OrgCode, purpose profiles.Purpose) consent.Caller {
	return consent.Caller{
		Client: "client", Organisation: organisation, Team: "team", Purpose: purpose,
		Scopes: []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}},
	}
}

// decided asks, and makes sure that the answer grants what the test is about.
func decided(t testing.TB, items profiles.ItemSet, q consent.Request) consent.Decision {
	t.Helper()
	d := consent.Decide(q)
	if d.Outcome() == consent.Deny || d.Items() != items {
		t.Fatalf("the decision grants {%v} and not {%v}; deciding: %+v", d.Items(), items, d.Deciding())
	}
	return d
}

// agreementOn is a register with one agreement, whose one flow names the items.
func agreementOn(t testing.TB, items profiles.ItemSet) *agreements.Register {
	t.Helper()
	codes := items.Codes()
	slices.Sort(codes)
	register, err := agreements.Load(fstest.MapFS{
		"isp.yaml": {Data: fmt.Appendf(nil, agreement, home, council, home, council, strings.Join(codes, ", "))},
	})
	if err != nil {
		t.Fatalf("reading the suite's agreement: %v", err)
	}
	return register
}

const agreement = `id: ISP-SUITE-0001
kind: ISP
version: 1
template: accord-v5
status: ASSURED
issueDate: 2025-01-10
qaDate: 2025-01-24
reviewDate: 2030-01-10
title: What the suite grants
purposes: [{code: COC, text: "Care co-ordination"}]
dataSubjects: [{group: adult-secondary-mh}]
partners:
  - {org: %q, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: team, kind: CMHT}]}
  - {org: %q, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, teams: [{id: team, kind: SOCIAL}]}
legalBasis:
  article6: "6(1)(e)"
  article9: "9(2)(h)"
  dpa2018: "Sch 1 Pt 1 para 2"
  powers: ["Mental Health (Wales) Measure 2010 s.18"]
  confidentiality: consent
flows:
  - {ref: "001", from: {org: %q}, to: {org: %q, team: team}, purpose: COC, items: [%s], consentRule: standard, relationship: required}
`
