package profiles

import (
	"slices"
	"strings"
	"time"
)

// ParamKind says how a search parameter is written and compared.
type ParamKind uint8

// The kinds of search parameter.
const (
	ParamToken     ParamKind = iota + 1 // system|code
	ParamReference                      // Type/id
	ParamDate                           // prefix and date, an interval
	ParamString                         // compared exactly: the URI of _profile. No names or texts can be searched
	ParamID                             // a resource's id
)

// SearchParam is one parameter that a type can be searched by.
type SearchParam struct {
	Name      string
	Kind      ParamKind
	Modifiers []string // "not", "identifier"; types of Targets are modifiers as well
	Chains    []string // the elements of the target that may follow after a dot
	Targets   []string // of a reference
	Paths     []string // elements, dotted
	System    string   // of a token whose element is a code: the system it implies
	Sortable  bool
	Doc       string
}

// Param is one parameter of a request, read. It matches where any of its values does.
type Param struct {
	Name     string
	Kind     ParamKind
	Modifier string // "", "not", or "identifier", whose values are tokens
	Values   []Operand
}

// Operand is one value. Which fields count depends on the parameter's kind.
type Operand struct {
	Prefix      string // of a date: eq ne lt le gt ge sa eb ap
	System      string
	Code        string
	AnySystem   bool      // code without a bar
	NoSystem    bool      // |code
	AnyCode     bool      // system|
	Ref         string    // "Type/id"
	From, Until time.Time // of a date, until exclusive; with ap already widened
	Text        string    // of a string or an id
}

// Entry is one row of the search index of a resource.
type Entry struct {
	Param       string
	Kind        ParamKind
	System      string
	Code        string
	Ref         string    // "Type/id"
	From, Until time.Time // zero: open on that side
	Text        string

	// Need is what a caller must be granted for this row to count: the items
	// of the element that it was taken from. A row that counted without them
	// would tell by a match what is withheld from the answer. Most rows come
	// from the frame and need nothing.
	Need ItemSet
}

// Usable are the entries that count for a caller granted these items. Match is
// asked with these, and a store holds its rows to the same rule.
func Usable(entries []Entry, granted ItemSet) []Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Need&^granted != 0 })
}

// SortKey is one key of _sort. The zero Order is ascending.
type SortKey struct {
	Param      string
	Descending Order
}

// Order is the direction of a sort.
type Order bool

// The directions.
const (
	Ascending  Order = false
	Descending Order = true
)

// ParamError refuses a parameter. It names the parameter and what is allowed;
// it never repeats the value.
type ParamError struct {
	Param   string   // as the request wrote it, or "?" where it could hold personal data
	Code    Text     // TextUnknownParameter, TextUnknownModifier, TextParameterValue or TextUnknownSort
	Allowed []string // names, modifiers or forms of a value
}

// Error is the English text of the catalogue.
func (e *ParamError) Error() string { return e.Code.In(English, e.Args()...) }

// Args are the arguments that the text Code takes.
func (e *ParamError) Args() []any { return []any{e.Param, strings.Join(e.Allowed, ", ")} }

// SearchParams is the closed list for a served type, sorted by name; empty for a
// type that cannot be searched. The result must not be changed.
func SearchParams(typ string) []SearchParam { return searchParams()[typ] }

func searchParam(typ, name string) (SearchParam, bool) {
	params := SearchParams(typ)
	at, ok := slices.BinarySearchFunc(params, name, func(p SearchParam, n string) int { return strings.Compare(p.Name, n) })
	if !ok {
		return SearchParam{}, false
	}
	return params[at], true
}
