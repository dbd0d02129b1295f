package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// breaking is a store whose commits can be held up and broken, in the two ways in
// which a commit breaks.
type breaking struct {
	*audittest.Memory
	mu      sync.Mutex
	commits int
	next    func(commit func() error) error // for the next commit only
}

var errBroken = errors.New("broken by the test")

func failed(func() error) error { return errBroken }

func failedAlthoughItHappened(commit func() error) error {
	if err := commit(); err != nil {
		return err
	}
	return errBroken
}

// waysToBreak are both of them.
var waysToBreak = map[string]func(func() error) error{"failed": failed, "failed although it happened": failedAlthoughItHappened}

func (s *breaking) Update(ctx context.Context, change func(audit.Tx) error) error {
	s.mu.Lock()
	next := s.next
	s.next = nil
	s.commits++
	s.mu.Unlock()
	commit := func() error { return s.Memory.Update(ctx, change) }
	if next == nil {
		return commit()
	}
	return next(commit)
}

func (s *breaking) on(next func(commit func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = next
}

func newBreaking() *breaking { return &breaking{Memory: audittest.NewMemory()} }

// TestALogThatTakesNothingSaysSo: of a log whose commits fail, as on a full disk, nobody was told
// but who asked for an entry. What fails for one caller's own work is no fault of the log.
func TestALogThatTakesNothingSaysSo(t *testing.T) {
	store := newBreaking()
	l := open(t, store, (&hand{at: start}).now)
	record(t, l)
	if found := l.Amiss(); len(found) != 0 {
		t.Errorf("all is well, and amiss is %v", found)
	}
	failing := errors.New("its own")
	if _, err := l.Settle(t.Context(), event("r"), nurse, func(audit.Tx) (string, error) { return "", failing }); !errors.Is(err, failing) || len(l.Amiss()) != 0 {
		t.Errorf("work that fails: %v, amiss is %v", err, l.Amiss())
	}
	await := func(what string, so func() bool) {
		for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	await("the entry is not signed", func() bool { return len(store.Kept().Checkpoints) == 2 }) // nothing is left to be done
	store.on(failed)
	if _, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if found := l.Amiss(); len(found) != 1 || !errors.Is(found[0], errBroken) {
		t.Errorf("after a commit that failed, amiss is %v", found)
	}
	await("the store is well again, and nobody finds out before the next request", func() bool { return len(l.Amiss()) == 0 })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A commit that fails releases nothing, in either way of failing, the first one of
// a log included; what follows is recorded, and the chain does not fork.
func TestFailedCommit(t *testing.T) {
	for name, how := range waysToBreak {
		for before := range 2 {
			t.Run(fmt.Sprintf("%s after %d", name, before), func(t *testing.T) {
				store := newBreaking()
				l := open(t, store, (&hand{at: start}).now)
				for range before {
					record(t, l)
				}
				store.on(how)
				d := decide(nurse, "person-1", 0)
				recorded, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, nil, unchecked)
				if !errors.Is(err, errBroken) || recorded.OK() {
					t.Errorf("recorded %q, error %v", recorded.ID(), err)
				}
				kept := len(entries(t, store.Memory))
				record(t, l)
				record(t, l)
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if got := len(entries(t, store.Memory)); got != kept+2 {
					t.Errorf("%d entries, want %d", got, kept+2)
				}
				if report := verify(t, store); report.Signed != report.Entries || report.Chains != 1 {
					t.Errorf("%+v", report)
				}
			})
		}
	}
}

// Two failures one after the other, in every combination: the log still knows what
// it may have written.
func TestFailedCommitsInARow(t *testing.T) {
	for first, how := range waysToBreak {
		for second, again := range waysToBreak {
			store := newBreaking()
			l := open(t, store, (&hand{at: start}).now)
			for _, how := range []func(func() error) error{how, again} {
				store.on(how)
				if _, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) {
					t.Errorf("%s, then %s: error %v", first, second, err)
				}
			}
			record(t, l)
			if err := l.Close(); err != nil {
				t.Errorf("%s, then %s: %v", first, second, err)
			}
			if report := verify(t, store); report.Signed != report.Entries || report.Chains != 1 {
				t.Errorf("%s, then %s: %+v", first, second, report)
			}
		}
	}
}

// A failed checkpoint at the end is told, and made good by the next writer.
func TestFailedCheckpoint(t *testing.T) {
	for name, how := range waysToBreak {
		t.Run(name, func(t *testing.T) {
			store := newBreaking()
			l := open(t, store, (&hand{at: start}).now)
			record(t, l)
			store.on(how)
			if err := l.Close(); err == nil {
				t.Error("Close does not tell that the end is not signed")
			}
			again := open(t, store, (&hand{at: start.Add(2 * time.Minute)}).now)
			record(t, again)
			if err := again.Close(); err != nil {
				t.Error(err)
			}
			if report := verify(t, store); report.Signed != 2 || report.Chains != 1 {
				t.Errorf("%+v", report)
			}
		})
	}
}

// A store may run a transaction more than once; only the last run counts.
func TestTransactionMayRunTwice(t *testing.T) {
	store := &rerun{audittest.NewMemory()}
	l := open(t, store, (&hand{at: start}).now)
	for range 3 {
		record(t, l)
	}
	ran := 0
	if _, err := l.Update(t.Context(), event("r"), "s", consent.Decision{}, func(audit.Tx) (audit.Counts, error) {
		ran++
		return audit.Counts{Read: ran}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if list := entries(t, store.Memory); len(list) != 4 || list[3].Counts.Read != 2 {
		t.Errorf("%d entries, the last %+v", len(list), list[len(list)-1])
	}
	verify(t, store)
}

// rerun is a store that runs every transaction twice, as after a conflict.
type rerun struct{ *audittest.Memory }

func (s *rerun) Update(ctx context.Context, change func(audit.Tx) error) error {
	undone := errors.New("undone")
	err := s.Memory.Update(ctx, func(tx audit.Tx) error { return errors.Join(undone, change(tx)) })
	if !errors.Is(err, undone) {
		return err
	}
	return s.Memory.Update(ctx, change)
}

// forgetful is a store that says yes and keeps nothing.
type forgetful struct{}

func (forgetful) Update(context.Context, func(audit.Tx) error) error { return nil }

func TestStoreThatKeepsNothingReleasesNothing(t *testing.T) {
	l := open(t, forgetful{}, (&hand{at: start}).now)
	if recorded, err := l.Public(t.Context(), event("r")); err == nil || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
}

// Nor to any of those who wait together.
func TestStoreThatKeepsNothingOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newBreaking()
		l := open(t, store, (&hand{at: start}).now)
		release := make(chan struct{})
		store.on(func(commit func() error) error {
			<-release
			return commit()
		})
		var all sync.WaitGroup
		all.Go(func() { record(t, l) })
		synctest.Wait()
		for range 3 {
			all.Go(func() {
				if recorded, err := l.Public(t.Context(), event("r")); err == nil || recorded.OK() {
					t.Errorf("recorded %q, error %v", recorded.ID(), err)
				}
			})
		}
		synctest.Wait()
		store.on(func(func() error) error { return nil })
		close(release)
		all.Wait()
	})
}

