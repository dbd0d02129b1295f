// Package scratch is what a run over an extract has to remember of every record: in
// memory while it is little, else in files that have no name and go with the run. It
// holds the memory of a run to a bound, whatever the extract's size.
package scratch

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
)

// File is what a run may write to and read back: for its owner alone, and gone when
// it is closed. Whoever makes it closes it after the run; what needs it no more
// closes it earlier.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// Files makes a File. Nil stands for none: then all stays in memory.
type Files func() (File, error)

// Key is what something is found by: a digest, whose bits are evenly spread.
type Key [16]byte

// KeyOf is the Key of some texts, in their order.
func KeyOf[T ~string | ~[]byte](texts ...T) Key {
	var space [256]byte
	all := space[:0]
	for _, text := range texts {
		all = append(binary.AppendUvarint(all, uint64(len(text))), text...)
	}
	sum := sha256.Sum256(all)
	return Key(sum[:len(Key{})])
}

// Table finds values by keys. Its zero value is not ready: see NewTable. A Table
// that has failed finds nothing more and says so by Err, which is to be asked before
// anything is done for want of a value.
type Table struct {
	index  *Index
	values *List
	err    error
}

// keysInMemory is how many keys a Table keeps before it asks for a file.
const keysInMemory = 1 << 14

// NewTable makes an empty Table.
func NewTable(files Files) *Table {
	return &Table{index: NewIndex(files, keysInMemory), values: NewList(files)}
}

// Err is why the Table failed, if it did.
func (t *Table) Err() error { return errors.Join(t.err, t.index.Err()) }

// Get is the value last put under a key. It may be kept.
func (t *Table) Get(key Key) (value []byte, ok bool) {
	at := t.index.Get(key)
	if at == 0 || t.err != nil {
		return nil, false
	}
	value, t.err = t.values.at(at - 1)
	return value, t.err == nil
}

// Put keeps a value under a key, in the place of an earlier one.
func (t *Table) Put(key Key, value []byte) { t.put(key, nil, value) }

func (t *Table) put(key Key, head, value []byte) {
	if t.err != nil {
		return
	}
	var at uint64
	if at, t.err = t.values.add(head, value); t.err == nil {
		t.index.Put(key, at+1)
	}
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
