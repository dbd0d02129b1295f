package records

import (
	"cpagateway/consent"
	"cpagateway/profiles"
)

// Scope is a decision in the form that every query carries: whom it may find
// records of, in whose custody, and which items it may see. The zero Scope finds nothing: the
// versions of a resource that change something in no item are none.
//
// A refusal becomes a Scope without items and not an early return: the query
// runs all the same, so that the time of an answer does not tell refused from
// unknown (docs/leak-channels.md, 26).
type Scope struct {
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Items     profiles.ItemSet
}

// ScopeOf is what a decision lets a query for one type see. A decision about
// nobody sees directory types only: a record without a person that is not about
// staff or an organisation is withheld (docs/leak-channels.md, 34).
func ScopeOf(d consent.Decision, typ string) Scope {
	s := Scope{Person: d.Person(), Custodian: d.Source()}
	if d.Outcome() == consent.Deny || (s.Person == "" && !profiles.DirectoryType(typ)) {
		return s
	}
	s.Items = d.Items()
	return s
}

// Sees reports whether the scope lets a version through.
func (s Scope) Sees(v Version) bool {
	return v.Person == s.Person && v.Custodian == s.Custodian && v.Label.Within(s.Items)
}

// Notices reports whether the scope may know that a version changed something.
// What a caller sees as number and time of a resource is its newest version
// that the scope notices (docs/leak-channels.md, 17).
func (s Scope) Notices(v Version) bool { return v.Changed.Meets(s.Items) }
