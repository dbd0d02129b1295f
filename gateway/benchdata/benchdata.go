// Package benchdata makes the people that the gateway is measured with: any number of
// them from a seed, as an extract that an import takes.
package benchdata

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// People is a number of synthetic people, the same for the same seed. Each has a
// Patient, an EpisodeOfCare, a CareTeam, a care and treatment plan of nine goals, a
// crisis plan, a contingency plan, and two directives; coordinators are shared.
type People struct {
	Number int
	Seed   uint64
	First  int            // number of the first of them
	Wishes func(int) Wish // of each by number; nil: all of them share
}

//go:embed plan.json
var planText string

// Write writes their plans into a new folder as a Welsh source delivers them: one plan a
// line. No more than one is in memory.
func (p People) Write(folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "plans.ndjson"))
	if err != nil {
		return err
	}
	out, text := bufio.NewWriter(f), plansByWish()
	for i := range p.Number {
		fmt.Fprintln(out, p.person(i).Replace(text[p.wish(i)]))
	}
	return errors.Join(out.Flush(), f.Close())
}

var (
	families = []string{"Evans", "Jones", "Davies", "Morgan", "Price", "Rees", "Thomas", "Lewis", "Hughes", "Pritchard", "Bowen", "Vaughan", "Meredith"}
	given    = []string{"Ann", "Bryn", "Carys", "Dewi", "Elin", "Ffion", "Gwyn", "Huw", "Iola", "Lowri", "Mair", "Nia", "Owain", "Rhys", "Sioned", "Tomos"}
	words    = []string{"the sister", "a brother", "Menna", "the neighbour", "an aunt", "the chaplain", "Gareth"}
	months   = []string{"January", "March", "May", "July", "September", "November"}
	genders  = []string{"female", "male"}
)

// staff is how many coordinators there are.
const staff = 50

// person fills the gaps of a text for one of the people.
func (p People) person(i int) *strings.Replacer {
	i += p.First
	r := rand.New(rand.NewPCG(p.Seed, uint64(i))) //nolint:gosec // the same people for the same seed
	of := func(list []string) string { return list[r.IntN(len(list))] }
	return strings.NewReplacer(
		"{{plan}}", PlanKey(i), "{{key}}", PersonKey(i), "{{number}}", NHSNumber(i),
		"{{family}}", of(families), "{{given}}", of(given), "{{word}}", of(words), "{{month}}", of(months), "{{gender}}", of(genders),
		"{{born}}", fmt.Sprintf("%d-%02d-%02d", 1930+r.IntN(75), 1+r.IntN(12), 1+r.IntN(28)),
		"{{reviewed}}", fmt.Sprintf("2026-%02d-%02d", 1+r.IntN(6), 1+r.IntN(28)),
		"{{house}}", strconv.Itoa(1+r.IntN(200)), "{{staff}}", fmt.Sprintf("staff-%d", r.IntN(staff)),
	)
}

// PersonKey is the source's own key of a person, of seven digits.
func PersonKey(i int) string { return fmt.Sprintf("K%07d", i) }

// PlanKey is the source's own key of a person's plan.
func PlanKey(i int) string { return fmt.Sprintf("P%07d", i) }

// NHSNumber is the number of a person: valid, no two alike, and from the range that is
// given to nobody.
func NHSNumber(i int) string {
	for last := range 2 { // of the two at least one has a check digit
		digits := fmt.Sprintf("9%07d%d", i, last)
		sum := 0
		for at, d := range digits {
			sum += (10 - at) * int(d-'0')
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return digits + strconv.Itoa(check)
		}
	}
	panic("two sums that differ by two cannot both leave one") // 1 mod 11 is the only sum without a check digit
}
