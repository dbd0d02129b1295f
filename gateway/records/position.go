package records

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Position is where a page ended. Stores hand it out as Page.Next and take it
// back as Query.After; the road seals it before a caller sees it.
//
// Without sort keys a walk follows the order in which resources were first
// stored, which never changes. A walk by sort keys follows the order of one
// moment, AsOf, because a resource that is written while somebody leafs through
// would otherwise jump over the place they have reached: given twice, or never.
type Position struct {
	AsOf  uint64   `json:"o,omitempty"` // the newest version that counts for the order; 0 without sort keys
	Keys  []string `json:"k,omitempty"` // the last match's value for each sort key
	Place uint64   `json:"p"`           // the last match's place in the order of first storing
}

// String is the position as a query carries it.
func (p Position) String() string {
	text, err := json.Marshal(p)
	if err != nil { // numbers and strings always marshal
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// Start reads the position that a query goes on from: the zero Position for the
// first page, ErrStale for a text that is none or belongs to another sorting.
// A page that is to hold nothing is an error of the caller's code.
func (q Query) Start() (Position, error) {
	var p Position
	if q.Count < 1 {
		return p, errors.New("a page holds at least one match")
	}
	if q.After == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.After)
	if err != nil {
		return p, fmt.Errorf("reading a position: %w", ErrStale)
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Place == 0 || len(p.Keys) != len(q.Sort) || (p.AsOf == 0) != (len(q.Sort) == 0) {
		return Position{}, fmt.Errorf("reading a position: %w", ErrStale)
	}
	return p, nil
}
