package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/mapping/extracts"
)

// brought runs an import and gives its account, which adds up.
func brought(t *testing.T, code int, dir, source string, args ...string) intake.Summary {
	t.Helper()
	p := cli(append([]string{"import", "--data", dir, "--source", source, "--json"}, args...)...).must(t, code)
	var sum intake.Summary
	if err := json.Unmarshal([]byte(p.out), &sum); err != nil || p.errs != "" {
		t.Fatalf("%v: %s%s", err, p.out, p.errs)
	}
	if sum.Read != sum.Stored+sum.Unchanged+sum.Quarantined {
		t.Errorf("does not add up: %+v", sum)
	}
	return sum
}

// onePatient is a bundle of one good record.
func onePatient(id, number string) string {
	return `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"` + id +
		`","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + number + `"}]}}]}`
}

// TestOneOfAKindIsToldAsOne: an account once said that "1 Patients are kept apart".
func TestOneOfAKindIsToldAsOne(t *testing.T) {
	for n, wanted := range map[int][]string{
		1: {"\n1 Consent that grants was set", "\n1 wish against sharing was taken", "\n1 record was taken", "\n1 Patient is kept apart", "\n1 fault of an earlier import came right"},
		2: {"\n2 Consents that grant were set", "\n2 wishes against sharing were taken", "\n2 records were taken", "\n2 Patients are kept apart", "\n2 faults of earlier imports came right"},
	} {
		var out bytes.Buffer
		if err := show(&out, intake.Summary{Grants: n, Wishes: n, Clashes: n, Apart: n, CameRight: n}, false); err != nil {
			t.Fatal(err)
		}
		for _, sentence := range wanted {
			if !strings.Contains(out.String(), sentence) {
				t.Errorf("%q is not in %s", sentence, &out)
			}
		}
	}
}

// An import that found nothing once ended with "done".
func TestAnEmptyExtractIsTold(t *testing.T) {
	headers := t.TempDir()
	for name, row := range map[string]string{"MHS000Header.csv": "DatSetVer,OrgIDProvider", "MHS001MPI.csv": "LocalPatientID,NHSNumber"} {
		write(t, filepath.Join(headers, name), row+"\n")
	}
	empty, hollow := t.TempDir(), t.TempDir()
	write(t, filepath.Join(hollow, "a.json"), `{"resourceType":"Bundle","type":"searchset","total":0}`)
	for _, c := range []struct{ source, path string }{
		{"fhir-bundle", empty}, {"welsh-ctp", empty}, {"mhsds-v6", empty}, {"mhsds-v6", headers}, {"fhir-bundle", hollow},
	} {
		sum := brought(t, exitRefused, t.TempDir(), c.source, c.path)
		if len(sum.NotRead) != 1 || sum.NotRead[0].File != c.path || sum.Read != 0 {
			t.Errorf("%s %s: %+v", c.source, c.path, sum)
		}
	}
}

