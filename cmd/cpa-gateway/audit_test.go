package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/store/sqlite"
)

// logged is a data folder with an import in its audit log, and the command line
// that makes it again.
func logged(t *testing.T) (dir string, bringIn func()) {
	t.Helper()
	dir = t.TempDir()
	file := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	bringIn = func() {
		t.Helper()
		cli("import", "--data", dir, "--source", "fhir-bundle", file).must(t, exitRefused)
	}
	bringIn()
	return dir, bringIn
}

// A log that has checkpoints, and whose witness has none any more, is not verified
// and not gone on with until somebody has put one back.
func TestALostWitness(t *testing.T) {
	dir, bringIn := logged(t)
	witness := filepath.Join(dir, "audit.checkpoint")
	for name, lose := range map[string]func() error{
		"emptied": func() error { return os.WriteFile(witness, nil, 0o600) }, "removed": func() error { return os.Remove(witness) },
	} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		if p := cli("audit", "verify", "--data", dir).must(t, exitRefused); !strings.Contains(p.errs, "witness") {
			t.Errorf("%s: says %q", name, p.errs)
		}
		if p := cli("quarantine", "list", "--data", dir).must(t, exitFailed); !strings.Contains(p.errs, "witness") {
			t.Errorf("%s: opening it says %q", name, p.errs)
		}
		write(t, witness, cli("audit", "checkpoint", "--data", dir).must(t, exitDone).out)
		cli("audit", "verify", "--data", dir).must(t, exitDone)
		bringIn()
	}
}

// A log that was cut back, with its witness, is whole as far as it goes: what was
// kept elsewhere shows it.
func TestALogCutBackIsSeenElsewhere(t *testing.T) {
	dir, bringIn := logged(t)
	kept := func() map[string][]byte {
		files := map[string][]byte{}
		names, err := filepath.Glob(filepath.Join(dir, sqlite.File+"*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(names, filepath.Join(dir, "audit.checkpoint")) {
			if files[name], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		return files
	}
	elsewhere := t.TempDir()
	older := write(t, filepath.Join(elsewhere, "1"), cli("audit", "checkpoint", "--data", dir).must(t, exitDone).out)
	before := kept()
	bringIn()
	newer := write(t, filepath.Join(elsewhere, "2"), cli("audit", "checkpoint", "--data", dir).must(t, exitDone).out)
	cli("audit", "verify", "--data", dir, "--checkpoint", older, "--checkpoint", newer).must(t, exitDone)
	for name := range kept() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range before {
		write(t, name, string(content))
	}
	cli("audit", "verify", "--data", dir).must(t, exitDone)
	cli("audit", "verify", "--data", dir, "--checkpoint", older).must(t, exitDone)
	for _, files := range [][]string{{newer}, {older, newer}, {newer, older}} {
		args := []string{"audit", "verify", "--data", dir}
		for _, file := range files {
			args = append(args, "--checkpoint", file)
		}
		if p := cli(args...).must(t, exitRefused); !strings.Contains(p.errs, "truncated") {
			t.Errorf("says %q", p.errs)
		}
	}
	cli("audit", "verify", "--data", dir, "--checkpoint", filepath.Join(elsewhere, "none")).must(t, exitUsage)
	cli("audit", "verify", "--data", dir, "--checkpoint", write(t, filepath.Join(elsewhere, "x"), "x")).must(t, exitFailed)
}

// The report for machines says where the log breaks.
func TestTheReportOfABreak(t *testing.T) {
	dir, _ := logged(t)
	if err := os.Remove(filepath.Join(dir, "audit.checkpoint")); err != nil {
		t.Fatal(err)
	}
	report := cli("audit", "verify", "--data", dir, "--json").must(t, exitRefused).object(t, "chains", "entries", "checkpoints", "signed", "first", "last", "break")
	if found, ok := report["break"].(map[string]any); !ok || found["reason"] != "witness" || found["detail"] == "" {
		t.Errorf("the report is %v", report)
	}
}

// A log without an entry has no checkpoint to print.
func TestThereIsNoCheckpointYet(t *testing.T) {
	dir := t.TempDir()
	cli("quarantine", "list", "--data", dir).must(t, exitUsage)
	write(t, filepath.Join(dir, sqlite.File), "")
	if p := cli("audit", "checkpoint", "--data", dir).must(t, exitRefused); p.out != "" {
		t.Errorf("prints %q", p.out)
	}
	cli("audit", "nonsense").must(t, exitUsage)
}
