package audit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// story is what became of the log: for each checkpoint how many entries of all
// chains it covers, and at last how many there are.
func story(t *testing.T, store *audittest.Memory) (covered []int) {
	t.Helper()
	kept := store.Kept()
	for _, c := range kept.Checkpoints {
		n := 0
		for _, head := range headsIn(t, c.Note) {
			n += int(head.seq)
		}
		covered = append(covered, n)
	}
	return append(covered, len(entries(t, store)))
}

func TestCheckpoints(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, l *log, clock *hand)
		want []int
	}{
		{"when the slot is opened and on Close", func(t *testing.T, l *log, clock *hand) { record(t, l) }, []int{0, 1, 1}},
		{"before an entry a second after the first unsigned one", func(t *testing.T, l *log, clock *hand) {
			record(t, l)
			clock.move(999 * time.Millisecond)
			record(t, l)
			clock.move(time.Millisecond)
			record(t, l)
		}, []int{0, 2, 3, 3}},
		{"a second counts anew after each", func(t *testing.T, l *log, clock *hand) {
			for range 5 {
				record(t, l)
				clock.move(600 * time.Millisecond)
			}
		}, []int{0, 2, 4, 5, 5}},
		{"after a second of silence", func(t *testing.T, l *log, clock *hand) {
			record(t, l)
			time.Sleep(3 * time.Second)
			record(t, l)
		}, []int{0, 1, 2, 2}},
		{"none for nothing", func(t *testing.T, l *log, clock *hand) { time.Sleep(time.Hour) }, []int{0}},
		{"none twice", func(t *testing.T, l *log, clock *hand) {
			record(t, l)
			time.Sleep(time.Hour)
		}, []int{0, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, clock := audittest.NewMemory(), &hand{at: start}
				l := open(t, store, clock.now)
				c.do(t, l, clock)
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if got := story(t, store); !equal(got, c.want) {
					t.Errorf("the checkpoints cover, and there are, %d entries; want %d", got, c.want)
				}
				verify(t, store)
			})
		})
	}
}

func TestCheckpointAfterManyEntries(t *testing.T) {
	store := audittest.NewMemory()
	l := open(t, store, (&hand{at: start}).now)
	for range 2100 {
		if _, err := l.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	if got := story(t, store); !equal(got, []int{0, 1024, 2048, 2100}) {
		t.Errorf("the checkpoints cover %d", got)
	}
}

// A log on which nothing happens leaves the store alone.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newBreaking()
		l := open(t, store, (&hand{at: start}).now)
		time.Sleep(time.Hour)
		unused := open(t, store, (&hand{at: start}).now)
		if err := unused.Close(); err != nil || store.commits != 0 {
			t.Errorf("%d commits before the first entry, %v", store.commits, err)
		}
		record(t, l)
		time.Sleep(time.Hour)
		synctest.Wait()
		if store.commits != 2 { // the entry, and the checkpoint
			t.Errorf("%d commits", store.commits)
		}
		if slot := store.Kept().Slots[0]; slot.Holder == "" || !slot.Until.Equal(start.Add(time.Minute)) {
			t.Errorf("the slot is %+v", slot)
		}
	})
}

// What a dead writer left unsigned is signed by the next before anything is added,
// in its own slot or in another one.
func TestAnyWriterSignsTheTailItFinds(t *testing.T) {
	for name, after := range map[string]time.Duration{"another slot": time.Second, "the same slot": time.Hour} {
		store := audittest.NewMemory()
		record(t, open(t, store, (&hand{at: start}).now))
		record(t, open(t, store, (&hand{at: start.Add(after)}).now))
		if got := story(t, store); !equal(got, []int{0, 1, 2}) {
			t.Errorf("%s: the checkpoints cover %d", name, got)
		}
		verify(t, store)
	}
}

