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

// Removal is one resource that is to be there no more.
type Removal struct {
	Type, ID string
	Person   profiles.PersonID // empty for staff and organisations
	Source   string            // name of the source that says so
}

// Accepted is a change that a permitting decision carries; the only thing a
// store takes. Its zero value is refused by every store.
type Accepted struct {
	change    Change // without a resource: a removal
	custodian profiles.OrgCode
	label     profiles.Label
}

// Accept admits a change under a permitted Import. It refuses a resource that
// says another type or id than the change, one without a source, and one that
// belongs to another person than the decision is about. Errors are ErrNotAccepted.
func (d Decision) Accept(c Change) (Accepted, error) {
	if c.Resource.Type() != c.Type || c.Resource.ID() != c.ID {
		return Accepted{}, fmt.Errorf("accepting %s: %w: the resource does not say the type and id it is brought in under", c.Type, ErrNotAccepted)
	}
	if err := d.accepts(c); err != nil {
		return Accepted{}, err
	}
	return Accepted{change: c, custodian: d.source, label: profiles.Items(c.Resource)}, nil
}

// AcceptRemoval admits a removal as Accept does a change.
func (d Decision) AcceptRemoval(r Removal) (Accepted, error) {
	c := Change{Type: r.Type, ID: r.ID, Person: r.Person, Source: r.Source}
	if err := d.accepts(c); err != nil {
		return Accepted{}, err
	}
	return Accepted{change: c, custodian: d.source}, nil
}

func (d Decision) accepts(c Change) error {
	switch {
	case d.action != Import || d.outcome != Permit:
		return fmt.Errorf("accepting %s: %w: the decision does not permit an import", c.Type, ErrNotAccepted)
	case c.Type == "" || c.ID == "":
		return fmt.Errorf("accepting a change: %w: it has no type or no id", ErrNotAccepted)
	case c.Source == "":
		return fmt.Errorf("accepting %s: %w: no source is named", c.Type, ErrNotAccepted)
	case d.person != "" && c.Person != d.person:
		return fmt.Errorf("accepting %s: %w: the decision is about another person", c.Type, ErrNotAccepted)
	}
	return nil
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

// Removal reports whether the resource is to be there no more.
func (a Accepted) Removal() bool { return !a.change.Resource.Exists() }

// Resource is the resource as it came; absent for a removal.
func (a Accepted) Resource() fhir.Value { return a.change.Resource }

// Label is what the resource is, as profiles.Items labels it.
func (a Accepted) Label() profiles.Label { return a.label }
