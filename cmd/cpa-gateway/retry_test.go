package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// typed runs a command and gives its exit code and what it printed.
func typed(args ...string) (int, string) {
	var out, errs bytes.Buffer
	code := run(world{ctx: context.Background(), out: &out, err: &errs, clock: time.Now}, args)
	return code, out.String() + errs.String()
}

// A record brought in for another custodian was fed in again as the gateway's own.
func TestRetryKeepsTheCustodian(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	patient := `{"resourceType":"Patient","id":"a","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}`
	broken, mended := filepath.Join(files, "broken.json"), filepath.Join(files, "mended.json")
	for name, text := range map[string]string{broken: strings.Replace(patient, "9990000018", "9990000019", 1), mended: patient} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out := typed("import", "--data", dir, "--source", "fhir-bundle", "--custodian", "7A5", broken); code != exitRefused {
		t.Fatalf("exit %d: %s", code, out)
	}
	_, list := typed("quarantine", "list", "--data", dir, "--json")
	var faults []struct{ ID string }
	if err := json.Unmarshal([]byte(list), &faults); err != nil || len(faults) != 1 {
		t.Fatalf("%v: %s", err, list)
	}
	if code, out := typed("quarantine", "retry", faults[0].ID, "--with", mended, "--data", dir); code != exitDone {
		t.Fatalf("exit %d: %s", code, out)
	}
	// Its own custodian finds it unchanged.
	if code, out := typed("import", "--data", dir, "--source", "fhir-bundle", "--custodian", "7A5", mended); code != exitDone {
		t.Errorf("exit %d: %s", code, out)
	}
}

// What came right in a later extract stood on the list until somebody discarded it.
func TestWhatComesRightLeavesTheList(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "patient.json")
	bring := func(number string) (int, string) {
		t.Helper()
		patient := `{"resourceType":"Patient","id":"a","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + number + `"}]}`
		if err := os.WriteFile(file, []byte(patient), 0o600); err != nil {
			t.Fatal(err)
		}
		return typed("import", "--data", dir, "--source", "fhir-bundle", file)
	}
	if code, out := bring("9990000019"); code != exitRefused {
		t.Fatalf("exit %d: %s", code, out)
	}
	if code, out := bring("9990000018"); code != exitDone || !strings.Contains(out, "1 fault of an earlier import came right") {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, list := typed("quarantine", "list", "--data", dir, "--json"); strings.Contains(list, "NHS-NUMBER") {
		t.Errorf("it is on the list: %s", list)
	}
	if _, list := typed("quarantine", "list", "--all", "--data", dir, "--json"); !strings.Contains(list, `"cameRight": true`) {
		t.Errorf("it is not kept: %s", list)
	}
}

// The account of an import said of all that was set aside that it was kept whole, and nothing of
// it was.
func TestTheAccountSaysWhatIsKept(t *testing.T) {
	maps := t.TempDir()
	write(t, filepath.Join(maps, "people.map"), "map people -> Patient\n  key Id\n  Born -> birthDate\n")
	const kept, notKept = "Each record is kept whole", "1 line of these is to be mended in the file"
	for name, c := range map[string]struct {
		csv           string
		kept, notKept bool
	}{
		"a row that cannot be read": {"Id,Born\n1\n", true, false},
		"a column missing":          {"Id\n1\n", false, true},
	} {
		dir, files := t.TempDir(), t.TempDir()
		write(t, filepath.Join(files, "people.csv"), c.csv)
		code, out := typed("import", "--data", dir, "--source", "board", "--maps", maps, files)
		_, list := typed("quarantine", "list", "--data", dir, "--json")
		if code != exitRefused || strings.Contains(out, kept) != c.kept || strings.Contains(list, `"FILE"`) != c.kept || strings.Contains(out, notKept) != c.notKept {
			t.Errorf("%s: exit %d: %s\nin the quarantine: %s", name, code, out, list)
		}
	}
}

// What show prints was refused by retry --with, which said that it takes that form, and as a
// failure of the gateway.
func TestRetryTakesWhatShowPrints(t *testing.T) {
	maps := t.TempDir()
	write(t, filepath.Join(maps, "people.map"), "map people -> Patient\n  key Id\n  Born -> birthDate date\n")
	dir, files := t.TempDir(), t.TempDir()
	write(t, filepath.Join(files, "people.csv"), "Id,Born\n1,soon\n")
	typed("import", "--data", dir, "--source", "board", "--maps", maps, files)
	_, list := typed("quarantine", "list", "--data", dir, "--json")
	var faults []struct{ ID string }
	if err := json.Unmarshal([]byte(list), &faults); err != nil || len(faults) != 1 {
		t.Fatalf("%v: %s", err, list)
	}
	_, shown := typed("quarantine", "show", faults[0].ID, "--data", dir)
	_, asJSON := typed("quarantine", "show", faults[0].ID, "--data", dir, "--json")
	head, record, _ := strings.Cut(shown, "\n\n")
	mended := head + "\n\n" + strings.Replace(record, "soon", "1980-01-01", 1)
	with := filepath.Join(files, "mended.txt")
	for _, c := range []struct {
		what, text string
		code       int
	}{
		{"nothing", "", exitUsage},
		{"no JSON", "{", exitUsage},
		{"no record", "[]", exitUsage},
		{"of no map", `{"plans":{}}`, exitUsage},
		{"as JSON", asJSON, exitUsage},
		{"another's", "0" + mended, exitUsage},
		{"as it was", shown, exitRefused},
		{"mended", mended, exitDone},
		{"on Windows", strings.ReplaceAll(mended, "\n", "\r\n"), exitDone},
	} {
		write(t, with, c.text)
		if code, out := typed("quarantine", "retry", faults[0].ID, "--with", with, "--data", dir); code != c.code {
			t.Errorf("%s: exit %d: %s", c.what, code, out)
		}
	}
}

// An extract that was mended said nothing of what it had left on the list.
func TestTheAccountSaysWhatIsStillOpen(t *testing.T) {
	dir, maps := t.TempDir(), t.TempDir()
	write(t, filepath.Join(maps, "people.map"), "map people -> Patient\n  key Id\n  Born -> birthDate date\n")
	for _, night := range []struct {
		source, rows string
		code         int
		says         string
	}{
		{"board", "1,1980-01-01\n", exitDone, ""},
		{"board", "2\n3,soon\n", exitRefused, "2 faults of this source are open: "},
		{"board", "2,1980-01-01\n3,1980-01-01\n", exitDone, "1 fault of this source is open: "},
		{"ward", "2,1980-01-01\n", exitDone, ""},
	} {
		file := write(t, filepath.Join(t.TempDir(), "people.csv"), "Id,Born\n"+night.rows)
		code, out := typed("import", "--data", dir, "--source", night.source, "--maps", maps, file)
		if code != night.code || strings.Contains(out, "open: cpa-gateway quarantine list --source "+night.source) != (night.says != "") || !strings.Contains(out, night.says) {
			t.Errorf("%s %q: exit %d: %s", night.source, night.rows, code, out)
		}
	}
}
