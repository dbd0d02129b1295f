package agreements

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cpagateway/profiles"
)

// Row is one line of the sharing matrix: who may ask whom for what, and why.
type Row struct {
	Source       profiles.OrgCode `json:"source"`
	Recipient    profiles.OrgCode `json:"recipient"`
	Team         profiles.TeamID  `json:"team"`
	Purpose      profiles.Purpose `json:"purpose"`
	Items        []string         `json:"items"`               // as the flow writes them
	Resources    []string         `json:"resources,omitempty"` // FHIR types; empty: every type that carries the items
	ConsentRule  ConsentRule      `json:"consentRule"`
	Relationship RelationshipRule `json:"relationship"`
	Contribute   Contribution     `json:"contribute,omitempty"` // what the source may write into the recipient's plans
	Agreement    Ref              `json:"agreement"`
	Status       Status           `json:"status"`
	IssueDate    Day              `json:"issueDate"`
	ReviewDate   Day              `json:"reviewDate"`

	Flow *Candidate `json:"-"`
}

// Matrix is every flow of every agreement, in force or not, sorted by source,
// recipient, team and purpose: what `register check` prints.
func (r *Register) Matrix() []Row {
	if r == nil {
		return nil
	}
	var rows []Row
	for _, f := range r.candidates {
		a := f.Agreement
		rows = append(rows, Row{
			Source: f.From.Organisation, Recipient: f.To.Organisation, Team: f.To.Team, Purpose: f.Purpose,
			Items: f.Names, Resources: f.Resources, ConsentRule: f.ConsentRule, Relationship: f.Relationship, Contribute: f.Contribute,
			Agreement: Ref{a.ID, a.Version, f.Ref, a.Hash},
			Status:    a.Status, IssueDate: a.IssueDate, ReviewDate: a.ReviewDate, Flow: f,
		})
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(string(a.Source), string(b.Source)), strings.Compare(string(a.Recipient), string(b.Recipient)),
			strings.Compare(string(a.Team), string(b.Team)), strings.Compare(string(a.Purpose), string(b.Purpose)))
	})
	return rows
}

// reviewNotice is how many days before its review date an agreement is warned about.
const reviewNotice = 90

// Warning is something about an agreement that needs somebody's attention.
type Warning struct {
	Agreement Ref
	File      string
	Text      string
	Past      bool // the review date has passed
}

// Warnings lists, at one instant, the agreements whose review is due within 90
// days or past, in the order of Agreements. Only assured ones in whose place no later
// version stands are looked at.
func (r *Register) Warnings(at time.Time) []Warning {
	today := DayOf(at)
	var list []Warning
	for i, a := range r.Agreements() {
		displaced := displacedFrom(a, r.agreements[i+1:])
		var text string
		switch {
		case a.Status != Assured || a.ReviewDate > today+reviewNotice || displaced != NoDay && displaced <= today:
			continue
		case a.ReviewDate < today:
			text = "its review date " + a.ReviewDate.String() + " has passed"
		default:
			text = "its review is due on " + a.ReviewDate.String()
		}
		list = append(list, Warning{Ref{ID: a.ID, Version: a.Version, Hash: a.Hash}, a.File, text, a.ReviewDate < today})
	}
	return list
}
