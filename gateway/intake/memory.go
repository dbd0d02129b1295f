package intake

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
	"sync"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
)

// memory is what a run has to remember of records and persons, until its end.
type memory struct {
	*scratch.Table
	files scratch.Files // nil: none
	open  []scratch.File

	wishes wishes // Consents of records set aside that say something against sharing
	failed error
}

// Err is why something is no longer remembered, if it is not.
func (m *memory) Err() error { return errors.Join(m.Table.Err(), m.failed) }

// newMemory makes the memory of a run; its files close with it.
func newMemory(files scratch.Files) *memory {
	m := &memory{}
	if files != nil {
		var opening sync.Mutex // the format asks for files too
		m.files = func() (scratch.File, error) {
			opening.Lock()
			defer opening.Unlock()
			f, err := files()
			if err == nil {
				m.open = append(m.open, f)
			}
			return f, err
		}
	}
	m.Table, m.wishes = scratch.NewTable(m.files), wishes{scratch.NewList(m.files)}
	return m
}

// close lets go of the files, of which a Table may have closed some.
func (m *memory) close() {
	for _, f := range m.open {
		_ = f.Close()
	}
}

// The kinds of things that are remembered.
const (
	ofUnresolved = "unresolved" // Patients that were set aside, by the source's key. Of the others the store says whose they are: that may be settled meanwhile
	ofTouched    = "touched"    // persons whose facts or plans this run has changed
	ofAlike      = "alike"      // how many faults so far would have one id
)

// count is what is remembered under a name; 0 is nothing.
func (m *memory) count(kind, name string) uint64 {
	value, _ := m.Get(scratch.KeyOf(kind, name))
	n, _ := binary.Uvarint(value)
	return n
}

func (m *memory) setCount(kind, name string, n uint64) {
	if n != m.count(kind, name) {
		m.Put(scratch.KeyOf(kind, name), binary.AppendUvarint(nil, n))
	}
}

func (m *memory) unresolved(key string) bool { return m.count(ofUnresolved, key) > 0 }
func (m *memory) resolve(key string)         { m.setCount(ofUnresolved, key, 0) }
func (m *memory) leaveUnresolved(key string) { m.setCount(ofUnresolved, key, 1) }
func (m *memory) touched(person profiles.PersonID) bool {
	return m.count(ofTouched, string(person)) > 0
}
func (m *memory) touch(person profiles.PersonID) { m.setCount(ofTouched, string(person), 1) }

// wishes are Consents in the order in which they came.
type wishes struct{ *scratch.List }

// keptWish is a Consent with the fragment that it came in. It accounts for no record:
// that which it came in is set aside, and counted there.
type keptWish struct {
	ID, Key, Person, NHSNumber string
	From                       mapping.Position
	Body, Fragment             []byte
}

func (m *memory) keepWish(c mapping.Resource) {
	if m.wishes.List == nil {
		return
	}
	w := keptWish{ID: c.ID, Key: c.Key, Person: c.Person, NHSNumber: c.NHSNumber, From: c.From, Body: c.Body}
	if c.Fragment != nil {
		w.Fragment = c.Fragment()
	}
	text, err := json.Marshal(w)
	if err == nil {
		err = m.wishes.Add(text)
	}
	m.failed = errors.Join(m.failed, err)
}

func (w wishes) all() iter.Seq2[mapping.Resource, error] {
	return func(yield func(mapping.Resource, error) bool) {
		for text, err := range w.List.All() {
			var kept keptWish
			if err == nil {
				err = json.Unmarshal(text, &kept)
			}
			c := mapping.Resource{Type: "Consent", ID: kept.ID, Key: kept.Key, Person: kept.Person, NHSNumber: kept.NHSNumber, From: kept.From, Body: kept.Body}
			if kept.Fragment != nil {
				c.Fragment = func() []byte { return kept.Fragment }
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}
