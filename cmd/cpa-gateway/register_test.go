package main

import (
	"os"
	"path/filepath"
	"regexp"
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

// TestThePageOnAgreementsIsFollowed does what docs/agreements.md says of how one is put in
// force, beside a council that asks: before it, and from then on.
func TestThePageOnAgreementsIsFollowed(t *testing.T) {
	text, err := os.ReadFile("../../docs/agreements.md")
	if err != nil {
		t.Fatal(err)
	}
	s := openStage(t)
	t.Chdir(t.TempDir())
	if err := os.Symlink(s.dir, "cpa"); err != nil {
		t.Fatal(err)
	}
	reads := func() bool {
		t.Helper()
		return strings.Contains(s.do("social-care-b", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000077").body, `"CarePlan"`)
	}
	if reads() {
		t.Error("the council reads under an agreement that is past its review")
	}
	followText(t, string(text), 5)
	if !reads() {
		t.Error("the new version is in force, and the council reads nothing")
	}
	for asked, says := range map[string]string{"--caller=command-line": "register-publish", "--agreement=ISP-CPA-0009": "ISP-CPA-0009 version 2 flow 001"} {
		if shown := cli("audit", "show", "--data", "cpa", asked).must(t, exitDone).out; !strings.Contains(shown, says) {
			t.Errorf("%s shows\n%s", asked, shown)
		}
	}
}

// A draft and an expired agreement stood in one table with what is in force.
func TestRegisterCheckTellsLiveFlowsFromTheOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	for at, says := range map[string]string{
		"2026-06-01":           "5 flows on 2026-06-01: 3 live, 1 only contributes, 1 expired\n",
		"2024-06-01T12:00:00Z": "5 flows on 2024-06-01: 1 live, 4 not in force\n",
		"2049-06-01":           "5 flows on 2049-06-01: 1 live, by grace, 4 expired\n",
	} {
		p := cli("register", "check", "--at", at, dir).must(t, exitDone)
		if !strings.HasPrefix(p.out, says) {
			t.Errorf("at %s: %s", at, p.out)
		}
	}
	contributes := regexp.MustCompile(`(?m)^only contributes +7A4 +- +LA9A1 +COC +standard +own +ISP-CPA-0001 version 1 flow 003 `)
	if p := cli("register", "check", "--at", "2026-06-01", dir).must(t, exitDone); !contributes.MatchString(p.out) {
		t.Errorf("nothing tells that the council contributes:\n%s", p.out)
	}
	rows := cli("register", "check", "--at", "2026-06-01", "--json", dir).must(t, exitDone).list(t)
	last := rows[len(rows)-1]
	states := map[any]int{}
	for _, row := range rows {
		states[row["state"]]++
		if nobody := row["team"] == ""; nobody != (row["state"] == "only contributes") {
			t.Errorf("nobody reads by it, and it is %v: %v", row["state"], row) // it once was live
		}
	}
	if states["live"] != 3 || rows[0]["state"] != "live" || last["state"] != "expired" || last["code"] != "AGREEMENT_REVIEW_OVERDUE" || last["reviewDate"] != "2025-03-31" {
		t.Errorf("%v", rows)
	}
}
