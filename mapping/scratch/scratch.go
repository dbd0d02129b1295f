// Package scratch is what a run over an extract has to remember of every record: in
// memory while it is little, else in files that have no name and go with the run. It
// holds the memory of a run to a bound, whatever the extract's size.
package scratch

import (
	"encoding/binary"
	"errors"
	"io"
)

// File is what a run may write to and read back: for its owner alone, and gone when
// it is closed. Whoever makes it closes it after the run; a Table closes earlier what
// it needs no more.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// Files makes a File. Nil stands for none: then all stays in memory.
type Files func() (File, error)

// Key is what a value is found by: a digest, whose bits are evenly spread.
type Key [16]byte

// inMemory is how many bytes a Table or a List keeps before it asks for a file.
const inMemory = 2 << 20

// Table finds values by keys. Its zero value is not ready: see NewTable. A Table
// that has failed finds nothing more and says so by Err, which is to be asked before
// anything is done for want of a value.
type Table struct {
	files  Files
	small  map[Key][]byte // until it is too much; nil afterwards
	size   int            // bytes in small
	values *List
	index  File
	slots  uint64 // in the index, a power of two
	used   uint64
	err    error
}

// NewTable makes an empty Table.
func NewTable(files Files) *Table { return &Table{files: files, small: map[Key][]byte{}} }

// Err is why the Table failed, if it did.
func (t *Table) Err() error { return t.err }

// Get is the value last put under a key.
func (t *Table) Get(key Key) (value []byte, ok bool) {
	if t.small != nil || t.err != nil {
		value, ok = t.small[key]
		return value, ok
	}
	at, _, err := t.find(key)
	if err == nil && at != 0 {
		value, err = t.values.at(at - 1)
	}
	t.fail(err)
	return value, t.err == nil && at != 0
}

// Put keeps a value under a key, in the place of an earlier one.
func (t *Table) Put(key Key, value []byte) {
	switch {
	case t.err != nil:
	case t.small != nil:
		_, known := t.small[key]
		if t.small[key] = append([]byte(nil), value...); !known {
			t.size += perKey
		}
		if t.size += len(value); t.size > inMemory && t.files != nil {
			t.fail(t.spill())
		}
	default:
		t.fail(t.put(key, value))
	}
}

// perKey is about what a map spends on an entry beside its value.
const perKey = 64

func (t *Table) fail(err error) {
	if err != nil && t.err == nil {
		t.err = err
		t.small = map[Key][]byte{}
	}
}

// spill moves what is in memory into files.
func (t *Table) spill() (err error) {
	t.values = &List{files: t.files}
	if t.index, err = t.files(); err != nil {
		return err
	}
	t.slots = firstSlots
	small := t.small
	t.small = nil
	for key, value := range small {
		if err := t.put(key, value); err != nil {
			return err
		}
	}
	return nil
}

// The index is slots of a key and where its value is, plus one: 0 is a free slot.
// A key stands in the first free slot of its bucket, or of the next that has one.
const (
	firstSlots = 1 << 17
	slotSize   = 24
	bucket     = 8 // slots that are read at once
)

func (t *Table) put(key Key, value []byte) error {
	if t.used >= t.slots/2 {
		if err := t.grow(); err != nil {
			return err
		}
	}
	at, slot, err := t.find(key)
	if err != nil {
		return err
	}
	if at == 0 {
		t.used++
	}
	where, err := t.values.add(value)
	if err != nil {
		return err
	}
	return t.set(slot, key, where+1)
}

func (t *Table) set(slot uint64, key Key, at uint64) error {
	var raw [slotSize]byte
	copy(raw[:], key[:])
	binary.BigEndian.PutUint64(raw[len(key):], at)
	_, err := t.index.WriteAt(raw[:], int64(slot)*slotSize)
	return err
}

// find is where the value of a key is, plus one, and its slot; 0, and the slot that it
// would get, where it has none.
func (t *Table) find(key Key) (at, slot uint64, err error) {
	var raw [bucket * slotSize]byte
	for b := binary.BigEndian.Uint64(key[:]) % t.slots &^ (bucket - 1); ; b = (b + bucket) % t.slots {
		if err := readAt(t.index, raw[:], int64(b)*slotSize); err != nil {
			return 0, 0, err
		}
		for i := range uint64(bucket) {
			one := raw[i*slotSize:][:slotSize]
			if at = binary.BigEndian.Uint64(one[len(key):]); at == 0 || Key(one[:len(key)]) == key {
				return at, b + i, nil
			}
		}
	}
}

// grow makes an index of four times the slots.
func (t *Table) grow() (err error) {
	old, slots := t.index, t.slots
	if t.index, err = t.files(); err != nil {
		t.index = old
		return err
	}
	t.slots *= 4
	part := make([]byte, 4096*slotSize)
	for from := int64(0); err == nil && from < int64(slots)*slotSize; from += int64(len(part)) {
		if err = readAt(old, part, from); err == nil {
			err = t.takeOver(part)
		}
	}
	return errors.Join(err, old.Close())
}

func (t *Table) takeOver(part []byte) error {
	for ; len(part) > 0; part = part[slotSize:] {
		key := Key(part[:len(Key{})])
		at := binary.BigEndian.Uint64(part[len(key):])
		if at == 0 {
			continue
		}
		_, slot, err := t.find(key)
		if err == nil {
			err = t.set(slot, key, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readAt fills p; what was never written is zero.
func readAt(from File, p []byte, at int64) error {
	n, err := from.ReadAt(p, at)
	if errors.Is(err, io.EOF) {
		clear(p[n:])
		return nil
	}
	return err
}
