package layering

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// plan is what make would do for somebody who types it: another make, which runs these
// tests, adds lines and passes its own variables on.
func plan(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed: what it would do was not looked at")
	}
	dry := exec.Command("make", append([]string{"-n"}, args...)...)
	dry.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=") || strings.HasPrefix(v, "ADDR=")
	})
	out, err := dry.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// The first word of make demo was the error of a busy port, after minutes of silence, and
// the port could not be changed.
func TestMakeDemo(t *testing.T) {
	usual := plan(t, "demo")
	if !strings.HasPrefix(usual, "echo ") || !strings.Contains(usual, "go build -v ") || !strings.Contains(usual, "demo --addr 127.0.0.1:8080\n") {
		t.Errorf("make demo would\n%s", usual)
	}
	if other := plan(t, "demo", "ADDR=127.0.0.1:9000"); !strings.Contains(other, "demo --addr 127.0.0.1:9000\n") {
		t.Errorf("with an address make demo would\n%s", other)
	}
}

// Tests that were left out were named at the beginning, by guesses of make, or not at all.
func TestMakeTestNamesWhatWasLeftOut(t *testing.T) {
	if would := plan(t, "test"); strings.Contains(would, "hide-summary") || !strings.Contains(would, "gotestsum") || !strings.Contains(would, "No test was left out.") {
		t.Errorf("make test would\n%s", would)
	}
}

// Who typed what the pages say was told that there is no such command.
func TestTheReadmeSaysWhereTheProgramIs(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan(t, "demo"), " -o bin/cpa-gateway ") || !strings.Contains(string(readme), `export PATH="$PWD/bin:$PATH"`) {
		t.Error("README.md does not say how to call what make demo builds")
	}
}
