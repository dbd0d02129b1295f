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
