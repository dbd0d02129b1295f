package agreements

import (
	"cpagateway/profiles"
)

// flowKey is what a request is looked up by.
type FlowKey struct {
	Source, Recipient profiles.OrgCode
	Team              profiles.TeamID
	Purpose           profiles.Purpose
}

// pair is a source and a recipient.
type Pair struct{ Source, Recipient profiles.OrgCode }

// flow is one row of an agreement with what its gates need.
type Candidate struct {
	*Flow
	*Standing
}

// candidates are the flows that could answer, in the order of their ids.
func (r *Register) Candidates(key FlowKey) []*Candidate {
	if r == nil {
		return nil
	}
	return r.flows[key]
}

// between are the agreements in which both organisations take part.
func (r *Register) Between(key Pair) []*Standing {
	if r == nil {
		return nil
	}
	return r.pairs[key]
}

// standing is one agreement version seen from one pair of partners.
type Standing struct {
	Agreement     *Agreement
	Source        *Partner
	Recipient     *Partner
	DisplacedFrom Day // from this day on a later version stands in its place; NoDay: never
}
