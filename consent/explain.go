package consent

import "golang.org/x/text/language"

// Explanation is a Decision in words, as `consent explain --json` prints it.
// It holds rules and codes, nothing from the person's record.
type Explanation struct {
	Outcome     string       `json:"outcome"`  // permit, slice or deny
	Deciding    string       `json:"deciding"` // id of the deciding rule
	Rules       []Rule       `json:"rules"`    // every gate, in order
	Items       []string     `json:"items"`    // what may be seen
	Withheld    []string     `json:"withheld"` // what the flow names and the caller does not get
	Agreement   string       `json:"agreement"`
	Directive   string       `json:"directive"` // id of the Consent that decided
	Obligations []Obligation `json:"obligations"`
}

// Explain puts the decision into words of a language; the codes are the same in all.
// Its slices are never nil, so that the JSON holds [] and not null.
func (d Decision) Explain(lang language.Tag) Explanation {
	e := Explanation{
		Outcome:     d.outcome.String(),
		Deciding:    gateIDs[d.deciding],
		Rules:       d.Rules(),
		Items:       d.granted.Codes(),
		Withheld:    d.withheld.Codes(),
		Agreement:   d.agreement.String(),
		Directive:   d.directive,
		Obligations: append([]Obligation{}, d.Obligations()...),
	}
	for g := range e.Rules {
		e.Rules[g].Text = wording(gate(g), d.reasons[g], lang)
	}
	return e
}
