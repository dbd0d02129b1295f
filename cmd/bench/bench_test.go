package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"cpagateway/mapping/scratch"
)

// TestMain lets the program under test start itself in its roles.
func TestMain(m *testing.M) {
	if mustRole(os.Args[1:]) {
		return
	}
	os.Exit(m.Run())
}

// The whole program runs, on few people, and every figure comes out of it. What the
// figures are on such a run says nothing.
func TestEveryFigureIsMeasured(t *testing.T) {
	work := t.TempDir()
	if err := os.Chmod(filepath.Dir(work), 0o755); err != nil { // PostgreSQL has a folder there, as another user
		t.Fatal(err)
	}
	r, err := measure(t.Context(), options{people: 20, rounds: 1, requests: 20, imported: 8, rows: 200, asked: 100, seed: 1, spin: time.Millisecond, work: work})
	if err != nil {
		t.Fatal(err)
	}
	_, err = exec.LookPath("redis-server")
	servers := err == nil && postgresPrograms() != ""
	for _, f := range figures {
		if !servers && (strings.HasPrefix(f.of, "P2/") || strings.HasPrefix(f.of, "P14/")) {
			t.Logf("%s %s is left out: redis-server or PostgreSQL is not installed", f.id, f.what)
			continue
		}
		if v := f.value(r); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 && f.id != "P3b" && f.against == "" {
			t.Errorf("%s %s: %v", f.id, f.what, v)
		}
	}
	for _, s := range stages {
		if v := r.median(stageSeries + s.name); !(v >= 0) {
			t.Errorf("%s: %v", s.what, v)
		}
	}
	for _, what := range []string{"P15/failed", "P6/allocations", "P14/lost", "P14/differ", "P11/lost", "P11/withdrawn"} {
		if v := r.median(what); v > 0 {
			t.Errorf("%s: %v", what, v)
		}
	}
	var kept bytes.Buffer
	if err := r.write(&kept); err != nil {
		t.Fatal(err)
	}
	again, err := readResults(&kept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(aboutText(r)+table(r, nil), "\n"), strings.Split(aboutText(again)+table(again, nil), "\n")); diff != "" {
		t.Errorf("written and read again:\n%s", diff)
	}
}

// The page says what the recorded run measured.
func TestThePageIsOfTheRecordedRun(t *testing.T) {
	const page = "../../docs/performance.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	r, err := readFile(recordedFile(page))
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTable(string(text), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(text), "\n")); diff != "" {
		t.Errorf("the table is not of what was recorded: make bench ARGS='-record docs/performance.md'\n%s", diff)
	}
}

// A sample belongs to the innermost stage on its stack, and to the runtime only where there
// is no other.
func TestAStageIsThatOfTheInnermostFunction(t *testing.T) {
	for want, stack := range map[string][]string{
		"audit":     {"runtime.mallocgc", "crypto/sha256.block", "cpagateway/gateway/audit.next", "cpagateway/gateway/road.(*Road).Serve", "net/http.(*conn).serve"},
		"parsing":   {"strings.Cut", "cpagateway/gateway.parsePairs", "github.com/gin-gonic/gin.(*Context).Next", "net/http.(*conn).serve"},
		"http":      {"runtime.gcAssistAlloc", "net/http.readRequest"},
		"collector": {"runtime.scanobject", "runtime.gcDrain", "runtime.gcBgMarkWorker"},
		"runtime":   {"runtime.futex", "runtime.schedule"},
	} {
		sample := &profile.Sample{}
		for _, name := range stack {
			sample.Location = append(sample.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		if got := stageOf(sample); got != want {
			t.Errorf("%v is of stage %q, want %q", stack, got, want)
		}
	}
}

// TestKindsOfHiddenPeopleAreAskedForAlike: only the last kind was asked about right after
// another question on the same connection, which alone told it from the others (0.756), and
// hid what the gateway may tell.
func TestKindsOfHiddenPeopleAreAskedForAlike(t *testing.T) {
	for _, people := range []int{leastPeople, 20, 2000} {
		classes := hiddenClasses(people, 1)
		hidden := map[int]bool{}
		for _, c := range classes {
			if n := len(classes[0].people); n == 0 || len(c.people) != n || len(c.before) != n {
				t.Fatalf("of %d people: %d who are %s, and %d read before", people, len(c.people), c.name, len(c.before))
			}
			for _, number := range c.people {
				if hidden[number] {
					t.Errorf("%d is of two kinds", number)
				}
				hidden[number] = true
			}
		}
		b := &bench{}
		for _, c := range classes {
			justRead := c.name == "refused-and-just-read"
			for i, before := range b.shuffled(c.before, 3) {
				if number := b.shuffled(c.people, 3)[i]; (before == number) != justRead || hidden[before] != justRead {
					t.Errorf("%s: before %d somebody reads %d", c.name, number, before)
				}
			}
		}
	}
}

func TestATableSaysWhatIsNotMet(t *testing.T) {
	r := &results{}
	r.add("P1/gateway/64", cpuUnit, 300, 290, 310)
	r.add("P1/static/64", cpuUnit, 60, 61, 59)
	r.add("P8/import", "people/s", 50)
	r.add("P8/bare", "people/s", 100)
	last := &results{}
	last.add("P1/gateway/64", cpuUnit, 200)
	last.add("P1/static/64", cpuUnit, 50)
	got := table(r, last)
	for _, want := range []string{"5.00 times", "at most 3.00", "not met", "4.00 times", "0.50 times", "at least 0.40", limitRecord} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	r.add("P6/decide", "ns", 2000)
	if got := table(r, nil); !strings.Contains(got, "consent.Decide: "+limitUnknown) {
		t.Errorf("nothing says that a bar is missed for no reason that is known:\n%s", got)
	}
	if strings.Contains(got, limitImport) {
		t.Errorf("a limit is given for a bar that is met:\n%s", got)
	}
	if f := figures[0]; f.reached(math.NaN()) != "" {
		t.Errorf("what was not measured is %q", f.reached(math.NaN()))
	}
}

// Of 2,000 people there are 250 of each hidden kind, and five rounds of them. What nothing tells
// apart is as far from one half as the page says.
func TestWhatIsTellableByChanceAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 16)) //nolint:gosec // the same numbers each time
	kinds, farthest := len(hiddenClasses(2000, 1)), []float64{}
	for range 200 {
		r := &results{}
		for range 5 {
			took := make([][]float64, kinds)
			for i := range took {
				for range len(hiddenClasses(2000, 1)[i].people) {
					took[i] = append(took[i], random.Float64())
				}
				for j := range i {
					r.add(fmt.Sprint("P16/", i, j), "AUC", likelier(took[i], took[j]))
				}
			}
		}
		farthest = append(farthest, r.farthest("P16/"))
	}
	slices.Sort(farthest)
	for share, want := range map[float64]float64{0.5: 0.519, 0.95: 0.531} {
		if got := quantile(farthest, share); math.Abs(got-want) > 0.001 {
			t.Errorf("%v of runs are within %.4f, want %v", share, got, want)
		}
	}
}

