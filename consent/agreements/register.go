package agreements

import "cpagateway/profiles"

// Register is the agreements in force and out of it, checked and compiled. It
// is immutable and safe for concurrent use; reloading makes a new one. A nil
// Register covers nobody.
type Register struct {
	agreements    []*Agreement
	candidates    []*Candidate             // every flow, by agreement and pair of partners
	flows         map[FlowKey][]*Candidate // candidates for a request
	contributions map[ContributionKey][]*Candidate
	pairs         map[Pair][]*PairAgreement // who covers whom at all, for the reasons of a refusal
	hash          string
}

// Hash names the whole register: SHA-256 over the hashes of its files, hexadecimal.
func (r *Register) Hash() string {
	if r == nil {
		return ""
	}
	return r.hash
}

// Agreements lists every version of every agreement by id and version. Do not modify them.
func (r *Register) Agreements() []*Agreement {
	if r == nil {
		return nil
	}
	return r.agreements
}

// InAccord reports whether an organisation has signed the Accord, by what any agreement
// says of it: some that it has, and none that it is out of it again.
func (r *Register) InAccord(organisation profiles.OrgCode, today Day) bool {
	in := false
	for _, s := range r.Between(Pair{organisation, organisation}) { // every agreement in which it takes part
		if s.Source.leftAccord(today) {
			return false
		}
		in = in || s.Source.InAccord(today)
	}
	return in
}
