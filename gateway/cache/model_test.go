package cache_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

const home = "7A4"

var (
	start   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	people  = []profiles.PersonID{"person-a", "person-b", "person-c"}
	numbers = []string{"9990000018", "9990000026", "9990000034", "9990000042"}
	staff   = []string{"s0", "s1", "s2"}
)

// world writes at random, as imports, operators and reindexing do.
type world struct {
	t      *testing.T
	store  store.Store
	random *rand.Rand
	at     time.Time
	move   int
}

func (w *world) write() {
	w.t.Helper()
	w.at = w.at.Add(time.Second)
	person := people[w.random.IntN(len(people))]
	switch w.random.IntN(10) {
	case 0, 1:
		use := []string{"", `,"use":"old"`}[w.random.IntN(2)]
		w.put(person, fmt.Sprintf(`{"resourceType":"Patient","id":"p-%s-%d","identifier":[{"system":%q,"value":%q%s}]}`, person, w.random.IntN(2),
			profiles.SystemNHSNumber, numbers[w.random.IntN(len(numbers))], use))
	case 2, 3:
		w.put(person, fmt.Sprintf(`{"resourceType":"CarePlan","id":"c-%s-%d","subject":{"reference":"Patient/p-%s-0"},"status":"active","intent":"plan",
			"category":[{"coding":[{"system":%q,"code":%q}]}],"description":"%d","author":{"reference":"Practitioner/%s"}}`,
			person, w.random.IntN(2), person, profiles.SystemSNOMED, profiles.CodeCrisisPlan, w.random.Int(), staff[w.random.IntN(len(staff))]))
	case 4:
		w.put(person, fmt.Sprintf(`{"resourceType":"CareTeam","id":"t-%s","subject":{"reference":"Patient/p-%s-0"},"status":"active",
			"participant":[{"member":{"reference":"PractitionerRole/r%d"}}]}`, person, person, w.random.IntN(2)))
	case 5:
		security := []string{"", fmt.Sprintf(`,"meta":{"security":[{"system":%q,"code":%q}]}`, profiles.SystemConfidentiality, profiles.CodeVeryRestricted)}[w.random.IntN(2)]
		w.put("", fmt.Sprintf(`{"resourceType":"Practitioner","id":%q,"name":[{"family":"%d"}]%s}`, staff[w.random.IntN(len(staff))], w.random.Int(), security))
	case 6:
		if role := fmt.Sprint("r", w.random.IntN(2)); w.random.IntN(4) == 0 {
			w.accept(recordstest.Remove(w.t, home, "", "PractitionerRole", role))
		} else {
			w.put("", fmt.Sprintf(`{"resourceType":"PractitionerRole","id":%q,"organization":{"reference":"Organization/o%d"}}`, role, w.random.IntN(2)))
		}
	case 9:
		w.put("", fmt.Sprintf(`{"resourceType":"Organization","id":"o%d","identifier":[{"system":%q,"value":"O%d"}]}`, w.random.IntN(2), profiles.SystemODS, w.random.IntN(9)))
	case 7:
		standing := persons.Standing{Person: person, Since: w.at}
		if other := people[w.random.IntN(len(people))]; other != person {
			standing.Apart, standing.Doubts = other, []persons.Doubt{persons.Contradicts}
		}
		w.update(func(tx store.Tx) error { return tx.Stand(standing) })
	case 8:
		w.rehome(person, people[w.random.IntN(len(people))])
	}
}

func (w *world) put(person profiles.PersonID, body string) {
	w.accept(recordstest.Accept(w.t, home, person, body))
}

func (w *world) accept(a consent.Accepted) {
	w.update(func(tx store.Tx) error {
		if _, err := tx.Put(w.at, a, records.Precondition{}); !records.Refused(err) {
			return err
		}
		return nil // it is another person's since it was moved
	})
}

func (w *world) rehome(from, to profiles.PersonID) {
	w.update(func(tx store.Tx) error {
		held, err := tx.Held(from, "")
		if err != nil || from == to || len(held) == 0 {
			return err
		}
		w.move++
		m := persons.Move{ID: fmt.Sprint("m", w.move), From: from, To: to, At: w.at}
		for _, v := range held {
			m.Resources = append(m.Resources, v.Type+"/"+v.ID)
		}
		return tx.Move(m)
	})
}

func (w *world) update(change func(store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), change); err != nil {
		w.t.Fatal(err)
	}
}

// ask is one thing that a request may read, and what it came to.
type ask struct {
	number, resource string // one of them names the person
}

func (w *world) ask() ask {
	if w.random.IntN(3) == 0 {
		return ask{resource: fmt.Sprintf("c-%s-%d", people[w.random.IntN(len(people))], w.random.IntN(3))}
	}
	return ask{number: numbers[w.random.IntN(len(numbers))]}
}

