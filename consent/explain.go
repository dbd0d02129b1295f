package consent

import "golang.org/x/text/language"

// Explanation is a Decision in words, as `consent explain --json` prints it.
// It holds rules and codes, nothing from the person's record.
type Explanation struct {
	Outcome     string          `json:"outcome"`  // permit, slice or deny
	Deciding    string          `json:"deciding"` // id of the deciding rule
	Rules       []ExplainedRule `json:"rules"`    // every gate, in order
	Items       []string        `json:"items"`    // what may be seen
	Withheld    []string        `json:"withheld"` // what the flow names and the caller does not get
	Agreement   string          `json:"agreement"`
	Directive   string          `json:"directive"` // id of the Consent that decided
	Obligations []Obligation    `json:"obligations"`
}

// ExplainedRule is one gate's answer in words.
type ExplainedRule struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"` // pass, fail or not-applicable
	Code    string `json:"code,omitempty"`
	Text    string `json:"text"`
}

// Explain puts the decision into words of a language; the codes are the same in all. Its slices are never nil, so that the
// JSON holds [] and not null.
func (d Decision) Explain(lang language.Tag) Explanation {
	e := Explanation{
		Outcome:     d.outcome.String(),
		Deciding:    gateIDs[d.deciding],
		Items:       d.granted.Codes(),
		Withheld:    d.withheld.Codes(),
		Agreement:   d.agreement.String(),
		Directive:   d.directive,
		Obligations: append([]Obligation{}, d.Obligations()...),
	}
	for g, r := range d.Rules() {
		e.Rules = append(e.Rules, ExplainedRule{r.ID, r.Outcome.String(), r.Code, wording(gate(g), d.reasons[g], lang)})
	}
	return e
}
