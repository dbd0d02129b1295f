package road

import (
	"net/http"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
)

// Interaction is a RESTful interaction of FHIR R4, or what stands in its place
// for the two public documents.
type Interaction string

// The interactions that are served.
const (
	Read   Interaction = "read"
	VRead  Interaction = "vread"
	Search Interaction = "search-type"
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
	Fault       *Fault // set when the request is refused for its own sake
}

// Form is how an answer is written.
type Form struct {
	Pretty bool // indented, for people who look at it
}

// action is what the caller does, in the words of consent.
func (a Ask) action() consent.Action {
	if a.Interaction == Search {
		return consent.Search
	}
	return consent.Read
}

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
	Untold   Total = iota
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
}

// Error makes a Fault an error; the text is the English one.
func (f *Fault) Error() string { return f.Text.In(texts.English, f.Params...) }

// Refuse makes a Fault; the front uses it for what it refuses itself.
func Refuse(status int, code string, text texts.Key, params ...any) *Fault {
	return &Fault{Status: status, Code: code, Text: text, Params: params}
}

// The refusals that the road itself makes. Absent, refused and emptied are one:
// Nothing for a read, an empty searchset for a search.
var (
	Nothing          = Refuse(http.StatusNotFound, "not-found", texts.Nothing)
	faultUnknown     = Refuse(http.StatusUnauthorized, "login", texts.Unauthorized)
	faultUnread      = Refuse(http.StatusBadRequest, "invalid", texts.BadRequest)
	faultBusy        = Refuse(http.StatusServiceUnavailable, "transient", texts.Busy)
	faultTimeout     = Refuse(http.StatusGatewayTimeout, "timeout", texts.Timeout)
	faultBroken      = Refuse(http.StatusInternalServerError, "exception", texts.Broken)
	faultStaleCursor = Refuse(http.StatusBadRequest, "expired", texts.StaleCursor)
	faultLongCursor  = Refuse(http.StatusBadRequest, "too-costly", texts.BadRequest)
	faultNoPerson    = Refuse(http.StatusBadRequest, "required", texts.NameOnePerson)
)
