package main

import (
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cpagateway/mapping"
)

// TestThePageOnMapsIsFollowed does what docs/maps.md says, file by file and command by command.
func TestThePageOnMapsIsFollowed(t *testing.T) { followed(t, "../../docs/maps.md", 7) }

// TestTheCrisisTeamReadsThePlanOnThePageOnMaps brings in the crisis plan of docs/maps.md, and
// an out-of-hours team reads what the page says.
func TestTheCrisisTeamReadsThePlanOnThePageOnMaps(t *testing.T) {
	page, err := os.ReadFile("../../docs/maps.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## 11. A crisis plan\n")
	_, want, _ := strings.Cut(section, "```text\n")
	want, _, _ = strings.Cut(want, "```")
	s := openStage(t)
	t.Chdir(t.TempDir())
	if err := os.Symlink(s.dir, "records"); err != nil {
		t.Fatal(err)
	}
	followText(t, section, 1)
	body := s.do("ooh", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990037000").body
	var found struct {
		Entry []struct {
			Resource struct{ Text struct{ Div string } }
		}
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil || len(found.Entry) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	read := found.Entry[0].Resource.Text.Div
	for _, c := range [][2]string{{` / <span[^>]*>[^<]*</span>`, ""}, {`<li>`, "\n- "}, {`<h[23]>`, "\n\n"}, {`<p>`, "\n"}, {`<[^>]*>`, ""}} {
		read = regexp.MustCompile(c[0]).ReplaceAllString(read, c[1])
	}
	if got := strings.TrimSpace(html.UnescapeString(read)); got != strings.TrimSpace(want) {
		t.Errorf("the crisis team reads\n%s\nand the page says\n%s", got, want)
	}
}

// TestThePageOnReportsIsFollowed does what docs/reports.md says.
func TestThePageOnReportsIsFollowed(t *testing.T) { followed(t, "../../docs/reports.md", 6) }

// TestThePageOnClientLevelDataIsFollowed does what docs/cld.md says.
func TestThePageOnClientLevelDataIsFollowed(t *testing.T) { followed(t, "../../docs/cld.md", 2) }

// TestThePageOnSupportPlansIsFollowed does what docs/care-and-support-plan.md says.
func TestThePageOnSupportPlansIsFollowed(t *testing.T) {
	followed(t, "../../docs/care-and-support-plan.md", 3)
	if p := cli("map", "run", "welsh-csp", "bundle.json", "--custodian", "LA9B2", "--back", "others").must(t, exitRefused); !strings.Contains(p.out, "3 resources read, 3 not representable") {
		t.Errorf("a Bundle of another council: %s", p.out)
	}
}

// Of a file that is one record, a fault named row 0, and rows are counted from 1.
func TestAFileThatIsOneRecordHasNoRow(t *testing.T) {
	dir := t.TempDir()
	plan := write(t, dir+"/Plan.json", `{"ref": "CSP-17", "person": {"ref": "17"}, "status": "open"}`)
	if p := cli("map", "run", "welsh-csp", plan).must(t, exitRefused); !strings.Contains(p.errs, "refused: Plan.json status: SCHEMA: ") {
		t.Errorf("map run says %q", p.errs)
	}
	both := write(t, t.TempDir()+"/Plan.json", `[{"ref": "CSP-16", "person": {"ref": "16"}, "status": "active"}, {"ref": "CSP-17", "person": {"ref": "17"}, "status": "open"}]`)
	if p := cli("map", "run", "welsh-csp", both).must(t, exitRefused); !strings.Contains(p.errs, "refused: Plan.json 2 status: SCHEMA: ") {
		t.Errorf("of the second of two, map run says %q", p.errs)
	}
	one := write(t, dir+"/one.json", `{"version": "1"}`)
	p := cli("import", "--data", dir+"/records", "--source", "welsh-ctp", one).must(t, exitRefused)
	listed := cli("quarantine", "list", "--data", dir+"/records").must(t, exitDone).out
	for _, shown := range []string{p.out, listed} {
		if !regexp.MustCompile(`one\.json +id +CTP-003`).MatchString(shown) {
			t.Errorf("shown is %s", shown)
		}
	}
}

// A name that is neither a folder nor shipped was answered with what the system calls it.
func TestMapsThatThereAreNotAreAnsweredWithThoseThatThereAre(t *testing.T) {
	for name, says := range map[string]string{
		"welsh": "welsh is neither a folder of maps nor maps of the gateway's own; names like it: welsh-csp welsh-ctp\n",
		"mine":  "mine is neither a folder of maps nor maps of the gateway's own: cld-r1 cld-r2 mhsds-v5 mhsds-v6 welsh-csp welsh-ctp\n",
	} {
		if p := cli("map", "check", name).must(t, exitUsage); !strings.Contains(p.errs, says) {
			t.Errorf("%s: %q", name, p.errs)
		}
	}
}

// followed carries out a page, which has so many commands at least.
func followed(t *testing.T, name string, least int) {
	t.Helper()
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	followText(t, string(page), least)
}

// followText writes the files of a page into the folder that it is in, and holds the page to
// what its commands print; "..." on the last line stands for the rest.
func followText(t *testing.T, page string, least int) {
	t.Helper()
	commands := 0
	for _, m := range regexp.MustCompile("(?s)```(file|console) ?(\\S*)\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if m[1] == "file" {
			if err := os.MkdirAll(filepath.Dir(m[2]), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(m[2], []byte(m[3]), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for _, step := range strings.Split("\n"+m[3], "\n$ ")[1:] {
			commands++
			line, want, _ := strings.Cut(step+"\n", "\n")
			want, begun := strings.CutSuffix(strings.TrimSpace(want), "...")
			if got := strings.TrimSpace(carriedOut(t, line)); got != want && !(begun && strings.HasPrefix(got, want)) {
				t.Errorf("%s prints\n%s\nand the page says\n%s", line, got, want)
			}
		}
	}
	if commands < least {
		t.Errorf("only %d commands were carried out", commands)
	}
}

// carriedOut is what a line of the page prints.
func carriedOut(t *testing.T, line string) string {
	t.Helper()
	line, to, redirected := strings.Cut(line, " > ")
	words := strings.Fields(line)
	switch words[0] {
	case "mkdir":
		if err := os.MkdirAll(words[1], 0o700); err != nil {
			t.Fatal(err)
		}
		return ""
	case "mv":
		if err := os.Rename(words[1], words[2]); err != nil {
			t.Fatal(err)
		}
		return ""
	case "cat":
		text, err := os.ReadFile(words[1])
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	p := cli(words[1:]...)
	if p.code != exitDone && p.code != exitRefused {
		t.Fatalf("%s: exit %d: %s", line, p.code, p.errs)
	}
	if !redirected {
		return p.out
	}
	if err := os.WriteFile(to, []byte(p.out), 0o600); err != nil {
		t.Fatal(err)
	}
	return ""
}

// A faulty map is told with its place, and the command says no.
func TestAFaultyMapIsTold(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/m.map", []byte("map S <-> Basic\n  key id\n  id -> x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "test", "page"} {
		if p := cli("map", command, dir); p.code != exitRefused || !strings.Contains(p.out, "m.map:3:3: what does not return says why") {
			t.Errorf("map %s: exit %d, prints %q", command, p.code, p.out)
		}
	}
	for _, args := range [][]string{{"check", dir + "/no"}, {"check", dir + "/m.map"}, {"test", "mhsds-v6"}, {"new", dir + "/no"}, {"run", "mhsds-v6", dir + "/no"}} {
		if p := cli(append([]string{"map"}, args...)...); p.code == exitDone || p.errs == "" {
			t.Errorf("map %v: exit %d, says %q", args, p.code, p.errs)
		}
	}
}

// What a draft leaves behind is told on the terminal too: the map goes into a file.
func TestADraftTellsWhatItLeavesBehind(t *testing.T) {
	file := t.TempDir() + "/Doc.json"
	write(t, file, `{"ref":"P1","m":[["a"]]}`)
	if p := cli("map", "new", file).must(t, exitDone); p.errs != "left behind: m: a list of lists, which no map reads\n" || strings.Contains(p.out, "each m") {
		t.Errorf("says %q, prints\n%s", p.errs, p.out)
	}
}

// A misspelt element was said to return, and an import took the plan without its text.
func TestAMisspeltElementIsNotTakenInSilence(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/maps", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/maps/m.map", "map S -> CarePlan\n  key id\n  who -> subject.reference ref Patient\n  in activity[]\n    text -> detail.descripton\nmap S -> CarePlann\n  key id\n")
	write(t, dir+"/S.csv", "id,who,text\n1,2,x\n")
	const says = "m.map:5:20: CarePlan.activity.detail has no element descripton in FHIR R4: perhaps description"
	for _, args := range [][]string{{"map", "check", dir + "/maps"}, {"map", "run", dir + "/maps", dir + "/S.csv"}} {
		if p := cli(args...).must(t, exitRefused); !strings.Contains(p.out, says) {
			t.Errorf("%v: prints %q", args[:2], p.out)
		}
	}
	if p := cli("import", "--data", dir+"/data", "--source", "council", "--maps", dir+"/maps", "--custodian", "7A4", dir+"/S.csv"); p.code == exitDone || !strings.Contains(p.errs, says) {
		t.Errorf("import: exit %d: %s%s", p.code, p.out, p.errs)
	}
	write(t, dir+"/maps/m.map", "map S -> CarePlann\n  key id\n")
	if p := cli("map", "check", dir+"/maps").must(t, exitRefused); !strings.Contains(p.out, "m.map:1:1: FHIR R4 has no resource type CarePlann: perhaps CarePlan") {
		t.Errorf("prints %q", p.out)
	}
}

// FOLDER@VERSION is the maps with the overlay of that version, and its own cases.
func TestAVersionOfMapsAtWork(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"m.map":       "csv S\n  id \"ID\"\n  a \"A\"\nmap S <-> Basic\n  key id\n  id <-> identifier[0].value\n  a <-> note\n",
		"v2.overlay":  "csv S\n  id \"ID\"\n  b \"B\"\nchange S <-> Basic\n  replace note\n    b <-> note\n",
		"bad.overlay": "change S <-> Basic\n  remove nothing\n",
		"s.case":      "case one\ngiven S\nID,A\n1,x\nback given\n",
		"s@v2.case":   "case two\ngiven S\nID,B\n1,x\nback given\n",
	} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p := cli("map", "test", dir).must(t, exitDone); !strings.Contains(p.out, "one\n1 cases, 0 failed") {
		t.Errorf("prints %q", p.out)
	}
	if p := cli("map", "test", dir+"@v2").must(t, exitDone); !strings.Contains(p.out, "two\n1 cases, 0 failed") {
		t.Errorf("prints %q", p.out)
	}
	if p := cli("map", "check", dir+"@bad").must(t, exitRefused); !strings.Contains(p.out, "bad.overlay:2:10: nothing in this map is called so") {
		t.Errorf("prints %q", p.out)
	}
	if p := cli("map", "check", dir+"@v3"); p.code == exitDone || !strings.Contains(p.errs, "v3.overlay") {
		t.Errorf("exit %d, says %q", p.code, p.errs)
	}
}

// The built-in maps are checked, run both ways and explained by name.
func TestBuiltInMapsAtWork(t *testing.T) {
	dir := t.TempDir()
	var check mapping.Check
	if err := json.Unmarshal([]byte(cli("map", "check", "--json", "mhsds-v6").must(t, exitDone).out), &check); err != nil || len(check.Fields) < 50 || len(check.Tables) < 10 {
		t.Errorf("%v, %d fields, %d tables", err, len(check.Fields), len(check.Tables))
	}
	if p := cli("map", "check", "welsh-ctp").must(t, exitDone); !strings.Contains(p.out, "its map runs forward only") {
		t.Errorf("prints %q", p.out)
	}
	bundle := cli("map", "run", "mhsds-v6", "../../mapping/mhsds/testdata/sound").must(t, exitDone)
	if err := os.WriteFile(dir+"/b.json", []byte(bundle.out), 0o600); err != nil {
		t.Fatal(err)
	}
	episode := "EpisodeOfCare/" + regexp.MustCompile(`"resourceType":"EpisodeOfCare","id":"([^"]+)"`).FindStringSubmatch(bundle.out)[1]
	if p := cli("map", "run", "mhsds-v6", dir+"/b.json", "--back", dir+"/back", "--explain", episode, "--explain-to", dir+"/steps").must(t, exitDone); !strings.Contains(p.out, "MHS701CPACareEpisode.csv") {
		t.Errorf("prints %q", p.out)
	}
	steps, err := os.ReadFile(dir + "/steps")
	if err != nil || !strings.Contains(string(steps), "EndDateCPA <- ") || strings.Contains(string(steps), "MHS008") {
		t.Errorf("%v: explained as %q", err, steps)
	}
	cli("map", "run", "mhsds-v6", "../../mapping/mhsds/testdata/sound", "--explain", "MHS008CarePlanType.csv:2", "--explain-to", dir+"/steps").must(t, exitDone)
	steps, err = os.ReadFile(dir + "/steps")
	if err != nil || !strings.Contains(string(steps), `CarePlanID -> value: "CP2"`) || strings.Contains(string(steps), "CP1") {
		t.Errorf("%v: explained as %q", err, steps)
	}
	for _, args := range [][]string{{"--explain", "MHS008CarePlanType.csv:99", "--explain-to", dir + "/none.txt"}, {"--explain", "1"}, {"--explain-to", dir + "/none.txt"}} {
		if p := cli(append([]string{"map", "run", "mhsds-v6", "../../mapping/mhsds/testdata/sound"}, args...)...); p.code != exitUsage {
			t.Errorf("%v: exit %d: %s", args, p.code, p.errs)
		}
	}
	cli("map", "run", "welsh-ctp", dir+"/b.json", "--back", dir+"/none").must(t, exitRefused)
}

// Files of an earlier run stayed beside those of a later one, which had none of their name: rows that are no more
// so were sent on.
func TestWhatAnEarlierRunWroteIsNotTakenForThatOfALater(t *testing.T) {
	bundle := write(t, filepath.Join(t.TempDir(), "b.json"), cli("map", "run", "mhsds-v6", "../../mapping/mhsds/testdata/sound").must(t, exitDone).out)
	for _, args := range [][]string{{"run", "mhsds-v6", bundle, "--back"}, {"report", "measure-part-2", bundle, "--on", "2026-06-30", "--to"}} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "MHS999.csv"), "of an earlier run")
		p := cli(append(append([]string{"map"}, args...), dir)...).must(t, exitUsage)
		if left, _ := os.ReadDir(dir); len(left) != 1 || !strings.Contains(p.errs, "is not empty") {
			t.Errorf("%v says %q, and left %d files", args[0], p.errs, len(left))
		}
	}
}

