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

// A killed import is taken up by running it again: what is kept in the end is what an import
// that nobody killed keeps, each record once. Its line on the terminal says how many records
// of how many, how many a second, and how long it takes.
func TestAKilledImportIsTakenUp(t *testing.T) {
	const people = 400
	maps1, files := largeExtract(t, people)
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	call := func(dir string) []string {
		return []string{"import", "--data", dir, "--source", "council", "--maps", maps1, "--custodian", "LA9A1", "--json", files}
	}
	empty := write(t, filepath.Join(t.TempDir(), "Users.csv"), "User,Name\n")
	cli("import", "--data", whole, "--source", "council", "--maps", maps1, "--custodian", "LA9A1", empty).must(t, exitRefused)
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
		if err := c.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the import ended before it was killed")
		}
		if told[3] != fmt.Sprint(2*people) {
			t.Errorf("the terminal tells of %s records in all: %s", told[3], told[0])
		}
	}
	if n := len(versionsIn(t, killed)); n == 0 || n >= 2*people {
		t.Fatalf("%d records were kept before the kills: nothing is proved", n)
	}
	sum := cli(call(killed)...).must(t, exitDone).object(t)
	if sum["read"] != float64(2*people) || sum["unchanged"] == 0.0 || sum["stored"] == 0.0 {
		t.Errorf("the last run says %v", sum)
	}
	want, got := versionsIn(t, whole), versionsIn(t, killed)
	if !maps.Equal(want, got) || len(want) != 2*people {
		t.Errorf("%d versions are kept and not %d", len(got), len(want))
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
