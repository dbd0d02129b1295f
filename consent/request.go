package consent

import (
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// For puts the request to one custodian: about a person, whose facts are that
// custodian's, or, where person is nil, about its directory. Whoever asks, be it for an
// answer or for an explanation, asks by it: it works out what the request could use.
func (r Request) For(custodian profiles.OrgCode, person *facts.Person) Request {
	r.Source, r.Person, r.Wanted = custodian, person, profiles.ItemsOfType(r.Type)
	if r.Caller.Emergency() {
		r.Wanted = profiles.CrisisSlice
	}
	return r
}
