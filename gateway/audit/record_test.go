package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/profiles"
)

func TestRecordPermit(t *testing.T) {
	sink := audittest.NewSink()
	sink.SetEpoch("person-1", 7)
	log := open(t, sink, (&hand{at: start}).now)
	d := decide(nurse, "person-1", 7)
	recorded, err := log.Record(t.Context(), event("r1"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a"), plan(t, d, "b")})
	if err != nil {
		t.Fatal(err)
	}
	if !recorded.OK() || recorded.ID() != "1" || len(recorded.Released()) != 2 {
		t.Fatalf("recorded %q with %d released", recorded.ID(), len(recorded.Released()))
	}
	list := entries(t, sink)
	if len(list) != 1 {
		t.Fatalf("%d entries for one decision", len(list))
	}
	want := audit.Entry{
		Kind: audit.KindDecision, Time: start, At: start, RequestID: "r1", Interaction: "search", Type: "CarePlan",
		Params: []string{"patient:identifier", "category"}, Status: 200,
		Client: "cmht-system", Organisation: "7A4", Team: "cmht", Professional: "nurse-77", Role: "nurse", Purpose: "TREAT",
		Outcome: "permit", Deciding: d.Deciding().ID, Code: d.Deciding().Code, Items: d.Items().Codes(),
		Decision: 1, Decisions: 1, Custodian: "7A4", Person: "person-1", Epoch: 7, Policy: d.PolicyHash(),
		Released: []audit.Release{{Ref: "CarePlan/a/v1", Items: []string{"plan.crisis"}}, {Ref: "CarePlan/b/v1", Items: []string{"plan.crisis"}}},
	}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("the entry (-want +got):\n%s", diff)
	}
}

// Refusals, empty answers, requests that came to no decision and public ones:
// each has its entry and releases nothing.
func TestEveryAnswerHasAnEntry(t *testing.T) {
	stranger := nurse
	stranger.Organisation, stranger.Team = "7A6", "elsewhere"
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	for _, c := range []struct {
		name    string
		record  func() (audit.Recorded, error)
		outcome string
		code    string
	}{
		{"refusal", func() (audit.Recorded, error) {
			return log.Record(t.Context(), event("1"), []consent.Decision{decide(stranger, "person-1", 0)}, nil)
		}, "deny", decide(stranger, "person-1", 0).Deciding().Code},
		{"empty answer", func() (audit.Recorded, error) {
			return log.Record(t.Context(), event("2"), []consent.Decision{decide(nurse, "person-1", 0)}, nil)
		}, "permit", decide(nurse, "person-1", 0).Deciding().Code},
		{"nothing decided", func() (audit.Recorded, error) {
			return log.Record(t.Context(), event("3"), []consent.Decision{{}}, []disclosure.Disclosure{{}})
		}, "deny", consent.Decision{}.Deciding().Code},
		{"unknown caller", func() (audit.Recorded, error) {
			return log.Refuse(t.Context(), event("4"), consent.Caller{}, "REQ_UNKNOWN")
		}, "refused", "REQ_UNKNOWN"},
		{"public", func() (audit.Recorded, error) {
			return log.Public(t.Context(), event("5"))
		}, "public", ""},
	} {
		before := len(entries(t, sink))
		recorded, err := c.record()
		if err != nil || !recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, %d released, error %v", c.name, recorded.ID(), len(recorded.Released()), err)
			continue
		}
		list := entries(t, sink)[before:]
		if len(list) != 1 || list[0].Outcome != c.outcome || list[0].Code != c.code {
			t.Errorf("%s: entries %+v", c.name, list)
		}
	}
	denied := entries(t, sink)[0]
	if len(denied.Failed) == 0 || len(denied.Items) != 0 || denied.Organisation != "7A6" {
		t.Errorf("a refusal says %+v", denied)
	}
}

func TestBroughtSaysWhatCameIn(t *testing.T) {
	sink := audittest.NewSink()
	sink.SetEpoch("person-1", 99) // moved by the batch itself
	log := open(t, sink, (&hand{at: start}).now)
	counts := audit.Counts{Read: 5, Stored: 1, Unchanged: 2, Quarantined: 2, LeftBehind: 9}
	if _, err := log.Brought(t.Context(), event("batch-1"), "mhsds-v6", counts, decide(nurse, "person-1", 7)); err != nil {
		t.Fatal(err)
	}
	got := entries(t, sink)[0]
	if got.Kind != audit.KindImport || got.Source != "mhsds-v6" || got.Counts != counts || got.Client != nurse.Client {
		t.Errorf("entry %+v", got)
	}
}

// A person whom three custodians hold records about: one entry per decision,
// each with the releases of its own custodian, and one that released nothing.
func TestOneEntryPerDecision(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	first, second, third := crisisDecision(t, "7A4"), crisisDecision(t, "7A6"), crisisDecision(t, "7A2")
	released := []disclosure.Disclosure{plan(t, first, "a"), plan(t, third, "b"), plan(t, first, "c"), {}}
	recorded, err := log.Record(t.Context(), event("r"), []consent.Decision{first, second, third}, released)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, ids(recorded.Released())); diff != "" {
		t.Errorf("what may be answered (-want +got):\n%s", diff)
	}
	var got []string
	for _, e := range entries(t, sink) {
		line := fmt.Sprintf("%d of %d: %s %s", e.Decision, e.Decisions, e.Custodian, e.Outcome)
		for _, r := range e.Released {
			line += " " + r.Ref
		}
		got = append(got, line)
	}
	want := []string{"1 of 3: 7A4 slice CarePlan/a/v1 CarePlan/c/v1", "2 of 3: 7A6 deny", "3 of 3: 7A2 slice CarePlan/b/v1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the entries (-want +got):\n%s", diff)
	}
}

