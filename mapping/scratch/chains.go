package scratch

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
)

// Chains finds byte strings by keys: all that were added under one. Chains that have
// failed find nothing more and say so by Err, which is to be asked before anything is
// done for want of a string.
type Chains struct{ newest Table } // each string behind its key and the place of the one before it

// NewChains makes empty Chains.
func NewChains(files Files) *Chains { return &Chains{*NewTable(files)} }

// Err is why the Chains failed, if they did.
func (c *Chains) Err() error { return c.newest.Err() }

const chainHead = len(Key{}) + 8

// Add adds a string under a key.
func (c *Chains) Add(key Key, text []byte) {
	var head [chainHead]byte
	copy(head[:], key[:])
	binary.BigEndian.PutUint64(head[len(key):], c.newest.index.Get(key))
	c.newest.put(key, head[:], text)
}

// Get is the strings of a key in the order in which they were added; false where they
// are of more than so many bytes.
func (c *Chains) Get(key Key, most int) (texts [][]byte, whole bool) {
	size := 0
	for at := c.newest.index.Get(key); at != 0 && c.newest.err == nil; {
		var link []byte
		if link, c.newest.err = c.newest.values.at(at - 1); c.newest.err != nil {
			return nil, true
		}
		at = binary.BigEndian.Uint64(link[len(key):])
		texts = append(texts, link[chainHead:])
		if size += len(link); size > most {
			return nil, false
		}
	}
	slices.Reverse(texts)
	return texts, true
}

// All gives every string with its key, in the order in which they were added, until it
// fails.
func (c *Chains) All() iter.Seq2[Key, []byte] {
	return func(yield func(Key, []byte) bool) {
		for link, err := range c.newest.values.All() {
			if err != nil {
				c.newest.err = errors.Join(c.newest.err, err)
				return
			}
			if !yield(Key(link[:len(Key{})]), link[chainHead:]) {
				return
			}
		}
	}
}
