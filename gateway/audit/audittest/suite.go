package audittest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

// RunSink holds a sink to its contract. open makes an empty one for a subtest
// and has it closed at the subtest's end. That a moved epoch is seen needs the
// records beside the chain: it is the test of each store.
func RunSink(t *testing.T, open func(t *testing.T) audit.Sink) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, sink audit.Sink)
	}{
		{"an empty chain has the zero tail and no rows", emptyChain},
		{"rows come back as they were appended, from any position", appended},
		{"a body may be any bytes of any length", anyBody},
		{"what the caller does to its buffers later changes nothing", ownCopy},
		{"a commit without rows keeps nothing", noRows},
		{"a row out of its place fails the commit whole", outOfPlace},
		{"a context that has ended keeps nothing", endedContext},
		{"every person asked for has an epoch", unknownPersons},
		{"commits from all sides make one chain", oneChain},
		{"reading does not hold up writing", readWhileWriting},
		{"a log on it verifies", logVerifies},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// follow chains bodies to a tail.
func follow(tail audit.Tail, bodies ...string) []audit.Row {
	var rows []audit.Row
	for _, body := range bodies {
		hash := sha256.Sum256(append(tail.Hash[:], body...))
		tail = audit.Tail{Seq: tail.Seq + 1, Hash: hash}
		rows = append(rows, audit.Row{Seq: tail.Seq, Hash: hash, Body: []byte(body)})
	}
	return rows
}

func commit(t *testing.T, sink audit.Sink, bodies ...string) {
	t.Helper()
	err := sink.Commit(t.Context(), nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
		return follow(tail, bodies...)
	})
	if err != nil {
		t.Fatalf("committing %d rows: %v", len(bodies), err)
	}
}

// chain reads from a position on and checks that every row follows its predecessor.
func chain(t *testing.T, sink audit.Sink, from uint64) []audit.Row {
	t.Helper()
	var rows []audit.Row
	for row, err := range sink.Rows(t.Context(), from) {
		if err != nil {
			t.Fatalf("reading row %d: %v", from+uint64(len(rows)), err)
		}
		if want := from + uint64(len(rows)); row.Seq != want {
			t.Fatalf("row %d came where %d was due", row.Seq, want)
		}
		if n := len(rows); n > 0 {
			if want := follow(audit.Tail{Seq: rows[n-1].Seq, Hash: rows[n-1].Hash}, string(row.Body))[0]; want.Hash != row.Hash {
				t.Fatalf("row %d does not follow row %d", row.Seq, row.Seq-1)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func tailOf(t *testing.T, sink audit.Sink) audit.Tail {
	t.Helper()
	var found audit.Tail
	err := sink.Commit(t.Context(), nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
		found = tail
		return nil
	})
	if err != nil {
		t.Fatalf("asking for the tail: %v", err)
	}
	return found
}

func emptyChain(t *testing.T, sink audit.Sink) {
	if tail := tailOf(t, sink); tail != (audit.Tail{}) {
		t.Errorf("tail of an empty chain is %v", tail)
	}
	if rows := chain(t, sink, 1); len(rows) != 0 {
		t.Errorf("an empty chain has %d rows", len(rows))
	}
}

func appended(t *testing.T, sink audit.Sink) {
	commit(t, sink, "a", "b")
	commit(t, sink, "c")
	rows := chain(t, sink, 1)
	if len(rows) != 3 || string(rows[0].Body)+string(rows[1].Body)+string(rows[2].Body) != "abc" {
		t.Fatalf("rows are %v", rows)
	}
	if tail := tailOf(t, sink); tail != (audit.Tail{Seq: 3, Hash: rows[2].Hash}) {
		t.Errorf("tail is %v", tail)
	}
	if rest := chain(t, sink, 3); len(rest) != 1 || string(rest[0].Body) != "c" {
		t.Errorf("from the third on: %v", rest)
	}
	if none := chain(t, sink, 4); len(none) != 0 {
		t.Errorf("beyond the end: %v", none)
	}
}

func anyBody(t *testing.T, sink audit.Sink) {
	long := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
	bodies := []string{"\x00", "\xff\xfe", `{"a":"\u0000"}`, long}
	commit(t, sink, bodies...)
	for i, row := range chain(t, sink, 1) {
		if string(row.Body) != bodies[i] {
			t.Errorf("row %d came back otherwise than it was kept (%d bytes for %d)", row.Seq, len(row.Body), len(bodies[i]))
		}
	}
}

func ownCopy(t *testing.T, sink audit.Sink) {
	var kept []audit.Row
	err := sink.Commit(t.Context(), nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
		kept = follow(tail, "first")
		return kept
	})
	if err != nil {
		t.Fatal(err)
	}
	copy(kept[0].Body, "wrong")
	if rows := chain(t, sink, 1); len(rows) != 1 || string(rows[0].Body) != "first" {
		t.Errorf("rows are %v", rows)
	}
}

func noRows(t *testing.T, sink audit.Sink) {
	commit(t, sink, "a")
	commit(t, sink)
	if rows := chain(t, sink, 1); len(rows) != 1 {
		t.Errorf("there are %d rows", len(rows))
	}
}

func outOfPlace(t *testing.T, sink audit.Sink) {
	commit(t, sink, "a", "b")
	for _, seq := range []uint64{0, 2, 3, 5} {
		err := sink.Commit(t.Context(), nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
			rows := follow(tail, "c", "d")
			rows[1].Seq = seq // the first of the two would fit
			return rows
		})
		if err == nil {
			t.Errorf("a row %d in the place of row 4 was accepted", seq)
		}
		if rows := chain(t, sink, 1); len(rows) != 2 {
			t.Fatalf("after a refused commit there are %d rows", len(rows))
		}
	}
	commit(t, sink, "c")
}

func endedContext(t *testing.T, sink audit.Sink) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := sink.Commit(ctx, nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
		return follow(tail, "a")
	})
	if err == nil {
		t.Error("a commit under an ended context succeeded")
	}
	if rows := chain(t, sink, 1); len(rows) != 0 {
		t.Errorf("and kept %d rows", len(rows))
	}
	for range sink.Rows(t.Context(), 1) {
		t.Error("a row appeared")
	}
	commit(t, sink, "b")
	failed := false
	for _, err := range sink.Rows(ctx, 1) {
		failed = err != nil
	}
	if !failed {
		t.Error("reading under an ended context looked like a chain that ends")
	}
}

