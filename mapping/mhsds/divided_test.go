package mhsds_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/mhsds"
	"cpagateway/mapping/scratch"
)

func scratchFiles(t testing.TB) scratch.Files {
	t.Helper()
	folder := t.TempDir()
	return func() (scratch.File, error) {
		f, err := os.CreateTemp(folder, "")
		if err == nil {
			t.Cleanup(func() { _ = f.Close() })
		}
		return f, err
	}
}

// readDivided is read of an extract whose rows are divided from so many bytes on.
func readDivided(t testing.TB, fsys fs.FS, bytes int) (*book, mapping.Report) {
	t.Helper()
	defer mhsds.Divide(bytes)()
	divided := env
	divided.Scratch = scratchFiles(t)
	b := &book{}
	report, err := format(t).Read(context.Background(), fsys, divided, b)
	if err != nil {
		t.Fatalf("reading the extract: %v", err)
	}
	holds(t, b, report)
	return b, report
}

// bag is what a run made, in no order.
func bag(b *book, report mapping.Report) []string {
	said := strings.Split(story(b, report), "\n")
	slices.Sort(said)
	return said
}

// carelessly makes an extract of people whose rows hang together, and of some that do not:
// keys that others have too, rows that hang on none, on another person's or on one that
// is refused, and rows that cannot be read.
func carelessly(random *rand.Rand, people int) fstest.MapFS {
	rows := map[string][]string{}
	add := func(table, format string, values ...any) {
		row := fmt.Sprintf(format, values...)
		switch random.IntN(60) {
		case 0:
			row += ",more"
		case 1:
			row = strings.Replace(row, ",", `,"`, 1)
		case 2:
			rows[table] = append(rows[table], row)
		}
		rows[table] = append(rows[table], row)
	}
	some := func(prefix string, i int) string { // mostly the one that is meant
		if random.IntN(25) == 0 {
			i = random.IntN(people + people/4)
		}
		if random.IntN(60) == 0 {
			return ""
		}
		return fmt.Sprint(prefix, i)
	}
	for i := range people/5 + 1 {
		add("MHS901", "%s,7A4,0%d,C%d", some("S", i), 3+random.IntN(3), i)
		add("MHS902", "%s,7A4,A0%d,0%d", some("T", i), 1+random.IntN(9), 1+random.IntN(5))
	}
	for i := range people {
		add("MHS001", "%s,7A4,%s,19%02d-02-%02d", some("P", i), some("999", 1_000_000+i), random.IntN(99), 1+random.IntN(30))
		for range random.IntN(3) {
			add("MHS002", "%s,W9%04d,20%02d-01-01", some("P", i), i, 1+random.IntN(20))
			add("MHS006", "%s,2020-01-%02d,%s", some("P", i), 1+random.IntN(28), some("S", random.IntN(people/5+1)))
			plan, episode, referral := some("C", 3*i+random.IntN(3)), some("E", 3*i+random.IntN(3)), some("R", 3*i+random.IntN(3))
			add("MHS008", "%s,%s,1%d,2026-06-%02d", plan, some("P", i), random.IntN(5), 1+random.IntN(31))
			add("MHS009", "%s,10,2026-06-%02d", plan, 1+random.IntN(30))
			add("MHS101", "%s,%s,7A4,2026-05-01,%s", referral, some("P", i), some("T", random.IntN(people/5+1)))
			add("MHS102", "%s,%s", some("T", random.IntN(people/5+1)), referral)
			add("MHS701", "%s,%s,2026-05-%02d", episode, some("P", i), 1+random.IntN(31))
			add("MHS702", "%s,2026-06-%02d,%s", episode, 1+random.IntN(30), some("S", random.IntN(people/5+1)))
		}
	}
	fsys := fstest.MapFS{"MHS000.csv": {Data: []byte(headerCSV)}}
	headers := map[string]string{
		"MHS001": "LocalPatientID,OrgIDLocalPatientID,NHSNumber,PersonBirthDate", "MHS002": "LocalPatientID,GMPReg,StartDateGMPRegistration",
		"MHS006": "LocalPatientID,StartDateAssCareCoord,CareProfLocalID", "MHS008": "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate",
		"MHS009": "CarePlanID,CarePlanContentAgreedBy,CarePlanContentAgreedDate", "MHS101": "ServiceRequestID,LocalPatientID,OrgIDComm,ReferralRequestReceivedDate,CareProfTeamLocalID",
		"MHS102": "OtherCareProfTeamLocalID,ServiceRequestID", "MHS701": "CPAEpisodeID,LocalPatientID,StartDateCPA", "MHS702": "CPAEpisodeID,CPAReviewDate,CareProfLocalID",
		"MHS901": "CareProfLocalID,OrgIDCareProfLocalID,ProfRegBodyCode,ProfRegEntryID", "MHS902": "CareProfTeamLocalID,OrgIDCareProfTeamLocalID,ServTeamTypeMH,ServTeamIntAgeGroup",
	}
	for _, table := range slices.Sorted(maps.Keys(headers)) {
		random.Shuffle(len(rows[table]), func(i, j int) { r := rows[table]; r[i], r[j] = r[j], r[i] })
		fsys[table+".csv"] = &fstest.MapFile{Data: []byte(headers[table] + "\n" + strings.Join(rows[table], "\n") + "\n")}
	}
	return fsys
}

