package bundle

import (
	"encoding/binary"
	"strings"
	"time"

	"cpagateway/mapping/scratch"
)

// memory is what is remembered of every record of the extract: that it came, and what
// Patients, staff and organisations are called in all of it.
type memory struct {
	table  *scratch.Table
	doubts int // how many targets are doubtful
}

// seen is what is remembered of a record.
type seen struct {
	unit      int
	body, who digest
	made      version
}

type digest = scratch.Key

// The kinds of things that are remembered.
const (
	ofRecords = "record"
	ofNames   = "name"
	ofDoubts  = "doubt"
)

func (t target) digest(kind string) digest {
	return scratch.KeyOf(kind, t.typ, t.key)
}

// record is what is remembered of a record.
func (m *memory) record(t target) (seen, bool) {
	value, ok := m.table.Get(t.digest(ofRecords))
	if !ok {
		return seen{}, false
	}
	return readSeen(value), true
}

func (m *memory) keep(t target, s seen) { m.table.Put(t.digest(ofRecords), s.bytes()) }

func (s seen) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.unit))
	b = append(append(b, s.body[:]...), s.who[:]...)
	b = binary.BigEndian.AppendUint64(b, s.made.number)
	if moment, err := s.made.updated.UTC().MarshalBinary(); err == nil { // a year that cannot be kept says nothing
		b = append(b, moment...)
	}
	return b
}

func readSeen(b []byte) (s seen) {
	s.unit = int(binary.BigEndian.Uint64(b))
	b = b[8:]
	b = b[copy(s.body[:], b):]
	b = b[copy(s.who[:], b):]
	s.made.number = binary.BigEndian.Uint64(b)
	if s.made.updated.UnmarshalBinary(b[8:]) != nil {
		s.made.updated = time.Time{}
	}
	return s
}

// giveName lets a record of the extract be known by a name, as giveName does within a document.
func (m *memory) giveName(name string, t target) {
	if before, taken := m.named(name); taken && before != t {
		t = target{}
	}
	m.table.Put(scratch.KeyOf(ofNames, name), []byte(t.typ+"/"+t.key))
}

// named is the record that has a name; the zero target where it is two.
func (m *memory) named(name string) (t target, ok bool) {
	value, ok := m.table.Get(scratch.KeyOf(ofNames, name))
	t.typ, t.key, _ = strings.Cut(string(value), "/")
	return t, ok
}

// doubt notes a Patient of whose key there are two who are not one person.
func (m *memory) doubt(t target) {
	m.doubts++
	m.table.Put(t.digest(ofDoubts), nil)
}

func (m *memory) doubtful(t target) bool {
	if m.doubts == 0 {
		return false
	}
	_, ok := m.table.Get(t.digest(ofDoubts))
	return ok
}
