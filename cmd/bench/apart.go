package main

import (
	"math/rand/v2"
	"slices"

	"cpagateway/gateway/benchdata"
)

// class is a kind of people of whom social care is told nothing.
type class struct {
	name   string
	people []int
	before []int // whom the treating team reads immediately before: somebody else, or the person
}

// hiddenClasses are as many people of each kind as there are of the rarest. The unknown are
// others in each round. Before each question somebody is read, so that the questions about
// one kind differ from those about another in nothing but what is hidden: an answer that
// follows another one on its connection is faster by itself.
func hiddenClasses(people, round int) []class {
	most := 0
	for _, wish := range []benchdata.Wish{benchdata.Withdrawn, benchdata.Silent} {
		if n := len(benchdata.Having(wish, people, people)); most == 0 || n < most {
			most = n
		}
	}
	refuse := benchdata.Having(benchdata.Refuses, people, 2*most)
	half := len(refuse) / 2
	strangers := make([]int, half)
	for i := range strangers {
		strangers[i] = unknown(10_000 + round*half + i)
	}
	others := benchdata.Having(benchdata.Shares, people, half)
	return []class{
		{"unknown", strangers, others},
		{"refused", refuse[:half], others},
		{"withdrawn", benchdata.Having(benchdata.Withdrawn, people, half), others},
		{"silent", benchdata.Having(benchdata.Silent, people, half), others},
		{"refused-and-just-read", refuse[half:], refuse[half:]},
	}
}

// apart asks about hidden people of every kind by turns, and finds out how well the times
// of answers tell two kinds apart: P16. Cold is each person for the first time after a
// start, warm for the second.
func (b *bench) apart(s *site) error {
	return b.each(func(n int) error { return b.apartOnce(s, n) })
}

func (b *bench) apartOnce(s *site, n int) error {
	gateway, err := b.started(s)
	if err != nil {
		return err
	}
	classes := hiddenClasses(s.people, n)
	for i, c := range classes {
		classes[i].people, classes[i].before = b.shuffled(c.people, n), b.shuffled(c.before, n)
	}
	for _, pass := range []string{"cold", "warm"} {
		took, err := b.timesOf(gateway, classes)
		if err != nil {
			return err
		}
		for i, first := range classes {
			for j, second := range classes[:i] {
				b.add("P16/"+pass+"/"+second.name+"-from-"+first.name, "AUC", likelier(took[i], took[j]))
			}
		}
	}
	return nil
}

// askers is how many connections ask about hidden people. An answer that releases nothing
// waits for its beat, so that few are worked on at once.
const askers = 8

// timesOf asks about one person of each class in turn, in another order each time.
func (b *bench) timesOf(gateway *server, classes []class) ([][]float64, error) {
	took := make([][]float64, len(classes))
	for n := range took {
		took[n] = make([]float64, len(classes[n].people))
	}
	type one struct{ class, i int }
	var all []one
	random := rand.New(rand.NewPCG(b.seed, 16)) //nolint:gosec // the same order from the same seed
	for i := range classes[0].people {
		for _, n := range random.Perm(len(classes)) {
			all = append(all, one{n, i})
		}
	}
	return took, atOnce(askers, len(all), func(at int) error {
		c, i := classes[all[at].class], all[at].i
		if _, err := gateway.ask(plans(treatingTeam, c.before[i])); err != nil {
			return err
		}
		t, err := gateway.ask(plans(socialCare, c.people[i]).ofNobody())
		took[all[at].class][i] = milliseconds(t)
		return err
	})
}

// likelier is how likely a time of the first kind is longer than one of the second: the
// area under the curve of an attacker who has one time and guesses by it. Half is chance.
func likelier(first, second []float64) float64 {
	sorted := slices.Sorted(slices.Values(second))
	below := 0.0
	for _, t := range first {
		low, _ := slices.BinarySearch(sorted, t)
		high := low
		for high < len(sorted) && sorted[high] == t {
			high++
		}
		below += float64(low) + float64(high-low)/2
	}
	return below / float64(len(first)*len(second))
}
