package audit_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The canaries: what a record of the people below must never hold.
var canaries = []string{"9990000018", "999 000 0018", "Evans", "Angharad", "garddio", "7A4 Ward 9"}

// start is when the tests' clocks begin.
var start = time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.UTC)

// hand is a clock that a test sets. Safe for concurrent use.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) move(by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(by)
}

// newKey makes keys from a seed, so that a failure repeats.
func newKey(seed byte) ed25519.PrivateKey {
	var s [ed25519.SeedSize]byte
	s[0] = seed
	return ed25519.NewKeyFromSeed(s[:])
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// nurse is a caller of the team that treats everybody in these tests.
var nurse = consent.Caller{
	Client: "cmht-system", Organisation: "7A4", Team: "cmht", Person: "nurse-77", Role: "nurse",
	Purpose: profiles.Treatment, TokenID: "token-1",
	Scopes: []consent.Scope{{Context: "user", Type: "*", Read: true, Search: true}},
}

// decide asks whether a caller may see a person's plans, at an epoch of the person's record.
func decide(caller consent.Caller, person profiles.PersonID, epoch uint64) consent.Decision {
	return consent.Decide(consent.Request{
		Caller: caller, Action: consent.Read, Type: "CarePlan", Wanted: profiles.AllItems, At: start,
		Policy: consent.DefaultPolicy(), Source: "7A4",
		Person: &facts.Person{
			ID: person, Epoch: epoch, Custodian: "7A4",
			Born: start.AddDate(-40, 0, 0), BornUntil: start.AddDate(-40, 0, 1),
			Relations: []facts.Relation{{Organisation: "7A4", Team: "cmht", Kind: facts.CareTeamMember, From: start.AddDate(-1, 0, 0)}},
		},
	})
}

// held is a stored crisis plan full of what no record may repeat.
func held(t *testing.T, d consent.Decision, id string) disclosure.Held {
	t.Helper()
	r, err := fhir.ParseResource([]byte(fmt.Sprintf(`{"resourceType":"CarePlan","id":%q,"status":"active","intent":"plan",
		"title":"Angharad Evans 9990000018 garddio",
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"}]}],
		"subject":{"reference":"Patient/%s","display":"Angharad Evans","identifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}}}`, id, d.Person())))
	if err != nil {
		t.Fatal(err)
	}
	return disclosure.Held{Resource: r, Person: d.Person(), Custodian: d.Source(), Label: profiles.Items(r), Tag: func(profiles.ItemSet, disclosure.Digest) string { return "v1" }, Updated: start}
}

// plan is a disclosure of such a plan.
func plan(t *testing.T, d consent.Decision, id string) disclosure.Disclosure {
	t.Helper()
	x := disclosure.TermsOf(d).Copy(held(t, d, id), nil).Under(d)
	if x.Withheld() {
		t.Fatalf("nothing of the plan was disclosed: %+v", d.Deciding())
	}
	return x
}

// event is a request as the road tells of it.
func event(id string) audit.Event {
	return audit.Event{At: start, RequestID: id, Interaction: "search-type", Type: "CarePlan", Params: []string{"patient:identifier", "category"}, Status: 200}
}

// log is a Log on the smallest store.
type log = audit.Log[audit.Tx]

// keysOf are those of a writer with a key from this seed, who also knows others.
func keysOf(seed byte, others ...byte) audit.Keys {
	keys := audit.Keys{Private: newKey(seed)}
	for _, seed := range append([]byte{seed}, others...) {
		keys.Listed = append(keys.Listed, public(newKey(seed)))
	}
	return keys
}

// open starts a log that is closed with the test.
func open(t *testing.T, store audit.Updater[audit.Tx], clock func() time.Time) *log {
	t.Helper()
	return witnessed(t, store, nil, clock)
}

// witnessed starts a log with a witness.
func witnessed(t *testing.T, store audit.Updater[audit.Tx], witness audit.Witness, clock func() time.Time) *log {
	t.Helper()
	l, err := audit.Open(t.Context(), store, keysOf(1), witness, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// unchecked is the check of decisions that rest on nothing that could change.
func unchecked(audit.Tx) error { return nil }

// record keeps a decision and one plan that it releases.
func record(t *testing.T, l *log) {
	t.Helper()
	d := decide(nurse, "person-1", 0)
	if _, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}, unchecked); err != nil {
		t.Fatal(err)
	}
}

// entries reads what a store holds, chain by chain.
func entries(t *testing.T, store *audittest.Memory) []audit.Entry {
	t.Helper()
	kept := store.Kept()
	var all []audit.Entry
	for _, slot := range kept.Slots {
		list, err := audit.Entries(kept.Chains[slot.Number])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

// verify expects a whole log.
func verify(t *testing.T, store audit.Viewer[audit.Snapshot]) audit.Report {
	t.Helper()
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
	if err != nil {
		t.Fatal(err)
	}
	if report.Break != nil {
		t.Errorf("the log breaks: %v", report.Break)
	}
	return report
}

// headIn is a line of a checkpoint's note.
type headIn struct {
	chain int
	seq   uint64
}

func headsIn(t *testing.T, note string) (heads []headIn) {
	t.Helper()
	text, _, _ := strings.Cut(note, "\n\n")
	for _, line := range strings.Split(text, "\n")[4:] {
		var h headIn
		var hash string
		if _, err := fmt.Sscan(line, &h.chain, &h.seq, &hash); err != nil {
			t.Fatalf("a line of the note is %q", line)
		}
		heads = append(heads, h)
	}
	return heads
}

func equal[T any](a, b T) bool { return cmp.Equal(a, b) }

// equalKept compares what two stores hold.
func equalKept(a, b audittest.Kept) bool { return cmp.Equal(a, b, cmpopts.EquateEmpty()) }
