package audittest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/audit"
)

// Store is a store that is written to and verified.
type Store[S audit.Snapshot, T audit.Tx] interface {
	audit.Viewer[S]
	audit.Updater[T]
}

// Run holds the audit part of a store to its contract. open makes an empty one for
// a subtest and has it closed at the subtest's end.
func Run[S audit.Snapshot, T audit.Tx](t *testing.T, open func(t *testing.T) Store[S, T]) {
	for _, c := range []struct {
		name string
		test func(*bench[S, T])
	}{
		{"an empty log has nothing", (*bench[S, T]).empty},
		{"rows come back as they were appended, from any position", (*bench[S, T]).rows},
		{"a body may be any bytes of any length", (*bench[S, T]).anyBody},
		{"what the caller does to its buffers later changes nothing", (*bench[S, T]).ownCopy},
		{"a slot comes back as it was left", (*bench[S, T]).slot},
		{"a slot that is not as it was before is not extended", (*bench[S, T]).swap},
		{"rows out of their place are refused whole", (*bench[S, T]).outOfPlace},
		{"checkpoints come back, and each is the next", (*bench[S, T]).checkpoints},
		{"a transaction reads what it has written", (*bench[S, T]).ownWrites},
		{"a change that fails leaves no trace", (*bench[S, T]).failing},
		{"a context that has ended keeps nothing", (*bench[S, T]).endedContext},
		{"a view is of one moment", (*bench[S, T]).oneMoment},
		{"entries are found by each key, newest first", (*bench[S, T]).entries},
		{"entries that ask for something to be told are found, from any position", (*bench[S, T]).duties},
		{"writers on their own chains do not meet", (*bench[S, T]).writers},
		{"logs on it verify", (*bench[S, T]).verifies},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(&bench[S, T]{t, open(t)}) })
	}
}

// bench is one store under test.
type bench[S audit.Snapshot, T audit.Tx] struct {
	*testing.T
	store Store[S, T]
}

// Keys are made from a seed, so that a failure repeats.
var Keys = func() audit.Keys {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return audit.Keys{Private: private, Listed: []ed25519.PublicKey{private.Public().(ed25519.PublicKey)}}
}()

var start = time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.UTC)

// follow makes rows that extend a slot's chain, and the slot after them.
func follow(slot audit.Slot, bodies ...string) (audit.Slot, []audit.Row) {
	var rows []audit.Row
	for _, body := range bodies {
		slot.Head = audit.Head{Seq: slot.Seq + 1, Hash: sha256.Sum256(append(slot.Hash[:], body...))}
		slot.Latest = start.Add(time.Duration(slot.Seq) * time.Second)
		rows = append(rows, audit.Row{Slot: slot.Number, Head: slot.Head, Columns: audit.Columns{Time: slot.Latest}, Body: []byte(body)})
	}
	return slot, rows
}

// extend appends to a slot and gives it as it is then.
func (b *bench[S, T]) extend(slot audit.Slot, bodies ...string) audit.Slot {
	b.Helper()
	after, rows := follow(slot, bodies...)
	b.swapped(slot, after, rows)
	return after
}

func (b *bench[S, T]) swapped(before, after audit.Slot, rows []audit.Row) {
	b.Helper()
	if err := b.update(func(tx T) error { return tx.Extend(before, after, rows) }); err != nil {
		b.Fatalf("extending slot %d: %v", before.Number, err)
	}
}

// view must succeed.
func (b *bench[S, T]) view(read func(S) error) {
	b.Helper()
	if err := b.store.View(b.Context(), read); err != nil {
		b.Fatal(err)
	}
}

func (b *bench[S, T]) update(change func(T) error) error {
	return b.store.Update(b.Context(), change)
}

// kept is everything that the store holds.
func (b *bench[S, T]) kept() (k Kept) {
	b.Helper()
	k.Chains = make(map[int][]audit.Row)
	err := b.store.View(b.Context(), func(s S) (err error) {
		if k.Slots, err = s.Slots(); err != nil {
			return err
		}
		for _, slot := range k.Slots {
			if k.Chains[slot.Number], err = s.Chain(slot.Number, 1, 1<<20); err != nil {
				return err
			}
		}
		k.Checkpoints, err = s.Checkpoints(1, 1<<20)
		return err
	})
	if err != nil {
		b.Fatalf("reading everything: %v", err)
	}
	return k
}

