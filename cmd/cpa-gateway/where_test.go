package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/store/sqlite"
)

// The commands that only look once made a folder, keys and a database, and then
// said that all was well in it.
func TestLookingMakesNothing(t *testing.T) {
	for name, args := range map[string][]string{
		"audit verify":    {"audit", "verify"},
		"consent explain": {"consent", "explain", "--person", "9990000018", "--caller", "gp"},
	} {
		t.Run(name, func(t *testing.T) {
			none, empty := filepath.Join(t.TempDir(), "none"), t.TempDir()
			for _, dir := range []string{none, empty} {
				if p := cli(append(args, "--data", dir)...).must(t, exitUsage); !strings.Contains(p.errs, dir) {
					t.Errorf("does not name the folder: %q", p.errs)
				}
			}
			if _, err := os.Stat(none); !os.IsNotExist(err) {
				t.Errorf("made the folder: %v", err)
			}
			if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
				t.Errorf("made %v: %v", left, err)
			}
		})
	}
}

// A log that was deleted with its database once verified, and so did one whose
// database somebody put an empty file in the place of.
func TestADeletedAuditLogIsNotVerified(t *testing.T) {
	dir := t.TempDir()
	cli("import", "--data", dir, "--source", "fhir-bundle", write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)).must(t, exitRefused)
	cli("audit", "verify", "--data", dir).must(t, exitDone)
	names, err := filepath.Glob(filepath.Join(dir, sqlite.File+"*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no database found: %v", err)
	}
	for _, name := range append(names, filepath.Join(dir, "audit.checkpoint")) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	cli("audit", "verify", "--data", dir).must(t, exitUsage)
	write(t, filepath.Join(dir, sqlite.File), "")
	for _, more := range [][]string{nil, {"--json"}} {
		if p := cli(append([]string{"audit", "verify", "--data", dir}, more...)...).must(t, exitRefused); !strings.Contains(p.errs, "no entry") {
			t.Errorf("says %q", p.errs)
		}
	}
}
