package audit_test

import (
	"context"
	"crypto/ed25519"
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

// kinds is the chain as a row of letters: r request, d decision, c checkpoint.
func kinds(t *testing.T, sink *audittest.Sink) string {
	t.Helper()
	var letters strings.Builder
	for _, row := range sink.Chain() {
		entry, err := audit.ReadEntry(row.Body)
		if err != nil {
			t.Fatal(err)
		}
		letters.WriteByte(entry.Kind[0])
	}
	return letters.String()
}

func TestCheckpoints(t *testing.T) {
	public := func(t *testing.T, log *audit.Log) {
		t.Helper()
		if _, err := log.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		do   func(t *testing.T, log *audit.Log, clock *hand)
		want string
	}{
		{"on Close", func(t *testing.T, log *audit.Log, clock *hand) { public(t, log) }, "rc"},
		{"before an entry a second after the first unsigned one", func(t *testing.T, log *audit.Log, clock *hand) {
			public(t, log)
			clock.move(999 * time.Millisecond)
			public(t, log)
			clock.move(time.Millisecond)
			public(t, log)
		}, "rrcrc"},
		{"after a second of silence", func(t *testing.T, log *audit.Log, clock *hand) {
			public(t, log)
			time.Sleep(3 * time.Second)
			public(t, log)
		}, "rcrc"},
		{"none for nothing", func(t *testing.T, log *audit.Log, clock *hand) { time.Sleep(time.Hour) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink, clock := audittest.NewSink(), &hand{at: start}
				log := open(t, sink, clock.now)
				c.do(t, log, clock)
				if err := log.Close(); err != nil {
					t.Error(err)
				}
				if got := kinds(t, sink); got != c.want {
					t.Errorf("the chain is %s, want %s", got, c.want)
				}
				verify(t, sink)
			})
		})
	}
}

func TestCheckpointAfterManyEntries(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	for range 2100 {
		if _, err := log.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Count(kinds(t, sink), "c"), 2; got < want {
		t.Errorf("%d checkpoints among 2100 entries of one instant", got)
	}
}

// What a crash left unsigned is signed before anything is added to it.
func TestNewLogSignsTheTailItFinds(t *testing.T) {
	sink := audittest.NewSink()
	crashed := open(t, sink, (&hand{at: start}).now)
	if _, err := crashed.Public(t.Context(), event("r")); err != nil {
		t.Fatal(err)
	}
	log := open(t, sink, (&hand{at: start.Add(time.Hour)}).now)
	if _, err := log.Public(t.Context(), event("r")); err != nil {
		t.Fatal(err)
	}
	if got := kinds(t, sink); got != "rcr" {
		t.Errorf("the chain is %s", got)
	}
	verify(t, sink)
}

func TestWitnessHoldsTheNewestCheckpoint(t *testing.T) {
	sink, witness := audittest.NewSink(), audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
	for range 3 {
		log := open(t, sink, (&hand{at: start}).now, audit.Witnessed(witness))
		if _, err := log.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	note, err := witness.Newest()
	if err != nil || !strings.HasPrefix(note, "cpa-gateway/audit\n7\n") { // r c | c r c | c r c: row 8 signs 7
		t.Errorf("the witness holds %q, error %v", note, err)
	}
	report, err := audit.Verify(t.Context(), sink, public(newKey(1)), audit.Against(note))
	if err != nil || report.Break != nil {
		t.Errorf("%+v, %v", report, err)
	}
}

// A chain that lost what the witness has seen is not gone on with.
func TestOpenRefusesAChainThatLostItsEnd(t *testing.T) {
	witness := audit.FileWitness(filepath.Join(t.TempDir(), "newest"))
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now, audit.Witnessed(witness))
	for range 5 {
		if _, err := log.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	chain := sink.Chain()
	for name, rows := range map[string][]audit.Row{
		"emptied": nil, "cut off": chain[:3], "rewritten": chained(bodies(chain[1:])...),
	} {
		sink.Replace(rows)
		again, err := audit.Open(t.Context(), sink, newKey(1), (&hand{at: start}).now, audit.Witnessed(witness))
		if err == nil {
			_ = again.Close()
			t.Errorf("a chain that was %s was opened", name)
		}
	}
	sink.Replace(chain)
	if again, err := audit.Open(t.Context(), sink, newKey(2), (&hand{at: start}).now, audit.Witnessed(witness)); err == nil {
		_ = again.Close()
		t.Error("a chain of another key was opened")
	}
}

// A chain that is cut while the log runs gets no more entries, and nothing is answered.
func TestRunningLogNoticesACutChain(t *testing.T) {
	sink := audittest.NewSink()
	log := open(t, sink, (&hand{at: start}).now)
	for range 3 {
		if _, err := log.Public(t.Context(), event("r")); err != nil {
			t.Fatal(err)
		}
	}
	for name, rows := range map[string][]audit.Row{"emptied": nil, "cut": sink.Chain()[:2], "rewritten": chained("x", "y", "z")} {
		sink.Replace(rows)
		recorded, err := log.Public(t.Context(), event("r"))
		if err == nil || recorded.OK() {
			t.Errorf("%s: recorded %q", name, recorded.ID())
		}
		if n := len(sink.Chain()); n != len(rows) {
			t.Errorf("%s: %d rows became %d", name, len(rows), n)
		}
	}
}

func TestWitnessThatFailsIsTold(t *testing.T) {
	witness := audit.FileWitness(filepath.Join(t.TempDir(), "folder", "newest"))
	log := open(t, audittest.NewSink(), (&hand{at: start}).now, audit.Witnessed(witness))
	if _, err := log.Public(t.Context(), event("r")); err != nil {
		t.Fatalf("what is durable was refused for the witness's sake: %v", err)
	}
	if err := log.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Close says %v", err)
	}
	if _, err := audit.FileWitness(t.TempDir()).Newest(); err == nil {
		t.Error("a witness that cannot be read looks like one that has nothing")
	}
}

func TestOpenWithoutAKey(t *testing.T) {
	if log, err := audit.Open(context.Background(), audittest.NewSink(), nil, (&hand{at: start}).now); err == nil {
		_ = log.Close()
		t.Error("a log without a key was opened")
	}
}

// Two processes that started on one folder each made a key, and the checkpoints
// of one of them could never be verified.
func TestTwoStartsAgreeOnTheKey(t *testing.T) {
	dir := t.TempDir()
	keys := make(chan ed25519.PrivateKey)
	for range 8 {
		go func() {
			key, err := audit.Keys(dir)
			if err != nil {
				t.Error(err)
			}
			keys <- key
		}()
	}
	first := <-keys
	for range 7 {
		if key := <-keys; !key.Equal(first) {
			t.Error("two keys were made")
		}
	}
	public, err := audit.ReadPublicKey(filepath.Join(dir, audit.PublicFile))
	if err != nil || !public.Equal(first.Public()) {
		t.Errorf("the public half is not that of the key: %v", err)
	}
}
