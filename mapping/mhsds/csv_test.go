package mhsds_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"cpagateway/mapping"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles/fhir"
)

const (
	headerCSV = "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate\n" +
		"6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00Z\n"
	personCSV  = "LocalPatientID,OrgIDLocalPatientID,NHSNumber\nP1,7A4,9990000018\n"
	episodeCSV = "CPAEpisodeID,LocalPatientID,StartDateCPA\n"
)

// folder makes an extract of files; a header is added where there is none.
func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"MHS000.csv": {Data: []byte(headerCSV)}, "MHS001.csv": {Data: []byte(personCSV)}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// made lists type and key of what was taken.
func made(b *book, typ string) string {
	var keys []string
	for _, r := range b.taken {
		if r.Type == typ {
			keys = append(keys, strings.TrimPrefix(r.Key, "7A4|"))
		}
	}
	return strings.Join(keys, " ")
}

// refusals lists rule and row of what was set aside.
func refusals(b *book) string {
	var ids []string
	for _, f := range b.aside {
		if !f.Warning {
			ids = append(ids, fmt.Sprintf("%s:%d", f.Rule, f.At.Row))
		}
	}
	return strings.Join(ids, " ")
}

// One bad row never stops a file: what stands before and after it is taken.
func TestOneBadRowDoesNotStopAFile(t *testing.T) {
	for name, bad := range map[string]string{
		"open quote":          `"E2,P1,2026-06-01`,
		"open quote, last":    `E2,P1,"2026-06-01`,
		"quote in a field":    `E"2,P1,2026-06-01`,
		"text after a quote":  `"E2"x,P1,2026-06-01`,
		"too few":             `E2,P1`,
		"too many":            `E2,P1,2026-06-01,`,
		"NUL":                 "E2,P1,2026-\x0006-01",
		"not UTF-8":           "E2,P1,\xff",
		"Latin-1":             "E\xe9,P1,2026-06-01",
		"one megabyte":        "E2,P1," + strings.Repeat("x", 1<<20),
		"one megabyte quoted": `"` + strings.Repeat("y", 1<<20) + `",P1,2026-06-01`,
		"more than a row":     "E2,P1," + strings.Repeat("z", 17<<20),
		"only quotes":         `"""`,
	} {
		for end, newline := range map[string]string{"LF": "\n", "CRLF": "\r\n"} {
			text := strings.ReplaceAll(episodeCSV+"E1,P1,2026-06-01\n", "\n", newline) + bad + newline + "E3,P1,2026-06-03"
			b, report := read(t, folder(map[string]string{"MHS701.csv": text}))
			if got := made(b, "EpisodeOfCare"); got != "E1 E3" {
				t.Errorf("%s, %s: took %q", name, end, got)
			}
			if got := refusals(b); got != "CSV:2" {
				t.Errorf("%s, %s: refused %q", name, end, got)
			}
			if report.Read != 5 || report.Refused != 1 {
				t.Errorf("%s, %s: %+v", name, end, report)
			}
			for _, f := range b.aside {
				if _, err := fhir.Parse(f.Raw); f.Raw != nil && err != nil {
					t.Errorf("%s, %s: the fragment is no JSON: %v", name, end, err)
				}
			}
		}
	}
}

func TestWhatCSVMayHold(t *testing.T) {
	for name, row := range map[string]string{
		"quotes":        `"E1","P1","2026-06-01"`,
		"doubled quote": `"E""1",P1,2026-06-01`,
		"comma":         `"E,1",P1,2026-06-01`,
		"blanks":        " E1 ,  P1\t, 2026-06-01 ",
		"midnight":      "E1,P1,2026-06-01 00:00:00",
		"accents":       "Éâ1,P1,2026-06-01",
		"empty lines":   "\n\n  \nE1,P1,2026-06-01\n\n",
		"blank rows":    ",,\nE1,P1,2026-06-01\n , ,\t\n,,,,,,",
		"SQL Server":    "E1,P1,2026-06-01 00:00:00.000",
		"ISO midnight":  "E1,P1,2026-06-01T00:00:00.0000000",
	} {
		b, _ := read(t, folder(map[string]string{"mhs701cpacareepisode.CSV": "\ufeff" + episodeCSV + row}))
		if len(strings.Fields(made(b, "EpisodeOfCare"))) != 1 || refusals(b) != "" {
			t.Errorf("%s: took %q, refused %q", name, made(b, "EpisodeOfCare"), refusals(b))
		}
	}
}

