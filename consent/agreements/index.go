package agreements

import (
	"cpagateway/profiles"
)

// FlowKey is what a request is looked up by.
type FlowKey struct {
	Source, Recipient profiles.OrgCode
	Team              profiles.TeamID
	Purpose           profiles.Purpose
}

// Pair is a source and a recipient.
type Pair struct{ Source, Recipient profiles.OrgCode }

// Candidate is one flow that could answer a request, with the agreement it stands in.
type Candidate struct {
	*Flow
	*PairAgreement
}

// Candidates are the flows that could answer, in the order of their ids.
func (r *Register) Candidates(key FlowKey) []*Candidate {
	if r == nil {
		return nil
	}
	return r.flows[key]
}

// ContributionKey is what a request to write into another organisation's plan is looked up by.
type ContributionKey struct {
	Contributor, Custodian profiles.OrgCode
}

// Contributions are the flows by which one organisation writes into the plans of
// another, in the order of their ids.
func (r *Register) Contributions(key ContributionKey) []*Candidate {
	if r == nil {
		return nil
	}
	return r.contributions[key]
}

// Between are the agreements in which both organisations take part.
func (r *Register) Between(key Pair) []*PairAgreement {
	if r == nil {
		return nil
	}
	return r.pairs[key]
}

// PairAgreement is one version of an agreement as it binds one pair of its partners.
type PairAgreement struct {
	Agreement     *Agreement
	Source        *Partner
	Recipient     *Partner
	DisplacedFrom Day // from this day on a later version stands in its place; NoDay: never
}
