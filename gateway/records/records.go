// Package records is where resources are kept: every version, byte for byte, and
// the search index. It holds the interface, the queries and their conformance
// suite (recordstest); the stores under gateway/store implement it: there a
// Snapshot is one moment of everything kept, and a Tx one change of it.
package records

import (
	"errors"
	"fmt"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Errors that callers tell apart. Anything else is a failure of the store, and
// a failure releases nothing.
var (
	// ErrNothing is the one answer for hidden, deleted and never existed.
	ErrNothing = errors.New("nothing that this decision lets through")
	// ErrOtherCustodian refuses a write to a record that another organisation holds.
	ErrOtherCustodian = errors.New("the record belongs to another custodian")
	// ErrOtherPerson refuses a write that would move a record from one person to another.
	ErrOtherPerson = errors.New("the record belongs to another person")
	// ErrChanged refuses a write whose precondition does not hold.
	ErrChanged = errors.New("the record is not as the change expects it")
	// ErrStale refuses a cursor or a version that the store cannot place.
	ErrStale = errors.New("the position is no longer known")
)

// Version is one stored version of a resource.
type Version struct {
	Type, ID  string
	Number    uint64 // 1, 2, 3 ... of this resource; never shown to callers
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Source    string // name of the source that last wrote it
	Body      []byte // as it came
	Stored    time.Time
	Label     profiles.Label
	Changed   profiles.ItemSet // the items that this version changed
}

// Visible is a version as one decision lets it through.
type Visible struct {
	Version
	SeenNumber uint64    // the last version that changed something the caller may see
	SeenAt     time.Time // when that one was stored
}

// Dossier is what a decision needs to know about a person: the current Patient,
// CareTeam, EpisodeOfCare and Consent resources, the Consents of records that are
// kept apart from the person's, where the person stands, and the epoch that all of it
// belongs to. It is for deciding and is never disclosed.
type Dossier struct {
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Epoch     uint64
	Facts     []Version // those of another person are of records kept apart
	Standing  facts.Standing
}

// Compiled are the facts of a dossier as decisions read them.
func (d Dossier) Compiled() ([]facts.Compiled, error) {
	compiled := make([]facts.Compiled, 0, len(d.Facts)+1)
	for _, f := range d.Facts {
		resource, err := fhir.ParseResource(f.Body)
		if err != nil {
			return nil, fmt.Errorf("reading a %s of a dossier: %w", f.Type, err)
		}
		one := facts.Compile(f.Custodian, resource)
		one.Apart = f.Person != d.Person
		compiled = append(compiled, one)
	}
	return append(compiled, facts.Stand(d.Standing)), nil
}

// Result is what became of one accepted change.
type Result struct {
	Number uint64
	Stored bool // false: the same bytes were already there
}

// Snapshot is one moment of the records. Every method that takes a Decision
// applies its items and its person inside the query, so that pages, totals and
// positions only ever count what may be seen.
type Snapshot interface {
	// Person resolves a business identifier to the one person who has it: nil
	// error only for exactly one; nobody and several are both ErrNothing. Who has it
	// in use goes before whom it led to once; records kept apart have none.
	Person(system, value string) (profiles.PersonID, error)
	// PersonOf tells whom a stored resource is about; empty for directory types.
	PersonOf(typ, id string) (profiles.PersonID, error)
	// Dossier gathers the facts for a decision. An unknown person has an empty
	// dossier of epoch 0 and no error: deciding goes on as for anybody.
	Dossier(person profiles.PersonID) (Dossier, error)
	// Held is everything that is kept about a person, in the order of first storing:
	// for whoever brings records in or settles whose they are, never for disclosure.
	Held(person profiles.PersonID) ([]Version, error)
	// Epoch is that of the person's dossier, without the facts.
	Epoch(person profiles.PersonID) (uint64, error)

	Read(d consent.Decision, typ, id string) (Visible, error)
	// ReadVersion finds a version that changed something the caller may see and
	// that was visible to them as it then was, of a resource that is visible now:
	// what is restricted today is not open in its history.
	ReadVersion(d consent.Decision, typ, id string, number uint64) (Visible, error)
	Find(d consent.Decision, q Query) (Page, error)
	// Targets says whom, and under which label, the given references
	// ("Type/id") lead to; a reference that is not stored is left out.
	Targets(refs []string) (map[string]disclosure.Target, error)
}

// Tx is one change of the records. It reads what it has written.
type Tx interface {
	Snapshot
	// Put keeps what a decision accepted: a new version where the bytes differ,
	// nothing where they are the same. A change to a fact (Patient, CareTeam,
	// EpisodeOfCare, Consent) moves the person's epoch. A change that is Refused
	// leaves no trace, and the transaction goes on.
	Put(at time.Time, a consent.Accepted, must Precondition) (Result, error)
}

// Refused reports whether an error of Put refuses that one change; any other
// fails the transaction.
func Refused(err error) bool {
	return errors.Is(err, ErrOtherCustodian) || errors.Is(err, ErrOtherPerson) || errors.Is(err, ErrChanged)
}

// Precondition is what must be true of a resource before it is changed; the zero
// value asks for nothing.
type Precondition struct {
	asked  bool
	number uint64
}

// Absent asks that there is no such resource.
func Absent() Precondition { return Precondition{asked: true} }

// AtVersion asks that the resource is there, and this is the number of its
// current version.
func AtVersion(number uint64) Precondition { return Precondition{asked: true, number: number} }

// Query is one search, already parsed and checked against profiles.
type Query struct {
	Type   string
	Params []search.Param   // all must match; within one, any value
	Sort   []search.SortKey // empty: the order of first storing
	Count  int              // page size, at least 1
	After  string           // position given out by Page.Next; empty for the first page
}

// Page is one page of matches.
type Page struct {
	Matches []Visible
	Next    string // position of the next page, empty at the end; the road seals it before a caller sees it
}