func TestTellingApart(t *testing.T) {
	for _, c := range []struct {
		first, second []float64
		want          float64
	}{
		{[]float64{1, 2, 3}, []float64{1, 2, 3}, 0.5},
		{[]float64{4, 5}, []float64{1, 2, 3}, 1},
		{[]float64{1, 1}, []float64{2}, 0},
		{[]float64{2}, []float64{1, 3}, 0.5},
	} {
		if got := likelier(c.first, c.second); got != c.want {
			t.Errorf("%v from %v: %v, want %v", c.first, c.second, got, c.want)
		}
	}
	r := &results{}
	r.add("P16/cold/a", "AUC", 0.4, 0.42)
	r.add("P16/cold/b", "AUC", 0.55)
	if got := r.farthest("P16/cold/"); math.Abs(got-0.59) > 1e-9 {
		t.Errorf("the farthest is %v", got)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{4, 1, 3, 2}
	for share, want := range map[float64]float64{0: 1, 0.5: 2.5, 1: 4} {
		if got := quantile(values, share); got != want {
			t.Errorf("%v: %v, want %v", share, got, want)
		}
	}
	if !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("nothing has a median")
	}
}

// What was measured is written whole: six digits of it, read again, could round to
// another figure than the one that was printed.
func TestWhatWasMeasuredIsWrittenWhole(t *testing.T) {
	r := &results{}
	r.add("P15/alone", "ms", 18.4499999)
	var kept bytes.Buffer
	if err := r.write(&kept); err != nil {
		t.Fatal(err)
	}
	again, err := readResults(&kept)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.median("P15/alone"); got != 18.4499999 {
		t.Errorf("read again: %v", got)
	}
}

// TestAFileThatAnIndexHasClosedEndsNoRun: an index that grows closes the file that it leaves,
// which once ended the run of a million rows.
func TestAFileThatAnIndexHasClosedEndsNoRun(t *testing.T) {
	var files []scratch.File
	index := scratch.NewIndex(func() (scratch.File, error) {
		file, err := os.CreateTemp(t.TempDir(), "scratch-")
		files = append(files, file)
		return file, err
	}, 0)
	for i := range uint64(5000) {
		var key scratch.Key
		binary.BigEndian.PutUint64(key[:], i*0x9e3779b97f4a7c15)
		index.Put(key, i+1)
	}
	if err := errors.Join(index.Err(), closeAll(files)); err != nil || len(files) < 2 {
		t.Errorf("%d files: %v", len(files), err)
	}
	if err := closeAll([]scratch.File{unclosable{}}); !errors.Is(err, errUnclosable) {
		t.Errorf("a file that cannot be closed: %v", err)
	}
}

var errUnclosable = errors.New("unclosable")

type unclosable struct{ scratch.File }

func (unclosable) Close() error { return errUnclosable }
