package sqlite

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// killed names the folder that the child process of TestKilled writes to.
const killed = "SQLITE_TEST_WRITE_UNTIL_KILLED"

// TestKilled kills a writing process at random moments: what it acknowledged is
// there, whole, and nothing is there in part.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(killed); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(5, 6))
	var total uint64
	for range 10 {
		acknowledged := killedAfter(t, dir, time.Duration(random.IntN(150))*time.Millisecond)
		store, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		found := whole(t, store)
		if found < acknowledged || acknowledged < total {
			t.Errorf("version %d was acknowledged, %d is there", acknowledged, found)
		}
		if recorded := together(t, store); recorded != found {
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
func killedAfter(t *testing.T, dir string, life time.Duration) (acknowledged uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), killed+"="+dir)
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
			time.AfterFunc(life, func() { child.Process.Kill() })
		}
		acknowledged = n
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acknowledged
}

func writeUntilKilled(t *testing.T, dir string) {
	s, err := Open(t.Context(), dir)
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
