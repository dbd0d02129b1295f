package intake_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
)

// mixedPlans are plans of people of every wish, and among them such as are refused by the
// format, by the check, or for whose they are; some say the same of two people, and some are
// said twice.
func mixedPlans(t *testing.T, people int) fstest.MapFS {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "plans")
	must(t, benchdata.People{Number: people, Seed: 1, Wishes: benchdata.Mixed}.Write(folder))
	text, err := fs.ReadFile(os.DirFS(folder), "plans.ndjson")
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		switch i % 8 {
		case 1:
			line = line[:len(line)/2]
		case 3:
			line = strings.Replace(line, benchdata.NHSNumber(i), benchdata.NHSNumber(i-1), 1)
		case 5:
			line = strings.Replace(line, benchdata.NHSNumber(i), "9990000019", 1)
		case 6:
			line += "\n" + line
		}
		lines[i] = line
	}
	return fstest.MapFS{"plans.ndjson": {Data: []byte(strings.Join(lines, "\n") + "\n")}}
}

// everything is what an import leaves behind, but for the audit log.
func (d *desk) everything() (all []string) {
	d.t.Helper()
	must(d.t, d.store.View(context.Background(), func(now store.Snapshot) error {
		changes, err := now.Changes(0, 1<<20)
		must(d.t, err)
		for _, c := range changes {
			v, err := now.Current(c.Type, c.ID)
			must(d.t, err)
			generation, err := now.Generation(c.Person)
			must(d.t, err)
			all = append(all, fmt.Sprint(c.Place, c.Version, generation, string(v.Body)))
		}
		faults, err := now.Faults(quarantine.Filter{})
		must(d.t, err)
		for _, f := range faults {
			all = append(all, fmt.Sprint(f))
		}
		doubts, err := now.Unresolved()
		for _, s := range doubts {
			all = append(all, fmt.Sprint(s))
		}
		return err
	}))
	return all
}

// TestAnImportIsTheSameHoweverManyReadIt: versions in their order, ids, generations, what
// was set aside and who is in doubt, and the account of it.
func TestAnImportIsTheSameHoweverManyReadIt(t *testing.T) {
	files := mixedPlans(t, 64)
	var sums [2]intake.Summary
	var kept [2][]string
	for i, readers := range []int{1, 8} {
		d := openDesk(t)
		d.Readers = readers
		source := plans(t)
		source.Grants = consent.Off
		sums[i] = d.bring(source, files)
		kept[i] = d.everything()
	}
	if diff := cmp.Diff(sums[0], sums[1]); diff != "" {
		t.Errorf("read by one (-) and by eight (+):\n%s", diff)
	}
	if diff := cmp.Diff(kept[0], kept[1]); diff != "" {
		t.Errorf("read by one (-) and by eight (+):\n%s", diff)
	}
	if sum := sums[0]; sum.Stored < 32 || sum.Quarantined < 16 || sum.Apart == 0 || sum.Grants == 0 || len(kept[0]) < 500 {
		t.Errorf("too little happens to tell: %+v, %d", sum, len(kept[0]))
	}
}
