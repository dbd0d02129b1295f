package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unkept is the name of a witness as it is now, which can be read, and in the place of
// which nobody can put another file.
func unkept(t *testing.T, folder string) string {
	t.Helper()
	witness, err := os.Open(filepath.Join(folder, witnessFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { witness.Close() })
	return fmt.Sprintf("/proc/self/fd/%d", witness.Fd())
}

// Commands that look passed over that the log's last checkpoint could not be kept: they
// ended as if all were well.
func TestWhatClosingSaysIsTold(t *testing.T) {
	dir, _ := logged(t)
	config := write(t, filepath.Join(t.TempDir(), "gateway.yaml"), fmt.Sprintf(
		"organisation: 7A4\nhttp: {base: 'http://localhost/fhir/R4'}\nagreements: %[1]s/agreements\nrecords: {sqlite: %[1]s}\naudit: {witness: %[2]s}\n", dir, unkept(t, dir)))
	cli("person", "list", "--config", config).must(t, exitDone) // which writes nothing into the log
	for _, looks := range [][]string{
		{"audit", "show", "--caller", "command-line"},
		{"consent", "explain", "--person", "9990000018", "--caller", "7A4/team"},
	} {
		if p := cli(append(looks, "--config", config)...).must(t, exitFailed); !strings.Contains(p.errs, "keeping the newest checkpoint") {
			t.Errorf("%v says %q", looks, p.errs)
		}
	}
}

// serve ended as if all were well where the last checkpoint could not be kept.
func TestServeTellsWhatClosingSays(t *testing.T) {
	s := settle(t)
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.config, fmt.Sprintf("%saudit: {witness: %s}\n", text, unkept(t, filepath.Join(s.dir, "data"))))
	s.start()
	if a := s.ask("nonsense"); a.status == 0 {
		t.Fatal("nothing was recorded")
	}
	s.stop()
	if code := <-s.ended; code != exitFailed || !strings.Contains(s.logs.String(), "keeping the newest checkpoint") {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
}