// expect compares what is kept with what should be.
func (b *bench[S, T]) expect(want Kept) {
	b.Helper()
	if diff := cmp.Diff(want, b.kept(), ignoreEmpty); diff != "" {
		b.Errorf("what is kept (-want +got):\n%s", diff)
	}
}

var ignoreEmpty = cmp.FilterValues(func(x, y []audit.Row) bool { return len(x) == 0 && len(y) == 0 }, cmp.Ignore())

func (b *bench[S, T]) empty() {
	k := b.kept()
	if len(k.Slots)+len(k.Checkpoints) != 0 {
		b.Errorf("an empty log holds %+v", k)
	}
	b.view(func(s S) error {
		newest, err := s.NewestCheckpoint()
		if err != nil || newest != (audit.Checkpoint{}) {
			b.Errorf("its newest checkpoint is %+v, %v", newest, err)
		}
		if rows, err := s.Chain(1, 1, 10); err != nil || len(rows) != 0 {
			b.Errorf("its first chain holds %+v, %v", rows, err)
		}
		return nil
	})
}

func (b *bench[S, T]) rows() {
	after, rows := follow(audit.Slot{Number: 1}, "a", "b", "c", "d")
	after.Holder = "w"
	rows[1].Columns = audit.Columns{
		Time: start.Add(7), Request: "r", Person: "p", Agreement: "ISP", Duty: true,
		Caller: audit.Caller{Client: "c", Organisation: "o", Professional: "n"},
	}
	b.swapped(audit.Slot{Number: 1}, after, rows)
	other := b.extend(audit.Slot{Number: 2}, "x")
	_, second := follow(audit.Slot{Number: 2}, "x")
	b.expect(Kept{Slots: []audit.Slot{after, other}, Chains: map[int][]audit.Row{1: rows, 2: second}})
	for _, c := range []struct {
		slot  int
		from  uint64
		limit int
		want  []audit.Row
	}{{1, 3, 10, rows[2:]}, {1, 2, 2, rows[1:3]}, {1, 5, 10, nil}, {2, 1, 10, second}, {3, 1, 10, nil}, {1, 1, 1, rows[:1]}} {
		b.view(func(s S) error {
			got, err := s.Chain(c.slot, c.from, c.limit)
			if diff := cmp.Diff(c.want, got, ignoreEmpty); diff != "" || err != nil {
				b.Errorf("%d of chain %d from %d on: %v (-want +got):\n%s", c.limit, c.slot, c.from, err, diff)
			}
			return nil
		})
	}
}

func (b *bench[S, T]) anyBody() {
	long := string(slices.Repeat([]byte("0123456789abcdef"), 1<<16))
	bodies := []string{"", "\x00", "\xff\xfe", `{"a":"\u0000"}`, long}
	b.extend(audit.Slot{Number: 1}, bodies...)
	for i, row := range b.kept().Chains[1] {
		if string(row.Body) != bodies[i] {
			b.Errorf("row %d came back otherwise than it was kept (%d bytes for %d)", row.Seq, len(row.Body), len(bodies[i]))
		}
	}
}

func (b *bench[S, T]) ownCopy() {
	after, rows := follow(audit.Slot{Number: 1}, "first")
	b.swapped(audit.Slot{Number: 1}, after, rows)
	copy(rows[0].Body, "wrong")
	copy(b.kept().Chains[1][0].Body, "wrong")
	if got := b.kept().Chains[1]; len(got) != 1 || string(got[0].Body) != "first" {
		b.Errorf("the chain is %+v", got)
	}
}

func (b *bench[S, T]) slot() {
	slot := audit.Slot{Number: 1}
	for _, after := range []audit.Slot{
		{Number: 1, Holder: "w", Until: start},
		{Number: 1, Holder: "w", Until: start.Add(time.Minute), Latest: start},
		{Number: 1},
		{Number: 1, Holder: "another", Until: start.Add(1)},
	} {
		b.swapped(slot, after, nil)
		b.expect(Kept{Slots: []audit.Slot{after}, Chains: map[int][]audit.Row{1: nil}})
		slot = after
	}
}

