package benchdata

import "strings"

// Wish is what a person has recorded on sharing, as a Welsh source delivers it.
type Wish int

// The wishes.
const (
	Shares    Wish = iota // with the practice, the council and the crisis team
	Refuses               // everybody, in a crisis as well
	Withdrawn             // what was shared with the practice and the council
	Silent                // no directive at all
)

var order = [8]Wish{Shares, Refuses, Shares, Withdrawn, Shares, Refuses, Shares, Silent}

// Mixed gives of every eight people four who share, two who refuse, one who has
// withdrawn and one who is silent.
func Mixed(number int) Wish { return order[number%len(order)] }

// Having are the numbers below n whom Mixed gives a wish, the lowest, and at most so many.
func Having(wish Wish, n, most int) (numbers []int) {
	for i := 0; i < n && len(numbers) < most; i++ {
		if Mixed(i) == wish {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

func (p People) wish(i int) Wish {
	if p.Wishes == nil {
		return Shares
	}
	return p.Wishes(i + p.First)
}

const (
	form = `,"givenBy":"person","form":"Signed form on sharing, in the paper record","leaflet":"1"`
	with = `,"recipients":[{"organisation":"W99001","name":"Meddygfa'r Felin","purposes":["COC"]},` +
		`{"organisation":"LA9A1","team":"adult-mh","name":"Glan Taf Council: adult mental health","purposes":["COC"]}]`
)

// plansByWish is the text of a plan by the wish in it. That of those who share is the plan's own.
func plansByWish() map[Wish]string {
	plan := strings.TrimSpace(planText)
	rest, _, _ := strings.Cut(plan, `"directives":`)
	saying := func(directives string) string { return rest + `"directives":[` + directives + `]}` }
	return map[Wish]string{
		Shares:    plan,
		Refuses:   saying(`{"key":"not-in-a-crisis","template":"T4","status":"given","recorded":"2025-05-12T10:00:00Z"` + form + `}`),
		Withdrawn: saying(`{"key":"sharing","template":"T1","status":"withdrawn","recorded":"2026-03-10T11:00:00Z"` + form + with + `}`),
		Silent:    saying(""),
	}
}
