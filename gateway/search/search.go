// Package search is the search of FHIR R4: which parameters a type can be searched
// by, what a request asks with them, the rows of the index that a resource gives,
// and when they match. It holds no store and no SQL.
package search

import (
	"slices"
	"strings"
	"time"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// Kind says how a search parameter is written and compared.
type Kind uint8

// The kinds of search parameter.
const (
	Token     Kind = iota + 1 // system|code
	Reference                 // Type/id
	Date                      // prefix and date, an interval
	URI                       // compared exactly: that of _profile. No names or texts can be searched
	ID                        // a resource's id
)

// Definition is one parameter that a type can be searched by.
type Definition struct {
	Name      string
	Kind      Kind
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
	Kind     Kind
	Modifier string // "", "not", or "identifier", whose values are tokens
	Values   []Operand
}

// Operand is one value. Which fields count depends on the parameter's kind.
type Operand struct {
	Prefix      string // of a date: eq ne lt le gt ge sa eb ap
	System      string
	Code        string
	AnySystem   bool             // code without a bar
	NoSystem    bool             // |code
	AnyCode     bool             // system|
	Ref         string           // "Type/id"
	Holder      profiles.OrgCode // of a reference: in whose records it is looked for; empty: in everybody's
	From, Until time.Time        // of a date, until exclusive; with ap already widened
	Text        string           // of a string or an id
}

// Entry is one row of the search index of a resource.
type Entry struct {
	Param       string
	Kind        Kind
	System      string
	Code        string
	Ref         string    // "Type/id"
	From, Until time.Time // zero: open on that side
	Text        string

	// Need is what a caller must be granted for this row to count: the items
	// of the element that it was taken from. A row that counted without them
	// would tell by a match what is withheld from the answer. Most rows come
	// from the frame and need nothing.
	Need profiles.ItemSet
}

// Usable are the entries that count for a caller granted these items. Match is
// asked with these, and a store holds its rows to the same rule.
func Usable(entries []Entry, granted profiles.ItemSet) []Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !granted.Covers(e.Need) })
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

// Include asks for what the matches refer to by one of their parameters.
type Include struct {
	Paths []string `json:"e"` // elements of a match that hold the references, dotted
	Types []string `json:"t"` // that are given
}

// Error refuses a parameter. It names the parameter and what is allowed;
// it never repeats the value.
type Error struct {
	Param   string    // as the request wrote it, or "?" where it could hold personal data
	Code    texts.Key // texts.UnknownParameter, texts.UnknownModifier, texts.ParameterValue or texts.UnknownSort
	Allowed []string  // names, modifiers or forms of a value
}

// Error is the English text of the catalogue.
func (e *Error) Error() string { return e.Code.In(texts.English, e.Args()...) }

// Args are the arguments that the text Code takes.
func (e *Error) Args() []any { return []any{e.Param, strings.Join(e.Allowed, ", ")} }

// Definitions is the closed list for a served type, sorted by name; empty for a
// type that cannot be searched. The result must not be changed.
func Definitions(typ string) []Definition { return definitions()[typ] }

func definition(typ, name string) (Definition, bool) {
	params := Definitions(typ)
	at, ok := slices.BinarySearchFunc(params, name, func(p Definition, n string) int { return strings.Compare(p.Name, n) })
	if !ok {
		return Definition{}, false
	}
	return params[at], true
}
