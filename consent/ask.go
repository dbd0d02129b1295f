package consent

import (
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// Ask is what a caller asks and by which rules it is answered, before it is put to
// a custodian. Whoever asks, be it for an answer or for an explanation, asks by it.
type Ask struct {
	Caller   Caller
	Action   Action
	Type     string
	At       time.Time
	Register *agreements.Register
	Policy   Policy
}

// Of puts the question to one custodian: about a person, whose facts are that
// custodian's, or, where person is nil, about its directory.
func (a Ask) Of(custodian profiles.OrgCode, person *facts.Person) Request {
	return Request{
		Caller: a.Caller, Action: a.Action, Type: a.Type, Wanted: a.wanted(), At: a.At,
		Register: a.Register, Policy: a.Policy, Person: person, Source: custodian,
	}
}

// wanted is what the request could at most use; by it the narrowest agreement that
// covers the request is chosen (case 16). An emergency uses the slice.
func (a Ask) wanted() profiles.ItemSet {
	if a.Caller.Purpose == profiles.EmergencyTreatment {
		return profiles.CrisisSlice
	}
	return profiles.ItemsOfType(a.Type)
}
