package audit_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// bodies are the rows' bodies as text.
func bodies(rows []audit.Row) []string {
	var list []string
	for _, row := range rows {
		list = append(list, string(row.Body))
	}
	return list
}

// chained makes a chain with right hashes out of any bodies: what an attacker
// without the key can do at best.
func chained(list ...string) []audit.Row {
	var rows []audit.Row
	var hash [32]byte
	for i, body := range list {
		hash = sha256.Sum256(append(hash[:], body...))
		rows = append(rows, audit.Row{Seq: uint64(i + 1), Hash: hash, Body: []byte(body)})
	}
	return rows
}

// sample is a chain of several seconds: eight decisions and a checkpoint, four times.
func sample(t *testing.T) []audit.Row {
	t.Helper()
	sink, clock := audittest.NewSink(), &hand{at: start}
	for second := range 4 {
		log := open(t, sink, clock.now)
		for i := range 8 {
			d := decide(nurse, "person-1", 0)
			e := event(fmt.Sprint(second, i))
			if _, err := log.Record(t.Context(), e, []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}); err != nil {
				t.Fatal(err)
			}
			clock.move(100 * time.Millisecond)
		}
		clock.move(time.Hour)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return sink.Chain()
}

// TestTamper changes a chain as somebody who can write to the sink but has no
// key, and expects the first break at its place.
func TestTamper(t *testing.T) {
	whole := sample(t)
	last := whole[len(whole)-1]
	newest := noteOf(t, last)
	earlier := whole[8] // the first log's checkpoint: eight entries before it
	if !strings.HasPrefix(noteOf(t, earlier), "cpa-gateway/audit\n8\n") {
		t.Fatalf("row 9 is not the checkpoint that this test takes it for: %s", earlier.Body)
	}
	edit := func(rows []audit.Row, i int) []string {
		list := bodies(rows)
		list[i] = strings.Replace(list[i], `"professional":"nurse-77"`, `"professional":"nurse-78"`, 1)
		if list[i] == string(rows[i].Body) {
			t.Fatalf("row %d was not changed", i+1)
		}
		return list
	}
	without := func(rows []audit.Row, i int) []string { return slices.Delete(bodies(rows), i, i+1) }
	entriesOnly := slices.DeleteFunc(bodies(whole), func(b string) bool { return strings.Contains(b, `"kind":"checkpoint"`) })

	for _, c := range []struct {
		name    string
		rows    func(rows []audit.Row) []audit.Row
		against string
		seq     uint64
		reason  audit.Reason
	}{
		{"nothing", func(rows []audit.Row) []audit.Row { return rows }, newest, 0, ""},
		{"edit a body", func(rows []audit.Row) []audit.Row { rows[4].Body = []byte(edit(rows, 4)[4]); return rows }, "", 5, audit.BreakHash},
		{"edit a body and its hash", func(rows []audit.Row) []audit.Row {
			rows[4] = chained(edit(rows, 4)...)[4]
			return rows
		}, "", 6, audit.BreakHash},
		{"edit a hash", func(rows []audit.Row) []audit.Row { rows[4].Hash[0]++; return rows }, "", 5, audit.BreakHash},
		{"edit and re-hash all that follows", func(rows []audit.Row) []audit.Row { return chained(edit(rows, 4)...) }, "", 9, audit.BreakCheckpoint},
		{"edit the last unsigned second", func(rows []audit.Row) []audit.Row { return chained(edit(rows, 0)...) }, "", 9, audit.BreakCheckpoint},
		{"delete a row", func(rows []audit.Row) []audit.Row { return slices.Delete(rows, 4, 5) }, "", 5, audit.BreakGap},
		{"delete a row and number anew", func(rows []audit.Row) []audit.Row { return chained(without(rows, 4)...) }, "", 8, audit.BreakCheckpoint},
		{"delete a checkpoint and re-hash", func(rows []audit.Row) []audit.Row { return chained(without(rows, 8)...) }, "", 9, audit.BreakCheckpoint},
		{"delete all checkpoints and re-hash", func([]audit.Row) []audit.Row { return chained(entriesOnly...) }, "", 9, audit.BreakUnsigned},
		{"swap two rows", func(rows []audit.Row) []audit.Row { rows[3], rows[5] = rows[5], rows[3]; return rows }, "", 4, audit.BreakGap},
		{"swap two bodies", func(rows []audit.Row) []audit.Row {
			rows[3].Body, rows[5].Body = rows[5].Body, rows[3].Body
			return rows
		}, "", 4, audit.BreakHash},
		{"swap two bodies and re-hash", func(rows []audit.Row) []audit.Row {
			list := bodies(rows)
			list[2], list[6] = list[6], list[2]
			return chained(list...)
		}, "", 9, audit.BreakCheckpoint},
		{"the same row twice", func(rows []audit.Row) []audit.Row { return slices.Insert(rows, 4, rows[4]) }, "", 6, audit.BreakGap},
		{"truncate, seen by the witness", func(rows []audit.Row) []audit.Row { return rows[:9] }, newest, 10, audit.BreakTruncated},
		{"truncate to nothing", func([]audit.Row) []audit.Row { return nil }, newest, 1, audit.BreakTruncated},
		{"cut off the beginning", func(rows []audit.Row) []audit.Row { return rows[9:] }, "", 1, audit.BreakGap},
		{"cut off the beginning and number anew", func(rows []audit.Row) []audit.Row { return chained(bodies(rows)[9:]...) }, "", 1, audit.BreakCheckpoint},
		{"rewrite the unsigned end, seen by the witness", func(rows []audit.Row) []audit.Row {
			return chained(edit(rows, len(rows)-2)[:len(rows)-1]...)
		}, newest, uint64(len(whole) - 1), audit.BreakRewritten},
		{"replay a checkpoint", func(rows []audit.Row) []audit.Row {
			return chained(append(bodies(rows), string(earlier.Body))...)
		}, "", uint64(len(whole) + 1), audit.BreakClock},
		{"replay a checkpoint at its own time", func(rows []audit.Row) []audit.Row {
			return chained(slices.Insert(bodies(rows), 9, string(earlier.Body))...)
		}, "", 10, audit.BreakCheckpoint},
		{"sign with another key", func(rows []audit.Row) []audit.Row { return signedBy(t, 2, rows) }, "", 9, audit.BreakCheckpoint},
		{"an entry that is none", func(rows []audit.Row) []audit.Row {
			return chained(append(bodies(rows), `{"kind":"request","kind":"public"}`)...)
		}, "", uint64(len(whole) + 1), audit.BreakUnreadable},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := audittest.NewSink()
			sink.Replace(whole)
			sink.Replace(c.rows(sink.Chain()))
			report, err := audit.Verify(t.Context(), sink, public(newKey(1)), audit.Against(c.against))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.reason == "" && report.Break != nil:
				t.Errorf("an untouched chain breaks at %v", report.Break)
			case c.reason != "" && report.Break == nil:
				t.Error("nobody noticed")
			case report.Break != nil && (report.Break.Seq != c.seq || report.Break.Reason != c.reason):
				t.Errorf("break %v, want %d %s", report.Break, c.seq, c.reason)
			}
		})
	}
}