func (b *bench[S, T]) swap() {
	is := b.extend(audit.Slot{Number: 1}, "a", "b")
	leased := is
	leased.Holder = "w"
	b.swapped(is, leased, nil)
	before := b.kept()
	short, _ := follow(audit.Slot{Number: 1}, "a")
	short.Holder = "w"
	forged := leased
	forged.Hash[31]++
	for name, was := range map[string]audit.Slot{
		"another holder": {Number: 1, Head: leased.Head, Holder: "x"}, "no holder": is, "an older head": short, "another hash": forged,
		"a new one": {Number: 1}, "one after the next": {Number: 3}, "an unknown one that is not empty": {Number: 2, Head: leased.Head},
		"an unknown one that is held": {Number: 2, Holder: "w"},
	} {
		after, rows := follow(was, "c")
		if err := b.update(func(tx T) error { return tx.Extend(was, after, rows) }); !errors.Is(err, audit.ErrTaken) {
			b.Errorf("%s: error %v", name, err)
		}
	}
	b.expect(before)
	b.extend(leased, "c")
}

func (b *bench[S, T]) outOfPlace() {
	slot := b.extend(audit.Slot{Number: 1}, "a", "b")
	before := b.kept()
	for name, spoil := range map[string]func(after *audit.Slot, rows []audit.Row){
		"zero":            func(_ *audit.Slot, rows []audit.Row) { rows[1].Seq = 0 },
		"the last again":  func(_ *audit.Slot, rows []audit.Row) { rows[0].Seq = 2 },
		"a gap":           func(_ *audit.Slot, rows []audit.Row) { rows[1].Seq = 5 },
		"another chain":   func(_ *audit.Slot, rows []audit.Row) { rows[1].Slot = 2 },
		"a longer head":   func(after *audit.Slot, _ []audit.Row) { after.Seq++ },
		"another head":    func(after *audit.Slot, _ []audit.Row) { after.Hash[0]++ },
		"another slot":    func(after *audit.Slot, _ []audit.Row) { after.Number = 2 },
		"another at once": func(after *audit.Slot, rows []audit.Row) { after.Number, rows[0].Slot, rows[1].Slot = 2, 2, 2 },
	} {
		after, rows := follow(slot, "c", "d")
		spoil(&after, rows)
		if err := b.update(func(tx T) error { return tx.Extend(slot, after, rows) }); err == nil {
			b.Errorf("%s: accepted", name)
		}
	}
	moved := slot
	moved.Hash[0]++
	if err := b.update(func(tx T) error { return tx.Extend(slot, moved, nil) }); err == nil {
		b.Error("a head moved without a row")
	}
	none := audit.Slot{}
	if err := b.update(func(tx T) error { return tx.Extend(none, none, nil) }); err == nil {
		b.Error("a slot without a number was opened")
	}
	b.expect(before)
	b.extend(slot, "c")
}

func (b *bench[S, T]) checkpoints() {
	var want []audit.Checkpoint
	for i, note := range []string{"a\nb\n\n\u2014 c d\n", "", string(slices.Repeat([]byte("x\n"), 1<<14))} {
		c := audit.Checkpoint{Number: uint64(i) + 1, Note: note}
		for _, number := range []uint64{0, c.Number - 1, c.Number + 1} {
			wrong := audit.Checkpoint{Number: number, Note: note}
			if err := b.update(func(tx T) error { return tx.AddCheckpoint(wrong) }); !errors.Is(err, audit.ErrTaken) {
				b.Errorf("checkpoint %d in the place of %d: error %v", number, c.Number, err)
			}
		}
		if err := b.update(func(tx T) error { return tx.AddCheckpoint(c) }); err != nil {
			b.Fatal(err)
		}
		want = append(want, c)
	}
	b.expect(Kept{Chains: map[int][]audit.Row{}, Checkpoints: want})
	b.view(func(s S) error {
		if newest, err := s.NewestCheckpoint(); err != nil || newest != want[2] {
			b.Errorf("the newest is %d, %v", newest.Number, err)
		}
		if middle, err := s.Checkpoints(2, 1); err != nil || !slices.Equal(middle, want[1:2]) {
			b.Errorf("one from the second on: %+v, %v", middle, err)
		}
		if none, err := s.Checkpoints(4, 10); err != nil || len(none) != 0 {
			b.Errorf("beyond the end: %+v, %v", none, err)
		}
		return nil
	})
}

