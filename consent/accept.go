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
	Origin   string // what of the source it was made of, and by what; no rule reads it
	// Custodian is whose record it is. What is contributed has to say it; left out,
	// it is the custodian of the decision.
	Custodian profiles.OrgCode
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

// Accept admits a change under a permitted Import, Create or Update. It refuses a
// resource that says another type or id than the change, one without a source, and one
// that belongs to another person or custodian than the decision is about. Under a write
// it also refuses another type than the decision's, and what needs more than the decision
// lets the caller keep or, of a contribution, see: a contributor cannot close a record
// to itself. Errors are ErrNotAccepted.
func (d Decision) Accept(c Change) (Accepted, error) {
	if c.Resource.Type() != c.Type || c.Resource.ID() != c.ID {
		return Accepted{}, fmt.Errorf("accepting %s: %w: the resource does not say the type and id it is brought in under", c.Type, ErrNotAccepted)
	}
	label := profiles.Items(c.Resource)
	if err := d.accepts(c); err != nil {
		return Accepted{}, err
	}
	if d.action.writes() && !label.Within(d.kept) {
		return Accepted{}, fmt.Errorf("accepting %s: %w: it needs more than the decision lets the caller keep", c.Type, ErrNotAccepted)
	}
	return Accepted{change: c, custodian: d.source, label: label}, nil
}

// AcceptRemoval admits a removal under a permitted Import or Delete, as Accept does a change.
func (d Decision) AcceptRemoval(r Removal) (Accepted, error) {
	c := Change{Type: r.Type, ID: r.ID, Person: r.Person, Source: r.Source}
	if err := d.accepts(c); err != nil {
		return Accepted{}, err
	}
	return Accepted{change: c, custodian: d.source}, nil
}

func (d Decision) accepts(c Change) error {
	switch {
	case d.outcome != Permit || !d.stores(c):
		return fmt.Errorf("accepting %s: %w: the decision does not permit it", c.Type, ErrNotAccepted)
	case c.Type == "" || c.ID == "":
		return fmt.Errorf("accepting a change: %w: it has no type or no id", ErrNotAccepted)
	case c.Source == "":
		return fmt.Errorf("accepting %s: %w: no source is named", c.Type, ErrNotAccepted)
	case d.action.writes() && c.Type != d.typ:
		return fmt.Errorf("accepting %s: %w: the decision is about another type", c.Type, ErrNotAccepted)
	case c.Person != d.person && (d.action.writes() || d.person != ""):
		return fmt.Errorf("accepting %s: %w: the decision is about another person", c.Type, ErrNotAccepted)
	case c.Custodian != d.source && (c.Custodian != "" || d.action.writes() && !d.Custodial()):
		return fmt.Errorf("accepting %s: %w: the decision is about another custodian", c.Type, ErrNotAccepted)
	}
	return nil
}

// stores reports whether what was decided on is a change of this kind: a resource to be
// stored or, without one, a removal.
func (d Decision) stores(c Change) bool {
	if c.Resource.Exists() {
		return d.action == Import || d.action == Create || d.action == Update
	}
	return d.action == Import || d.action == Delete
}

// Type is the FHIR type of the resource.
func (a Accepted) Type() string { return a.change.Type }

// ID is the id the resource is stored under.
func (a Accepted) ID() string { return a.change.ID }

// Person is whom the resource is about; empty for staff and organisations.
func (a Accepted) Person() profiles.PersonID { return a.change.Person }

// Custodian is the organisation whose record this is.
func (a Accepted) Custodian() profiles.OrgCode { return a.custodian }

// Origin is what of the source it was made of, and by what; empty where nobody said.
func (a Accepted) Origin() string { return a.change.Origin }

// Source is the name of the source it comes from.
func (a Accepted) Source() string { return a.change.Source }

// Removal reports whether the resource is to be there no more.
func (a Accepted) Removal() bool { return !a.change.Resource.Exists() }

// Resource is the resource as it came; absent for a removal.
func (a Accepted) Resource() fhir.Value { return a.change.Resource }

// Label is what the resource is, as profiles.Items labels it.
func (a Accepted) Label() profiles.Label { return a.label }