// TestADividedExtractIsTheSame: an extract whose rows are divided and spilled makes what
// it makes whole, and says of it what it says whole.
func TestADividedExtractIsTheSame(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		fsys := carelessly(random, 150+random.IntN(150))
		whole, report := read(t, fsys)
		divided, other := readDivided(t, fsys, 6000)
		if again, same := readDivided(t, fsys, 6000); story(again, same) != story(divided, other) {
			t.Errorf("seed %d: another run says something else, or in another order", seed)
		}
		if report.Taken < 50 || report.Refused < 50 {
			t.Fatalf("seed %d: %d taken and %d refused proves little", seed, report.Taken, report.Refused)
		}
		a, b := bag(whole, report), bag(divided, other)
		if !slices.Equal(a, b) {
			only := func(a, b []string) (only []string) {
				for _, s := range a {
					if !slices.Contains(b, s) {
						only = append(only, s)
					}
				}
				return only
			}
			t.Fatalf("seed %d: of whole alone\n%s\nof divided alone\n%s", seed, strings.Join(only(a, b), "\n"), strings.Join(only(b, a), "\n"))
		}
		rows := map[string]int{} // of the fragment of a fault
		for _, f := range whole.aside {
			rows[fmt.Sprint(f.At, f.Rule)] = bytes.Count(f.Raw, []byte("{"))
		}
		refused := map[string]int{}
		for _, f := range divided.aside {
			if f.Warning || refused[f.Rule] == 4 {
				continue
			}
			refused[f.Rule]++
			if n := bytes.Count(f.Raw, []byte("{")); n != rows[fmt.Sprint(f.At, f.Rule)] {
				t.Errorf("seed %d: the fragment of %s of %s:%d has %d rows where it had %d\n%s", seed, f.Rule, f.At.File, f.At.Row, n-2, rows[fmt.Sprint(f.At, f.Rule)]-2, f.Raw)
			}
			again, _ := reread(t, f.Raw)
			if !slices.ContainsFunc(again.aside, func(g mapping.Fault) bool { return g.Rule == f.Rule && g.At.Field == f.At.Field && !g.Warning }) {
				t.Errorf("seed %d: %s of %s:%d was taken unfixed\n%s", seed, f.Rule, f.At.File, f.At.Row, f.Raw)
			}
		}
		for _, rule := range []string{"MHS00144", "MHS00147", "MHS00812", "MHS70102", "MHS10103", "MHS00901", "MHS70209", "CSV"} {
			if refused[rule] == 0 {
				t.Errorf("seed %d: %s refused nothing: %v", seed, rule, slices.Sorted(maps.Keys(refused)))
			}
		}
	}
}

// TestThePeopleOfADividedExtractStayTogether: what a person's rows make comes one after the other.
func TestThePeopleOfADividedExtractStayTogether(t *testing.T) {
	fsys := many(400)
	b, _ := readDivided(t, fsys, 5000)
	last, seen := "", map[string]bool{}
	for _, r := range b.taken {
		if r.Person == "" || r.Person == last {
			continue
		}
		if seen[r.Person] {
			t.Fatalf("%s comes twice", r.Person)
		}
		last, seen[r.Person] = r.Person, true
	}
	if len(seen) != 400 {
		t.Errorf("%d people", len(seen))
	}
}

// TestRowsOfOnePersonHaveABound: no person has so many, and the others are taken.
func TestRowsOfOnePersonHaveABound(t *testing.T) {
	fsys := many(40)
	fsys["MHS002.csv"] = &fstest.MapFile{Data: []byte("LocalPatientID,GMPReg,StartDateGMPRegistration\n" + strings.Repeat("P7,W97001,2001-01-01\n", 500))}
	defer mhsds.Divide(6000)()
	divided := env
	divided.Scratch = scratchFiles(t)
	b := &book{}
	report, err := format(t).Read(context.Background(), fsys, divided, b)
	if err != nil || report.Refused != 503 || report.Taken != 39*3+1 || len(b.aside) < 503 {
		t.Fatalf("%v; %d refused, %d taken", err, report.Refused, report.Taken)
	}
	if f := b.aside[len(b.aside)-1]; !slices.ContainsFunc(b.aside, func(f mapping.Fault) bool { return f.Rule == "TOO-MANY-ROWS" && f.At.File == "MHS002.csv" }) {
		t.Errorf("%+v", f)
	}
}