// What arrives while a commit syncs goes together into the next one, and a call
// that fails there takes nobody's entry with it.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newBreaking()
		l := open(t, store, (&hand{at: start}).now)
		release := make(chan struct{})
		store.on(func(commit func() error) error {
			<-release
			return commit()
		})
		moved := errors.New("moved")
		var all sync.WaitGroup
		call := func(want error) {
			all.Go(func() {
				d := decide(nurse, "person-1", 0)
				if _, err := l.Record(t.Context(), event("r"), []consent.Decision{d}, nil, func(audit.Tx) error { return want }); !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			})
		}
		call(nil)
		synctest.Wait() // it is at the store
		const waiting = 40
		for i := range waiting {
			if i%4 == 0 {
				call(moved)
			} else {
				call(nil)
			}
		}
		synctest.Wait() // all of them are at the door
		close(release)
		all.Wait()
		if store.commits != 2 {
			t.Errorf("%d commits for one call and %d that waited", store.commits, waiting)
		}
		if n := len(entries(t, store.Memory)); n != 1+waiting*3/4 {
			t.Errorf("%d entries", n)
		}
	})
}

// A batch has an end: who comes after it waits for the next one.
func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newBreaking()
		l := open(t, store, (&hand{at: start}).now)
		release := make(chan struct{})
		store.on(func(commit func() error) error {
			<-release
			return commit()
		})
		var all sync.WaitGroup
		for range 1 + 512 + 1 {
			all.Go(func() {
				if _, err := l.Public(t.Context(), event("r")); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(release)
		all.Wait()
		if store.commits != 3 {
			t.Errorf("%d commits", store.commits)
		}
	})
}