// Without maps the gateway's own vocabulary is printed, and its ConceptMap is a table as every other.
func TestTheVocabularyIsExported(t *testing.T) {
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal([]byte(cli("map", "codes", "export").must(t, exitDone).out), &bundle); err != nil || len(bundle.Entry) < 10 {
		t.Fatalf("%v, %d resources", err, len(bundle.Entry))
	}
	file := write(t, filepath.Join(t.TempDir(), "areas.json"), string(bundle.Entry[len(bundle.Entry)-1].Resource))
	if p := cli("map", "codes", "import", file).must(t, exitDone); !strings.Contains(p.out, "\n  therapy -> viii") {
		t.Errorf("the areas of the law are %s", p.out)
	}
}

// Where another row was refused, nobody was told that the record to be explained is not there.
func TestARecordThatIsNotThereIsSaidBesideWhatWasRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/m.map", "map S -> CarePlan\n  key id\n  day -> created date\n")
	write(t, dir+"/S.csv", "id,day\n1,2026-01-02\n2,soon\n")
	const says = "nothing was explained: there is no record S.csv:99, or no map has read it"
	if p := cli("map", "run", dir, dir+"/S.csv", "--explain", "S.csv:99", "--explain-to", dir+"/steps").must(t, exitRefused); !strings.Contains(p.errs, says) || !strings.Contains(p.errs, "not a date") {
		t.Errorf("says %q", p.errs)
	}
	if p := cli("map", "run", dir, dir+"/S.csv", "--explain", "S.csv:2", "--explain-to", dir+"/steps").must(t, exitRefused); strings.Contains(p.errs, "nothing was explained") {
		t.Errorf("says %q", p.errs)
	}
}