// A file that was passed over stood among the columns that no rule reads, if it was
// told at all, and the run was "done".
func TestAFileThatIsNotReadIsTold(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.json"), onePatient("a", "9990000018"))
	notes := write(t, filepath.Join(folder, "notes.txt"), "x")
	dir := t.TempDir()
	sum := brought(t, exitRefused, dir, "fhir-bundle", folder)
	if len(sum.NotRead) != 1 || sum.NotRead[0].File != notes || sum.Stored != 1 || len(sum.LeftBehind) != 0 {
		t.Errorf("%+v", sum)
	}
	if sum := brought(t, exitRefused, dir, "fhir-bundle", notes); len(sum.NotRead) != 1 || sum.NotRead[0].File != notes {
		t.Errorf("named alone: %+v", sum)
	}
	tables := t.TempDir()
	if err := os.Mkdir(filepath.Join(tables, "more"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(tables, "MPI.csv"), "x\n")
	if sum := brought(t, exitRefused, t.TempDir(), "mhsds-v6", tables); len(sum.NotRead) != 2 || !strings.HasSuffix(sum.NotRead[1].File, "more") {
		t.Errorf("tables: %+v", sum)
	}
	if p := cli("import", "--data", dir, "--source", "fhir-bundle", folder).must(t, exitRefused); !strings.Contains(p.out, notes+": its name ends in none of") {
		t.Errorf("prints %s", p.out)
	}
}

// A dangling link or a name that is not UTF-8 once ended the import of its folder.
func TestABadFileNameCostsItsFileAlone(t *testing.T) {
	folder := t.TempDir()
	good := []string{"a.json", "b c.json", "-d.json", "é.json", "new\nline.json"}
	for i, name := range good {
		write(t, filepath.Join(folder, name), onePatient(strings.Repeat("x", i+1), "9990000018"))
	}
	bad := []string{"not-utf8-\xff.json", "dangling.json", "loop.json", "folder.json", "empty.json"}
	write(t, filepath.Join(folder, bad[0]), onePatient("z", "9990000018"))
	for name, to := range map[string]string{bad[1]: "/nowhere/at/all", bad[2]: "loop.json", bad[3]: t.TempDir()} {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder, bad[4]), "")
	for _, source := range []string{"fhir-bundle", "welsh-ctp"} {
		sum := brought(t, exitRefused, t.TempDir(), source, folder)
		var names []string
		for _, f := range sum.NotRead {
			names = append(names, filepath.Base(f.File))
		}
		slices.Sort(names)
		want := slices.Sorted(slices.Values([]string{"not-utf8-�.json", bad[1], bad[2], bad[3], bad[4]}))
		if !slices.Equal(names, want) || sum.Read != len(good) {
			t.Errorf("%s: read %d, not read: %q", source, sum.Read, names)
		}
	}
	t.Chdir(folder)
	dir := t.TempDir()
	for _, name := range bad[:2] {
		sum := brought(t, exitRefused, dir, "fhir-bundle", "a.json", name)
		if sum.Read != 1 || len(sum.NotRead) != 1 {
			t.Errorf("%q beside a good file: %+v", name, sum)
		}
	}
	brought(t, exitDone, t.TempDir(), "fhir-bundle", "--", "-d.json")
	p := cli("import", "--data", dir, "--source", "fhir-bundle", "new\nline.json", "a.json", bad[0]).must(t, exitRefused)
	if !strings.Contains(p.out, `"not-utf8-\xff.json": its name is not UTF-8`) {
		t.Errorf("prints %s", p.out)
	}
}

// The rows that went with a refused header once were counted and not told.
func TestEveryRefusedRecordHasItsLine(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../mapping/mhsds/testdata/sound")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "notes.txt")); err != nil {
		t.Fatal(err)
	}
	sum := brought(t, exitRefused, dir, "mhsds-v6", "--custodian", "7A5", folder) // the header names 7A4
	if sum.Quarantined != sum.Read || len(sum.SetAside) != sum.Quarantined {
		t.Errorf("%d refused, %d lines", sum.Quarantined, len(sum.SetAside))
	}
	kept := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t)
	if len(kept) != 1 || sum.SetAside[0].ID != kept[0]["id"] || sum.SetAside[1].ID != "" {
		t.Errorf("in the quarantine: %v", kept)
	}
	p := cli("import", "--data", t.TempDir(), "--source", "mhsds-v6", "--custodian", "7A5", folder).must(t, exitRefused)
	if !strings.Contains(p.out, "MHS00030  OrgIDProvider is not the custodian") || !strings.Contains(p.out, "row 1-2") {
		t.Errorf("prints %s", p.out)
	}
	bundle := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	if sum := brought(t, exitRefused, t.TempDir(), "fhir-bundle", bundle); len(sum.SetAside) != 1 || sum.SetAside[0].Row != 2 || sum.SetAside[0].Rule != "NHS-NUMBER" {
		t.Errorf("%+v", sum.SetAside)
	}
}