// A transaction in which a step fails records nothing, whichever step it is, and
// the next one does.
func TestStoreThatFailsInside(t *testing.T) {
	for _, step := range []string{"Slots", "NewestCheckpoint", "AddCheckpoint", "Extend"} {
		store := &failing{Memory: audittest.NewMemory()}
		l := open(t, store, (&hand{at: start}).now)
		store.step = step
		if recorded, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) || recorded.OK() {
			t.Errorf("%s: recorded %q, %v", step, recorded.ID(), err)
		}
		store.step = ""
		record(t, l)
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		if report := verify(t, store); report.Entries != 1 {
			t.Errorf("%s: %+v", step, report)
		}
	}
	witness := audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
	store := &failing{Memory: audittest.NewMemory()}
	l := witnessed(t, store, witness, (&hand{at: start}).now)
	record(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"Slots", "NewestCheckpoint", "Checkpoints"} {
		store.step = step
		if l, err := audit.Open(t.Context(), store, keysOf(1), witness, (&hand{at: start}).now); !errors.Is(err, errBroken) {
			_ = l.Close()
			t.Errorf("opened while %s fails: %v", step, err)
		}
	}
}

// A caller who goes away while the commit runs gets an error and releases
// nothing; the entry may be kept, and nobody else is held up.
func TestCallerGoesAway(t *testing.T) {
	store := newBreaking()
	l := open(t, store, (&hand{at: start}).now)
	ctx, leave := context.WithCancel(t.Context())
	syncing, release := make(chan struct{}), make(chan struct{})
	store.on(func(commit func() error) error {
		close(syncing)
		<-release
		return commit()
	})
	gone := make(chan error)
	go func() {
		_, err := l.Public(ctx, event("r"))
		gone <- err
	}()
	<-syncing
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(release)
	record(t, l)
}

func TestClosedLogRecordsNothing(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if recorded, err := l.Public(t.Context(), event("r")); !errors.Is(err, audit.ErrClosed) || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if kept := store.Kept(); len(kept.Slots)+len(kept.Checkpoints) != 0 {
		t.Errorf("a log without entries left %+v", kept)
	}
}

// Closing beside callers: whoever got a Recorded is in the log, everybody else got
// ErrClosed, and nobody waits for ever.
func TestCloseBesideCallers(t *testing.T) {
	for range 20 {
		store := audittest.NewMemory()
		l := open(t, store, (&hand{at: start}).now)
		var mu sync.Mutex
		recorded := 0
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				_, err := l.Public(t.Context(), event(fmt.Sprint(i)))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					recorded++
				case !errors.Is(err, audit.ErrClosed):
					t.Errorf("error %v", err)
				}
			})
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if n := len(entries(t, store)); n != recorded {
			t.Fatalf("%d entries for %d recorded", n, recorded)
		}
		verify(t, store)
	}
}

// A store that does not answer holds Close up for closeWithin and no longer.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{Memory: audittest.NewMemory()}
		l := open(t, store, (&hand{at: start}).now)
		record(t, l)
		store.stuck = true
		began := time.Now()
		if err := l.Close(); err == nil {
			t.Error("Close does not tell that the end is not signed")
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// stuck is a store that waits for the end of its context.
type stuck struct {
	*audittest.Memory
	stuck bool
}

func (s *stuck) Update(ctx context.Context, change func(audit.Tx) error) error {
	if s.stuck {
		<-ctx.Done()
	}
	return s.Memory.Update(ctx, change)
}
