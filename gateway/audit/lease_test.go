package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// The number of chains is the most writers ever at once, not the number of starts.
func TestSlotsAreGivenBack(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	for range 5 {
		logs := []*log{open(t, store, clock.now), open(t, store, clock.now), open(t, store, clock.now)}
		for _, l := range logs {
			record(t, l)
			clock.move(time.Millisecond)
		}
		for _, l := range logs {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if report := verify(t, store); report.Chains != 3 || report.Entries != 15 || report.Signed != 15 {
		t.Errorf("%+v", report)
	}
	for _, s := range store.Kept().Slots {
		if s.Holder != "" || !s.Until.IsZero() || s.Latest.IsZero() {
			t.Errorf("%+v was not given back", s)
		}
	}
}

func TestALeaseIsRenewedWithEachCommit(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	l := open(t, store, clock.now)
	record(t, l)
	first := store.Kept().Slots[0]
	if first.Holder == "" || !first.Until.Equal(start.Add(time.Minute)) || !first.Latest.Equal(start) {
		t.Errorf("the slot is %+v", first)
	}
	clock.move(50 * time.Second)
	record(t, l)
	second := store.Kept().Slots[0]
	if second.Holder != first.Holder || !second.Until.Equal(start.Add(110*time.Second)) {
		t.Errorf("then it is %+v", second)
	}
}

// A slot is taken over when its lease has run out, not before.
func TestALeaseRunsOut(t *testing.T) {
	for after, chains := range map[time.Duration]int{time.Minute: 2, time.Minute + 1: 1} {
		store, clock := audittest.NewMemory(), &hand{at: start}
		record(t, open(t, store, clock.now)) // and then it is silent
		clock.move(after)
		record(t, open(t, store, clock.now))
		if report := verify(t, store); report.Chains != chains {
			t.Errorf("after %v there are %d chains, want %d", after, report.Chains, chains)
		}
	}
}

// A lease that was taken over while its old holder still writes: what the old one
// records goes into another chain, and nothing is acknowledged twice or lost.
func TestAStolenLease(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	ahead := &hand{at: start.Add(time.Hour)}
	first := open(t, store, clock.now)
	record(t, first)
	second := open(t, store, ahead.now)
	record(t, second) // takes the first slot: by its clock the lease has run out
	if n := len(store.Kept().Slots); n != 1 {
		t.Fatalf("there are %d slots: this test proves nothing", n)
	}
	for range 3 {
		record(t, first)
		record(t, second)
	}
	for _, l := range []*log{first, second} {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if report := verify(t, store); report.Entries != 8 || report.Signed != 8 || report.Chains != 2 {
		t.Errorf("%+v", report)
	}
}

// A writer whose slot was taken over, and who has nothing more to record, signed a chain that
// nobody had begun: from then on no writer recorded anything.
func TestAWriterWithoutASlotSignsWhatIsThere(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	ahead := &hand{at: start.Add(time.Hour)}
	first := open(t, store, clock.now)
	record(t, first)
	second := open(t, store, ahead.now)
	record(t, second) // takes the first slot: by its clock the lease has run out
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	record(t, second)
	ahead.move(2 * time.Second) // so that the next entry is signed
	record(t, second)
	if report := verify(t, store); report.Entries != 4 || report.Chains != 1 {
		t.Errorf("%+v", report)
	}
}

// Between reading the slots and writing, another writer may have gone on: the store
// compares and refuses, and the commit is begun anew.
func TestAnotherWriterInBetween(t *testing.T) {
	store, clock := &stale{Memory: audittest.NewMemory()}, &hand{at: start}
	l := open(t, store, clock.now)
	record(t, l)
	clock.move(2 * time.Minute)
	other := open(t, store.Memory, clock.now)
	store.slots = store.Kept().Slots
	record(t, other) // has taken the slot over by now
	recorded, err := l.Public(t.Context(), event("r"))
	if err != nil || !recorded.OK() || recorded.ID() != "2/1" {
		t.Errorf("recorded %q, %v", recorded.ID(), err)
	}
	store.slots, store.always = store.Kept().Slots, true
	record(t, other)
	store.slots[0].Holder, store.slots[1].Holder = "", ""
	if recorded, err := l.Public(t.Context(), event("r")); !errors.Is(err, audit.ErrTaken) || recorded.OK() {
		t.Errorf("recorded %q, %v", recorded.ID(), err)
	}
	worked := 0
	_, err = l.Update(t.Context(), event("r"), "s", consent.Decision{}, func(audit.Tx) (audit.Counts, error) {
		worked++
		return audit.Counts{}, nil
	})
	if !errors.Is(err, audit.ErrTaken) || worked != 1 {
		t.Errorf("work was done %d times, %v", worked, err)
	}
	store.always = false
	record(t, l)
	store.slots, store.always = []audit.Slot{}, true
	if err := l.Close(); err == nil {
		t.Error("Close does not tell that the end is not signed")
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if report := verify(t, store); report.Entries != 5 {
		t.Errorf("%+v", report)
	}
}

// stale is a store whose next transaction sees the slots as they once were.
type stale struct {
	*audittest.Memory
	slots  []audit.Slot
	always bool
}

type staleTx struct {
	audit.Tx
	slots []audit.Slot
}

func (t staleTx) Slots() ([]audit.Slot, error) { return t.slots, nil }

func (s *stale) Update(ctx context.Context, change func(audit.Tx) error) error {
	slots := s.slots
	if !s.always {
		s.slots = nil
	}
	return s.Memory.Update(ctx, func(tx audit.Tx) error {
		if slots != nil {
			tx = staleTx{tx, slots}
		}
		return change(tx)
	})
}

// A writer whose clock is behind a chain leaves it to others, so that times do not
// go back within a chain; it comes back when its clock has come up.
func TestAClockThatIsBehind(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start.Add(10 * time.Second)}
	l := open(t, store, clock.now)
	record(t, l)
	clock.move(-time.Second) // a time service corrects by as much
	record(t, l)
	if n := len(store.Kept().Slots); n != 1 {
		t.Errorf("there are %d slots", n)
	}
	clock.move(-time.Second - 1)
	record(t, l)
	record(t, l)
	if n := len(store.Kept().Slots); n != 2 {
		t.Errorf("there are %d slots", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	clock.move(2 * time.Minute)
	for range 2 {
		record(t, open(t, store, clock.now))
	}
	if report := verify(t, store); report.Chains != 2 || report.Entries != 6 {
		t.Errorf("%+v", report)
	}
}

// A commit that failed although it happened, in a slot that is of no use after it
// because the clock was set back: the writer does not take that for a cut.
func TestAClockSetBackAfterADoubtfulCommit(t *testing.T) {
	for name, how := range waysToBreak {
		store, clock := newBreaking(), &hand{at: start.Add(time.Minute)}
		l := open(t, store, clock.now)
		record(t, l)
		store.on(how)
		if _, err := l.Public(t.Context(), event("r")); err == nil {
			t.Fatalf("%s: no error", name)
		}
		clock.move(-30 * time.Second)
		for range 2 {
			store.on(how)
			if _, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) {
				t.Errorf("%s: error %v", name, err)
			}
		}
		record(t, l)
		clock.move(30 * time.Second)
		record(t, l)
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if report := verify(t, store); report.Chains != 2 {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

// Entries that nobody has signed yet are missed by the writer that wrote them,
// though its slot was given back meanwhile.
func TestACutOfWhatNobodyHasSigned(t *testing.T) {
	for name, change := range map[string]func(k *audittest.Kept){
		"cut":           func(k *audittest.Kept) { cut(k, 1, 1) },
		"cut and given": func(k *audittest.Kept) { cut(k, 1, 1); k.Slots[0].Holder = "" },
		"edited":        func(k *audittest.Kept) { edit(t, &k.Chains[1][1]); chained(k, 1, k.Chains[1]) },
		"edited, given": func(k *audittest.Kept) { edit(t, &k.Chains[1][1]); chained(k, 1, k.Chains[1]); k.Slots[0].Holder = "" },
		"with one more": func(k *audittest.Kept) { chained(k, 1, append(k.Chains[1], k.Chains[1][1])) },
		"overtaken": func(k *audittest.Kept) {
			edit(t, &k.Chains[1][1])
			chained(k, 1, append(k.Chains[1], k.Chains[1][1]))
			k.Slots[0].Holder = ""
		},
		"without a slot": func(k *audittest.Kept) { k.Slots = nil; k.Chains = nil },
	} {
		store := audittest.NewMemory()
		l := open(t, store, (&hand{at: start}).now)
		record(t, l)
		record(t, l)
		k := store.Kept()
		change(&k)
		store.Replace(k)
		if recorded, err := l.Public(t.Context(), event("r")); err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
		if !equalKept(store.Kept(), k) {
			t.Errorf("%s: something was written", name)
		}
	}
}

// While it is not known whether a commit happened, a chain that is neither as
// before nor as after it was cut.
func TestACutWhileACommitIsInDoubt(t *testing.T) {
	for name, how := range waysToBreak {
		store, clock := newBreaking(), &hand{at: start}
		l := open(t, store, clock.now)
		record(t, l)
		record(t, l) // nobody has signed it
		store.on(how)
		if _, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", name, err)
		}
		k := store.Kept()
		edit(t, &k.Chains[1][1])
		chained(&k, 1, k.Chains[1])
		store.Replace(k)
		if recorded, err := l.Public(t.Context(), event("r")); err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
		if !equalKept(store.Kept(), k) {
			t.Errorf("%s: something was written", name)
		}
	}
}