// A row that is too short or too long says at which column.
func TestTheColumnOfAFaultIsNamed(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../mapping/mhsds/testdata/sound")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "MHS701CPACareEpisode.csv"), "CPAEpisodeID,LocalPatientID,StartDateCPA\nE1,P1\nE2,P1,2026-06-01,x\nE3,P\"1,2026-06-01\n")
	sum := brought(t, exitRefused, t.TempDir(), "mhsds-v6", folder)
	for i, says := range []string{"it ends before StartDateCPA", "it goes on after StartDateCPA", "LocalPatientID: a quote inside"} {
		if !slices.ContainsFunc(sum.SetAside, func(l intake.Line) bool { return l.Row == i+1 && strings.Contains(l.Reason, says) }) {
			t.Errorf("no line says %q: %+v", says, sum.SetAside)
		}
	}
	write(t, filepath.Join(folder, "MHS701CPACareEpisode.csv"), "CPAEpisodeID,,StartDateCPA\nE1,P1,2026-06-01\n")
	if sum := brought(t, exitRefused, t.TempDir(), "mhsds-v6", folder); !strings.Contains(sum.SetAside[0].Reason, "column 2 has no name") {
		t.Errorf("%+v", sum.SetAside)
	}
}

// A wish or a part of a record that changed, and nothing else, was "unchanged".
func TestAWishThatChangedIsNotUnchanged(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	plan, err := fs.ReadFile(demo.Extracts(time.Now())[0].Files, "bryn.json")
	if err != nil {
		t.Fatal(err)
	}
	bring := func(text string) intake.Summary {
		t.Helper()
		return brought(t, exitDone, dir, "welsh-ctp", "--grants", write(t, filepath.Join(folder, "plan.json"), text))
	}
	if sum := bring(string(plan)); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	if sum := bring(string(plan)); sum.Unchanged != 1 || sum.Resources != 0 {
		t.Errorf("the same again: %+v", sum)
	}
	for name, c := range map[string][2]string{
		"a wish": {`"template": "T3"`, `"template": "T2"`}, "the person": {`"given": ["Bryn`, `"given": ["Brynmor`},
	} {
		changed := strings.Replace(string(plan), c[0], c[1], 1)
		if changed == string(plan) {
			t.Fatalf("%s: nothing was changed in %s", name, plan)
		}
		if sum := bring(changed); sum.Stored != 1 || sum.Unchanged != 0 || sum.Resources == 0 {
			t.Errorf("%s changed: %+v", name, sum)
		}
	}
}

// Progress is for a terminal: into a file or a pipe nothing of it is written.
func TestProgressIsSilentWhereNobodyWatches(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var pipe lockedBuffer
	for _, out := range []io.Writer{file, &pipe} {
		p := progressOn(out, nil)
		p.expect(2000)
		p.tell(1000)
		p.done()
	}
	if info, err := file.Stat(); err != nil || info.Size() != 0 || pipe.String() != "" {
		t.Errorf("wrote %d bytes into a file and %q into a pipe: %v", info.Size(), pipe.String(), err)
	}
}

// How many records there are is reckoned from how far the files were read, each once,
// unless the format knows it.
func TestTheTimeLeftIsReckonedFromWhatWasRead(t *testing.T) {
	files := fstest.MapFS{"a.csv": {Data: make([]byte, 300)}, "b.csv": {Data: make([]byte, 100)}}
	p := progressOn(&lockedBuffer{}, extracts.List{{Files: files}, {NotRead: "it is no file"}})
	open := func(name string, bytes int) {
		t.Helper()
		f, err := p.reading(files).Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.ReadFull(f, make([]byte, bytes)); err != nil {
			t.Fatal(err)
		}
	}
	of := func(records, want int) {
		t.Helper()
		if p.tell(records); p.bar.GetMax() != want {
			t.Errorf("after %d records it is of %d, want %d", records, p.bar.GetMax(), want)
		}
	}
	open("a.csv", 100)
	of(10, 40)
	open("a.csv", 80) // again
	of(10, 40)
	open("b.csv", 100)
	of(30, 60)
	p.expect(50)
	of(30, 50)
	p.next()
	of(0, 60)
	of(70, 200)
}

