package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal opens a terminal of 120 columns: what is written to it can be read beside it.
func terminal(t *testing.T) (beside, itself *os.File) {
	t.Helper()
	beside, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = beside.Close() })
	control := func(request uintptr, argument unsafe.Pointer) {
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, beside.Fd(), request, uintptr(argument)); failed != 0 {
			t.Fatal(failed)
		}
	}
	lock, number := int32(0), uint32(0)
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&lock)) //nolint:gosec // as the call asks for it
	control(syscall.TIOCGPTN, unsafe.Pointer(&number)) //nolint:gosec // as the call asks for it
	itself, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = itself.Close() })
	size := [4]uint16{40, 120}
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&size)) //nolint:gosec // as the call asks for it
	return beside, itself
}

// largeExtract is three tables of a source that is described by maps; it takes long enough
// to be killed in.
func largeExtract(t *testing.T, people int) (maps, files string) {
	t.Helper()
	maps, files = t.TempDir(), t.TempDir()
	write(t, filepath.Join(maps, "own.map"), `csv Users
  user "User"
  name "Name"
csv Plans
  plan "Plan"
  user "User"
csv Steps of Plans by plan
  plan "Plan"
  what "What"
map Users -> Patient
  key user
  in identifier[]
    "https://council.example/Id/user" -> system
    user -> value   required
  in name[]
    name -> text
map Plans -> CarePlan
  key plan
  person user
  user -> subject.reference   ref Patient
  "active" -> status
  "plan" -> intent
  each Steps -> activity[]
    in detail
      "in-progress" -> status
      what -> description
  plan -> title
  "a plan" -> title
`)
	users, plans, steps := "User,Name\n", "Plan,User\n", "Plan,What\n"
	for i := range people {
		users += fmt.Sprintf("U%d,Person %d\n", i, i)
		plans += fmt.Sprintf("P%d,U%d\n", i, i)
		steps += fmt.Sprintf("P%d,Shopping\nP%d,Cooking\n", i, i)
	}
	write(t, filepath.Join(files, "Users.csv"), users)
	write(t, filepath.Join(files, "Plans.csv"), plans)
	write(t, filepath.Join(files, "Steps.csv"), steps)
	return maps, files
}

// dividedExtract is an MHSDS extract of so much text that its rows are divided by person
// before any is taken.
func dividedExtract(t *testing.T, people int) (files string) {
	t.Helper()
	files = t.TempDir()
	long := strings.Repeat("x", 10_000)
	patients, episodes, reviews := "LocalPatientID,OrgIDLocalPatientID,PersonBirthDate,Remark\n", "CPAEpisodeID,LocalPatientID,StartDateCPA\n", "CPAEpisodeID,CPAReviewDate\n"
	for i := range people {
		patients += fmt.Sprintf("P%d,7A4,1970-01-01,%s\n", i, long)
		episodes += fmt.Sprintf("E%d,P%[1]d,2020-02-03\n", i)
		reviews += fmt.Sprintf("E%d,2026-06-04\n", i)
	}
	write(t, filepath.Join(files, "MHS000.csv"), "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate\n"+
		"6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00Z\n")
	write(t, filepath.Join(files, "MHS001.csv"), patients)
	write(t, filepath.Join(files, "MHS701.csv"), episodes)
	write(t, filepath.Join(files, "MHS702.csv"), reviews)
	return files
}

// A killed import is taken up by running it again: what is kept in the end is what an import
// that nobody killed keeps, each record once. Its line on the terminal says how many records
// of how many, how many a second, and how long it takes.
func TestAKilledImportIsTakenUp(t *testing.T) {
	t.Run("maps of one's own", func(t *testing.T) {
		people := 400
		for largeEnough := false; !largeEnough; people *= 2 {
			own, files := largeExtract(t, people)
			largeEnough = takenUp(t, 2*people, 2*people, "--source", "council", "--maps", own, "--custodian", "LA9A1", files)
		}
	})
	t.Run("mhsds-v6, divided", func(t *testing.T) {
		people := 400
		for largeEnough := false; !largeEnough; people *= 2 {
			largeEnough = takenUp(t, 3*people+1, 3*people, "--source", "mhsds-v6", "--custodian", "7A4", dividedExtract(t, people))
		}
	})
}

// takenUp kills an import twice; false where that proves nothing, because it had ended or had
// not begun, on a machine with much other work. Of its records so many are kept: the header of MHSDS is the organisation,
// which each store has.
func takenUp(t *testing.T, records, kept int, extract ...string) bool {
	t.Helper()
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	call := func(dir string) []string {
		return append([]string{"import", "--data", dir, "--json"}, extract...)
	}
	cli("import", "--data", whole, "--source", "fhir-bundle", "--custodian", "7A4", t.TempDir()).must(t, exitRefused)
	if err := os.CopyFS(killed, os.DirFS(whole)); err != nil { // ids are keyed with the folder's secret
		t.Fatal(err)
	}
	cli(call(whole)...).must(t, exitDone)
	line := regexp.MustCompile(`records brought in +(\d+)% .*\((\d+)/(\d+), \d+ records/(s|min|hr)\) \[\d+m?s?.*:.*\]`)
	for range 2 {
		beside, itself := terminal(t)
		c := exec.Command(os.Args[0], call(killed)...) // the program, by TestMain
		c.Env = append(os.Environ(), "CPA_GATEWAY_MAIN=1")
		c.Stderr = itself
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		told := awaitLine(t, beside, line)
		_ = c.Process.Signal(syscall.SIGKILL) // one that has ended says so next
		if err := c.Wait(); err == nil {
			return false
		}
		if told[3] != fmt.Sprint(records) {
			t.Errorf("the terminal tells of %s records in all: %s", told[3], told[0])
		}
	}
	if n := len(versionsIn(t, killed)); n == 0 || n >= kept {
		return false
	}
	sum := cli(call(killed)...).must(t, exitDone).object(t)
	if sum["read"] != float64(records) || sum["unchanged"] == 0.0 || sum["stored"] == 0.0 {
		t.Errorf("the last run says %v", sum)
	}
	want, got := versionsIn(t, whole), versionsIn(t, killed)
	if !maps.Equal(want, got) || len(want) != kept {
		t.Errorf("%d versions are kept and not %d", len(got), kept)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if want[name] != got[name] {
				t.Fatalf("%s is %q and not %q", name, got[name], want[name])
			}
		}
	}
	for v := range want {
		if !strings.HasSuffix(v, " 1") {
			t.Errorf("%s: kept more than once", v)
		}
	}
	cli("audit", "verify", "--data", killed).must(t, exitDone)
	return true
}

// awaitLine reads what is written to a terminal until a line is like that.
func awaitLine(t *testing.T, from *os.File, line *regexp.Regexp) []string {
	t.Helper()
	var all []byte
	part := make([]byte, 4096)
	for {
		n, err := from.Read(part)
		all = append(all, part[:n]...)
		if found := line.FindSubmatch(all); found != nil {
			texts := make([]string, len(found))
			for i := range found {
				texts[i] = string(found[i])
			}
			return texts
		}
		if err != nil {
			t.Fatalf("%v, and the terminal shows %q", err, all)
		}
	}
}
