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
	"syscall"
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
func (d Database) killedAfter(t *testing.T, place string, life time.Duration) uint64 {
	t.Helper()
	acknowledged, killed := child(t, func(c *os.Process) { time.AfterFunc(life, func() { _ = c.Kill() }) }, killed+"="+place)
	if !killed {
		t.Fatal("the child ended by itself")
	}
	return acknowledged
}

func (d Database) writeUntilKilled(t *testing.T, place string) {
	s, err := d.Open(t.Context(), place, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := OpenLog(t, s)
	for n := newest(t, s, "Patient", "p"); ; {
		n++
		if err := bringIn(t, log, int(n)); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}

// child runs this test, and nothing else, in a process of its own, with more in its
// environment, until it ends or is killed. It gives the last number that the process wrote,
// and calls first at the first.
func child(t *testing.T, first func(*os.Process), more ...string) (last uint64, killed bool) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.v=false")
	c.Env = append(os.Environ(), more...)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			continue // what a test says at its end
		}
		if last == 0 {
			first(c.Process)
		}
		last = n
	}
	err = c.Wait()
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	if killed = ok && status.Signaled(); err != nil && !killed {
		t.Fatalf("the child: %v", err)
	}
	return last, killed
}