func noteOf(t *testing.T, row audit.Row) string {
	t.Helper()
	entry, err := audit.ReadEntry(row.Body)
	if err != nil {
		t.Fatal(err)
	}
	return entry.Note
}

// signedBy is the whole log written again with another key.
func signedBy(t *testing.T, seed byte, rows []audit.Row) []audit.Row {
	t.Helper()
	sink := audittest.NewSink()
	log, err := audit.Open(t.Context(), sink, newKey(seed), (&hand{at: start}).now)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		d := decide(nurse, "person-1", 0)
		if _, err := log.Record(t.Context(), event("r"), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return sink.Chain()
}

func TestVerifyReports(t *testing.T) {
	sink := audittest.NewSink()
	sink.Replace(sample(t))
	var told []uint64
	report, err := audit.Verify(t.Context(), sink, public(newKey(1)), audit.Progress(func(rows uint64) { told = append(told, rows) }))
	if err != nil || report.Break != nil {
		t.Fatalf("%+v, %v", report, err)
	}
	n := uint64(len(sink.Chain()))
	if report.Rows != n || report.Signed != n-1 || report.Checkpoints != 7 {
		t.Errorf("%+v of %d rows", report, n)
	}
	if !report.First.Equal(start) || report.Last.Before(start.Add(3*time.Hour)) {
		t.Errorf("from %v to %v", report.First, report.Last)
	}
	if uint64(len(told)) != n || told[n-1] != n {
		t.Errorf("progress was told %d times", len(told))
	}
}

func TestVerifyOfNothing(t *testing.T) {
	report, err := audit.Verify(t.Context(), audittest.NewSink(), public(newKey(1)))
	if err != nil || report != (audit.Report{}) {
		t.Errorf("%+v, %v", report, err)
	}
}

// A chain that cannot be read to its end is an error and not a short chain.
func TestVerifyOfAChainThatCannotBeRead(t *testing.T) {
	sink := audittest.NewSink()
	sink.Replace(sample(t))
	ctx, cancel := context.WithCancel(t.Context())
	report, err := audit.Verify(ctx, sink, public(newKey(1)), audit.Progress(func(rows uint64) {
		if rows == 3 {
			cancel()
		}
	}))
	if err == nil || report.Rows != 3 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestVerifyAgainstANoteThatIsNone(t *testing.T) {
	chain := sample(t)
	sink := audittest.NewSink()
	sink.Replace(chain)
	note := noteOf(t, chain[8])
	for _, bad := range []string{
		"x", strings.Replace(note, "\n8\n", "\n9\n", 1), strings.Replace(note, "cpa-gateway/audit", "elsewhere", 1),
		strings.TrimSuffix(note, "\n"), note + note, note + "\n", noteOf(t, signedBy(t, 2, nil)[8]),
	} {
		if report, err := audit.Verify(t.Context(), sink, public(newKey(1)), audit.Against(bad)); err == nil {
			t.Errorf("%q was taken for a checkpoint: %+v", bad, report)
		}
	}
}

// A clock that a time service corrects is no break; one that was set back is.
func TestClockGoingBackwards(t *testing.T) {
	for _, c := range []struct {
		by   time.Duration
		want bool
	}{{time.Second, false}, {time.Second + 1, true}} {
		sink, clock := audittest.NewSink(), &hand{at: start}
		log := open(t, sink, clock.now)
		for range 2 {
			if _, err := log.Public(t.Context(), event("r")); err != nil {
				t.Fatal(err)
			}
			clock.move(-c.by)
		}
		report, err := audit.Verify(t.Context(), sink, public(newKey(1)))
		if err != nil {
			t.Fatal(err)
		}
		if broken := report.Break != nil && report.Break.Reason == audit.BreakClock; broken != c.want {
			t.Errorf("%v back: break %v", c.by, report.Break)
		}
	}
}
