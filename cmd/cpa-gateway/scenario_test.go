package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const rightCase = "# As it is.\ncase one\nread CarePlan\n----\n" +
	"deny: A1 REQ_UNKNOWN\n  also failing: A3 NO_AGREEMENT, A8 PURPOSE_MISSING, SC SCOPE_EXCEEDED, P1 IDENTITY_UNRESOLVED, P2 IDENTITY_UNRESOLVED, P3 IDENTITY_UNRESOLVED, P4 IDENTITY_UNRESOLVED\n"

// The program carries out the scenarios of the repository without Go.
func TestScenarioRun(t *testing.T) {
	files, err := filepath.Glob("../../consent/testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario file (%v)", err)
	}
	p := cli(append([]string{"scenario", "run", "--agreements", "../../consent/agreements/testdata"}, files...)...).must(t, exitDone)
	if strings.Count(p.out, ", 0 not, 0 written anew\n") != len(files) {
		t.Errorf("prints %s", p.out)
	}
}

// What differs is told with its line; it is written anew only where that was asked, and
// only in the file that was named.
func TestScenarioRunRewritesWhatWasAskedAndNoMore(t *testing.T) {
	dir := t.TempDir()
	wrong := "case two\nagreement mine\nread CarePlan\n----\ndeny: A1 ELSE\n\ncase three\ngrant all\n----\nx\n"
	file, other := write(t, filepath.Join(dir, "a.txt"), rightCase+"\n"+wrong), write(t, filepath.Join(dir, "b.txt"), wrong)
	isp, err := os.ReadFile("../../consent/agreements/testdata/isp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "mine.yaml"), string(isp)) // beside the file, and so found
	before := contents(t, dir)
	p := cli("scenario", "run", file).must(t, exitRefused)
	for _, says := range []string{file + ":12: case two: the file shows \"deny: A1 ELSE\"", file + ":15: case three: \"grant\" is no statement", "3 cases, 1 as the file shows, 2 not, 0 written anew"} {
		if !strings.Contains(p.out, says) {
			t.Errorf("does not say %q: %s", says, p.out)
		}
	}
	if before[file] != contents(t, dir)[file] {
		t.Error("a run without --rewrite wrote")
	}
	cli("scenario", "run", "--rewrite", file).must(t, exitRefused) // case three stays as it is
	after := contents(t, dir)
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), rightCase+"\ncase two\nagreement mine\nread CarePlan\n----\ndeny: A1 REQ_UNKNOWN\n") || !strings.HasSuffix(string(text), "\n\ncase three\ngrant all\n----\nx\n") {
		t.Errorf("written: %v, %s", err, text)
	}
	if after[other] != before[other] || len(after) != len(before) {
		t.Errorf("touched more than %s: %v", file, after)
	}
	if p := cli("scenario", "run", file).must(t, exitRefused); strings.Contains(p.out, "case two") {
		t.Errorf("afterwards: %s", p.out)
	}
	cli("scenario", "run", file, filepath.Join(dir, "none.txt")).must(t, exitUsage)
	cli("scenario", "run", write(t, filepath.Join(dir, "empty.txt"), "# nothing\n")).must(t, exitRefused)
}
