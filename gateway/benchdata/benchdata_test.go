package benchdata_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"cpagateway/gateway/benchdata"
	"cpagateway/mapping"
	"cpagateway/mapping/bundle"
	"cpagateway/mapping/ctp"
	"cpagateway/mapping/mhsds"
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

type format interface {
	Read(ctx context.Context, files fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error)
}

func read(t *testing.T, format format, files fs.FS) *counted {
	t.Helper()
	c := &counted{t: t, types: map[string]int{}}
	env := mapping.Env{Source: "bench", Custodian: "7A4", ID: idOf}
	if _, err := format.Read(context.Background(), files, env, c); err != nil {
		t.Fatal(err)
	}
	return c
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

func TestEveryFormTakesThePeople(t *testing.T) {
	people := benchdata.People{Number: 30, Seed: 1}
	perPerson := map[string]int{"Patient": 1, "EpisodeOfCare": 1, "CareTeam": 1, "CarePlan": 3, "Goal": 9, "Consent": 2}
	for name, c := range map[string]*counted{
		"welsh":   read(t, must(ctp.New()), people.Welsh()),
		"bundles": read(t, must(bundle.New()), must(people.Bundles())),
	} {
		for typ, n := range perPerson {
			if c.types[typ] != n*people.Number {
				t.Errorf("%s: %d of %s for %d people, not %d each", name, c.types[typ], typ, people.Number, n)
			}
		}
	}
	c := read(t, must(mhsds.New(mhsds.Options{})), people.MHSDS())
	if c.types["Patient"] != people.Number || c.types["CarePlan"] != 2*people.Number || c.types["EpisodeOfCare"] != people.Number {
		t.Errorf("mhsds: %v", c.types)
	}
}

func TestTheSeedSaysWhoTheyAre(t *testing.T) {
	text := func(p benchdata.People) string { return string(must(fs.ReadFile(p.Welsh(), "plans.ndjson"))) }
	first := benchdata.People{Number: 5, Seed: 1}
	if again := text(first); again != text(first) {
		t.Error("one seed gives two extracts")
	}
	if text(first) == text(benchdata.People{Number: 5, Seed: 2}) {
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
	c := read(t, must(ctp.New()), mixed.Welsh())
	consents := 0
	for wish, each := range map[benchdata.Wish]int{benchdata.Shares: 2, benchdata.Refuses: 1, benchdata.Withdrawn: 1, benchdata.Silent: 0} {
		consents += each * len(benchdata.Having(wish, n, n))
	}
	if c.types["Consent"] != consents || c.types["CarePlan"] != 3*n {
		t.Errorf("%v: want %d of Consent", c.types, consents)
	}
}

func TestAPartOfThePeopleIsThoseOfTheWhole(t *testing.T) {
	text := func(p benchdata.People) string {
		p.Seed, p.Wishes = 1, benchdata.Mixed
		return string(must(fs.ReadFile(p.Welsh(), "plans.ndjson")))
	}
	if text(benchdata.People{Number: 9}) != text(benchdata.People{Number: 4})+text(benchdata.People{Number: 5, First: 4}) {
		t.Error("people change with those who are before them")
	}
}
