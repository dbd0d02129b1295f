package ctp

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
)

type fingerprint [sha256.Size]byte

// memory is what is remembered of every plan, and of what is not one plan's alone.
type memory struct{ *scratch.Table }

func (m memory) keep(r mapping.Resource) {
	sum := sha256.Sum256(r.Body)
	m.Put(scratch.KeyOf(r.Type, r.Key), sum[:])
}

// made is what was made earlier under the type and key of a resource.
func (m memory) made(r mapping.Resource) (f fingerprint, ok bool) {
	value, ok := m.Get(scratch.KeyOf(r.Type, r.Key))
	copy(f[:], value)
	return f, ok
}

// ofPeople cannot be a type of R4.
const ofPeople = "person"

// meet remembers who somebody is by the key of their Patient.
func (m memory) meet(key string, who identity) {
	m.Put(scratch.KeyOf(ofPeople, key), []byte(who.nhsNumber+"\x00"+who.birthDate))
}

func (m memory) person(key string) (who identity) {
	value, _ := m.Get(scratch.KeyOf(ofPeople, key))
	who.nhsNumber, who.birthDate, _ = strings.Cut(string(value), "\x00")
	return who
}

// later is plans in the order in which they came.
type later struct{ *scratch.List }

func (l later) add(e entry) error {
	text := binary.AppendUvarint(nil, uint64(e.row))
	return l.Add(append(append(text, e.file+"\x00"...), e.raw...))
}

func (l later) all() iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for text, err := range l.All() {
			row, n := binary.Uvarint(text)
			file, raw, _ := bytes.Cut(text[max(n, 0):], []byte("\x00"))
			if !yield(entry{string(file), int(row), raw}, err) || err != nil {
				return
			}
		}
	}
}
