package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A source of maps is settled like any other: by other maps it is another source.
func TestASourceOfMapsIsSettled(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, folder := range []string{"mine", "theirs"} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "people.map"), "csv People\n  N \"NHS Number\"\n\nmap People <-> Patient\n  key N\n  in identifier[]\n    $SystemNHSNumber -> system\n    N <-> value   nhs-number required\n")
	}
	people := write(t, "People.csv", "NHS Number\n9990000018\n")
	bring := func(args ...string) printed {
		return cli(append([]string{"import", "--data", "records", "--source", "council"}, args...)...)
	}
	if p := bring(people).must(t, exitUsage); !strings.Contains(p.errs, "council") {
		t.Errorf("without maps: %s", p.errs)
	}
	bring("--maps", "none", people).must(t, exitUsage)
	bring("--maps", "mine", people).must(t, exitDone)
	bring(people).must(t, exitDone)
	bring("--maps", "mine", people).must(t, exitDone)
	if p := bring("--maps", "theirs", people).must(t, exitUsage); !strings.Contains(p.errs, "as is settled") {
		t.Errorf("by other maps: %s", p.errs)
	}
	if p := cli("import", "--data", "records", "--source", "welsh-ctp", "--maps", "mine", people).must(t, exitUsage); !strings.Contains(p.errs, "welsh-ctp") {
		t.Errorf("of another format: %s", p.errs)
	}
	for _, bad := range []sourceConfig{{Name: "x", Format: "maps", Custodian: "7A4"}, {Name: "x", Format: "welsh-ctp", Maps: "mine", Custodian: "7A4"}} {
		if bad.check() == nil {
			t.Errorf("%+v is a source", bad)
		}
	}
}

// TestTablesSideBySideAreOneExtract: rows in one file of the command belong to those of
// another, in whatever order they are named.
func TestTablesSideBySideAreOneExtract(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("own", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, "own/own.map", `csv Users
  NHS "NHS Number"
csv Plans
  Plan "Plan"
  NHS "NHS Number"
csv Steps of Plans by Plan
  Plan "Plan"
  What "What"
map Users -> Patient
  key NHS
  in identifier[]
    $SystemNHSNumber -> system
    NHS -> value nhs-number required
map Plans -> CarePlan
  key Plan
  person NHS
  NHS -> subject.reference ref Patient
  in identifier[]
    "https://council.example/Id/plan" -> system
    Plan -> value required
  "active" -> status
  "plan" -> intent
  each Steps -> activity[]
    in detail
      "in-progress" -> status
      What -> description
`)
	steps, plans, users := write(t, "Steps.csv", "Plan,What\nP1,Shopping\n"), write(t, "Plans.csv", "Plan,NHS Number\nP1,9990000018\n"), write(t, "Users.csv", "NHS Number\n9990000018\n")
	bring := func(args ...string) printed {
		return cli(append([]string{"import", "--data", "records", "--source", "c", "--maps", "own", "--custodian", "LA9A1"}, args...)...)
	}
	if p := bring("--json", steps, plans, users).must(t, exitDone); !strings.Contains(p.out, `"stored": 2`) {
		t.Errorf("%s", p.out)
	}
	if p := bring(plans).must(t, exitRefused); !strings.Contains(p.out, "there is no Steps.csv beside it") {
		t.Errorf("one of two tables: %s", p.out)
	}
	if p := cli("map", "run", "own", steps, plans, users).must(t, exitDone); !strings.Contains(p.out, `"description":"Shopping"`) {
		t.Errorf("%s", p.out)
	}
	if err := os.MkdirAll("b", 0o700); err != nil {
		t.Fatal(err)
	}
	if p := bring(plans, write(t, "b/Plans.csv", "Plan\n")).must(t, exitUsage); !strings.Contains(p.errs, "have one name") {
		t.Errorf("two files of one name: %s", p.errs)
	}
}
