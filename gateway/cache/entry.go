package cache

import (
	"errors"
	"sync/atomic"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// entry is something that was read or worked out, with what it follows from. All but
// proven is set before others see it.
type entry struct {
	name   name // the zero name: it is not kept
	value  any
	size   int           // of the value, in bytes
	proven atomic.Uint64 // a sequence of the store at which all of what follows held

	incarnation string // of the store that it was read from

	finds      finding // what was looked up; the zero finding is none
	person     profiles.PersonID
	generation uint64 // of the person
	editions   map[records.Reference]uint64
}

// finding is whom a business identifier or a resource led to.
type finding struct {
	name                     // byIdentifier or byResource
	person profiles.PersonID // empty: to nobody
}

// name is what an entry is kept under.
type name struct {
	of   kind
	a, b string
}

type kind uint8

const (
	nothing      kind = iota
	byIdentifier      // whom an identifier leads to: its system and value
	byResource        // whom a resource is about: its type and id
	held              // what is held about a person
	worked            // what was worked out about a person, and its key
)

// find looks somebody up.
func (n name) find(now records.Reader) (person profiles.PersonID, err error) {
	switch n.of {
	case byIdentifier:
		return now.Person(n.a, n.b)
	case byResource:
		return now.PersonOf(n.a, n.b)
	}
	return "", nil
}

// same reports whether what the entry follows from is as it was.
func (e *entry) same(now records.Snapshot) (bool, error) {
	person, err := e.finds.find(now)
	if err != nil && !errors.Is(err, records.ErrNothing) || person != e.finds.person {
		return false, ignoreNothing(err)
	}
	if e.person != "" {
		if generation, err := now.Generation(e.person); err != nil || generation != e.generation {
			return false, err
		}
	}
	if len(e.editions) == 0 {
		return true, nil
	}
	refs := make([]records.Reference, 0, len(e.editions))
	for ref := range e.editions {
		refs = append(refs, ref)
	}
	editions, err := now.Editions(refs)
	if err != nil {
		return false, err
	}
	for ref, edition := range e.editions {
		if editions[ref] != edition {
			return false, nil
		}
	}
	return true, nil
}

func ignoreNothing(err error) error {
	if errors.Is(err, records.ErrNothing) {
		return nil
	}
	return err
}

// What an entry takes beside its value, about: itself, its place in the cache, and one
// edition.
const (
	entrySize   = 400
	editionSize = 150
)

func weigh(n name, e *entry) uint32 {
	return uint32(min(len(n.a)+len(n.b)+e.size+entrySize+editionSize*len(e.editions), 1<<30)) //nolint:gosec // bounded
}