// TestARecordSaysWhereItComesFrom: of each version its source, its record there, the maps
// that made it and what they defaulted; and who asks is recorded.
func TestARecordSaysWhereItComesFrom(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("own", 0o700); err != nil {
		t.Fatal(err)
	}
	maps := "csv Users\n  user \"User\"\n  sex \"Sex\"\nmap Users -> Patient\n  key user\n  sex -> gender\n  \"unknown\" -> gender\n"
	bring := func(maps, rows string) {
		t.Helper()
		write(t, "own/own.map", maps)
		cli("import", "--data", "records", "--source", "council", "--maps", "own", "--custodian", "LA9A1", write(t, "Users.csv", "User,Sex\n"+rows)).must(t, exitDone)
	}
	bring(maps, "U0,male\nU1,\n")
	var id string
	for v := range versionsIn(t, "records") {
		if shown := cli("record", "show", strings.Fields(v)[0], "--data", "records", "--json").must(t, exitDone); strings.Contains(shown.out, "Users.csv:2") {
			id = strings.Fields(v)[0]
		}
	}
	bring(maps, "U0,male\nU1,\n") // the same again is no version
	bring(maps+"  \"a user\" -> name[0].text\n", "U1,female\n")
	var shown []struct {
		Version                 int
		Custodian, Source, Maps string
		Record                  string
		Defaulted               []string
	}
	p := cli("record", "show", id, "--data", "records", "--json").must(t, exitDone)
	if err := json.Unmarshal([]byte(p.out), &shown); err != nil || len(shown) != 2 {
		t.Fatalf("%v: %s", err, p.out)
	}
	newest, first := shown[0], shown[1]
	if newest.Record != "Users.csv:1" || len(newest.Defaulted) > 0 || first.Record != "Users.csv:2" || !slices.Equal(first.Defaulted, []string{"gender"}) ||
		newest.Maps == first.Maps || len(first.Maps) != 12 || first.Source != "council" || first.Custodian != "LA9A1" || newest.Version != 2 {
		t.Errorf("shown is %+v", shown)
	}
	if p := cli("record", "show", id, "--data", "records").must(t, exitDone); !strings.Contains(p.out, "Users.csv:2") || !strings.Contains(p.out, "gender") || strings.Contains(p.out, "female") {
		t.Errorf("for people: %s", p.out)
	}
	if p := cli("audit", "show", "--data", "records", "--caller", "command-line").must(t, exitDone); !strings.Contains(p.out, "record-show") {
		t.Errorf("nobody recorded who looked: %s", p.out)
	}
	for _, wrong := range []string{"Patient", "Patient/", "Patient/nobody"} {
		cli("record", "show", wrong, "--data", "records").must(t, exitUsage)
	}
}

// versionsIn is every version of every record, with where it comes from.
func versionsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := look(world{ctx: t.Context(), clock: time.Now, out: &bytes.Buffer{}, err: &bytes.Buffer{}}, where{data: dir}, func(now store.Snapshot) error {
		for after := uint64(0); ; {
			changes, err := now.Changes(after, 500)
			if err != nil || len(changes) == 0 {
				return err
			}
			for _, c := range changes {
				versions, err := now.History(c.Type, c.ID)
				if err != nil {
					return err
				}
				for _, v := range versions {
					all[nameOf(v)] = fmt.Sprintf("%s %s %s %s", v.Person, v.Source, v.Origin, v.Body)
				}
				after = c.Place
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// recordIn is the name of a record, TYPE/ID.
func recordIn(t *testing.T, dir string) string {
	t.Helper()
	for v := range versionsIn(t, dir) {
		return strings.Fields(v)[0]
	}
	t.Fatal("there is no record")
	return ""
}

func nameOf(v records.Version) string { return fmt.Sprintf("%s/%s %d", v.Type, v.ID, v.Number) }
