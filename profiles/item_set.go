package profiles

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// ItemSet is a set of items; the zero value is the empty set and grants nothing.
// Sets are compared with ==.
type ItemSet struct{ bits uint64 }

// Sets that have a name of their own. Areas and CrisisSlice are also words of
// the agreement format: "plan.goals" and "crisis-slice".
var (
	AllItems    = ItemSet{1<<itemCount - 1}
	Areas       = withTrait(area)
	CrisisSlice = withTrait(crisis)
	Restricted  = withTrait(restricted)
)

// Items of a flow may use these words for a whole set.
var itemGroups = map[string]ItemSet{"plan.goals": Areas, "crisis-slice": CrisisSlice}

func withTrait(t trait) ItemSet {
	var s ItemSet
	for i := range itemCount {
		if itemTable[i].trait == t {
			s = s.Union(SetOf(i))
		}
	}
	return s
}

// SetOf makes a set.
func SetOf(items ...Item) ItemSet {
	var s ItemSet
	for _, i := range items {
		s.bits |= 1 << i
	}
	return s
}

// ParseItem reads one code or group word as a flow or directive writes it.
// An unknown word is an error: a flow that names it means something we do not.
func ParseItem(code string) (ItemSet, error) {
	if s, ok := itemGroups[code]; ok {
		return s, nil
	}
	for i := range itemCount {
		if itemTable[i].code == code {
			return SetOf(i), nil
		}
	}
	return ItemSet{}, fmt.Errorf("unknown item %q", code)
}

// ItemSetOfBits is the set that Bits wrote. It keeps what it does not know: a set
// of what must be granted is never made smaller by being read.
func ItemSetOfBits(bits uint64) ItemSet { return ItemSet{bits} }

// Bits is the set in the form in which it is stored and compared by a database:
// one bit for each item, at its position.
func (s ItemSet) Bits() uint64 { return s.bits }

// MarshalJSON writes Bits.
func (s ItemSet) MarshalJSON() ([]byte, error) { return json.Marshal(s.bits) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *ItemSet) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &s.bits) }

// Has reports whether the set holds the item.
func (s ItemSet) Has(i Item) bool { return s.Covers(SetOf(i)) }

// Empty reports whether the set holds nothing.
func (s ItemSet) Empty() bool { return s.bits == 0 }

// Covers reports whether s holds every item of t.
func (s ItemSet) Covers(t ItemSet) bool { return t.bits&^s.bits == 0 }

// Meets reports whether s and t have an item in common.
func (s ItemSet) Meets(t ItemSet) bool { return s.bits&t.bits != 0 }

// Union is the items of s and of all the others.
func (s ItemSet) Union(others ...ItemSet) ItemSet {
	for _, t := range others {
		s.bits |= t.bits
	}
	return s
}

// Intersect is the items that both hold.
func (s ItemSet) Intersect(t ItemSet) ItemSet { return ItemSet{s.bits & t.bits} }

// Minus is the items of s that t does not hold.
func (s ItemSet) Minus(t ItemSet) ItemSet { return ItemSet{s.bits &^ t.bits} }

// Len is the number of items.
func (s ItemSet) Len() int { return bits.OnesCount64(s.bits) }

// All yields the items in their order.
func (s ItemSet) All() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i := range itemCount {
			if s.Has(i) && !yield(i) {
				return
			}
		}
	}
}

// Codes lists the items in their order.
func (s ItemSet) Codes() []string {
	codes := make([]string, 0, s.Len())
	for i := range s.All() {
		codes = append(codes, i.String())
	}
	return codes
}

// String joins the codes with a comma and a blank.
func (s ItemSet) String() string { return strings.Join(s.Codes(), ", ") }