func TestUnreadableHeaderRowSetsItsRowsAside(t *testing.T) {
	for name, header := range map[string]string{
		"twice":      "CPAEpisodeID,CPAEpisodeID,StartDateCPA",
		"twice also": "CPAEpisodeID,cpaepisodeid,StartDateCPA",
		"no name":    "CPAEpisodeID,,StartDateCPA",
		"open quote": `CPAEpisodeID,"LocalPatientID,StartDateCPA`,
		"UTF-16":     utf16le("CPAEpisodeID,LocalPatientID,StartDateCPA"),
	} {
		b, report := read(t, folder(map[string]string{"MHS701.csv": header + "\nE1,P1,2026-06-01\nE2,P1,2026-06-01\n"}))
		if got := refusals(b); got != "CSV:1 CSV:2" || report.Refused != 2 {
			t.Errorf("%s: refused %q, %+v", name, got, report)
		}
		for _, f := range b.aside {
			if !f.Warning && !strings.Contains(string(f.Raw), "E1,P1") && !strings.Contains(string(f.Raw), "E2,P1") {
				t.Errorf("%s: the line is lost: %s", name, f.Raw)
			}
		}
	}
}

// Each row was told that its key is blank.
func TestColumnsThatNoCommaSeparatesAreNamed(t *testing.T) {
	for _, by := range []string{";", "\t"} {
		b, _ := read(t, folder(map[string]string{"MHS701.csv": strings.ReplaceAll(episodeCSV+"E1,P1,2026-06-01\n", ",", by)}))
		if got, last := refusals(b), b.aside[len(b.aside)-1]; got != "CSV:1" || !strings.Contains(last.Reason, "not separated by commas") {
			t.Errorf("%q: %s, %s", by, got, last.Reason)
		}
	}
}