func ids(released []disclosure.Disclosure) []string {
	var list []string
	for _, x := range released {
		list = append(list, x.ID())
	}
	return list
}

// A disclosure has to rest on one of the decisions that are recorded with it: by
// the same caller, about the same person, at the same custodian and moment.
func TestDisclosureWithoutItsDecisionIsRefused(t *testing.T) {
	d, slice := decide(nurse, "person-1", 0), crisisDecision(t, "7A4")
	other := func(change func(*consent.Caller)) consent.Decision {
		caller := nurse
		change(&caller)
		return decide(caller, "person-1", 0)
	}
	for name, c := range map[string][2]consent.Decision{
		"another professional": {d, other(func(c *consent.Caller) { c.Person = "nurse-78" })},
		"another client":       {d, other(func(c *consent.Caller) { c.Client = "elsewhere" })},
		"another purpose":      {d, other(func(c *consent.Caller) { c.Purpose = profiles.CareCoordination })},
		"another caller":       {d, slice},
		"another person":       {d, decide(nurse, "person-2", 0)},
		"another custodian":    {slice, crisisDecision(t, "7A2")},
		"another epoch":        {d, decide(nurse, "person-1", 1)},
	} {
		sink := audittest.NewSink()
		log := open(t, sink, (&hand{at: start}).now)
		recorded, err := log.Record(t.Context(), event("r"), c[:1], []disclosure.Disclosure{plan(t, c[0], "a"), plan(t, c[1], "b")})
		if err == nil || recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, error %v", name, recorded.ID(), err)
		}
		if n := len(sink.Chain()); n != 0 {
			t.Errorf("%s: %d rows were kept", name, n)
		}
	}
}

// What cannot be one request's decisions is a fault of the caller's, not an entry.
func TestDecisionsThatAreNotOneRequests(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	for name, decisions := range map[string][]consent.Decision{
		"none": nil, "the same twice": {decide(nurse, "person-1", 0), decide(nurse, "person-1", 0)},
		"of two callers": {decide(nurse, "person-1", 0), crisisDecision(t, "7A2")},
	} {
		if recorded, err := log.Record(t.Context(), event("r"), decisions, nil); err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
	}
	if n := len(sink.Chain()); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

func TestMovedEpochRecordsNothing(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	now, before := decide(nurse, "person-1", 0), decide(nurse, "person-1", 6)
	other := decide(nurse, "person-2", 6)
	for _, c := range []struct {
		name      string
		decisions []consent.Decision
		released  []disclosure.Disclosure
	}{
		{"nothing released", []consent.Decision{before}, nil},
		{"something released", []consent.Decision{before}, []disclosure.Disclosure{plan(t, before, "a")}},
		{"one of two decisions, last", []consent.Decision{now, other}, []disclosure.Disclosure{plan(t, now, "a")}},
		{"one of two decisions, first", []consent.Decision{other, now}, []disclosure.Disclosure{plan(t, now, "a")}},
	} {
		recorded, err := log.Record(t.Context(), event("r"), c.decisions, c.released)
		if !errors.Is(err, audit.ErrEpochMoved) || recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, error %v", c.name, recorded.ID(), err)
		}
	}
	if n := len(sink.Chain()); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

func TestZeroRecordedCarriesNothing(t *testing.T) {
	var r audit.Recorded
	if r.OK() || r.ID() != "" || len(r.Released()) != 0 {
		t.Errorf("%+v", r)
	}
}

// Canaries: whatever callers send and records hold, the log repeats none of it.
func TestEntriesHoldNoPersonalData(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	d := decide(nurse, "person-1", 0)
	x := plan(t, d, "a")
	asked := audit.Event{
		At: start, RequestID: "r1", Interaction: "search 9990000018", Type: "9990000018",
		Params: []string{"patient", "9990000018", "Angharad Evans", "garddio=1", "_id", "name\xff", strings.Repeat("Evans", 20)}, Status: 400,
	}
	_, err := log.Record(t.Context(), asked, []consent.Decision{d}, []disclosure.Disclosure{x})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Refuse(t.Context(), asked, nurse, "BAD_REQUEST"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(x.Body()), "9990000018") {
		t.Fatal("the disclosure holds no canary: this test proves nothing")
	}
	for _, row := range sink.Chain() {
		for _, canary := range canaries {
			if strings.Contains(string(row.Body), canary) {
				t.Errorf("entry %d holds %q: %s", row.Seq, canary, row.Body)
			}
		}
	}
	if got, want := entries(t, sink)[0].Params, []string{"patient", "?", "?", "?", "_id", "?", "?"}; !cmp.Equal(got, want) {
		t.Errorf("names of parameters: %q", got)
	}
}

func TestEndedContextReleasesNothing(t *testing.T) {
	log := open(t, audittest.NewSink(), (&hand{at: start}).now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if recorded, err := log.Public(ctx, event("r")); !errors.Is(err, context.Canceled) || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
}
