package road

import (
	"net/http"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// Interaction is a RESTful interaction of FHIR R4, or what stands in its place
// for the two public documents.
type Interaction string

// The interactions that are served.
const (
	Read    Interaction = "read"
	VRead   Interaction = "vread"
	History Interaction = "history-instance"
	Search  Interaction = "search-type"
	Create  Interaction = "create"
	Update  Interaction = "update"
	Patch   Interaction = "patch"
	Delete  Interaction = "delete"

	Status Interaction = "$status" // of a subscription
	Events Interaction = "$events" // of a subscription: again

	Transform Interaction = "$transform" // of bytes that the caller holds

	BreakGlass Interaction = "$break-glass" // to see one person's crisis slice, for a reason that is stated

	Batch       Interaction = "batch"
	Transaction Interaction = "transaction"

	Public Interaction = "public" // metadata and .well-known: about nobody
	None   Interaction = "none"   // not on the allow-list
)

// Ask is one request, parsed once by the front and checked against the
// allow-list: what follows never looks at the URL again.
type Ask struct {
	Interaction Interaction
	Type        string // a served type
	ID          string
	Version     string // as the caller wrote it, for a vread
	Form        Form
	Subset      disclosure.Subset
	Search      SearchAsk
	Write       WriteAsk
	Own         SubscriptionAsk
	Mapped      Mapping     // of a $transform
	Glass       audit.Glass // of a $break-glass: what is stated; whom it is for stands in Search
	Entries     []Ask       // of a batch or a transaction
	Fault       *Fault      // set when the request is refused for its own sake
	// Sent reads the body, and gives the Ask that it makes of this one: it is called once
	// it is known who asks, and for whom there is room. nil: there is nothing more to read.
	Sent func() Ask
}

// Form is how an answer is written.
type Form struct {
	Pretty bool // indented, for people who look at it
}

// action is what the caller does, in the words of consent.
func (a Ask) action() consent.Action {
	switch a.Interaction {
	case Search:
		return consent.Search
	case Create:
		return consent.Create
	case Update, Patch:
		return consent.Update
	case Delete:
		return consent.Delete
	}
	return consent.Read
}

// one reports that the answer is one resource, and has its version.
func (a Ask) one() bool { return a.Interaction != Search && a.Interaction != History }

// changes reports that something is to be changed.
func (a Ask) changes() bool {
	return a.Interaction == Create || a.Interaction == Update || a.Interaction == Patch || a.Interaction == Delete
}

// WriteAsk is the parsed part of a request to change something.
type WriteAsk struct {
	Resource fhir.Value // what a create or an update brings
	Patch    []byte     // of a patch: JSON Patch (RFC 6902)
	Name     string     // what the other entries of a transaction call what it creates
	Match    string     // the version that If-Match names, as it was given out; empty: none
	// Condition is a search for what the caller's own organisation holds about the same
	// person. A create is made only where nothing matches, an update is of the one that
	// matches; nil: of no create, and of an update by its id.
	Condition *SearchAsk
	Stale     Stale
	Return    Return
}

// Stale says what becomes of an edit of a version that is not the newest any more.
type Stale uint8

// The zero Stale is what HTTP says.
const (
	RefuseStale Stale = iota // it is refused
	Merge                    // it is carried over to the newest, where it does not clash with what others changed
)

// Return is what the answer to a change holds (R4, http.html#return).
type Return uint8

// The zero Return is the resource as the caller now sees it.
const (
	Representation Return = iota
	Minimal               // nothing
	Outcome               // that it was done
)

// SearchAsk is the parsed part of a search.
type SearchAsk struct {
	Params  []search.Param // all but those that name the person
	Names   []string       // names of every parameter used, for the record
	Sort    []search.SortKey
	Count   int   // matches of a page; 0 asks for the total alone
	Total   Total // whether the answer tells how many matches there are
	Include []search.Include
	Cursor  string // a page position given out before; everything else is inside it
	Shown   string // the query of the self link: what was used, without identifiers
	Crisis  Crisis // whether the answer carries the crisis entry
	Person  PersonKey
}

// Crisis says whether a search asks for the crisis plan; the zero value does not.
type Crisis uint8

// CrisisRead carries one and the same entry, found or not.
const (
	_ Crisis = iota
	CrisisRead
)

// Total says whether a search tells how many matches may be seen.
type Total uint8

// The zero Total tells nothing.
const (
	NoTotal  Total = iota
	Accurate       // and never an estimate: what may be seen of one person is soon counted
)

// PersonKey is how a search names its person: by business identifier, or by a
// resource that is about the person. All empty: the search names nobody.
type PersonKey struct {
	System, Value string
	Type, ID      string
}

// Fault is a refusal with its place in the catalogue of texts. Params are
// parameter names or limits, never what the caller sent as a value.
type Fault struct {
	Status int
	Code   string // OperationOutcome issue code
	Text   texts.Key
	Params []any
	Issues []Issue // one by one, where there are several
}

// Issue is one thing that a Fault refuses, and where it stands in what the caller sent.
type Issue struct {
	Code       string // OperationOutcome issue code
	Expression string // FHIRPath
	Text       string // in English, and never a value of what was sent
}

// Error makes a Fault an error; the text is the English one.
func (f *Fault) Error() string { return f.Text.In(texts.English, f.Params...) }

// OfEntry is the refusal of a transaction for one of its entries: where it stands comes
// before what is wrong in it.
func (f *Fault) OfEntry(where string) *Fault {
	of := *f
	of.Issues = append([]Issue{{Code: f.Code, Expression: where, Text: "this entry was refused, and so nothing of the transaction was done"}}, f.Issues...)
	return &of
}

// Refuse makes a Fault; the front uses it for what it refuses itself.
func Refuse(status int, code string, text texts.Key, params ...any) *Fault {
	return &Fault{Status: status, Code: code, Text: text, Params: params}
}

// The refusals that the front makes too. Absent, refused and emptied are one: Nothing
// for a read, an empty searchset for a search.
var (
	Nothing    = Refuse(http.StatusNotFound, "not-found", texts.Nothing)
	BadRequest = Refuse(http.StatusBadRequest, "invalid", texts.BadRequest)
	Timeout    = Refuse(http.StatusGatewayTimeout, "timeout", texts.Timeout)
	Broken     = Refuse(http.StatusInternalServerError, "exception", texts.Broken)
	Outdated   = Refuse(http.StatusPreconditionFailed, "conflict", texts.Stale)
)

// The refusals that the road alone makes.
var (
	faultUnknown     = Refuse(http.StatusUnauthorized, "login", texts.Unauthorized)
	faultBusy        = Refuse(http.StatusServiceUnavailable, "transient", texts.Busy)
	faultStaleCursor = Refuse(http.StatusBadRequest, "expired", texts.StaleCursor)
	faultLongCursor  = Refuse(http.StatusBadRequest, "too-costly", texts.BadRequest)
	faultMoved       = Refuse(http.StatusPreconditionFailed, "conflict", texts.TaskMoved)
	faultNoChoice    = Refuse(http.StatusUnprocessableEntity, "business-rule", texts.TaskNoChoice)
	faultNoVersion   = Refuse(http.StatusPreconditionRequired, "required", texts.NoVersion)
	faultNotYours    = Refuse(http.StatusUnprocessableEntity, "forbidden", texts.NotYours)
	faultOtherID     = Refuse(http.StatusBadRequest, "invalid", texts.OtherId)
	faultNoPatient   = Refuse(http.StatusUnprocessableEntity, "business-rule", texts.NoPatient)
	faultBadPatch    = Refuse(http.StatusUnprocessableEntity, "processing", texts.BadPatch)
	faultSeveral     = Refuse(http.StatusPreconditionFailed, "multiple-matches", texts.SeveralMatch)
	faultTwice       = Refuse(http.StatusUnprocessableEntity, "duplicate", texts.ChangedTwice)
	faultBadBundle   = Refuse(http.StatusUnprocessableEntity, "not-found", texts.UnknownName)
	faultNoPerson    = Refuse(http.StatusBadRequest, "required", texts.NameOnePerson)
)
