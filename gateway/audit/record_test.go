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
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	d := decide(nurse, "person-1", 7)
	recorded, err := l.Record(t.Context(), event("r1"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a"), plan(t, d, "b")}, unchecked)
	if err != nil {
		t.Fatal(err)
	}
	if !recorded.OK() || recorded.ID() != "1/1" || len(recorded.Released()) != 2 {
		t.Fatalf("recorded %q with %d released", recorded.ID(), len(recorded.Released()))
	}
	list := entries(t, store)
	if len(list) != 1 {
		t.Fatalf("%d entries for one decision", len(list))
	}
	want := audit.Entry{
		Kind: audit.KindDecision, Time: start, At: start, RequestID: "r1", Interaction: "search-type", Type: "CarePlan",
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
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	for _, c := range []struct {
		name    string
		record  func() (audit.Recorded, error)
		outcome string
		code    string
	}{
		{"refusal", func() (audit.Recorded, error) {
			return l.Record(t.Context(), event("1"), []consent.Decision{decide(stranger, "person-1", 0)}, nil, unchecked)
		}, "deny", decide(stranger, "person-1", 0).Deciding().Code},
		{"empty answer", func() (audit.Recorded, error) {
			return l.Record(t.Context(), event("2"), []consent.Decision{decide(nurse, "person-1", 0)}, nil, unchecked)
		}, "permit", decide(nurse, "person-1", 0).Deciding().Code},
		{"nothing decided", func() (audit.Recorded, error) {
			return l.Record(t.Context(), event("3"), []consent.Decision{{}}, []disclosure.Disclosure{{}}, unchecked)
		}, "deny", consent.Decision{}.Deciding().Code},
		{"unknown caller", func() (audit.Recorded, error) {
			return l.Refuse(t.Context(), event("4"), consent.Caller{}, "REQ_UNKNOWN")
		}, "refused", "REQ_UNKNOWN"},
		{"public", func() (audit.Recorded, error) {
			return l.Public(t.Context(), event("5"))
		}, "public", ""},
	} {
		before := len(entries(t, store))
		recorded, err := c.record()
		if err != nil || !recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, %d released, error %v", c.name, recorded.ID(), len(recorded.Released()), err)
			continue
		}
		list := entries(t, store)[before:]
		if len(list) != 1 || list[0].Outcome != c.outcome || list[0].Code != c.code {
			t.Errorf("%s: entries %+v", c.name, list)
		}
	}
	denied := entries(t, store)[0]
	if len(denied.Failed) == 0 || len(denied.Items) != 0 || denied.Organisation != "7A6" {
		t.Errorf("a refusal says %+v", denied)
	}
}

func TestUpdateSaysWhatWasDone(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	counts := audit.Counts{Read: 5, Stored: 1, Unchanged: 2, Quarantined: 2, LeftBehind: 9}
	recorded, err := l.Update(t.Context(), event("batch-1"), "mhsds-v6", decide(nurse, "person-1", 7), func(audit.Tx) (audit.Counts, error) { return counts, nil })
	if err != nil || recorded.ID() != "1/1" {
		t.Fatalf("recorded %q, %v", recorded.ID(), err)
	}
	got := entries(t, store)[0]
	if got.Kind != audit.KindImport || got.Source != "mhsds-v6" || got.Counts != counts || got.Client != nurse.Client || got.RequestID != "batch-1" {
		t.Errorf("entry %+v", got)
	}
}

// A person whom three custodians hold records about: one entry per decision,
// each with the releases of its own custodian, and one that released nothing.
func TestOneEntryPerDecision(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	first, second, third := crisisDecision(t, "7A4"), crisisDecision(t, "7A6"), crisisDecision(t, "7A2")
	released := []disclosure.Disclosure{plan(t, first, "a"), plan(t, third, "b"), plan(t, first, "c"), {}}
	recorded, err := l.Record(t.Context(), event("r"), []consent.Decision{first, second, third}, released, unchecked)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, ids(recorded.Released())); diff != "" {
		t.Errorf("what may be answered (-want +got):\n%s", diff)
	}
	var got []string
	for _, e := range entries(t, store) {
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
		store := audittest.NewMemory()
		l := open(t, store, (&hand{at: start}).now)
		recorded, err := l.Record(t.Context(), event("r"), c[:1], []disclosure.Disclosure{plan(t, c[0], "a"), plan(t, c[1], "b")}, unchecked)
		if err == nil || recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, error %v", name, recorded.ID(), err)
		}
		if n := len(entries(t, store)); n != 0 {
			t.Errorf("%s: %d entries were kept", name, n)
		}
	}
}