// whom is the first half of what a request reads, and plans the second.
func (a ask) whom(now records.Reader) (profiles.PersonID, records.Holdings, error) {
	var person profiles.PersonID
	var err error
	if a.number != "" {
		person, err = now.Person(profiles.SystemNHSNumber, a.number)
	} else {
		person, err = now.PersonOf("CarePlan", a.resource)
	}
	if err != nil && !errors.Is(err, records.ErrNothing) {
		return "", records.Holdings{}, err
	}
	h, err := now.Holdings(person)
	return person, h, err
}

func plans(t *testing.T, now records.Reader, person profiles.PersonID) (string, error) {
	if person == "" {
		return "", nil
	}
	scopes := records.ScopesOf([]consent.Decision{recordstest.Treating(t, person)}, "CarePlan")
	page, err := now.Find(scopes, records.Query{Count: 10})
	if err != nil {
		return "", err
	}
	targets, err := now.Targets(home, []string{"Practitioner/s0", "Practitioner/s1", "Practitioner/s2", "CareTeam/t-person-a", "Practitioner/none"})
	maps.DeleteFunc(targets, func(_ string, target disclosure.Target) bool { return target.Person != "" && target.Person != person }) // nobody is shown these
	return fmt.Sprintf("%+v %+v", page, targets), err
}

// answer is all that a request was told.
type answer struct {
	Person   profiles.PersonID
	Holdings records.Holdings
	Plans    string
}

func told(person profiles.PersonID, h records.Holdings, plans string) answer {
	h.Generation, h.Consulted = 0, nil // what they say matters
	return answer{person, h, plans}
}

// TestWhatIsProvenIsSo reads through two caches on one store what is written meanwhile
// by nobody they know of. Whatever Check lets pass is what the store says in that very
// transaction; and where nothing is written, what was read anew passes.
func TestWhatIsProvenIsSo(t *testing.T) {
	for name, open := range map[string]func(*testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memory.New() },
		"sqlite": func(t *testing.T) store.Store {
			s, err := sqlite.Open(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				provenRound(t, open(t), seed)
			}
		})
	}
}

const rounds = 600

func provenRound(t *testing.T, s store.Store, seed uint64) {
	views := 0
	counted := viewer(func(ctx context.Context, read func(store.Snapshot) error) error {
		views++
		return s.View(ctx, read)
	})
	gateways := []*cache.Cache{cache.New(counted, 1<<20), cache.New(counted, 4000), cache.New(counted, 0)}
	w := &world{t: t, store: s, random: rand.New(rand.NewPCG(seed, 7)), at: start}
	for range 20 {
		w.write()
	}
	warm, stale, passed := 0, 0, 0
	for range rounds {
		gateway := gateways[w.random.IntN(len(gateways))]
		if w.random.IntN(20) == 0 {
			gateway.Clear()
		}
		a := w.ask()
		disturbed := w.random.IntN(8) == 0
		if w.random.IntN(8) == 0 {
			w.write()
		}
		for attempt := 0; ; attempt++ {
			before := views
			got, basis := read(t, gateway, a)
			if views == before {
				warm++
			}
			if disturbed && attempt == 0 {
				w.write()
			}
			err := check(t, s, basis, a, got)
			if err == nil {
				passed++
				break
			}
			stale++
			if views == before { // from memory; what was read of the store is read anew once more
				continue
			}
			if !disturbed || attempt > 1 {
				t.Fatalf("seed %d: what was read anew did not pass, and nothing was written", seed)
			}
		}
	}
	if warm < 15 || stale < 15 || passed != rounds {
		t.Errorf("seed %d: %d warm, %d stale, %d passed: the test looks at too little", seed, warm, stale, passed)
	}
}

type viewer func(context.Context, func(store.Snapshot) error) error

func (v viewer) View(ctx context.Context, read func(store.Snapshot) error) error { return v(ctx, read) }

func read(t *testing.T, gateway *cache.Cache, a ask) (answer, cache.Basis) {
	t.Helper()
	var got answer
	basis, err := gateway.Read(t.Context(), func(now *cache.Moment) error {
		person, h, err := a.whom(now)
		if err != nil {
			return err
		}
		found, err := cache.Recall(now, "plans", func(s string) int { return len(s) }, func() (string, error) { return plans(t, now, person) })
		got = told(person, h, found)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, basis
}

// check puts a basis to the store, and where it passes compares the answer with what
// the store says in the same transaction.
func check(t *testing.T, s store.Store, basis cache.Basis, a ask, got answer) (verdict error) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if verdict = basis.Check(tx); verdict != nil {
			return nil
		}
		person, h, err := a.whom(tx)
		if err != nil {
			return err
		}
		found, err := plans(t, tx, person)
		if diff := cmp.Diff(told(person, h, found), got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Fatalf("passed, and the store says otherwise:\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if verdict != nil && !errors.Is(verdict, cache.ErrChanged) {
		t.Fatal(verdict)
	}
	return verdict
}
