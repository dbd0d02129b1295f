package audit

import (
	"context"
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// job is what one call records: all of its entries or none.
type job[T Tx] struct {
	ctx          context.Context           // of the caller
	changesStore bool                      // it changes the store, and is committed alone
	prepare      func(T) ([]record, error) // reads or changes the store in the transaction; gives what is to be recorded

	done chan struct{} // closed by the writer after it has set id and err
	id   string
	err  error
}

// record is an entry as far as it is known before it is recorded.
type record struct {
	body []byte // without its time
	Columns
}

func recordsOf(entries []Entry) []record {
	records := make([]record, 0, len(entries))
	for _, e := range entries {
		records = append(records, record{e.unstamped(), e.columns()})
	}
	return records
}

// recipient is who a disclosure goes to, as far as the log tells them apart.
type recipient struct {
	Caller
	team    profiles.TeamID
	purpose profiles.Purpose
}

func recipientOf(d consent.Decision) recipient {
	c := d.Caller()
	return recipient{Caller{c.Client, c.Organisation, c.Person}, c.Team, c.Purpose}
}

// ground is what a decision was made on: within one request it tells them apart.
type ground struct {
	recipient
	custodian profiles.OrgCode
	person    profiles.PersonID
	epoch     uint64
	typ       string
	action    consent.Action
}

func groundOf(d consent.Decision) ground {
	return ground{recipientOf(d), d.Source(), d.Person(), d.Epoch(), d.Type(), d.Action()}
}

var (
	errUndecided    = errors.New("nothing was decided")
	errTwoCallers   = errors.New("the decisions are on the requests of two callers")
	errDecidedTwice = errors.New("two decisions are about one and the same")
	errNoDecision   = errors.New("it rests on none of the decisions")
)

// decidedEntries is one entry for each decision.
func decidedEntries(e Event, decisions []consent.Decision) ([]Entry, error) {
	if len(decisions) == 0 {
		return nil, errUndecided
	}
	entries := make([]Entry, 0, len(decisions))
	for i, d := range decisions {
		if recipientOf(d) != recipientOf(decisions[0]) {
			return nil, errTwoCallers
		}
		if indexOf(decisions[:i], d) >= 0 {
			return nil, errDecidedTwice
		}
		entry := decided(KindDecision, e, d)
		entry.Decision, entry.Decisions = i+1, len(decisions)
		entries = append(entries, entry)
	}
	return entries, nil
}

// indexOf is the place of a decision among others, -1 where it is none of them.
func indexOf(decisions []consent.Decision, d consent.Decision) int {
	return slices.IndexFunc(decisions, func(other consent.Decision) bool { return groundOf(other) == groundOf(d) })
}

// disclose writes what is released into the entries of the decisions that it rests
// on, and gives the disclosures that carry something.
func disclose(entries []Entry, decisions []consent.Decision, released []disclosure.Disclosure) ([]disclosure.Disclosure, error) {
	var carrying []disclosure.Disclosure
	for _, x := range released {
		if x.Withheld() {
			continue
		}
		i := indexOf(decisions, x.Decision())
		if i < 0 {
			return nil, errNoDecision
		}
		entries[i].Released = append(entries[i].Released, release(x))
		carrying = append(carrying, x)
	}
	return carrying, nil
}
