// Package records is where resources are kept: every version, byte for byte, and
// the search index. It holds the interface, the queries and their conformance
// suite (recordstest); the stores under gateway/store implement it.
package records

import (
	"context"
	"errors"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
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
// CareTeam, EpisodeOfCare and Consent resources, and the epoch they belong to.
// It is for deciding and is never disclosed.
type Dossier struct {
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Epoch     uint64
	Facts     []Version
}

// Result is what became of one accepted change.
type Result struct {
	Type, ID string
	Number   uint64
	Stored   bool  // false: the same bytes were already there
	Err      error // ErrOtherCustodian, ErrOtherPerson (see Next); the rest of the batch is stored all the same
}

// Reader finds what a decision lets through. Every method that takes a Decision
// applies its items and its person inside the query, so that pages, totals and
// positions only ever count what may be seen.
type Reader interface {
	// Person resolves a business identifier to the one person who has it: nil
	// error only for exactly one; nobody and several are both ErrNothing.
	Person(ctx context.Context, system, value string) (profiles.PersonID, error)
	// PersonOf tells whom a stored resource is about; empty for directory types.
	PersonOf(ctx context.Context, typ, id string) (profiles.PersonID, error)
	// Dossier gathers the facts for a decision. An unknown person has an empty
	// dossier of epoch 0 and no error: deciding goes on as for anybody.
	Dossier(ctx context.Context, person profiles.PersonID) (Dossier, error)

	Read(ctx context.Context, d consent.Decision, typ, id string) (Visible, error)
	// ReadVersion finds a version that changed something the caller may see and
	// that was visible to them as it then was, of a resource that is visible now:
	// what is restricted today is not open in its history.
	ReadVersion(ctx context.Context, d consent.Decision, typ, id string, number uint64) (Visible, error)
	Find(ctx context.Context, d consent.Decision, q Query) (Page, error)
	// Targets says whom, and under which label, the given references
	// ("Type/id") lead to; a reference that is not stored is left out.
	Targets(ctx context.Context, refs []string) (map[string]disclosure.Target, error)
}

// Writer keeps what a decision accepted.
type Writer interface {
	// Put stores a batch in one transaction: a new version where the bytes
	// differ, nothing where they are the same. A change to a fact (Patient,
	// CareTeam, EpisodeOfCare, Consent) moves the person's epoch in the same
	// transaction. Results are in the order of the batch. An error means that
	// nothing of the batch was acknowledged; to put it again is always safe.
	Put(ctx context.Context, at time.Time, batch []consent.Accepted) ([]Result, error)
}

// Store is everything the gateway keeps.
type Store interface {
	Reader
	Writer
	Quarantine
	Close() error
}

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

// Quarantine keeps what an import could not take.
type Quarantine interface {
	// SetAside keeps faults; one that is already kept (same ID) is left as it is.
	// It returns how many were new.
	SetAside(ctx context.Context, faults []Fault) (int, error)
	// Faults lists what is set aside, oldest first; open ones only unless all is asked for.
	Faults(ctx context.Context, filter FaultFilter) ([]Fault, error)
	// Settle marks faults as dealt with.
	Settle(ctx context.Context, at time.Time, ids []string) error
}

// Fault is one record that could not be taken, whole.
type Fault struct {
	ID        string // derived from source, file, record and rule: a rerun finds the same one
	Source    string
	Custodian profiles.OrgCode // whose records these are, as the run had it
	File      string           // name within the extract
	Row       int              // 1-based row or entry; 0 for the file as a whole
	Field     string
	Value     string
	Rule      string // such as MHS70109
	Reason    string
	Raw       []byte // everything needed to feed the record in again
	At        time.Time
	Settled   time.Time // zero while open
}

// FaultFilter narrows a listing; the zero filter is every open fault.
type FaultFilter struct {
	Source  string
	ID      string
	Settled bool // settled ones as well
}

// Admits reports whether a listing under the filter shows a fault.
func (f FaultFilter) Admits(fault Fault) bool {
	return (f.Source == "" || f.Source == fault.Source) &&
		(f.ID == "" || f.ID == fault.ID) &&
		(f.Settled || fault.Settled.IsZero())
}
