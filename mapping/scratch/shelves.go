package scratch

import (
	"encoding/binary"
	"errors"
	"iter"
)

// Shelves is byte strings that are given back in parts: those of one hash together, and
// in the order in which they came.
type Shelves struct {
	files Files
	level int
	parts [1 << bitsOfLevel]Part
}

// A level divides by some bits of the hash, from the highest on. The last four divide
// nothing.
const (
	bitsOfLevel = 6
	lastLevel   = 64/bitsOfLevel - 1
)

// Part is some strings of Shelves.
type Part struct {
	list  List
	hash  uint64 // of the first string
	mixed bool   // others have another
}

// NewShelves makes empty Shelves.
func NewShelves(files Files) *Shelves { return newShelves(files, 0) }

func newShelves(files Files, level int) *Shelves {
	s := &Shelves{files: files, level: level}
	for i := range s.parts {
		s.parts[i].list = List{files: files, room: tailSize}
	}
	return s
}

// Add adds a string.
func (s *Shelves) Add(hash uint64, text []byte) error {
	p := &s.parts[hash>>(64-bitsOfLevel*(s.level+1))&(1<<bitsOfLevel-1)]
	if p.list.size() == 0 {
		p.hash = hash
	}
	p.mixed = p.mixed || p.hash != hash
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], hash)
	_, err := p.list.add(head[:], text)
	return err
}

// All gives every string; it may be kept.
func (s *Shelves) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range s.parts {
			for text, err := range s.parts[i].All() {
				if !yield(text, err) || err != nil {
					return
				}
			}
		}
	}
}

// Each gives the parts and lets go of each when it was read. None is of more than so
// many bytes, but one whose strings all have one hash.
func (s *Shelves) Each(most int, read func(*Part) error) error {
	for i := range s.parts {
		p := &s.parts[i]
		err := s.give(p, most, read)
		if err = errors.Join(err, p.list.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shelves) give(p *Part, most int, read func(*Part) error) error {
	switch {
	case p.Size() == 0:
		return nil
	case p.Size() <= most || !p.mixed || s.level == lastLevel:
		return read(p)
	}
	below := newShelves(s.files, s.level+1)
	for text, err := range p.list.All() {
		if err == nil {
			err = below.Add(binary.BigEndian.Uint64(text), text[8:])
		}
		if err != nil {
			return err
		}
	}
	if err := p.list.Close(); err != nil {
		return err
	}
	return below.Each(most, read)
}

// Size is how many bytes it is of, about.
func (p *Part) Size() int { return int(p.list.size()) }

// All gives every string of the part; it may be kept.
func (p *Part) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for text, err := range p.list.All() {
			if err == nil {
				text = text[8:]
			}
			if !yield(text, err) || err != nil {
				return
			}
		}
	}
}
