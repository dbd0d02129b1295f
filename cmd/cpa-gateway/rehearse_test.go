package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// apart is a second Patient of a number that somebody else has.
const apart = `{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Patient","id":"other","birthDate":"1950-05-05","name":[{"family":"Other"}],
  "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}}]}`

// A dry run once said "unchanged" of what it would have stored, and could not say
// what only the records would refuse.
func TestADryRunSaysWhatTheRunWillDo(t *testing.T) {
	dir, files := filepath.Join(t.TempDir(), "data"), t.TempDir()
	named := strings.Replace(twoPatients, `"id":"a"`, `"id":"a","birthDate":"1990-09-09","name":[{"family":"One"}]`, 1)
	for i, extract := range []string{named, named, strings.Replace(named, "1990-09-09", "1990-09-10", 1), apart} {
		file := write(t, filepath.Join(files, "b.json"), extract)
		call := []string{"import", "--data", dir, "--source", "fhir-bundle", "--json", file}
		kept := func() map[string]string {
			files := contents(t, dir)
			maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasSuffix(name, "-shm") }) // what SQLite makes anew at each opening
			return files
		}
		before := map[string]string{}
		if i > 0 {
			before = kept()
		}
		dry := cli(append(call, "--dry-run")...)
		if _, err := os.Stat(dir); i == 0 && !os.IsNotExist(err) {
			t.Fatalf("the dry run made the data folder: %v", err)
		}
		if i > 0 && !maps.Equal(before, kept()) {
			t.Errorf("extract %d: the dry run changed the data folder from %v to %v", i, before, kept())
		}
		run := cli(call...)
		if dry.code != run.code || dry.out != run.out || run.errs+dry.errs != "" {
			t.Errorf("extract %d: the dry run ends with %d and\n%s\nthe run with %d and\n%s\n%s", i, dry.code, dry.out, run.code, run.out, dry.errs+run.errs)
		}
		if i == 0 && dry.object(t)["stored"] != 1.0 || i == 3 && dry.object(t)["keptApart"] != 1.0 {
			t.Errorf("extract %d: %s", i, dry.out)
		}
	}
}

// A dry run that cannot go on leaves no copy of the records behind.
func TestADryRunLeavesNoCopyBehind(t *testing.T) {
	s := inUse(t)
	write(t, filepath.Join(s.dir, "audit.checkpoint"), "nonsense")
	cli("import", "--data", s.dir, "--source", "fhir-bundle", "--dry-run", write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)).must(t, exitFailed)
	left, err := filepath.Glob(filepath.Join(s.dir, "dry-run-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