// weighing is an Output that looks now and then how much memory is in use.
type weighing struct {
	sink
	n    int
	most uint64
}

func (w *weighing) Take(resources []mapping.Resource) error {
	if w.n++; w.n%4000 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapAlloc)
	}
	return w.sink.Take(resources)
}

// TestMemoryDoesNotGrowWithTheExtract: an MHSDS extract was once held whole, at 800 bytes a row.
func TestMemoryDoesNotGrowWithTheExtract(t *testing.T) {
	held := func(people int) uint64 {
		folder := t.TempDir()
		for name, file := range many(people) {
			if err := os.WriteFile(filepath.Join(folder, name), file.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		divided := env
		divided.Scratch = scratchFiles(t)
		w := &weighing{}
		if report, err := format(t).Read(context.Background(), os.DirFS(folder), divided, w); err != nil || report.Taken != 3*people+1 {
			t.Fatalf("%v, %d taken", err, report.Taken)
		}
		return w.most
	}
	few, many := held(10_000), held(40_000)
	t.Logf("%d people take %d bytes, %d take %d", 10_000, few, 40_000, many)
	if many > few+8<<20 { // 90,000 rows more
		t.Errorf("10,000 people take %d bytes and 40,000 take %d", few, many)
	}
}

// TestAFailureOfTheDiskEndsTheRun: a row that is not found because a file cannot be read
// must not pass for one that was never sent.
func TestAFailureOfTheDiskEndsTheRun(t *testing.T) {
	const people = 5000
	defer mhsds.Divide(100_000)()
	failed := errors.New("the disk failed")
	fsys, long := many(people), strings.Repeat("x", 1000)
	wide := strings.ReplaceAll(string(fsys["MHS001.csv"].Data), "1970-01-01", "1970-01-01,"+long)
	fsys["MHS001.csv"] = &fstest.MapFile{Data: []byte(strings.Replace(wide, "PersonBirthDate", "PersonBirthDate,Remark", 1))}
	for after := 0; ; after += 1 + after/2 {
		left := after
		divided := env
		files := scratchFiles(t)
		divided.Scratch = func() (scratch.File, error) {
			if left--; left < 0 {
				return nil, failed
			}
			f, err := files()
			return breaking{f, &left, failed}, err
		}
		b := &book{}
		report, err := format(t).Read(context.Background(), fsys, divided, b)
		if err == nil {
			if report.Taken != 3*people+1 || after < 30 {
				t.Fatalf("after %d uses: %d taken", after, report.Taken)
			}
			return
		}
		if !errors.Is(err, failed) || report.Refused > 0 {
			t.Fatalf("after %d uses: %v, %d refused", after, err, report.Refused)
		}
	}
}

// breaking fails when it is used once too often.
type breaking struct {
	scratch.File
	left *int
	err  error
}

func (b breaking) ReadAt(p []byte, at int64) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, b.err
	}
	return b.File.ReadAt(p, at)
}

func (b breaking) WriteAt(p []byte, at int64) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, b.err
	}
	return b.File.WriteAt(p, at)
}

// counting counts how often it is used.
type counting struct {
	scratch.File
	uses *int
}

func (c counting) ReadAt(p []byte, at int64) (int, error) {
	*c.uses++
	return c.File.ReadAt(p, at)
}

func (c counting) WriteAt(p []byte, at int64) (int, error) {
	*c.uses++
	return c.File.WriteAt(p, at)
}

// TestADividedExtractIsWrittenInLargePieces: once there were more keys than fit into memory,
// each key of each row was once read and written by itself.
func TestADividedExtractIsWrittenInLargePieces(t *testing.T) {
	const people = 200_000
	uses, files := 0, scratchFiles(t)
	divided := env
	divided.Scratch = func() (scratch.File, error) {
		f, err := files()
		return counting{f, &uses}, err
	}
	report, err := format(t).Read(context.Background(), many(people), divided, &untilAPerson{})
	if !errors.Is(err, errFull) || report.Read != 3*people+1 {
		t.Fatalf("%v, %d read", err, report.Read)
	}
	if uses == 0 || uses > report.Read/50 {
		t.Errorf("%d rows took %d reads and writes", report.Read, uses)
	}
}

// untilAPerson ends a run when everything was read and laid together.
type untilAPerson struct{ sink }

func (o *untilAPerson) Take(resources []mapping.Resource) error {
	if len(resources) > 0 && resources[0].Person != "" {
		return errFull
	}
	return nil
}
