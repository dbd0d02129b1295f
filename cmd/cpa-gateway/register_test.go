package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/demo"
)

// Of two files with the same name, the second once took the place of the first,
// which was then not checked at all.
func TestNoAgreementFileHidesAnother(t *testing.T) {
	good, bad := t.TempDir(), t.TempDir()
	if err := os.CopyFS(good, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(good, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no agreement found: %v", err)
	}
	twin := write(t, filepath.Join(bad, filepath.Base(names[0])), "id: X\ncolour: red\n")
	for _, args := range [][]string{{twin, good}, {good, twin}, {twin, names[0]}, {bad, good}} {
		if p := cli(append([]string{"register", "check"}, args...)...).must(t, exitUsage); !strings.Contains(p.errs, twin) || !strings.Contains(p.errs, names[0]) {
			t.Errorf("does not name both: %q", p.errs)
		}
	}
}

// Files of several places are one register: the check of the whole finds what
// is wrong in any of them.
func TestFilesOfSeveralFoldersAreCheckedTogether(t *testing.T) {
	good := t.TempDir()
	if err := os.CopyFS(good, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	alone := cli("register", "check", "--json", good).must(t, exitDone)
	names, err := filepath.Glob(filepath.Join(good, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no agreement found: %v", err)
	}
	if each := cli(append([]string{"register", "check", "--json"}, names...)...).must(t, exitDone); each.out != alone.out {
		t.Errorf("the files one by one are another register:\n%s\n%s", each.out, alone.out)
	}
	for _, bad := range []string{"bad.yaml", "bad.yml"} {
		other := t.TempDir()
		write(t, filepath.Join(other, bad), "id: X\ncolour: red\n")
		if p := cli("register", "check", good, other).must(t, exitRefused); !strings.Contains(p.errs, bad) {
			t.Errorf("says %q", p.errs)
		}
	}
}
