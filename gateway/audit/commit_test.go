package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/profiles"
)

// breaking is a sink whose commits can be held up and broken, in the two ways
// in which a commit breaks.
type breaking struct {
	*audittest.Sink
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

func (s *breaking) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	s.mu.Lock()
	next := s.next
	s.next = nil
	s.commits++
	s.mu.Unlock()
	commit := func() error { return s.Sink.Commit(ctx, persons, build) }
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

func newBreaking() *breaking { return &breaking{Sink: audittest.NewSink()} }

// A commit that fails releases nothing, in either way of failing; what follows
// is recorded, and the chain does not fork.
func TestFailedCommit(t *testing.T) {
	for name, c := range map[string]struct {
		how  func(func() error) error
		kept int // entries of the failed call that are in the chain
	}{"failed": {failed, 0}, "failed although it happened": {failedAlthoughItHappened, 1}} {
		t.Run(name, func(t *testing.T) {
			sink := newBreaking()
			log := open(t, sink, (&hand{at: start}).now)
			d := decide(nurse, "person-1", 0)
			record := func() (audit.Recorded, error) {
				return log.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")})
			}
			if _, err := record(); err != nil {
				t.Fatal(err)
			}
			sink.on(c.how)
			recorded, err := record()
			if !errors.Is(err, errBroken) || recorded.OK() || len(recorded.Released()) != 0 {
				t.Errorf("recorded %q with %d released, error %v", recorded.ID(), len(recorded.Released()), err)
			}
			if _, err := record(); err != nil {
				t.Errorf("the log did not go on: %v", err)
			}
			if err := log.Close(); err != nil {
				t.Error(err)
			}
			if got, want := len(entries(t, sink.Sink)), 2+c.kept; got != want {
				t.Errorf("%d entries, want %d", got, want)
			}
			verify(t, sink)
		})
	}
}

// A failed checkpoint is made good by the next one.
func TestFailedCheckpoint(t *testing.T) {
	for name, how := range map[string]func(func() error) error{"failed": failed, "failed although it happened": failedAlthoughItHappened} {
		t.Run(name, func(t *testing.T) {
			sink := newBreaking()
			log := open(t, sink, (&hand{at: start}).now)
			if _, err := log.Public(t.Context(), event("r")); err != nil {
				t.Fatal(err)
			}
			sink.on(how)
			if err := log.Close(); err == nil {
				t.Error("Close does not tell that the end is not signed")
			}
			again := open(t, sink, (&hand{at: start}).now)
			if _, err := again.Public(t.Context(), event("r")); err != nil {
				t.Fatal(err)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
			if report := verify(t, sink); report.Signed != report.Rows-1 {
				t.Errorf("signed up to %d of %d", report.Signed, report.Rows)
			}
		})
	}
}

// A sink may run its transaction more than once; only the last run counts.
func TestBuildMayRunTwice(t *testing.T) {
	sink := newBreaking()
	log := open(t, sink, (&hand{at: start}).now)
	twice := &rerun{Sink: sink}
	log2, err := audit.Open(t.Context(), twice, newKey(1), (&hand{at: start}).now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Public(t.Context(), event("other writer")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		recorded, err := log2.Public(t.Context(), event("r"))
		if err != nil || !recorded.OK() {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	if err := errors.Join(log2.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
	if n := len(entries(t, sink.Sink)); n != 4 {
		t.Errorf("%d entries of 4", n)
	}
	verify(t, sink)
}

// rerun is a store that runs every transaction twice, as after a conflict.
type rerun struct{ audit.Sink }

func (s *rerun) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	return s.Sink.Commit(ctx, persons, func(epochs map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
		build(map[profiles.PersonID]uint64{}, audit.Tail{Seq: tail.Seq + 100})
		return build(epochs, tail)
	})
}

// forgetful is a sink that says yes and keeps nothing.
type forgetful struct{ audit.Sink }

func (forgetful) Commit(context.Context, []profiles.PersonID, func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	return nil
}

func TestSinkThatKeepsNothingReleasesNothing(t *testing.T) {
	log := open(t, forgetful{audittest.NewSink()}, (&hand{at: start}).now)
	if recorded, err := log.Public(t.Context(), event("r")); err == nil || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
}

// What arrives while a commit syncs goes together into the next one.
func TestGroupCommit(t *testing.T) {
	sink := newBreaking()
	log := open(t, sink, (&hand{at: start}).now)
	syncing, release := make(chan struct{}), make(chan struct{})
	sink.on(func(commit func() error) error {
		close(syncing)
		<-release
		return commit()
	})
	var all sync.WaitGroup
	call := func(epoch uint64, want error) {
		all.Go(func() {
			d := decide(nurse, "person-1", epoch)
			if _, err := log.Record(t.Context(), event("r"), []consent.Decision{d}, nil); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
		})
	}
	call(0, nil)
	<-syncing
	const waiting = 40
	for i := range waiting {
		if i%4 == 0 {
			call(1, audit.ErrEpochMoved) // its person's facts changed; the others of the batch go through
		} else {
			call(0, nil)
		}
	}
	time.Sleep(50 * time.Millisecond) // all of them are at the door
	close(release)
	all.Wait()
	if sink.commits > 4 {
		t.Errorf("%d commits for one call and %d that waited", sink.commits, waiting)
	}
	if n := len(entries(t, sink.Sink)); n != 1+waiting*3/4 {
		t.Errorf("%d entries", n)
	}
}

// A caller who goes away while the commit runs gets an error and releases
// nothing; the entry may be kept, and nobody else is held up.
func TestCallerGoesAway(t *testing.T) {
	sink := newBreaking()
	log := open(t, sink, (&hand{at: start}).now)
	ctx, leave := context.WithCancel(t.Context())
	syncing, release := make(chan struct{}), make(chan struct{})
	sink.on(func(commit func() error) error {
		close(syncing)
		<-release
		return commit()
	})
	gone := make(chan error)
	go func() {
		_, err := log.Public(ctx, event("r"))
		gone <- err
	}()
	<-syncing
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	close(release)
	if _, err := log.Public(t.Context(), event("r")); err != nil {
		t.Error(err)
	}
}

func TestClosedLogRecordsNothing(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if recorded, err := log.Public(t.Context(), event("r")); !errors.Is(err, audit.ErrClosed) || recorded.OK() {
		t.Errorf("recorded %q, error %v", recorded.ID(), err)
	}
	if err := log.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if n := len(sink.Chain()); n != 0 {
		t.Errorf("a log without entries left %d rows", n)
	}
}

// Closing beside callers: whoever got a Recorded is in the chain, everybody
// else got ErrClosed, and nobody waits for ever.
func TestCloseBesideCallers(t *testing.T) {
	for range 20 {
		sink := audittest.NewSink()
		log := open(t, sink, (&hand{at: start}).now)
		var mu sync.Mutex
		recorded := 0
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				_, err := log.Public(t.Context(), event(fmt.Sprint(i)))
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
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if n := len(entries(t, sink)); n != recorded {
			t.Fatalf("%d entries for %d recorded", n, recorded)
		}
		verify(t, sink)
	}
}

// Two logs on one chain, as an import beside a server: one chain, all signed.
func TestTwoWritersOnOneChain(t *testing.T) {
	sink := audittest.NewSink()
	clock := &hand{at: start}
	logs := []*audit.Log{open(t, sink, clock.now), open(t, sink, clock.now)}
	for i := range 100 {
		clock.move(300 * time.Millisecond)
		if _, err := logs[i*i%3%2].Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	for _, log := range logs {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := len(entries(t, sink)); n != 100 {
		t.Errorf("%d entries", n)
	}
	verify(t, sink)
}
