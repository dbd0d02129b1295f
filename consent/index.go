package consent

// flowKey is what a request is looked up by.
type flowKey struct {
	source, recipient OrgCode
	team              TeamID
	purpose           Purpose
}

// pair is a source and a recipient.
type pair struct{ source, recipient OrgCode }

// flow is one row of an agreement with what its gates need.
type flow struct {
	*Flow
	*standing
}

// candidates are the flows that could answer, in the order of their ids.
func (r *Register) candidates(key flowKey) []*flow {
	if r == nil {
		return nil
	}
	return r.flows[key]
}

// between are the agreements in which both organisations take part.
func (r *Register) between(key pair) []*standing {
	if r == nil {
		return nil
	}
	return r.pairs[key]
}