func utf16le(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func TestMissingColumnsAreBlank(t *testing.T) {
	b, _ := read(t, folder(map[string]string{"MHS701.csv": "CPAEpisodeID,StartDateCPA\nE1,2026-06-01\n"}))
	if got := refusals(b); got != "MHS70105:1" {
		t.Errorf("refused %q", got)
	}
}

// A column cannot pass for a field of the header or of a joined row.
func TestColumnNamedLikeAJoinedField(t *testing.T) {
	b, _ := read(t, folder(map[string]string{
		"MHS701.csv": "CPAEpisodeID,LocalPatientID,StartDateCPA,MHS000.OrgIDProvider,MHS000.ReportingPeriodEndDate\n" +
			"E1,P1,2026-06-01,RXX,2030-01-01\nE2,P1,2026-08-01,RXX,2030-01-01\n",
	}))
	if got := made(b, "EpisodeOfCare"); got != "E1" || refusals(b) != "MHS70109:2" {
		t.Errorf("took %q, refused %q", got, refusals(b))
	}
}

func TestTwoFilesOfOneTableAreOneTable(t *testing.T) {
	b, _ := read(t, folder(map[string]string{
		"MHS701.csv":               episodeCSV + "E1,P1,2026-06-01\nE2,P1,2026-06-01\n",
		"MHS701CPACareEpisode.csv": "LocalPatientID,StartDateCPA,CPAEpisodeID\nP1,2026-06-01,E3\nP1,2026-06-01,E1\n",
	}))
	if got := made(b, "EpisodeOfCare"); got != "E2 E3" {
		t.Errorf("took %q", got)
	}
}

// A fault of the header refuses everything, and every fault is named at once.
func TestFaultsOfTheHeaderRefuseTheExtract(t *testing.T) {
	twice := headerCSV + strings.Split(headerCSV, "\n")[1] + "\n"
	wrong := strings.NewReplacer("6.0,7A4", "5.0,", "2026-06-30", "30/06/2026").Replace(headerCSV)
	for name, c := range map[string]struct{ header, want string }{
		"none":                     {"", "MHS000:0"},
		"empty":                    {strings.Split(headerCSV, "\n")[0] + "\n", "MHS000:0"},
		"twice":                    {twice, "MHS00025:1 MHS00025:2"},
		"faulty":                   {wrong, "MHS00018:1 MHS00003:1 MHS00028:1"},
		"version":                  {strings.Replace(headerCSV, "6.0", "6", 1), "MHS00038:1"},
		"ragged":                   {headerCSV[:len(headerCSV)-2] + ",x\n", "CSV:1"},
		"made on 29 February 2027": {strings.Replace(headerCSV, "2026-07-02T", "2027-02-29T", 1), "MHS00021:1"},
	} {
		fsys := folder(map[string]string{"MHS000.csv": c.header, "MHS701.csv": episodeCSV + "E1,P1,2026-06-01\n"})
		b, report := read(t, fsys)
		first, _, _ := strings.Cut(c.want, ":")
		headers := max(strings.Count(c.header, "\n")-1, 0)
		rows := strings.Repeat(" "+first+":1", report.Read-headers) // each row has its line
		if got := refusals(b); got != c.want+rows || len(b.taken) != 0 || report.Taken != 0 {
			t.Errorf("%s: refused %q, took %d", name, got, len(b.taken))
		}
	}
}

func TestEverythingElseIsCountedAsLeftBehind(t *testing.T) {
	fsys := folder(map[string]string{
		"MHS999Later.csv": "A,B\n1,\n2,3\nx\n", "readme.txt": "x", "sub/MHS701.csv": "x",
		"MHS701.csv": "CPAEpisodeID,LocalPatientID,StartDateCPA,Colour\nE1,P1,2026-06-01,blue\nE2,P1,,red\n",
	})
	_, report := read(t, fsys)
	want := map[string]int{
		"MHS999Later.A": 2, "MHS999Later.B": 1, "MHS999Later (unreadable rows)": 1, "MHS701CPACareEpisode.Colour": 1, // of rows that were taken
	}
	got := maps.Clone(report.LeftBehind)
	maps.DeleteFunc(got, func(path string, _ int) bool { return strings.HasPrefix(path, "MHS000") })
	if !maps.Equal(got, want) {
		t.Errorf("left behind %v, want %v", got, want)
	}
	if n := report.NotRead; len(n) != 2 || n[0].File != "readme.txt" || n[1].File != "sub" {
		t.Errorf("not read: %v", n)
	}
}

// A file without a header row has a person's data where the names should be.
func TestReportHoldsNoPersonsData(t *testing.T) {
	b, report := read(t, folder(map[string]string{
		"MHS201.csv": "9990000018,1970-01-01,x y\n9990000026,1971-01-01,z\n",
		"MHS701.csv": "CPAEpisodeID,LocalPatientID,StartDateCPA,9990000018\nE1,P1,2026-06-01,x\n",
		"MHS901.csv": "S1,7A4,1234567\nS2,7A4,1234568\n",
	}))
	for path := range report.LeftBehind {
		if strings.Contains(path, "999") || strings.Contains(path, "1970") {
			t.Errorf("left behind %q", path)
		}
	}
	for _, f := range b.aside {
		if strings.Contains(f.Reason+f.At.Field, "999") {
			t.Errorf("%+v", f)
		}
	}
	if report.LeftBehind["MHS201.column 1"] != 1 || report.LeftBehind["MHS701CPACareEpisode.column 4"] != 1 {
		t.Errorf("left behind %v", report.LeftBehind)
	}
}

func TestEmptyFolderIsRefused(t *testing.T) {
	b, report := read(t, fstest.MapFS{})
	if refusals(b) != "MHS000:0" || report.Read != 0 {
		t.Errorf("%+v %+v", b.aside, report)
	}
}

// failing is an Output that fails.
type failing struct{ book }

var errFull = errors.New("disk full")

func (f *failing) Take([]mapping.Resource) error { return errFull }

func TestErrorsStopTheRun(t *testing.T) {
	f := format(t)
	if _, err := f.Read(context.Background(), os.DirFS("testdata/sound"), env, &failing{}); !errors.Is(err, errFull) {
		t.Errorf("the output's error became %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Read(cancelled, os.DirFS("testdata/sound"), env, &book{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled run ended with %v", err)
	}
	if _, err := f.Read(context.Background(), os.DirFS("testdata/nowhere"), env, &book{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gave %v", err)
	}
}

func TestMapsReadTheTablesThatThereAre(t *testing.T) {
	load := func(text string) (*mhsds.Format, error) {
		return mhsds.Compile(fstest.MapFS{"own.map": {Data: []byte(text)}}, mhsds.V6)
	}
	f, err := load("dates DD/MM/YYYY\nmap MHS701CPACareEpisode -> EpisodeOfCare\n  key CPAEpisodeID\n  StartDateCPA -> period.start date\n")
	if err != nil {
		t.Fatal(err)
	}
	b := &book{}
	fsys := folder(map[string]string{"MHS701.csv": episodeCSV + "E1,P1,12/06/2026\nE2,P1,31/06/2026\nE3,P1,2026-06-02\n"})
	if _, err := f.Read(context.Background(), fsys, env, b); err != nil {
		t.Fatal(err)
	}
	if got := made(b, "EpisodeOfCare"); got != "E1 E3" || refusals(b) != "MHS70108:2" {
		t.Errorf("took %q, refused %q", got, refusals(b))
	}
	if !strings.Contains(string(b.taken[0].Body), `"start":"2026-06-12"`) {
		t.Errorf("the day became the month: %s", b.taken[0].Body)
	}
	for _, bad := range []string{
		"map MHS999Nothing -> Basic\n  key a\n",
		"map MHS701CPACareEpisode -> Basic\n  key MHS999.A\n",
		"map MHS701CPACareEpisode -> Basic\n  kex a\n",
	} {
		if _, err := load(bad); err == nil {
			t.Errorf("took the map %q", bad)
		}
	}
}

// A file whose lines end in a carriage return alone was read as one long header
// row: nothing came in, and nothing said so.
func TestEveryLineEndEndsALine(t *testing.T) {
	for name, newline := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		files := map[string]string{}
		for file, text := range map[string]string{"MHS000.csv": headerCSV, "MHS001.csv": personCSV, "MHS701.csv": episodeCSV + "E1,P1,2026-06-01\nE2,P1,2026-06-99\n"} {
			files[file] = strings.ReplaceAll(text, "\n", newline)
		}
		for size := 1; size < 3; size++ { // a carriage return may be the last byte of one read
			b, report := read(t, slowly{folder(files), size})
			if made(b, "EpisodeOfCare") != "E1" || report.Read != 4 || report.Refused != 1 {
				t.Errorf("%s, %d bytes at a time: took %q of %d rows", name, size, made(b, "EpisodeOfCare"), report.Read)
			}
			if got := refusals(b); !strings.HasSuffix(got, ":2") || strings.Contains(got, " ") {
				t.Errorf("%s: refused %q, want row 2", name, got)
			}
		}
	}
}

// A table with a row of commas below it was refused whole: it had two header rows.
func TestBlankRowsOfASpreadsheetAreNone(t *testing.T) {
	b, report := read(t, folder(map[string]string{
		"MHS000.csv": ",,,\n" + headerCSV + ",,,,,,\n", "MHS001.csv": personCSV + ",,\n", "MHS701.csv": episodeCSV + "E1,P1,2026-06-01\n,,\n",
	}))
	if made(b, "EpisodeOfCare") != "E1" || report.Read != 3 || report.Refused != 0 {
		t.Errorf("took %q of %d rows, refused %s", made(b, "EpisodeOfCare"), report.Read, refusals(b))
	}
}

// Two rows that share a key which is no date were told to be no dates and, once
// more, to be twins.
func TestNoRuleIsAskedOfAFieldInAnotherForm(t *testing.T) {
	coordinators := "LocalPatientID,StartDateAssCareCoord,CareProfLocalID,EndDateAssCareCoord,CareProfServOrTeamTypeAssoc\nP1,soon,S1,,A06\nP1,soon,S1,,A06\n"
	b, _ := read(t, folder(map[string]string{"MHS006.csv": coordinators}))
	rules := map[int]string{}
	for _, f := range b.aside {
		if f.At.File == "MHS006.csv" && f.At.Field == "StartDateAssCareCoord" || f.Rule == "MHS00602" {
			rules[f.At.Row] += f.Rule + " "
		}
	}
	if len(rules) != 2 || rules[1] != rules[2] || strings.Contains(rules[1], "MHS00602") {
		t.Errorf("rules of each row: %v, want that of the date alone", rules)
	}
}

// TestARuleIsNotAskedOfAParentsValueInAnotherForm: what a row hangs on tells its own fault.
func TestARuleIsNotAskedOfAParentsValueInAnotherForm(t *testing.T) {
	people := "LocalPatientID,OrgIDLocalPatientID,NHSNumber,PersonBirthDate\nP1,7A4,9990000018,?\n"
	plans := "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate\nCP1,P1,10,9\n"
	referrals := "ServiceRequestID,LocalPatientID,OrgIDComm,ReferralRequestReceivedDate,ServDischDate\nR2,P1,7A4BS,2026-06-01,1/7/26\n"
	for file, text := range map[string]string{"MHS001.csv": people, "MHS008.csv": plans, "MHS101.csv": referrals} {
		b, _ := read(t, folder(map[string]string{file: text}))
		for _, f := range b.aside {
			if slices.Contains([]string{"MHS00212", "MHS00908", "MHS10216", "MHS10221"}, f.Rule) && !strings.Contains(f.Reason, "hangs on") {
				t.Errorf("%s: %+v", file, f)
			}
		}
	}
}

// slowly gives a folder's files out a few bytes at a time.
type slowly struct {
	fs.FS
	size int
}

// Open implements fs.FS.
func (s slowly) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if _, folder := f.(fs.ReadDirFile); err != nil || folder {
		return f, err
	}
	return slowFile{f, s.size}, nil
}

type slowFile struct {
	fs.File
	size int
}

// Read implements io.Reader.
func (f slowFile) Read(p []byte) (int, error) { return f.File.Read(p[:min(len(p), f.size)]) }
