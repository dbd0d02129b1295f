package consent

import (
	"errors"
	"fmt"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// ErrNotAccepted refuses a change that the decision does not carry.
var ErrNotAccepted = errors.New("not accepted")

// Change is one resource that wants to be stored.
type Change struct {
	Type, ID string
	Person   profiles.PersonID // empty for staff and organisations
	Resource fhir.Value
	Source   string // name of the source it comes from
}

// Accepted is a change that a permitting decision carries; the only thing a
// store takes. Its zero value is refused by every store.
type Accepted struct {
	change    Change
	custodian profiles.OrgCode
	label     profiles.Label
}

// Accept admits a change under a permitted Import. It refuses a resource that
// says another type or id than the change, one without a source, and one that
// belongs to another person than the decision is about. Errors are ErrNotAccepted.
func (d Decision) Accept(c Change) (Accepted, error) {
	switch {
	case d.action != Import || d.outcome != Permit:
		return Accepted{}, fmt.Errorf("accepting %s: %w: the decision does not permit an import", c.Type, ErrNotAccepted)
	case c.Type == "" || c.ID == "" || c.Resource.Type() != c.Type || c.Resource.ID() != c.ID:
		return Accepted{}, fmt.Errorf("accepting %s: %w: the resource does not say the type and id it is brought in under", c.Type, ErrNotAccepted)
	case c.Source == "":
		return Accepted{}, fmt.Errorf("accepting %s: %w: no source is named", c.Type, ErrNotAccepted)
	case d.person != "" && c.Person != d.person:
		return Accepted{}, fmt.Errorf("accepting %s: %w: the decision is about another person", c.Type, ErrNotAccepted)
	}
	return Accepted{change: c, custodian: d.source, label: profiles.Items(c.Resource)}, nil
}

// Type is the FHIR type of the resource.
func (a Accepted) Type() string { return a.change.Type }

// ID is the id the resource is stored under.
func (a Accepted) ID() string { return a.change.ID }

// Person is whom the resource is about; empty for staff and organisations.
func (a Accepted) Person() profiles.PersonID { return a.change.Person }

// Custodian is the organisation whose record this is.
func (a Accepted) Custodian() profiles.OrgCode { return a.custodian }

// Source is the name of the source it comes from.
func (a Accepted) Source() string { return a.change.Source }

// Resource is the resource as it came.
func (a Accepted) Resource() fhir.Value { return a.change.Resource }

// Label is what the resource is, as profiles.Items labels it.
func (a Accepted) Label() profiles.Label { return a.label }
