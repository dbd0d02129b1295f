// Package records is where resources are kept: every version, byte for byte, and
// the search index. It holds the interface, the queries and their conformance
// suite (recordstest); the stores under gateway/store implement it: there a
// Snapshot is one moment of everything kept, and a Tx one change of it.
package records

import (
	"errors"
	"math"
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
	// ErrChanged refuses a write whose precondition does not hold.
	ErrChanged = errors.New("the record is not as the change expects it")
	// ErrStale refuses a cursor or a version that the store cannot place.
	ErrStale = errors.New("the position is no longer known")
)

// Newest is above the number of every version.
const Newest = math.MaxInt64

// Version is one stored version of a resource.
type Version struct {
	Type, ID  string
	Number    uint64 // 1, 2, 3 ... of this resource; never shown to callers
	Person    profiles.PersonID
	Custodian profiles.OrgCode
	Source    string // name of the source that last wrote it
	Origin    string // what of the source it was made of, and by what (intake.Origin); empty where it was written here
	Body      []byte // as it came
	Stored    time.Time
	Label     profiles.Label
	Deleted   bool // the resource is no more; the label is that of the version before
}

// Change is one version as the order of all changes has it, without its body.
type Change struct {
	Version
	Place uint64
}

// Edit tells one request to change a resource from every other: a digest of who asked, of
// which version, and for what.
type Edit [32]byte

// Visible is a version as a scope lets it through.
type Visible struct {
	Version
	SeenNumber uint64    // the newest version that the scope notices
	SeenAt     time.Time // when that one was stored
}

// Result is what became of one accepted change.
type Result struct {
	Number uint64
	Stored bool // false: the same bytes were already there
}

// Reader is what an answer is made from. What takes scopes applies them inside the
// query, so that pages, totals and positions only ever count what may be seen. A
// resource is judged by the scope that names its person, its custodian and its type. No
// two scopes of one query name the same three; those of a read are of one type.
type Reader interface {
	// Person resolves a business identifier to the one person who has it: nil
	// error only for exactly one; nobody and several are both ErrNothing. Those for
	// whom it is superseded are looked at only where nobody has it in use, and those
	// whose records are kept apart never.
	Person(system, value string) (profiles.PersonID, error)
	// PersonOf tells whom a stored resource is about, although it may be deleted:
	// who asks for it is recorded all the same. It is empty for directory types.
	PersonOf(typ, id string) (profiles.PersonID, error)
	// CustodianOf tells whose a stored resource is, although it may be deleted.
	CustodianOf(typ, id string) (profiles.OrgCode, error)
	// Holdings gathers what decisions about a person rest on. Those of an unknown
	// person are empty, and no error: deciding goes on as for anybody. Those of the
	// empty PersonID say who holds a directory.
	Holdings(person profiles.PersonID) (Holdings, error)

	Read(scopes []Scope, id string) (Visible, error)
	// ReadVersion finds a version that the scope notices and that it saw as it then
	// was, of a resource that it sees now: what is restricted today is not open in
	// its history. Where the scope holds to current plans, that is the version which
	// Read gives now, and no other.
	ReadVersion(scopes []Scope, id string, number uint64) (Visible, error)
	// Versions are those of a resource that ReadVersion finds below a number, so many at most,
	// the newest first. It takes longer with each version that it passes over.
	Versions(scopes []Scope, id string, below uint64, limit int) ([]Visible, error)
	Find(scopes []Scope, q Query) (Page, error)
	// Targets says about whom, and under which label, is what the given references
	// ("Type/id") in a custodian's record lead to. A reference that leads to nothing
	// of the same custodian is left out.
	Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error)
}

// Snapshot is one moment of the records.
type Snapshot interface {
	Reader
	// Current is the current version of a resource, whose ever it is; ErrNothing where
	// it was never stored. It is for bringing in, never for disclosure.
	Current(typ, id string) (Version, error)
	// History is every version of a resource, the newest first; none of what was never
	// stored. It is for whoever works out who wrote what, never for disclosure.
	History(typ, id string) ([]Version, error)
	// Image is what a source last said of a resource that others have written too: what it
	// changes of it is the difference to what it says next, whatever others have made of it
	// meanwhile. It is nil where the source said nothing else than what is stored, or nothing.
	Image(typ, id, source string) ([]byte, error)
	// Edited reports whether an edit of a resource was made.
	Edited(typ, id string, edit Edit) (bool, error)
	// Sent is as of when a source last sent something (mapping.Sending); empty where it
	// never did, or did not say.
	Sent(id string) (at string, err error)
	// Held is what is kept about a person of one type, or of every type where none is
	// given, in the order of first storing and with what was removed: for whoever brings
	// records in or settles whose they are, never for disclosure.
	Held(person profiles.PersonID, typ string) ([]Version, error)
	// Generation is that of the person's holdings, without the facts.
	Generation(person profiles.PersonID) (uint64, error)
	// Changes are the versions that were stored after a place in the order of all changes,
	// of records about persons, so many at most, the oldest first: for whoever tells of
	// them, never for disclosure.
	Changes(after uint64, limit int) ([]Change, error)
	// Outdated counts the versions that are judged by what other rules than these, or
	// other targets of their references than today's, made of them.
	Outdated() (int, error)
	// Sequence is the place of the last change to the store. While it is the same,
	// nothing that a Reader reads has changed.
	Sequence() (uint64, error)
	// Incarnation tells apart what the store was before it was put back to an earlier moment,
	// and after: numbers of two incarnations say nothing of each other.
	Incarnation() string
	// Editions tells the current versions of directory records apart: by the place of the
	// last change to each. What references lead to nothing of their custodian is left out.
	Editions(refs []Reference) (map[Reference]uint64, error)
}

// Tx is one change of the records. It reads what it has written.
type Tx interface {
	Snapshot
	// Put keeps what a decision accepted: a new version where the bytes differ,
	// nothing where they are the same, and for a removal a version that says so. It
	// raises the generation of the person and of everybody who has an identifier that
	// the person's Patient has or had; where the resource is a fact, also that of the
	// person from whom these records are kept apart. A change that is Refused leaves no
	// trace, and the transaction goes on.
	Put(at time.Time, a consent.Accepted, must Precondition) (Result, error)
	// PutAll puts changes together, one after the other and without preconditions: all of
	// them, or none where one is Refused. Then the results are those of the changes before
	// it.
	PutAll(at time.Time, changes []Put) ([]Result, error)
	// KeepImage keeps what a source says of a resource, instead of what it said before.
	KeepImage(typ, id, source string, body []byte) error
	// KeepEdit keeps that an edit of a resource was made.
	KeepEdit(typ, id string, edit Edit) error
	// KeepSent keeps as of when a source sent something, instead of when it did before.
	KeepSent(id, at string) error
	// Reindex works out anew what outdated versions are found and judged by, of so
	// many at most, and says how many it did. It raises the generations of whom they
	// are about. A transaction does so by itself with what it makes outdated, as far
	// as that takes no longer than its own work.
	Reindex(limit int) (int, error)
}

// Refused reports whether an error of Put or PutAll refuses one change; any other
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

// Absent asks that there is no such resource: none yet, or none any more.
func Absent() Precondition { return Precondition{asked: true} }

// AtVersion asks that the resource is there, and this is the number of its
// current version.
func AtVersion(number uint64) Precondition { return Precondition{asked: true, number: number} }

// Query is one search, already parsed and checked against profiles. It looks for the
// types of its scopes.
type Query struct {
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
