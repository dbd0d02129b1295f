package relationaltest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// killed names the database that the child process of killedWhileWriting writes to.
const killed = "RELATIONAL_TEST_WRITE_UNTIL_KILLED"

// killedWhileWriting kills a writing process at random moments: what it acknowledged is
// there, whole, and nothing is there in part.
func (d Database) killedWhileWriting(t *testing.T) {
	if place := os.Getenv(killed); place != "" {
		d.writeUntilKilled(t, place)
		return
	}
	place := d.Place(t)
	random := rand.New(rand.NewPCG(5, 6))
	var total uint64
	for range 10 {
		acknowledged := d.killedAfter(t, place, time.Duration(random.IntN(150))*time.Millisecond)
		store, err := d.Open(t.Context(), place, nil)
		if err != nil {
			t.Fatal(err)
		}
		found := d.Whole(t, store)
		if found < acknowledged || acknowledged < total {
			t.Errorf("version %d was acknowledged, %d is there", acknowledged, found)
		}
		if recorded := d.together(t, store); recorded != found {
			t.Errorf("version %d is there, %d imports are recorded", found, recorded)
		}
		total = found
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	if total == 0 {
		t.Error("the children were killed before they wrote anything")
	}
}

// killedAfter lets a child write for a time after its first acknowledgement and
// gives the last version that it acknowledged.
func (d Database) killedAfter(t *testing.T, place string, life time.Duration) (acknowledged uint64) {
	t.Helper()
	child := thisTest(t)
	child.Env = append(os.Environ(), killed+"="+place)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		if acknowledged == 0 {
			time.AfterFunc(life, func() { _ = child.Process.Kill() })
		}
		acknowledged = n
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acknowledged
}

func (d Database) writeUntilKilled(t *testing.T, place string) {
	s, err := d.Open(t.Context(), place, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := openLog(t, s)
	for n := newest(t, s, "Patient", "p"); ; {
		n++
		if err := bringIn(t, log, int(n)); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}

// thisTest is this test, and nothing else, in a process of its own.
func thisTest(t *testing.T) *exec.Cmd {
	parts := strings.Split(t.Name(), "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return exec.CommandContext(t.Context(), os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.v=false")
}
