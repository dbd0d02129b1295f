package records

import (
	"slices"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Scope is a decision in the form that every query carries: whom it may find
// records of, in whose custody, of which type, which items it may see, and which plans.
// A query takes one scope for each custodian that was asked, and type; the zero Scope
// finds nothing.
//
// A refusal becomes a Scope without items and not an early return: the query
// runs all the same, so that the time of an answer does not tell refused from
// unknown (docs/leak-channels.md, 26).
type Scope struct {
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Type      string
	Items     profiles.ItemSet
	Current   Current
}

// ScopesOf is what decisions let a query for one type see.
func ScopesOf(decisions []consent.Decision, typ string) []Scope {
	scopes := make([]Scope, len(decisions))
	for i, d := range decisions {
		scopes[i] = scopeOf(d, typ)
	}
	return scopes
}

// scopeOf is one decision. One about nobody sees directory types only: a record
// without a person that is not about staff or an organisation is withheld
// (docs/leak-channels.md, 34).
func scopeOf(d consent.Decision, typ string) Scope {
	s := Scope{Person: d.Person(), Custodian: d.Source(), Type: typ}
	if d.Outcome() == consent.Deny || (s.Person == "" && !profiles.DirectoryType(typ)) {
		return s
	}
	s.Items = d.Items()
	if d.Outcome() == consent.Slice && typ == PlanType {
		s.Current = ActiveOnly
		if slices.Contains(d.Obligations(), consent.MarkStale) {
			s.Current = ActiveElseLast
		}
	}
	return s
}

// Sees reports whether the scope lets a version through, whatever it holds to.
func (s Scope) Sees(v Version) bool {
	return !s.Items.Empty() && !v.Deleted && v.Person == s.Person && v.Custodian == s.Custodian && v.Type == s.Type && v.Label.Within(s.Items)
}

// Notices reports whether a version that made these changes is a new one to
// whoever has the scope. What a caller sees as number and time of a resource is
// its newest version that the scope notices (docs/leak-channels.md, 17).
func (s Scope) Notices(changes []profiles.Label) bool {
	return !s.Items.Empty() && slices.ContainsFunc(changes, func(l profiles.Label) bool { return l.Within(s.Items) })
}
