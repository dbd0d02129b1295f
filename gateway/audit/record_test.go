package audit_test

import (
	"context"
	"errors"
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
	recorded, err := log.Record(t.Context(), event("r1"), d, []disclosure.Disclosure{plan(t, d, "a"), plan(t, d, "b")})
	if err != nil {
		t.Fatal(err)
	}
	if !recorded.OK() || recorded.ID() != "1" || len(recorded.Released()) != 2 {
		t.Fatalf("recorded %q with %d released", recorded.ID(), len(recorded.Released()))
	}
	list := entries(t, sink)
	if len(list) != 2 {
		t.Fatalf("%d entries for a request and one person", len(list))
	}
	want := audit.Entry{
		Kind: audit.KindRequest, Time: start, At: start, RequestID: "r1", Interaction: "search", Type: "CarePlan",
		Params: []string{"patient:identifier", "category"}, Status: 200,
		Client: "cmht-system", Organisation: "7A4", Team: "cmht", Professional: "nurse-77", Role: "nurse", Purpose: "TREAT",
		Outcome: "permit", Deciding: d.Deciding().ID, Code: d.Deciding().Code, Items: d.Items().Codes(),
		Person: "person-1", Epoch: 7, Policy: d.PolicyHash(),
	}
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Errorf("the request's entry (-want +got):\n%s", diff)
	}
	want.Kind = audit.KindDisclosure
	want.Released = []audit.Release{{Ref: "CarePlan/a/v1", Items: []string{"plan.crisis"}}, {Ref: "CarePlan/b/v1", Items: []string{"plan.crisis"}}}
	if diff := cmp.Diff(want, list[1]); diff != "" {
		t.Errorf("the person's entry (-want +got):\n%s", diff)
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
			return log.Record(t.Context(), event("1"), decide(stranger, "person-1", 0), nil)
		}, "deny", decide(stranger, "person-1", 0).Deciding().Code},
		{"empty answer", func() (audit.Recorded, error) {
			return log.Record(t.Context(), event("2"), decide(nurse, "person-1", 0), nil)
		}, "permit", decide(nurse, "person-1", 0).Deciding().Code},
		{"nothing decided", func() (audit.Recorded, error) {
			return log.Record(t.Context(), event("3"), consent.Decision{}, []disclosure.Disclosure{{}})
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

// One entry per released person, each under the decision on that person.
func TestOneEntryPerReleasedPerson(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	first, second := decide(nurse, "person-1", 0), decide(nurse, "person-2", 0)
	_, err := log.Record(t.Context(), event("r"), first, []disclosure.Disclosure{
		plan(t, first, "a"), plan(t, second, "b"), plan(t, first, "c"), {},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[profiles.PersonID]string{}
	for _, e := range entries(t, sink)[1:] {
		for _, r := range e.Released {
			got[e.Person] += r.Ref + " "
		}
	}
	want := map[profiles.PersonID]string{"person-1": "CarePlan/a/v1 CarePlan/c/v1 ", "person-2": "CarePlan/b/v1 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDisclosureForAnotherCallerIsRefused(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	other := nurse
	other.Person = "nurse-78"
	released := []disclosure.Disclosure{plan(t, decide(other, "person-1", 0), "a")}
	recorded, err := log.Record(t.Context(), event("r"), decide(nurse, "person-1", 0), released)
	if err == nil || recorded.OK() || len(recorded.Released()) != 0 {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
	if n := len(sink.Chain()); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

func TestMovedEpochRecordsNothing(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	first, second := decide(nurse, "person-1", 0), decide(nurse, "person-2", 0)
	for _, c := range []struct {
		name     string
		decision consent.Decision
		released []disclosure.Disclosure
	}{
		{"the person asked for", decide(nurse, "person-1", 6), nil},
		{"a person released", first, []disclosure.Disclosure{plan(t, first, "a"), plan(t, decide(nurse, "person-2", 1), "b")}},
		{"decided twice, the older last", first, []disclosure.Disclosure{plan(t, decide(nurse, "person-2", 1), "a"), plan(t, second, "b")}},
		{"decided twice, the older first", first, []disclosure.Disclosure{plan(t, second, "a"), plan(t, decide(nurse, "person-2", 1), "b")}},
	} {
		recorded, err := log.Record(t.Context(), event("r"), c.decision, c.released)
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
	_, err := log.Record(t.Context(), asked, d, []disclosure.Disclosure{x})
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
