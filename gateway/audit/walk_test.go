package audit_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// A log that cannot be read to its end is an error and not a short log.
func TestVerifyOfALogThatCannotBeRead(t *testing.T) {
	for n := 0; ; n++ {
		store := &unreadable{Memory: audittest.NewMemory(), after: n}
		store.Replace(sample(t))
		report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
		if err == nil && n >= 4 { // where it ends, what checkpoints there are, and each chain
			break
		}
		if err == nil || report.Break != nil {
			t.Fatalf("after %d reads: %+v, %v", n, report, err)
		}
	}
}

// unreadable is a store of which only the first so many reads succeed.
type unreadable struct {
	*audittest.Memory
	after int
}

func (s *unreadable) View(ctx context.Context, read func(audit.Snapshot) error) error {
	if s.after == 0 {
		return errBroken
	}
	s.after--
	return s.Memory.View(ctx, read)
}

// A Log that writes meanwhile, in a new chain too, is verified up to where it was.
func TestVerifyBesideWriters(t *testing.T) {
	store := &busy{Memory: audittest.NewMemory()}
	clock := &hand{at: start}
	l := open(t, store, clock.now)
	record(t, l)
	store.meanwhile = func() {
		record(t, open(t, store.Memory, clock.now))
		clock.move(2 * time.Second)
		record(t, l)
	}
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
	if err != nil || report.Break != nil || report.Chains != 1 || report.Entries != 1 || report.Checkpoints != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if n := len(store.Kept().Slots); n != 4 {
		t.Errorf("%d chains were begun: this test proves nothing", n)
	}
}

// busy is a store in which something happens after every view.
type busy struct {
	*audittest.Memory
	meanwhile func()
}

func (s *busy) View(ctx context.Context, read func(audit.Snapshot) error) error {
	defer s.meanwhile()
	return s.Memory.View(ctx, read)
}

// Checkpoints that vanish while the log is walked are a break, and not its end.
func TestCheckpointsThatVanish(t *testing.T) {
	store := &busy{Memory: audittest.NewMemory()}
	k := sample(t)
	store.Replace(k)
	store.meanwhile = func() {
		k.Checkpoints = nil
		store.Replace(k)
	}
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
	if err != nil || report.Break == nil || report.Break.Checkpoint != 1 || report.Break.Reason != audit.BreakGap {
		t.Errorf("%+v, %v", report, err)
	}
}

// A snapshot in which one method fails is not verified.
func TestVerifyOfASnapshotThatFails(t *testing.T) {
	for _, step := range []string{"Slots", "NewestCheckpoint", "Checkpoints", "Chain"} {
		store := &failing{Memory: audittest.NewMemory(), step: step}
		store.Replace(sample(t))
		if report, err := audit.Verify(t.Context(), store, keysOf(1).Listed); !errors.Is(err, errBroken) {
			t.Errorf("%s fails: %+v, %v", step, report, err)
		}
	}
}

// The report's times are those of all chains.
func TestFirstAndLast(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	first, second := open(t, store, clock.now), open(t, store, clock.now)
	record(t, first)
	clock.move(time.Millisecond)
	record(t, second)
	clock.move(time.Millisecond)
	record(t, first) // the latest, though its chain is walked before the other
	if report := verify(t, store); !report.First.Equal(start) || !report.Last.Equal(start.Add(2*time.Millisecond)) {
		t.Errorf("%+v", report)
	}
}

// More entries and checkpoints than a page holds.
func TestVerifyOfManyPages(t *testing.T) {
	store, clock := audittest.NewMemory(), &hand{at: start}
	l := open(t, store, clock.now)
	for range 600 {
		if _, err := l.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
		clock.move(time.Second)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	beside := &busy{Memory: store, meanwhile: func() { record(t, open(t, store, clock.now)) }}
	if report := verify(t, beside); report.Entries != 600 || report.Checkpoints != 601 || report.Signed != 600 || report.Chains != 1 {
		t.Errorf("%+v", report)
	}
	k := store.Kept()
	k.Checkpoints = slices.Delete(k.Checkpoints, 300, 301)
	store.Replace(k)
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
	if err != nil || report.Break == nil || report.Break.Checkpoint != 301 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Entries without a signature span two seconds at most: the second of the log, and
// one by which its clock may be corrected.
func TestSpanOfEntriesWithoutASignature(t *testing.T) {
	for by, want := range map[time.Duration]audit.Reason{2 * time.Second: "", 2*time.Second + 1: audit.BreakUnsigned, -time.Second: "", -time.Second - 1: audit.BreakClock} {
		k := audittest.Kept{Slots: []audit.Slot{{Number: 1}}, Chains: map[int][]audit.Row{}}
		var rows []audit.Row
		for _, at := range []time.Time{start, start.Add(by)} {
			rows = append(rows, audit.Row{Columns: audit.Columns{Time: at}, Body: audit.Entry{Time: at, Kind: audit.KindRequest}.Body()})
		}
		chained(&k, 1, rows)
		store := audittest.NewMemory()
		store.Replace(k)
		report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
		if err != nil || (report.Break == nil) != (want == "") || report.Break != nil && (report.Break.Reason != want || report.Break.Seq != 2) {
			t.Errorf("%v: %+v, %v", by, report.Break, err)
		}
	}
}

// A break says where it is.
func TestBreakSaysWhere(t *testing.T) {
	for want, b := range map[string]audit.Break{
		"entry 3 of chain 1: gap: x": {Chain: 1, Seq: 3, Reason: audit.BreakGap, Detail: "x"},
		"checkpoint 1: hash: x":      {Checkpoint: 1, Reason: audit.BreakHash, Detail: "x"},
		"the log: witness: x":        {Reason: audit.BreakWitness, Detail: "x"},
	} {
		if got := b.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