// What cannot be one request's decisions is a fault of the caller's, not an entry.
func TestDecisionsThatAreNotOneRequests(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	for name, decisions := range map[string][]consent.Decision{
		"none": nil, "the same twice": {decide(nurse, "person-1", 0), decide(nurse, "person-1", 0)},
		"of two callers": {decide(nurse, "person-1", 0), crisisDecision(t, "7A2")},
	} {
		if recorded, err := l.Record(t.Context(), event("r"), decisions, nil, unchecked); err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
	}
	if n := len(entries(t, store)); n != 0 {
		t.Errorf("%d entries were kept", n)
	}
}

// What a decision rests on is looked at in the transaction that records it: where
// it has changed, nothing is recorded and nothing released.
func TestCheckThatFailsRecordsNothing(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	d := decide(nurse, "person-1", 0)
	moved := errors.New("moved")
	for name, check := range map[string]func(audit.Tx) error{
		"moved": func(audit.Tx) error { return moved }, "panicked": func(audit.Tx) error { panic("9990000018") }, "none": nil,
	} {
		recorded, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}, check)
		if err == nil || recorded.OK() || len(recorded.Released()) != 0 {
			t.Errorf("%s: recorded %q, error %v", name, recorded.ID(), err)
		}
		if errors.Is(err, moved) != (name == "moved") || strings.Contains(err.Error(), "999") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if kept := store.Kept(); len(kept.Slots)+len(kept.Checkpoints) != 0 {
		t.Errorf("there is %+v", kept)
	}
	looked := 0
	recorded, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}, func(tx audit.Tx) error {
		looked++
		slots, err := tx.Slots()
		if len(slots) != 0 {
			t.Errorf("the check sees %+v", slots)
		}
		return err
	})
	if err != nil || looked != 1 || len(recorded.Released()) != 1 {
		t.Errorf("looked %d times, %v", looked, err)
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
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	d := decide(nurse, "person-1", 0)
	x := plan(t, d, "a")
	asked := audit.Event{
		At: start, RequestID: "r1", Interaction: "search 9990000018", Type: "9990000018",
		Params: []string{"patient", "9990000018", "Angharad Evans", "garddio=1", "_id", "name\xff", strings.Repeat("Evans", 20), strings.Repeat("x", 65), "a-Z_z.A:$"}, Status: 400,
	}
	_, err := l.Record(t.Context(), asked, []consent.Decision{d}, []disclosure.Disclosure{x}, unchecked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Refuse(t.Context(), asked, nurse, "BAD_REQUEST"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(x.Body()), "9990000018") {
		t.Fatal("the disclosure holds no canary: this test proves nothing")
	}
	for _, row := range store.Kept().Chains[1] {
		for _, canary := range canaries {
			if strings.Contains(string(row.Body), canary) {
				t.Errorf("entry %d holds %q: %s", row.Seq, canary, row.Body)
			}
		}
	}
	if got, want := entries(t, store)[0].Params, []string{"patient", "?", "?", "?", "_id", "?", "?", "?", "a-Z_z.A:$"}; !cmp.Equal(got, want) {
		t.Errorf("names of parameters: %q", got)
	}
}

func TestEndedContextReleasesNothing(t *testing.T) {
	l := open(t, audittest.NewMemory(), (&hand{at: start}).now)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if recorded, err := l.Public(ctx, event("r")); !errors.Is(err, context.Canceled) || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
}