// Every code table of the shipped maps is a ConceptMap that is the same table again.
func TestCodeTablesOfTheShippedMaps(t *testing.T) {
	dir, tables := t.TempDir(), 0
	for _, maps := range []string{"mhsds-v6", "mhsds-v5", "welsh-ctp", "welsh-csp"} {
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal([]byte(cli("map", "codes", "export", maps).must(t, exitDone).out), &bundle); err != nil {
			t.Fatal(err)
		}
		for _, entry := range bundle.Entry {
			tables++
			write(t, dir+"/c.json", string(entry.Resource))
			write(t, dir+"/t.map", cli("map", "codes", "import", dir+"/c.json").must(t, exitDone).out)
			if got := cli("map", "codes", "export", dir).must(t, exitDone).out; !strings.Contains(got, string(entry.Resource)) {
				t.Errorf("%s became %s", entry.Resource, got)
			}
		}
	}
	if tables < 20 {
		t.Errorf("only %d tables", tables)
	}
	cli("map", "codes", "import", dir+"/none").must(t, exitUsage)
	write(t, dir+"/c.json", `{"resourceType":"CarePlan"}`)
	cli("map", "codes", "import", dir+"/c.json").must(t, exitUsage)
}

// An extract in the layout of MHSDS v5.0 is brought in by its own name, and is none of v6.0.
func TestAnExtractOfMHSDSv5IsBroughtIn(t *testing.T) {
	folder, data := t.TempDir(), t.TempDir()
	v5 := strings.NewReplacer("LocalPatientID", "LocalPatientId", "6.0,", "5.0,", "CPAEpisodeID", "CPAEpisodeId")
	for _, name := range []string{"MHS000Header.csv", "MHS001MPI.csv", "MHS701CPACareEpisode.csv"} {
		text, err := os.ReadFile("../../mapping/mhsds/testdata/sound/" + name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder+"/"+name, v5.Replace(string(text)))
	}
	if p := cli("import", "--data", data, "--source", "mhsds-v5", "--custodian", "7A4", folder); p.code != exitDone {
		t.Errorf("exit %d: %s%s", p.code, p.out, p.errs)
	}
	if p := cli("import", "--data", data, "--source", "mhsds-v6", "--custodian", "7A4", folder); p.code != exitRefused {
		t.Errorf("as v6.0: exit %d: %s%s", p.code, p.out, p.errs)
	}
}
