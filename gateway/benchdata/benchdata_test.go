package benchdata_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"cpagateway/gateway/benchdata"
	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
)

// counted counts what a format made, by type.
type counted struct {
	t     *testing.T
	types map[string]int
	bytes int
}

func (c *counted) Take(resources []mapping.Resource) error {
	for _, r := range resources {
		c.types[r.Type]++
		c.bytes += len(r.Body)
	}
	return nil
}

func (c *counted) SetAside(faults []mapping.Fault, _ []mapping.Resource) error {
	for _, f := range faults {
		if f.Warning {
			continue
		}
		c.t.Errorf("%s row %d %s: %s %s", f.At.File, f.At.Row, f.At.Field, f.Rule, f.Reason)
	}
	return nil
}

// read maps the people's extract.
func read(t *testing.T, people benchdata.People) *counted {
	t.Helper()
	c := &counted{t: t, types: map[string]int{}}
	env := mapping.Env{Source: "bench", Custodian: "7A4", ID: idOf}
	if _, err := must(ctp.New()).Read(context.Background(), os.DirFS(written(t, people)), env, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// written is a folder with the people's extract.
func written(t *testing.T, people benchdata.People) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "plans")
	if err := people.Write(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func text(t *testing.T, people benchdata.People) string {
	t.Helper()
	return string(must(os.ReadFile(filepath.Join(written(t, people), "plans.ndjson"))))
}

func idOf(typ, key string) string {
	sum := sha256.Sum256([]byte(typ + "|" + key))
	return hex.EncodeToString(sum[:20])
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAnImportTakesThePeople(t *testing.T) {
	people := benchdata.People{Number: 30, Seed: 1}
	c := read(t, people)
	for typ, n := range map[string]int{"Patient": 1, "EpisodeOfCare": 1, "CareTeam": 1, "CarePlan": 3, "Goal": 9, "Consent": 2} {
		if c.types[typ] != n*people.Number {
			t.Errorf("%d of %s for %d people, not %d each", c.types[typ], typ, people.Number, n)
		}
	}
}

func TestTheSeedSaysWhoTheyAre(t *testing.T) {
	first := benchdata.People{Number: 5, Seed: 1}
	if again := text(t, first); again != text(t, first) {
		t.Error("one seed gives two extracts")
	}
	if text(t, first) == text(t, benchdata.People{Number: 5, Seed: 2}) {
		t.Error("two seeds give one extract")
	}
}

func TestEverybodyHasANumberOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for i := range 20_000 {
		number := benchdata.NHSNumber(i)
		if normal, err := profiles.NHSNumber(number); err != nil || normal != number || seen[number] {
			t.Fatalf("person %d has %s: %v", i, number, err)
		}
		seen[number] = true
	}
}

func TestWishesAreTakenAndNothingElseDiffers(t *testing.T) {
	const n = 16
	mixed := benchdata.People{Number: n, Seed: 1, Wishes: benchdata.Mixed}
	c := read(t, mixed)
	consents := 0
	for wish, each := range map[benchdata.Wish]int{benchdata.Shares: 2, benchdata.Refuses: 1, benchdata.Withdrawn: 1, benchdata.Silent: 0} {
		consents += each * len(benchdata.Having(wish, n, n))
	}
	if c.types["Consent"] != consents || c.types["CarePlan"] != 3*n {
		t.Errorf("%v: want %d of Consent", c.types, consents)
	}
}

func TestAPartOfThePeopleIsThoseOfTheWhole(t *testing.T) {
	some := func(first, number int) string {
		return text(t, benchdata.People{First: first, Number: number, Seed: 1, Wishes: benchdata.Mixed})
	}
	if some(0, 9) != some(0, 4)+some(4, 5) {
		t.Error("people change with those who are before them")
	}
}