// Writers with keys of their own sign one log, which is verified by the list; one
// who does not know the other's key does not go on.
func TestWritersWithKeysOfTheirOwn(t *testing.T) {
	store := audittest.NewMemory()
	for _, keys := range []audit.Keys{keysOf(1, 2), keysOf(2, 1), keysOf(1, 2)} {
		l, err := audit.Open(t.Context(), store, keys, nil, (&hand{at: start}).now)
		if err != nil {
			t.Fatal(err)
		}
		record(t, l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	report, err := audit.Verify(t.Context(), store, keysOf(2, 1).Listed)
	if err != nil || report.Break != nil || report.Signed != 3 || report.Chains != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if report, err = audit.Verify(t.Context(), store, keysOf(1).Listed); err != nil || report.Break == nil || report.Break.Reason != audit.BreakCheckpoint {
		t.Errorf("without one of the keys: %+v, %v", report, err)
	}
	first := audittest.NewMemory()
	record(t, open(t, first, (&hand{at: start}).now))
	if n := len(first.Kept().Checkpoints); n != 1 {
		t.Fatalf("%d checkpoints: this test proves nothing", n)
	}
	for _, store := range []*audittest.Memory{store, first} {
		refusesAStranger(t, store)
	}
}

// refusesAStranger lets a writer with a key of its own try to go on.
func refusesAStranger(t *testing.T, store *audittest.Memory) {
	t.Helper()
	before := store.Kept()
	stranger, err := audit.Open(t.Context(), store, keysOf(3), nil, (&hand{at: start}).now)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if recorded, err := stranger.Public(t.Context(), event("r")); err == nil || recorded.OK() {
		t.Error("a writer went on with a log that it cannot verify")
	}
	if !equalKept(before, store.Kept()) {
		t.Error("something was written")
	}
}

func TestWitnessHoldsTheNewestCheckpoint(t *testing.T) {
	store, witness := audittest.NewMemory(), audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
	for range 3 {
		l := witnessed(t, store, witness, (&hand{at: start}).now)
		record(t, l)
		record(t, l) // without a checkpoint
		if note, err := witness.Newest(); err != nil || note == "" {
			t.Errorf("the witness holds %q, error %v", note, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	note, err := witness.Newest()
	if kept := store.Kept(); err != nil || note != kept.Checkpoints[len(kept.Checkpoints)-1].Note || len(kept.Checkpoints) != 4 {
		t.Errorf("the witness holds %q, error %v", note, err)
	}
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed, audit.Against(note), audit.AgainstWitness(witness))
	if err != nil || report.Break != nil {
		t.Errorf("%+v, %v", report, err)
	}
}

// A checkpoint comes to the witness when it is in the log, and not before.
func TestWitnessGetsWhatIsDurable(t *testing.T) {
	for name, how := range waysToBreak {
		store, witness := newBreaking(), audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
		l := witnessed(t, store, witness, (&hand{at: start}).now)
		store.on(how)
		if _, err := l.Public(t.Context(), event("r")); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", name, err)
		}
		if note, err := witness.Newest(); err != nil || note != "" {
			t.Errorf("%s: the witness holds %q, %v", name, note, err)
		}
		record(t, l)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		kept := store.Kept().Checkpoints
		if note, err := witness.Newest(); err != nil || note != kept[len(kept)-1].Note {
			t.Errorf("%s: then it holds %q, %v", name, note, err)
		}
	}
}

// A log that lost what its witness has seen is not gone on with; nor is one whose
// witness has lost it.
func TestOpenRefusesALogThatLostItsEnd(t *testing.T) {
	witness := audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
	store := audittest.NewMemory()
	l := witnessed(t, store, witness, (&hand{at: start}).now)
	for range 5 {
		record(t, l)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole := store.Kept()
	opened := func(keys audit.Keys) error {
		again, err := audit.Open(t.Context(), store, keys, witness, (&hand{at: start}).now)
		if err == nil {
			_ = again.Close()
		}
		return err
	}
	for name, change := range map[string]func(*audittest.Kept){
		"emptied":                   func(k *audittest.Kept) { *k = audittest.Kept{} },
		"without its newest":        func(k *audittest.Kept) { k.Checkpoints = k.Checkpoints[:1] },
		"with another newest":       func(k *audittest.Kept) { k.Checkpoints[1].Note = k.Checkpoints[0].Note },
		"without a chain":           func(k *audittest.Kept) { k.Slots = nil },
		"with a chain that was cut": func(k *audittest.Kept) { k.Slots[0].Head = k.Chains[1][3].Head },
		"with a chain of another":   func(k *audittest.Kept) { k.Slots[0].Hash[0]++ },
	} {
		k := whole.Clone()
		change(&k)
		store.Replace(k)
		if opened(keysOf(1)) == nil {
			t.Errorf("a log %s was opened", name)
		}
	}
	store.Replace(whole)
	if err := opened(keysOf(2)); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("a log of another key was opened, or says %v", err)
	}
	if err := opened(keysOf(1)); err != nil {
		t.Errorf("a whole log: %v", err)
	}
	for _, lose := range []func() error{
		func() error { return os.WriteFile(string(witness), nil, 0o600) }, func() error { return os.Remove(string(witness)) },
	} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		if opened(keysOf(1)) == nil {
			t.Error("a log whose witness is lost was opened")
		}
	}
	whole.Checkpoints = whole.Checkpoints[:1]
	store.Replace(whole)
	if err := opened(keysOf(1)); err != nil {
		t.Errorf("a log whose first checkpoint had not come to the witness: %v", err)
	}
	if note, err := witness.Newest(); err != nil || note != whole.Checkpoints[0].Note {
		t.Errorf("then the witness holds %q, %v", note, err)
	}
}

// A log that is cut while it is written to gets no more entries, and nothing is answered.
func TestRunningLogNoticesThatItWasCut(t *testing.T) {
	store := audittest.NewMemory()
	clock := &hand{at: start}
	l := open(t, store, clock.now)
	for range 3 {
		record(t, l)
	}
	record(t, open(t, store, clock.now)) // a second chain
	clock.move(2 * time.Second)
	whole := store.Kept()
	for name, change := range map[string]func(*audittest.Kept){
		"emptied":                func(k *audittest.Kept) { *k = audittest.Kept{} },
		"cut":                    func(k *audittest.Kept) { k.Slots[0].Head = k.Chains[1][1].Head },
		"cut and given back":     func(k *audittest.Kept) { k.Slots[0].Head, k.Slots[0].Holder = k.Chains[1][1].Head, "" },
		"rewritten":              func(k *audittest.Kept) { k.Slots[0].Hash[0]++ },
		"rewritten and released": func(k *audittest.Kept) { k.Slots[0].Hash[0]++; k.Slots[0].Holder = "x" },
		"longer":                 func(k *audittest.Kept) { k.Slots[0].Seq++ },
		"without a checkpoint":   func(k *audittest.Kept) { k.Checkpoints = nil },
		"without the slots":      func(k *audittest.Kept) { k.Slots = k.Slots[1:] },
		"a checkpoint of ours":   func(k *audittest.Kept) { k.Checkpoints[1].Number = 7 },
	} {
		k := whole.Clone()
		change(&k)
		store.Replace(k)
		recorded, err := l.Public(t.Context(), event("r"))
		if err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
		if !equalKept(store.Kept(), k) {
			t.Errorf("%s: something was written", name)
		}
	}
	store.Replace(whole)
	record(t, l)
}

// A checkpoint is not signed over a chain of another writer that was cut.
func TestNobodySignsACutChain(t *testing.T) {
	store := audittest.NewMemory()
	clock := &hand{at: start}
	first, second := open(t, store, clock.now), open(t, store, clock.now)
	for range 3 {
		record(t, first)
		record(t, second)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	clock.move(2 * time.Second)
	k := store.Kept()
	k.Slots[0].Head = k.Chains[1][0].Head
	store.Replace(k)
	if recorded, err := second.Public(t.Context(), event("r")); err == nil || recorded.OK() {
		t.Errorf("recorded %q", recorded.ID())
	}
	if !equalKept(store.Kept(), k) {
		t.Error("something was written")
	}
}

func TestWitnessThatFailsIsTold(t *testing.T) {
	witness := audit.FileWitness(filepath.Join(t.TempDir(), "folder", "newest"))
	l := witnessed(t, audittest.NewMemory(), witness, (&hand{at: start}).now)
	if _, err := l.Public(t.Context(), event("r")); err != nil {
		t.Fatalf("what is durable was refused for the witness's sake: %v", err)
	}
	for deadline := time.Now().Add(time.Minute); len(l.Amiss()) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the witness comes after the answer
	}
	if found := l.Amiss(); len(found) != 1 || !errors.Is(found[0], os.ErrNotExist) {
		t.Errorf("while it runs, amiss is %v", found)
	}
	if err := l.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close says %v", err)
	}
	dir := t.TempDir()
	folder := audit.FileWitness(filepath.Join(dir, "folder"))
	if err := os.Mkdir(string(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := folder.Keep("x"); err == nil {
		t.Error("a folder became a witness")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
	if _, err := folder.Newest(); err == nil {
		t.Error("a witness that cannot be read looks like one that has nothing")
	}
	if l, err := audit.Open(t.Context(), audittest.NewMemory(), keysOf(1), folder, (&hand{at: start}).now); err == nil {
		_ = l.Close()
		t.Error("a log was opened whose witness cannot be read")
	}
}

// hung is a witness on a machine that does not answer until it does.
type hung struct {
	audit.FileWitness
	until chan struct{}
}

func (h hung) Keep(note string) error {
	<-h.until
	return h.FileWitness.Keep(note)
}

// TestAWitnessThatHangsHoldsUpNobody: with the witness on a machine that did not answer, no
// request was answered any more, and readiness said that all was well.
func TestAWitnessThatHangsHoldsUpNobody(t *testing.T) {
	clock, store := &hand{at: start}, audittest.NewMemory()
	witness := hung{audit.FileWitness(filepath.Join(t.TempDir(), "newest")), make(chan struct{})}
	l := witnessed(t, store, witness, clock.now)
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if _, err := l.Public(ctx, event("r")); err != nil {
			t.Errorf("while the witness hangs: %v", err)
		}
		cancel()
		clock.move(2 * time.Second)
	}
	if found := l.Amiss(); len(found) != 1 {
		t.Errorf("amiss is %v", found)
	}
	close(witness.until)
	for deadline := time.Now().Add(time.Minute); len(l.Amiss()) > 0 && time.Now().Before(deadline); {
		record(t, l)
		clock.move(2 * time.Second)
	}
	if err := l.Close(); err != nil || len(l.Amiss()) != 0 {
		t.Errorf("with the witness back: %v, amiss is %v", err, l.Amiss())
	}
	kept := store.Kept().Checkpoints
	if note, err := witness.Newest(); err != nil || note != kept[len(kept)-1].Note {
		t.Errorf("the witness holds %q, error %v", note, err)
	}
}

func TestOpenWithoutAKey(t *testing.T) {
	other := keysOf(2)
	for name, keys := range map[string]audit.Keys{
		"none": {}, "none listed": {Private: newKey(1)}, "another listed": {Private: newKey(1), Listed: other.Listed},
		"half a key": {Private: newKey(1)[:10], Listed: other.Listed},
	} {
		l, err := audit.Open(context.Background(), audittest.NewMemory(), keys, nil, (&hand{at: start}).now)
		if err == nil {
			_ = l.Close()
			t.Errorf("%s: a log was opened", name)
		}
	}
}

// The form in which checkpoints are kept elsewhere: a signed note (C2SP).
func TestNoteForm(t *testing.T) {
	store := audittest.NewMemory()
	clock := &hand{at: start}
	l := open(t, store, clock.now)
	record(t, l)
	record(t, open(t, store, clock.now))
	kept := store.Kept()
	none := strings.Repeat("A", 43) + "="
	if first := strings.Split(kept.Checkpoints[0].Note, "\n"); first[1] != "1" || first[2] != none || first[4] != "1 0 "+none {
		t.Errorf("the first note is %q", first)
	}
	lines := strings.Split(kept.Checkpoints[1].Note, "\n")
	if len(lines) != 9 || lines[0] != "cpa-gateway/audit" || lines[1] != "2" || lines[3] != "2026-03-01T09:00:00.123456789Z" ||
		!strings.HasPrefix(lines[4], "1 1 ") || lines[5] != "2 0 "+none || lines[6] != "" ||
		!strings.HasPrefix(lines[7], "\u2014 cpa-gateway/audit ") || lines[8] != "" {
		t.Errorf("the note is %q", lines)
	}
}