func (b *bench[S, T]) ownWrites() {
	after, rows := follow(audit.Slot{Number: 1}, "a")
	err := b.update(func(tx T) error {
		if err := tx.Extend(audit.Slot{Number: 1}, after, rows); err != nil {
			return err
		}
		if err := tx.AddCheckpoint(audit.Checkpoint{Number: 1, Note: "n"}); err != nil {
			return err
		}
		slots, err := tx.Slots()
		if err != nil || len(slots) != 1 || slots[0].Head != after.Head {
			b.Errorf("the slots are %+v, %v", slots, err)
		}
		if newest, err := tx.NewestCheckpoint(); err != nil || newest.Note != "n" {
			b.Errorf("the newest checkpoint is %+v, %v", newest, err)
		}
		if chain, err := tx.Chain(1, 1, 10); err != nil || len(chain) != 1 {
			b.Errorf("the chain is %+v, %v", chain, err)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench[S, T]) failing() {
	is := b.extend(audit.Slot{Number: 1}, "a")
	before := b.kept()
	broken := errors.New("broken by the test")
	err := b.update(func(tx T) error {
		after, rows := follow(is, "b")
		new, first := follow(audit.Slot{Number: 2}, "c")
		return errors.Join(broken, tx.Extend(is, after, rows), tx.Extend(audit.Slot{Number: 2}, new, first), tx.AddCheckpoint(audit.Checkpoint{Number: 1, Note: "n"}))
	})
	if !errors.Is(err, broken) {
		b.Errorf("error %v", err)
	}
	b.expect(before)
	b.extend(is, "b")
}

func (b *bench[S, T]) endedContext() {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	after, rows := follow(audit.Slot{Number: 1}, "a")
	if err := b.store.Update(ctx, func(tx T) error { return tx.Extend(audit.Slot{Number: 1}, after, rows) }); err == nil {
		b.Error("an update under an ended context succeeded")
	}
	ctx, cancel = context.WithCancel(b.Context())
	err := b.store.Update(ctx, func(tx T) error {
		defer cancel()
		return tx.Extend(audit.Slot{Number: 1}, after, rows)
	})
	if err == nil {
		b.Error("an update whose context ended inside succeeded")
	}
	if err := b.store.View(ctx, func(S) error { return nil }); err == nil {
		b.Error("a view under an ended context looked like a log without anything")
	}
	b.expect(Kept{Chains: map[int][]audit.Row{}})
}

func (b *bench[S, T]) oneMoment() {
	is := b.extend(audit.Slot{Number: 1}, "a")
	b.view(func(s S) error {
		if slots, err := s.Slots(); err != nil || len(slots) != 1 {
			b.Errorf("the slots are %+v, %v", slots, err)
		}
		b.extend(is, "b") // would wait for ever behind a reader's lock
		slots, err := s.Slots()
		if err != nil || slots[0].Seq != 1 {
			b.Errorf("then they are %+v, %v", slots, err)
		}
		if rows, err := s.Chain(1, 1, 10); err != nil || len(rows) != 1 {
			b.Errorf("the chain has %d rows, %v", len(rows), err)
		}
		return nil
	})
	if rows := b.kept().Chains[1]; len(rows) != 2 {
		b.Errorf("there are %d rows", len(rows))
	}
}

func (b *bench[S, T]) writers() {
	const writers, commits = 4, 20
	var all sync.WaitGroup
	for i := range writers {
		slot := audit.Slot{Number: i + 1}
		b.swapped(slot, slot, nil)
		all.Go(func() {
			for range commits {
				after, rows := follow(slot, "x", "y")
				if err := b.update(func(tx T) error { return tx.Extend(slot, after, rows) }); err != nil {
					b.Errorf("extending beside others: %v", err)
				}
				slot = after
			}
		})
	}
	all.Wait()
	for slot, rows := range b.kept().Chains {
		if len(rows) != commits*2 {
			b.Errorf("chain %d has %d rows of %d", slot, len(rows), commits*2)
		}
	}
}

func (b *bench[S, T]) verifies() {
	const logs, callers = 3, 25
	at := func() time.Time { return start }
	var all sync.WaitGroup
	var open []*audit.Log[T]
	for range logs {
		log, err := audit.Open(b.Context(), b.store, Keys, nil, at)
		if err != nil {
			b.Fatal(err)
		}
		open = append(open, log)
		for i := range callers {
			all.Go(func() {
				recorded, err := log.Public(b.Context(), audit.Event{At: start, RequestID: fmt.Sprint(i)})
				if err != nil || !recorded.OK() {
					b.Errorf("recording: %v", err)
				}
			})
		}
	}
	all.Wait()
	for _, log := range open {
		if err := log.Close(); err != nil {
			b.Error(err)
		}
	}
	report, err := audit.Verify(b.Context(), b.store, Keys.Listed)
	if err != nil || report.Break != nil || report.Entries != logs*callers || report.Signed != logs*callers || report.Chains > logs {
		b.Errorf("verifying: %+v, %v", report, err)
	}
}