func unknownPersons(t *testing.T, sink audit.Sink) {
	asked := []profiles.PersonID{"person-1", "person-2", "person-1"}
	err := sink.Commit(t.Context(), asked, func(epochs map[profiles.PersonID]uint64, _ audit.Tail) []audit.Row {
		for _, person := range asked {
			if epoch, known := epochs[person]; !known || epoch != 0 {
				t.Errorf("epoch of an unknown person is %d (given: %v)", epoch, known)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func oneChain(t *testing.T, sink audit.Sink) {
	const writers, commits = 8, 20
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range commits {
				err := sink.Commit(t.Context(), nil, func(_ map[profiles.PersonID]uint64, tail audit.Tail) []audit.Row {
					return follow(tail, "x", "y")
				})
				if err != nil {
					t.Errorf("committing beside others: %v", err)
				}
			}
		})
	}
	all.Wait()
	if rows := chain(t, sink, 1); len(rows) != writers*commits*2 {
		t.Errorf("there are %d rows of %d", len(rows), writers*commits*2)
	}
}

func readWhileWriting(t *testing.T, sink audit.Sink) {
	commit(t, sink, "a", "b")
	seen := 0
	for _, err := range sink.Rows(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 1 {
			commit(t, sink, "c") // would wait for ever behind a reader's lock
		}
	}
	if seen < 2 {
		t.Errorf("the reader saw %d rows", seen)
	}
	for range sink.Rows(t.Context(), 1) {
		break // leaves the walk early
	}
	commit(t, sink, "d")
	if rows := chain(t, sink, 1); len(rows) != 4 {
		t.Errorf("there are %d rows", len(rows))
	}
}

func logVerifies(t *testing.T, sink audit.Sink) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	log, err := audit.Open(t.Context(), sink, key, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	const callers = 50
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			recorded, err := log.Refuse(t.Context(), audit.Event{At: at, RequestID: fmt.Sprint(i)}, consent.Caller{}, "REQ_UNKNOWN")
			if err != nil || !recorded.OK() {
				t.Errorf("recording: %v", err)
			}
		})
	}
	all.Wait()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	report, err := audit.Verify(t.Context(), sink, public)
	if err != nil || report.Break != nil || report.Rows < callers+1 || report.Signed < callers {
		t.Errorf("verifying: %+v, %v", report, err)
	}
}
